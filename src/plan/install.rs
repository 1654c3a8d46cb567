//! Values of hooks with the function `install_docs`: what a person does to install the stack, in the order of the graph.
//!
//! The plans of the bases and of the overlays go in, since commands name files that there are. Item shapes stand in the
//! hook's entry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{Plan, Source, hooks};
use crate::catalog::{Catalog, Role};
use crate::hook::releases::{self, Release};
use crate::hook::{self, argo_cd_apps, deploy};
use crate::layout::NAMESPACES;
use crate::name::{ComponentName, shell};
use crate::stack::{Component, SecretsBackend, Stack};
use crate::view::object;

/// The attribute of whatever keeps its data on volumes.
const STORAGE_CLASS: &str = "storage_class";

pub(super) fn plan(plan: &mut Plan, stack: &Stack, catalog: &Catalog, base: &Plan) -> anyhow::Result<()> {
    for entry in hook::of_function(catalog, "install_docs")? {
        let document = Install {
            stack,
            base,
            overlays: plan,
        }
        .document();
        let documents = stack.deployed().next().map(|_| document);
        let values = object! { "documents": documents.into_iter().collect::<Vec<_>>() };
        hooks::plan(plan, &entry, hooks::keys(values))?;
    }
    Ok(())
}

struct Install<'a> {
    stack: &'a Stack,
    base: &'a Plan,
    overlays: &'a Plan,
}

impl Install<'_> {
    fn document(&self) -> Json {
        let delivery = argo_cd_apps::delivery(self.stack);
        let delivery = delivery.map(|delivery| {
            let own = delivery.is_deployed().then_some(&delivery.name);
            object! {
                "repository": delivery.text("repository"),
                "component": own.map_or("", ComponentName::as_str),
                "namespace": &delivery.namespace,
            }
        });
        let git = releases::git_operators(self.stack).into_iter().map(|git| {
            object! {
                "repository": &git.repository,
                "path": &git.path,
                "revision": &git.revision,
                "namespace": &git.namespace,
                "images": &git.images,
            }
        });
        let operators = releases::operators(self.stack, &|path| self.is_planned(path));
        object! {
            "stack": &self.stack.name,
            "has_charts": !operators.is_empty() || self.components().any(|one| one.entry.definition.install.chart().is_some()),
            "from_store": self.stack.secrets == SecretsBackend::ExternalSecrets,
            "is_encrypted": self.stack.secrets == SecretsBackend::Sops,
            "storage": self.storage(),
            "hosts": self.hosts(),
            "external": self.external(),
            "secrets": self.secrets(),
            "images": self.images(),
            "deliveries": delivery.into_iter().collect::<Vec<_>>(),
            "operators": operators.iter().map(command).collect::<Vec<_>>(),
            "git_operators": git.collect::<Vec<_>>(),
            "environments": self.stack.environments.iter().map(|name| self.environment(name)).collect::<Vec<_>>(),
        }
    }

    fn components(&self) -> impl Iterator<Item = &Component> {
        self.stack.deployed()
    }

    fn is_planned(&self, path: &str) -> bool {
        self.base.files.contains_key(path) || self.overlays.files.contains_key(path)
    }

    /// The classes of volumes, `""` for that of the cluster, with what asks for each.
    fn storage(&self) -> Vec<Json> {
        let mut found: BTreeMap<String, Vec<&ComponentName>> = BTreeMap::new();
        for component in self.components() {
            if component.attributes.contains_key(STORAGE_CLASS) {
                found
                    .entry(component.text(STORAGE_CLASS))
                    .or_default()
                    .push(&component.name);
            }
        }
        let item =
            |(class, components): (String, Vec<&ComponentName>)| object! { "class": class, "components": components };
        found.into_iter().map(item).collect()
    }

    /// Hosts that must lead to a gateway.
    fn hosts(&self) -> Vec<Json> {
        let gateways = self.components().filter(|component| component.has_role(Role::Gateway));
        let hosts = gateways.flat_map(|gateway| {
            let links = self.stack.published(gateway);
            links.map(|link| (self.stack.published_host(self.stack.component(&link.to)), &gateway.name))
        });
        let hosts: BTreeSet<_> = hosts.collect();
        let item = |(host, gateway)| object! { "host": host, "gateway": gateway };
        hosts.into_iter().map(item).collect()
    }

    fn external(&self) -> Vec<Json> {
        let components = self.stack.components.values();
        let external = components.filter_map(|component| Some((component, component.external.as_ref()?)));
        let item = |(component, external): (&Component, &crate::stack::External)| {
            object! { "component": &component.name, "stack": &external.stack, "host": &external.host }
        };
        external.map(item).collect()
    }

    /// Files with values that somebody must give.
    fn secrets(&self) -> Vec<Json> {
        let skeletons = self.base.files.iter().filter_map(|(path, file)| match &file.source {
            Source::Skeleton(skeleton) => Some((path, skeleton)),
            _ => None,
        });
        let items = skeletons.filter_map(|(path, skeleton)| {
            let open = skeleton.keys.iter().filter(|key| key.value.is_empty());
            let keys: Vec<&str> = open.map(|key| key.key.as_str()).collect();
            (!keys.is_empty()).then(|| object! { "file": path.as_str(), "keys": keys })
        });
        items.collect()
    }

    /// Images that are built from the output, each once.
    fn images(&self) -> Vec<Json> {
        let mut found: BTreeMap<&str, String> = BTreeMap::new();
        for component in self.components() {
            let folder = format!("k8s/build/base/{}", component.name);
            if self.is_planned(&format!("{folder}/Dockerfile"))
                && let Some(image) = component.images.values().next()
            {
                found.entry(image).or_insert(folder);
            }
        }
        let item = |(image, folder): (&str, String)| object! { "image": image, "folder": folder };
        found.into_iter().map(item).collect()
    }

    /// One environment: its namespaces, then its components by their waves.
    fn environment(&self, name: &ComponentName) -> Json {
        let apply =
            |component: Option<&str>| deploy::apply(self.stack, &deploy::folder(self.stack, name.as_str(), component));
        let mut waves: BTreeMap<usize, Vec<Json>> = BTreeMap::new();
        let order = self.stack.waves();
        for component in self.components() {
            let release = releases::of_component(component, self.values(component, name));
            let steps = [
                Some(apply(Some(component.name.as_str()))),
                release.as_ref().map(command),
            ];
            let steps: Vec<String> = steps.into_iter().flatten().collect();
            let item = object! { "name": &component.name, "namespace": &component.namespace, "steps": steps };
            waves.entry(order[&component.name]).or_default().push(item);
        }
        let waves = (1..).zip(waves.into_values());
        let waves = waves.map(|(number, components): (u32, _)| object! { "number": number, "components": components });
        object! {
            "name": name,
            "namespaces": apply(Some(NAMESPACES)),
            "whole": apply(None),
            "waves": waves.collect::<Vec<_>>(),
        }
    }

    /// Values files of a component's release, the weakest first.
    fn values(&self, component: &Component, environment: &ComponentName) -> Vec<String> {
        let folders = releases::folders(&component.name, environment);
        let mut found = Vec::new();
        for (folder, plan) in folders.iter().zip([self.base, self.overlays]) {
            let names = plan.values_files(folder).into_iter();
            found.extend(names.map(|name| format!("{folder}{name}")));
        }
        found
    }
}

fn command(release: &Release) -> String {
    release.command(shell::word)
}
