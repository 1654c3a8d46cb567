//! Values of `hooks/kustomize`: what each base folder holds. It runs last, since it lists files.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value as Json, json};

use super::secrets::{self, PlannedSecret};
use super::{Plan, Source, base_folder, environment, hooks};
use crate::catalog::Catalog;
use crate::hook::view;
use crate::stack::{Component, SecretsBackend, Stack};

/// Largest ConfigMap, with room for names and metadata: Kubernetes takes 1 MiB.
const MAX_CONFIG_MAP: usize = 1_000_000;

pub(super) fn plan(plan: &mut Plan, stack: &Stack, catalog: &Catalog) -> anyhow::Result<()> {
    let entry = catalog
        .hook("kustomize")?
        .context("E_CATALOG_HOOK: there is no hook `kustomize`")?;
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
        "config_maps": config_maps(stack, component, &files)?,
        "secrets": secrets.iter().filter(|_| generated).map(secrets::item).collect::<Vec<_>>(),
    }))
}

/// ConfigMaps of files: the type's own, and one for the tool files of each link type, which comes
/// and goes with its links.
fn config_maps(
    stack: &Stack,
    component: &Component,
    files: &[(&str, &super::PlannedFile)],
) -> anyhow::Result<Vec<Json>> {
    let tool_maps = view::tool_maps(stack, component);
    let is_tool = |name: &str| {
        tool_maps
            .values()
            .any(|modules| modules.iter().any(|module| name == format!("files/{module}")))
    };
    let mut maps: BTreeMap<String, Vec<&(&str, &super::PlannedFile)>> = BTreeMap::new();
    for (suffix, patterns) in &component.entry.definition.config_maps {
        let wanted = |name: &str| patterns.iter().any(|pattern| matches(pattern, name)) && !is_tool(name);
        maps.insert(
            format!("{}-{suffix}", component.name),
            files.iter().filter(|(name, _)| wanted(name)).collect(),
        );
    }
    for (name, modules) in &tool_maps {
        let wanted = |file: &str| modules.iter().any(|module| file == format!("files/{module}"));
        maps.insert(name.clone(), files.iter().filter(|(file, _)| wanted(file)).collect());
    }
    let mut items = Vec::new();
    if !environment::values(stack, component).is_empty() {
        items.push(
            json!({ "name": format!("{}-config", component.name), "kind": "envs", "files": ["config/cloud.env"] }),
        );
    }
    for (name, files) in &maps {
        items.push(config_map(name, files)?);
    }
    Ok(items)
}

fn config_map(name: &str, files: &[&(&str, &super::PlannedFile)]) -> anyhow::Result<Json> {
    let size: usize = files.iter().map(|(_, file)| source_size(&file.source)).sum();
    if size > MAX_CONFIG_MAP {
        bail!(
            "E_OUTPUT_SIZE: the ConfigMap `{name}` would hold {size} bytes and Kubernetes takes 1 MiB; split the stack in two and name the other half's services `external`"
        );
    }
    Ok(json!({ "name": name, "kind": "files", "files": files.iter().map(|(name, _)| *name).collect::<Vec<_>>() }))
}

/// One file, or all of a kind: `files/*.py`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail),
        None => name == pattern,
    }
}

fn source_size(source: &Source) -> usize {
    match source {
        Source::Copy(bytes) => bytes.len(),
        Source::Template { text, .. } => text.len(),
        Source::Json(item) => item["document"].to_string().len(),
        Source::Skeleton(_) => 0,
    }
}
