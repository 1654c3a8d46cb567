//! Overlays: what an environment changes of the bases, as patches that kustomize applies.
//!
//! The bases as rendered for the stack and for an environment go in; the difference comes out. The
//! environment's own values are rendered by the same templates, so a patch cannot say anything that
//! a template would not.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::{Map, Value as Json, json};

use super::built::{Built, relative};
use super::{
    Plan, PlannedFile, Source, applications, base_folder, config_maps, environment, hooks, install, operations, sealed,
};
use crate::catalog::Catalog;
use crate::fault::Code;
use crate::layout::{self, NAMESPACES};
use crate::name::{ComponentName, RelPath, object_form, shortened};
use crate::stack::{Component, Stack};
use crate::tree::{Class, Content, Tree, TreeFile};
use crate::yaml;

/// One environment with its own rendering, when it overrides anything.
pub struct Overlay<'a> {
    pub name: &'a ComponentName,
    /// The stack as the environment sees it.
    pub stack: &'a Stack,
    pub tree: Option<&'a Tree>,
    /// Components that the stack file names in it, which have room there for a person's own patches.
    pub named: BTreeSet<&'a str>,
}

/// Plan the overlays of all environments, with what follows from them.
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
    let mut all = Vec::new();
    for overlay in overlays {
        let mut folders = Vec::new();
        for component in stack.deployed() {
            let folder = Folder {
                overlay,
                component,
                base,
                before: tree,
            };
            folders.extend(folder.plan(&mut plan)?);
        }
        let own = folders.iter().filter_map(|item| item["component"].as_str());
        let built = Built::of(stack, overlay, own.map(str::to_owned).collect(), &plan, tree)?;
        let mut values = sealed::values(stack, &built)?;
        let named = folders.iter().filter(|item| item["is_named"] == true).cloned();
        values.insert("named".to_owned(), named.collect());
        values.insert("components".to_owned(), folders.into());
        values.insert("roots".to_owned(), json!([root(stack, &built)]));
        hooks::plan(&mut plan, &entry, values)?;
        applications::plan(&mut plan, overlay.stack, catalog, &built)?;
        all.push(built);
    }
    install::plan(&mut plan, stack, catalog, base, &all)?;
    operations::plan(&mut plan, stack, catalog, (base, tree), overlays)?;
    Ok(plan)
}

/// The folder of everything: namespaces, which no environment changes, then each component as it is here.
fn root(stack: &Stack, built: &Built<'_>) -> Json {
    let here = format!("k8s/deploy/overlays/{}", built.environment);
    let shared = stack.deployed().next().map(|_| NAMESPACES);
    let components = stack.deployed().map(|component| component.name.as_str());
    let folders = shared
        .into_iter()
        .chain(components)
        .map(|component| relative(&here, &built.open_folder(component)));
    json!({ "environment": built.environment, "folders": folders.collect::<Vec<_>>() })
}

/// What an environment can say of the objects of a component.
const LISTS: [&str; 3] = ["patches", "resources", "merges"];

/// One component in one environment.
struct Folder<'a> {
    overlay: &'a Overlay<'a>,
    component: &'a Component,
    base: &'a Plan,
    before: &'a Tree,
}

impl Folder<'_> {
    /// Plan the patches, and give the item that the folder's kustomization is made from, where there is to be one.
    fn plan(&self, plan: &mut Plan) -> anyhow::Result<Option<Json>> {
        let is_named = self.overlay.named.contains(self.component.name.as_str());
        let mut item = json!({
            "environment": self.overlay.name,
            "component": self.component.name,
            "namespace": self.component.namespace,
            "is_named": is_named,
        });
        for list in LISTS {
            item[list] = json!([]);
        }
        if let Some(after) = self.overlay.tree {
            self.differences(plan, &mut item, after)?;
        }
        let mut said = LISTS.iter().filter_map(|list| item[*list].as_array());
        let is_there = is_named || said.any(|items| !items.is_empty());
        Ok(is_there.then_some(item))
    }

    /// What the environment has that the base has not, and the other way round.
    fn differences(&self, plan: &mut Plan, item: &mut Json, after: &Tree) -> anyhow::Result<()> {
        let folder = format!("{}/", base_folder(&self.component.name));
        for (path, file) in self.base.below(&folder) {
            // Objects that the environment has no file for are gone there.
            let is_gone = file.resource && after.get(path).is_none();
            let now = if is_gone { Some("") } else { text(after, path) };
            let (Some(before), Some(now)) = (text(self.before, path), now) else {
                continue;
            };
            let name = &path.as_str()[folder.len()..];
            if before == now {
                continue;
            }
            if file.resource {
                self.patches(plan, item, before, now)
                    .with_context(|| format!("`{path}` in `{}`", self.overlay.name))?;
            } else if layout::is_values_file(name) {
                self.values(plan, name, before, now)?;
            } else if name.starts_with("config/") {
                let now = match environment::map_of(self.component, name) {
                    Some(_) => changed_keys(before, now),
                    None => now.to_owned(),
                };
                self.merge(plan, item, name, &now, "merge")?;
            }
        }
        self.new_resources(plan, item, after)?;
        self.new_config(plan, item, after)
    }

    fn insert(&self, plan: &mut Plan, name: &str, text: String) -> anyhow::Result<()> {
        let planned = PlannedFile {
            class: Class::Owned,
            why: format!("environment {}, values of {}", self.overlay.name, self.component.name),
            source: Source::Copy(text.into_bytes().into()),
            resource: false,
        };
        plan.insert(
            &format!(
                "k8s/deploy/overlays/{}/{}/{name}",
                self.overlay.name, self.component.name
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

    /// Objects in files that only the environment has, and values of its release.
    fn new_resources(&self, plan: &mut Plan, item: &mut Json, after: &Tree) -> anyhow::Result<()> {
        let folder = format!("{}/", base_folder(&self.component.name));
        // What is a person's is seeded in the base, for all environments.
        let is_new = |path: &RelPath, file: &TreeFile| self.before.get(path).is_none() && file.class == Class::Owned;
        let new = after.below(&folder).filter(|(path, file)| is_new(path, file));
        for (path, _) in new.filter(|(path, _)| path.as_str().ends_with(".yaml")) {
            let name = &path.as_str()[folder.len()..];
            if layout::is_values_file(name) {
                self.insert(plan, name, text(after, path).unwrap_or_default().to_owned())?;
                continue;
            }
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

fn text<'a>(tree: &'a Tree, path: &RelPath) -> Option<&'a str> {
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
