//! Values of `hooks/kustomize`: what each base folder holds. It runs last, since it lists files.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_json::{Map, Value as Json, json};

use super::secrets::{self, PlannedSecret};
use super::{Plan, base_folder, config_maps, hooks};
use crate::catalog::Catalog;
use crate::fault::Code;
use crate::hook::view;
use crate::stack::{Component, SecretsBackend, Stack};

pub(super) fn plan(plan: &mut Plan, stack: &Stack, catalog: &Catalog) -> anyhow::Result<()> {
    let entry = catalog
        .hook("kustomize")?
        .context(Code::E_CATALOG_HOOK.fault("there is no hook `kustomize`"))?;
    let foreign = stack
        .deployed()
        .filter(|component| !component.entry.definition.install.manifests);
    let others: BTreeSet<&str> = foreign.map(|component| component.namespace.as_str()).collect();
    let mut carried = BTreeSet::new();
    let (mut bases, mut namespaces, mut external_secrets) = (Vec::new(), Vec::new(), Vec::new());
    for component in stack.deployed() {
        let secrets = secrets::secrets(stack, component)?;
        if carried.insert(component.namespace.as_str()) {
            namespaces.push(namespace(
                stack,
                component,
                !others.contains(component.namespace.as_str()),
            ));
        }
        if stack.secrets == SecretsBackend::ExternalSecrets {
            external_secrets.extend(secrets.iter().map(|secret| external_secret(stack, component, secret)));
        }
        bases.push((component, secrets));
    }
    // The lists that kustomize reads name these files, so they come first.
    hooks::plan_lists(
        plan,
        &entry,
        object(json!({ "namespaces": namespaces, "external_secrets": external_secrets, "roots": [{}] })),
    )?;
    let items = bases
        .iter()
        .map(|(component, secrets)| base(plan, stack, component, secrets))
        .collect::<anyhow::Result<Vec<Json>>>()?;
    hooks::plan_lists(plan, &entry, object(json!({ "bases": items })))
}

fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// Namespaces in which every workload is ours enforce what those workloads keep to.
fn namespace(stack: &Stack, component: &Component, is_ours: bool) -> Json {
    json!({
        "component": component.name,
        "namespace": component.namespace,
        "stack": stack.name,
        "mode": if is_ours { "enforce" } else { "warn" },
    })
}

fn external_secret(stack: &Stack, component: &Component, secret: &PlannedSecret) -> Json {
    let mut item = secrets::item(secret);
    item["component"] = json!(component.name);
    item["namespace"] = json!(component.namespace);
    item["stack"] = json!(stack.name);
    item["own_labels"] = view::label_pairs(stack, component);
    item["path"] = format!(
        "{}/{}/{}",
        stack.name,
        component.name,
        secret.file.trim_end_matches(".env")
    )
    .into();
    item
}

fn base(plan: &Plan, stack: &Stack, component: &Component, secrets: &[PlannedSecret]) -> anyhow::Result<Json> {
    let folder = format!("{}/", base_folder(&component.name));
    let files: Vec<(&str, &super::PlannedFile)> = plan
        .below(&folder)
        .filter_map(|(path, file)| Some((path.as_str().strip_prefix(&folder)?, file)))
        .collect();
    let resources: Vec<&str> = files
        .iter()
        .filter(|(_, file)| file.resource)
        .map(|(name, _)| *name)
        .collect();
    let generated = stack.secrets == SecretsBackend::Files;
    Ok(json!({
        "component": component.name,
        "namespace": component.namespace,
        "labels": view::label_pairs(stack, component),
        "resources": resources,
        "config_maps": config_maps::items(stack, component, &files)?,
        "secrets": secrets.iter().filter(|_| generated).map(secrets::item).collect::<Vec<_>>(),
    }))
}
