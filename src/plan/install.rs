//! Values of hooks with the function `install_docs`: what a person does to install the stack, in the order of the graph.
//!
//! The plans of the bases and of the overlays go in, since commands name files that there are. Item shapes stand in the
//! hook's entry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::built::Built;
use super::workloads::AUTOSCALER;
use super::{Plan, Source, helmfile, hooks};
use crate::catalog::{Catalog, GitSource, OperatorSource, Role};
use crate::hook;
use crate::hook::deploy;
use crate::hook::releases::{self, Operator, Release};
use crate::layout::{NAMESPACES, OPERATORS};
use crate::name::{ComponentName, shell};
use crate::stack::{Component, External, SecretsBackend, Stack, Waves};
use crate::view::object;

/// The attribute of whatever keeps its data on volumes.
const STORAGE_CLASS: &str = "storage_class";

/// The attribute that names the Secret of a certificate.
const TLS_SECRET: &str = "tls_secret";

/// What the folder of an image has: the Dockerfile itself, or what says where it lies.
const SOURCES: [&str; 2] = ["Dockerfile", "compose.yaml"];

/// `built` are the environments.
pub(super) fn plan(
    plan: &mut Plan,
    stack: &Stack,
    catalog: &Catalog,
    base: &Plan,
    built: &[Built<'_>],
) -> anyhow::Result<()> {
    for entry in hook::of_function(catalog, "install_docs")? {
        let waves = stack.waves();
        let operators = releases::operators(stack, &waves);
        let helmfile = helmfile::document(stack, (base, plan), &waves, &operators);
        let by_git = operators
            .iter()
            .filter_map(|operator| Some(git_operator(&operator.name, operator.source.git()?)));
        let document = Install {
            stack,
            base,
            overlays: plan,
            built,
            waves: &waves,
            operators: &operators,
        }
        .document();
        let documents = stack.deployed().next().map(|_| document);
        let values = object! {
            "documents": documents.into_iter().collect::<Vec<_>>(),
            "git_operators": by_git.collect::<Vec<_>>(),
            "helmfiles": helmfile.into_iter().collect::<Vec<_>>(),
        };
        hooks::plan(plan, &entry, hooks::keys(values))?;
    }
    Ok(())
}

struct Install<'a> {
    stack: &'a Stack,
    base: &'a Plan,
    overlays: &'a Plan,
    built: &'a [Built<'a>],
    waves: &'a Waves<'a>,
    operators: &'a [Operator<'a>],
}

impl Install<'_> {
    fn document(&self) -> Json {
        let delivery = self.stack.gitops.as_ref().map(|gitops| {
            let own = self.stack.delivery().filter(|delivery| delivery.is_deployed());
            object! {
                "repository": &gitops.repository,
                "path": &gitops.path,
                "revision": &gitops.revision,
                "clusters": self.stack.clusters.iter().map(|(name, cluster)| object! { "environment": name, "cluster": cluster }).collect::<Vec<_>>(),
                "component": own.map_or("", |own| own.name.as_str()),
                "namespace": &gitops.namespace,
            }
        });
        let has_charts = self.operators.iter().any(|operator| operator.source.chart().is_some());
        object! {
            "stack": &self.stack.name,
            "has_charts": has_charts || self.components().any(|one| one.entry.definition.install.chart().is_some()),
            "from_store": self.stack.secrets == SecretsBackend::ExternalSecrets && self.stack.makers_of_secrets().len() < 2,
            "opened": self.components().filter(|one| self.is_opened(one)).map(|one| &one.name).collect::<Vec<_>>(),
            "is_encrypted": self.stack.secrets == SecretsBackend::Sops,
            "storage": self.storage(),
            "measured": self.measured(),
            "hosts": self.hosts(),
            "external": self.external(),
            "external_operators": self.external_operators(),
            "secrets": self.secrets(),
            "images": self.images(),
            "deliveries": delivery.into_iter().collect::<Vec<_>>(),
            "environments": self.built.iter().map(|built| self.environment(built)).collect::<Vec<_>>(),
        }
    }

    fn components(&self) -> impl Iterator<Item = &Component> {
        self.stack.deployed()
    }

    fn is_planned(&self, path: &str) -> bool {
        self.base.files.contains_key(path) || self.overlays.files.contains_key(path)
    }

    /// Whether people must do something before it answers, of which a page of its own tells.
    fn is_opened(&self, component: &Component) -> bool {
        self.is_planned(&format!("docs/open/{}.md", component.name))
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

    /// Components whose load decides, in some environment, how many pods there are.
    fn measured(&self) -> BTreeSet<&str> {
        let paths = self.base.files.keys().chain(self.overlays.files.keys());
        let files = paths.filter_map(|path| path.as_str().rsplit_once('/'));
        let folders = files.filter(|(_, file)| file.starts_with(AUTOSCALER));
        folders.filter_map(|(folder, _)| folder.rsplit('/').next()).collect()
    }

    /// Hosts that must lead to a gateway.
    fn hosts(&self) -> Vec<Json> {
        let gateways = self.components().filter(|component| component.has_role(Role::Gateway));
        let hosts = gateways.flat_map(|gateway| {
            let links = self.stack.published(gateway);
            let secret = match self.stack.is_certified(gateway) {
                true => String::new(),
                false => gateway.text(TLS_SECRET),
            };
            links.map(move |link| {
                let host = self.stack.published_host(self.stack.component(&link.to));
                (host, gateway, secret.clone())
            })
        });
        let hosts: BTreeMap<String, Json> = hosts
            .map(|(host, gateway, secret)| {
                let item = object! { "host": &host, "gateway": &gateway.name, "namespace": &gateway.namespace, "secret": secret };
                (host, item)
            })
            .collect();
        hosts.into_values().collect()
    }

    fn external(&self) -> Vec<Json> {
        let components = self.stack.components.values();
        let item = |component: &Component| {
            let external = component.external.as_ref()?;
            let stack = external.stack().unwrap_or_default();
            let host = component.foreign_host().unwrap_or_default();
            let is_inside = matches!(external, External::Described { .. });
            Some(
                object! { "component": &component.name, "title": &component.entry.definition.title, "stack": stack, "host": host, "namespaces": self.callers(component).filter(|_| is_inside).collect::<BTreeSet<_>>() },
            )
        };
        components.filter_map(item).collect()
    }

    /// Namespaces of what links to `component`.
    fn callers<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a str> {
        let links = self.stack.links_to(&component.name);
        links.map(|link| self.stack.component(&link.from).namespace.as_str())
    }

    /// Operators that others bring, each once, with the namespaces that it has to watch.
    fn external_operators(&self) -> Vec<Json> {
        let mut found: BTreeMap<&str, (&OperatorSource, BTreeSet<&str>)> = BTreeMap::new();
        for component in self.components() {
            for operator in self.stack.external_operators_of(component) {
                let known = found.entry(operator.name()).or_insert((operator, BTreeSet::new()));
                known.1.insert(component.namespace.as_str());
            }
        }
        let item = |(name, (operator, namespaces)): (&str, (&OperatorSource, BTreeSet<&str>))| object! { "name": name, "version": operator.version(), "groups": operator.groups().iter().collect::<Vec<_>>(), "namespaces": namespaces };
        found.into_iter().map(item).collect()
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
            let is_built = SOURCES.iter().any(|file| self.is_planned(&format!("{folder}/{file}")));
            if is_built && let Some(image) = component.images.values().next() {
                found.entry(image).or_insert(folder);
            }
        }
        let item = |(image, folder): (&str, String)| object! { "image": image, "folder": folder };
        found.into_iter().map(item).collect()
    }

    /// One environment: its namespaces, then its components by their waves.
    fn environment(&self, built: &Built<'_>) -> Json {
        let name = built.environment;
        let mut waves: BTreeMap<usize, Wave> = BTreeMap::new();
        for operator in self.operators {
            let wave = waves.entry(operator.wave).or_default();
            let by_chart = operator.release(releases::ha(self.stack, name)).as_ref().map(command);
            let by_git = operator
                .source
                .git()
                .map(|_| deploy::kubectl(&shell::word(&operator_folder(&operator.name))));
            wave.operators.extend(by_chart.or(by_git));
        }
        for component in self.components() {
            let values = built.values(component.name.as_str());
            let release = releases::of_component(component, values.to_vec());
            let steps = [
                Some(built.apply(component.name.as_str())),
                release.as_ref().map(command),
            ];
            let steps: Vec<String> = steps.into_iter().flatten().collect();
            let item = object! { "name": &component.name, "namespace": &component.namespace, "steps": steps, "is_opened": self.is_opened(component) };
            let wave = waves.entry(self.waves.components[&component.name]).or_default();
            wave.components.push(item);
        }
        let waves = (1..).zip(waves.into_values());
        let waves = waves.map(|(number, wave): (u32, Wave)| {
            object! {
                "number": number,
                "operators": wave.operators,
                "components": wave.components,
            }
        });
        object! {
            "name": name,
            "namespaces": built.apply(NAMESPACES),
            "whole": deploy::apply_whole(self.stack, &deploy::whole(self.stack, name.as_str())),
            "waves": waves.collect::<Vec<_>>(),
        }
    }
}

/// What is installed together.
#[derive(Default)]
struct Wave {
    operators: Vec<String>,
    components: Vec<Json>,
}

/// The folder of an operator that is no chart.
fn operator_folder(name: &str) -> String {
    format!("k8s/deploy/base/{OPERATORS}/{name}")
}

fn git_operator(name: &str, git: &GitSource) -> Json {
    let image = |image: &String| {
        let (old, new) = image.split_once('=')?;
        let (new_name, new_tag) = new.rsplit_once(':')?;
        Some(object! { "name": old, "new_name": new_name, "new_tag": new_tag })
    };
    object! {
        "operator": name,
        "sources": sources(git),
        "namespace": &git.namespace,
        "images": git.images.iter().filter_map(image).collect::<Vec<_>>(),
    }
}

/// What kustomize fetches: the folder, or its files one by one, of which GitHub serves the text.
fn sources(git: &GitSource) -> Vec<String> {
    if git.files.is_empty() {
        return vec![format!("{}//{}?ref={}", git.repository, git.path, git.revision)];
    }
    let raw = git
        .repository
        .replace("https://github.com/", "https://raw.githubusercontent.com/");
    let files = git.files.iter();
    files
        .map(|file| format!("{raw}/{}/{}/{file}", git.revision, git.path))
        .collect()
}

fn command(release: &Release) -> String {
    release.command(shell::word)
}
