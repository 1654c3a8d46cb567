//! Overlays: what an environment changes of the bases, as patches that kustomize applies.
//!
//! The bases as rendered for the stack and for an environment go in; the difference comes out. The
//! environment's own values are rendered by the same templates, so a patch cannot say anything that
//! a template would not.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::{Map, Value as Json, json};

use super::{Plan, PlannedFile, Source, base_folder, config_maps, environment, hooks, install, operations, sealed};
use crate::catalog::Catalog;
use crate::fault::Code;
use crate::layout::{self, NAMESPACES};
use crate::name::{ComponentName, object_form, shortened};
use crate::stack::{Component, Stack};
use crate::tree::{Class, Content, Tree};
use crate::yaml;

/// One environment with its own rendering, when it overrides anything.
pub struct Overlay<'a> {
    pub name: &'a ComponentName,
    /// The stack as the environment sees it.
    pub stack: &'a Stack,
    pub tree: Option<&'a Tree>,
}

/// Plan the overlays of all environments.
///
/// # Errors
/// A mistake in the catalog: a rendered file is not YAML.
pub fn plan_overlays(
    stack: &Stack,
    catalog: &Catalog,
    base: &Plan,
    tree: &Tree,
    overlays: &[Overlay<'_>],
) -> anyhow::Result<Plan> {
    let entry = catalog
        .hook("overlays")?
        .context(Code::E_CATALOG_HOOK.fault("there is no hook `overlays`"))?;
    let mut plan = Plan::default();
    for overlay in overlays {
        let mut components = namespaces(stack, overlay.name);
        for component in stack.deployed() {
            let folder = Folder {
                environment: overlay.name,
                component,
                base,
                before: tree,
                after: overlay.tree,
            };
            components.push(folder.plan(&mut plan)?);
        }
        let names: Vec<Json> = components.iter().map(|item| item["component"].clone()).collect();
        let values =
            json!({ "components": components, "roots": [{ "environment": overlay.name, "components": names }] });
        let charts = stack
            .deployed()
            .filter(|component| component.entry.definition.install.chart().is_some());
        let charts: Vec<Json> = charts
            .map(|component| json!({ "environment": overlay.name, "component": component.name }))
            .collect();
        let mut values = values.as_object().cloned().unwrap_or_default();
        values.insert("charts".to_owned(), charts.into());
        values.extend(sealed::values(stack, overlay.name)?);
        hooks::plan(&mut plan, &entry, values)?;
    }
    install::plan(&mut plan, stack, catalog, base)?;
    operations::plan(&mut plan, stack, catalog, (base, tree), overlays)?;
    Ok(plan)
}

/// The folder of the namespaces, which no environment changes.
fn namespaces(stack: &Stack, environment: &ComponentName) -> Vec<Json> {
    let item = item(environment, NAMESPACES, "");
    stack.deployed().next().map(|_| item).into_iter().collect()
}

/// The folder of an overlay before anything is changed.
fn item(environment: &ComponentName, folder: &str, namespace: &str) -> Json {
    json!({ "environment": environment, "component": folder, "namespace": namespace, "patches": [], "resources": [], "merges": [] })
}

/// One component in one environment.
struct Folder<'a> {
    environment: &'a ComponentName,
    component: &'a Component,
    base: &'a Plan,
    before: &'a Tree,
    after: Option<&'a Tree>,
}

impl Folder<'_> {
    /// Plan the patches, and give the item that the overlay's kustomization is made from.
    fn plan(&self, plan: &mut Plan) -> anyhow::Result<Json> {
        let mut item = item(
            self.environment,
            self.component.name.as_str(),
            self.component.namespace.as_str(),
        );
        let Some(after) = self.after else { return Ok(item) };
        let folder = format!("{}/", base_folder(&self.component.name));
        for (path, file) in self.base.below(&folder) {
            // Objects that the environment has no file for are gone there.
            let is_gone = file.resource && after.get(path).is_none();
            let after = if is_gone { Some("") } else { text(after, path) };
            let (Some(before), Some(after)) = (text(self.before, path), after) else {
                continue;
            };
            let name = &path.as_str()[folder.len()..];
            if before == after {
                continue;
            }
            if file.resource {
                self.patches(plan, &mut item, before, after)
                    .with_context(|| format!("`{path}` in `{}`", self.environment))?;
            } else if layout::is_values_file(name) {
                self.values(plan, name, before, after)?;
            } else if name.starts_with("config/") {
                let after = match environment::map_of(self.component, name) {
                    Some(_) => changed_keys(before, after),
                    None => after.to_owned(),
                };
                self.merge(plan, &mut item, name, &after, "merge")?;
            }
        }
        self.new_resources(plan, &mut item, after)?;
        self.new_config(plan, &mut item, after)?;
        Ok(item)
    }

    fn insert(&self, plan: &mut Plan, name: &str, text: String) -> anyhow::Result<()> {
        let planned = PlannedFile {
            class: Class::Owned,
            why: format!("environment {}, values of {}", self.environment, self.component.name),
            source: Source::Copy(text.into_bytes().into()),
            resource: false,
        };
        plan.insert(
            &format!(
                "k8s/deploy/overlays/{}/{}/{name}",
                self.environment, self.component.name
            ),
            planned,
        )
    }

    /// A patch for each object that differs or is gone.
    fn patches(&self, plan: &mut Plan, item: &mut Json, before: &str, after: &str) -> anyhow::Result<()> {
        let (before, after) = (by_identity(before)?, by_identity(after)?);
        for (identity, old) in &before {
            let patch = match after.get(identity) {
                Some(new) if new == old => continue,
                Some(new) => {
                    let mut operations = Vec::new();
                    difference("", old, new, &mut operations);
                    Json::Array(operations)
                }
                None => {
                    json!({ "$patch": "delete", "apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": { "name": old["metadata"]["name"], "namespace": old["metadata"]["namespace"] } })
                }
            };
            let file = shortened(
                &format!("patch-{}-{}", identity.0.to_lowercase(), object_form(&identity.1)),
                58,
            ) + ".yaml";
            self.insert(plan, &file, yaml::to_text(&patch)?)?;
            push(
                item,
                "patches",
                json!({ "path": file, "kind": identity.0, "name": identity.1, "namespace": identity.2 }),
            );
        }
        let added: Vec<&Json> = after
            .iter()
            .filter(|(identity, _)| !before.contains_key(*identity))
            .map(|(_, new)| new)
            .collect();
        for new in added {
            self.resource(plan, item, new)?;
        }
        Ok(())
    }

    fn resource(&self, plan: &mut Plan, item: &mut Json, object: &Json) -> anyhow::Result<()> {
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
        let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
        let file = shortened(&format!("{kind}-{}", object_form(&text("name"))), 58) + ".yaml";
        self.insert(plan, &file, yaml::to_text(object)?)?;
        push(item, "resources", json!(file));
        Ok(())
    }

    /// Objects in files that only the environment has.
    fn new_resources(&self, plan: &mut Plan, item: &mut Json, after: &Tree) -> anyhow::Result<()> {
        let folder = format!("{}/", base_folder(&self.component.name));
        let new = after.below(&folder).filter(|(path, _)| self.before.get(path).is_none());
        for (path, _) in new.filter(|(path, _)| path.as_str().ends_with(".yaml")) {
            for object in yaml::documents(text(after, path).unwrap_or_default())?
                .iter()
                .filter(|object| object["kind"].is_string())
            {
                self.resource(plan, item, object)?;
            }
        }
        Ok(())
    }

    /// A document that has more parts here than in the base, or parts at all: each brings its own ConfigMap.
    fn new_config(&self, plan: &mut Plan, item: &mut Json, after: &Tree) -> anyhow::Result<()> {
        let folder = format!("{}/", base_folder(&self.component.name));
        let new = after.below(&folder).filter(|(path, _)| self.before.get(path).is_none());
        for (path, _) in new {
            let name = &path.as_str()[folder.len()..];
            let map_of = |name: &str| {
                let settings = environment::map_of(self.component, name);
                settings.or_else(|| config_maps::map_of(self.component, name))
            };
            let Some(map) = map_of(name).filter(|_| name.starts_with("config/")) else {
                continue;
            };
            let mut in_base = self.base.below(&folder);
            let is_known = in_base.any(|(path, _)| map_of(&path.as_str()[folder.len()..]).as_ref() == Some(&map));
            let behavior = if is_known { "merge" } else { "create" };
            self.merge(plan, item, name, text(after, path).unwrap_or_default(), behavior)?;
        }
        Ok(())
    }

    /// Helm values that differ; the Application lists the file after the base's.
    fn values(&self, plan: &mut Plan, name: &str, before: &str, after: &str) -> anyhow::Result<()> {
        let (before, after) = (yaml::documents(before)?, yaml::documents(after)?);
        let (Some(before), Some(after)) = (before.first(), after.first()) else {
            return Ok(());
        };
        self.insert(plan, name, yaml::to_text(&merge_patch(before, after))?)
    }

    /// Plain keys and facts that differ: merged into the generated ConfigMap, or a new one of a part.
    fn merge(&self, plan: &mut Plan, item: &mut Json, name: &str, after: &str, behavior: &str) -> anyhow::Result<()> {
        self.insert(plan, name, after.to_owned())?;
        let settings = environment::map_of(self.component, name);
        let kind = if settings.is_some() { "envs" } else { "files" };
        let map = settings.or_else(|| config_maps::map_of(self.component, name));
        if let Some(map) = map {
            push(
                item,
                "merges",
                json!({ "name": map, "file": name, "kind": kind, "behavior": behavior }),
            );
        }
        Ok(())
    }
}

/// The keys of the environment that are not as in the base: a ConfigMap is merged key by key.
fn changed_keys(before: &str, after: &str) -> String {
    let base: BTreeSet<&str> = before.lines().collect();
    let lines = after.lines().filter(|line| !base.contains(line));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

fn push(item: &mut Json, list: &str, value: Json) {
    if let Some(items) = item[list].as_array_mut() {
        items.push(value);
    }
}

fn text<'a>(tree: &'a Tree, path: &crate::name::RelPath) -> Option<&'a str> {
    match &tree.get(path)?.content {
        Content::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        Content::Skeleton(_) => None,
    }
}

/// Kind, name and namespace.
type ObjectKey = (String, String, String);

/// The objects of a file, by what tells them apart.
fn by_identity(text: &str) -> anyhow::Result<BTreeMap<ObjectKey, Json>> {
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let objects = yaml::documents(text)?.into_iter();
    Ok(objects
        .map(|object| {
            let metadata = &object["metadata"];
            (
                (
                    word(&object["kind"]),
                    word(&metadata["name"]),
                    word(&metadata["namespace"]),
                ),
                object,
            )
        })
        .collect())
}

/// JSON Patch (RFC 6902) operations from `old` to `new`; a list that differs is replaced whole.
fn difference(path: &str, old: &Json, new: &Json, operations: &mut Vec<Json>) {
    let (Json::Object(before), Json::Object(after)) = (old, new) else {
        if old != new {
            operations.push(json!({ "op": "replace", "path": path, "value": new }));
        }
        return;
    };
    for (key, value) in before {
        let path = format!("{path}/{}", escaped(key));
        match after.get(key) {
            Some(changed) => difference(&path, value, changed, operations),
            None => operations.push(json!({ "op": "remove", "path": path })),
        }
    }
    for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        operations.push(json!({ "op": "add", "path": format!("{path}/{}", escaped(key)), "value": value }));
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// JSON Merge Patch (RFC 7396) from `old` to `new`, which is how Helm merges values files.
fn merge_patch(old: &Json, new: &Json) -> Json {
    let (Json::Object(before), Json::Object(after)) = (old, new) else {
        return new.clone();
    };
    let mut patch = Map::new();
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Json::Null);
    }
    for (key, value) in after {
        match before.get(key) {
            Some(same) if same == value => {}
            Some(changed) => {
                patch.insert(key.clone(), merge_patch(changed, value));
            }
            None => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    Json::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_patch() {
        let (old, new) = (
            json!({"a": 1, "b/c": {"d": [1]}, "e": 2}),
            json!({"a": 1, "b/c": {"d": [2]}, "f": 3}),
        );
        let mut operations = Vec::new();
        difference("", &old, &new, &mut operations);
        let expected = json!([
            {"op": "replace", "path": "/b~1c/d", "value": [2]},
            {"op": "remove", "path": "/e"},
            {"op": "add", "path": "/f", "value": 3},
        ]);
        assert_eq!(Json::Array(operations), expected);
    }

    #[test]
    fn values_patch() {
        let patch = merge_patch(&json!({"a": {"b": 1, "c": 2}, "d": 3}), &json!({"a": {"b": 5, "c": 2}}));
        assert_eq!(patch, json!({"a": {"b": 5}, "d": null}));
    }
}
