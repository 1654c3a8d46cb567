//! Values of `hooks/kustomize`: what each base folder holds. It runs last, since it lists files.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_json::{Value as Json, json};

use super::secrets::{self, PlannedSecret};
use super::{Plan, PlannedFile, base_folder, config_maps, external, hooks, rollouts};
use crate::catalog::Catalog;
use crate::fault::Code;
use crate::layout::NAMESPACES;
use crate::stack::{Component, SecretsBackend, Stack};
use crate::view::{self, object};

pub(super) fn plan(plan: &mut Plan, stack: &Stack, catalog: &Catalog) -> anyhow::Result<()> {
    let entry = catalog
        .hook("kustomize")?
        .context(Code::E_CATALOG_HOOK.fault("there is no hook `kustomize`"))?;
    let foreign = stack
        .deployed()
        .filter(|component| !component.entry.definition.install.is_ours());
    let others: BTreeSet<&str> = foreign.map(|component| component.namespace.as_str()).collect();
    let all: BTreeSet<&str> = stack.deployed().map(|component| component.namespace.as_str()).collect();
    let namespaces = all.iter().map(|name| namespace(name, !others.contains(name)));
    let namespaces = namespace_list(stack, namespaces.collect());
    let mut bases = Vec::new();
    for component in stack.deployed() {
        bases.push((component, secrets::secrets(stack, component)?));
    }
    let shared = secrets::shared(stack)?;
    let external_secrets = match stack.secrets {
        SecretsBackend::ExternalSecrets => external::items(stack)?,
        SecretsBackend::Plain | SecretsBackend::Sops => Vec::new(),
    };
    // The lists that kustomize reads name these files, so they come first.
    hooks::plan_lists(
        plan,
        &entry,
        hooks::keys(
            object! { "namespace_lists": namespaces.into_iter().collect::<Vec<_>>(), "external_secrets": external_secrets, "roots": json!([{}]) },
        ),
    )?;
    let mut items = bases
        .iter()
        .map(|(component, secrets)| base(plan, stack, component, secrets))
        .collect::<anyhow::Result<Vec<Json>>>()?;
    items.extend(namespaces_base(plan, stack, &shared));
    hooks::plan_lists(plan, &entry, hooks::keys(object! { "bases": items }))
}

/// The one list of all, where there are any.
fn namespace_list(stack: &Stack, namespaces: Vec<Json>) -> Option<Json> {
    let is_there = !namespaces.is_empty();
    is_there.then(|| {
        object! { "folder": NAMESPACES, "labels": view::shared_label_pairs(stack), "namespaces": namespaces }
    })
}

/// Namespaces in which every workload is ours enforce what those workloads keep to.
fn namespace(name: &str, is_ours: bool) -> Json {
    object! { "name": name, "mode": if is_ours { "enforce" } else { "warn" } }
}

/// The base that owns every namespace, with its default-deny policy: no component does, so none can take one along.
fn namespaces_base(plan: &Plan, stack: &Stack, secrets: &[PlannedSecret]) -> Option<Json> {
    let folder = format!("k8s/deploy/base/{NAMESPACES}/");
    let resources = resources(&files(plan, &folder));
    (!resources.is_empty()).then(|| {
        object! {
            "component": NAMESPACES,
            "namespace": "",
            "labels": view::shared_label_pairs(stack),
            "resources": resources,
            "config_maps": Vec::<Json>::new(),
            "patches": Vec::<Json>::new(),
            "secrets": generated(stack, secrets),
        }
    })
}

/// The Secrets that kustomize makes of plain files: all others are made elsewhere.
fn generated(stack: &Stack, secrets: &[PlannedSecret]) -> Vec<Json> {
    let made_here = stack.secrets == SecretsBackend::Plain;
    secrets.iter().filter(|_| made_here).map(secrets::item).collect()
}

/// Files below `folder`, by their names in it.
fn files<'a>(plan: &'a Plan, folder: &'a str) -> Vec<(&'a str, &'a PlannedFile)> {
    plan.below(folder)
        .filter_map(|(path, file)| Some((path.as_str().strip_prefix(folder)?, file)))
        .collect()
}

/// The files that kustomize lists.
fn resources<'a>(files: &[(&'a str, &PlannedFile)]) -> Vec<&'a str> {
    files
        .iter()
        .filter(|(_, file)| file.resource)
        .map(|(name, _)| *name)
        .collect()
}

fn base(plan: &Plan, stack: &Stack, component: &Component, secrets: &[PlannedSecret]) -> anyhow::Result<Json> {
    let folder = format!("{}/", base_folder(&component.name));
    let files = files(plan, &folder);
    Ok(object! {
        "component": &component.name,
        "namespace": &component.namespace,
        "labels": view::label_pairs(stack, component),
        "resources": resources(&files),
        "config_maps": config_maps::items(plan, component, &files),
        "patches": rollouts::patches(plan, component),
        "secrets": generated(stack, secrets),
    })
}
