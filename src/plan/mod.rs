//! Every output path with what it is made from, sorted; nothing is rendered yet.
//!
//! A stack and the values of its hooks go in, a [`Plan`] comes out. Paths are set here and in
//! entries of the catalog, never by a template.

mod applications;
mod built;
mod components;
mod config_maps;
mod environment;
mod external;
mod helmfile;
mod hooks;
mod install;
mod jobs;
mod kustomize;
mod operations;
mod overlay;
mod package;
mod parts;
mod rollouts;
mod sealed;
mod secrets;
mod selected;
mod variables;
mod workloads;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use anyhow::{bail, ensure};
use serde_json::Value as Json;

use crate::catalog::Catalog;
use crate::contents::Contents;
use crate::fault::Code;
use crate::hook::{self, HookRun};
use crate::layout::{self, NAMESPACES, is_producible};
use crate::name::{ComponentName, RelPath};
use crate::stack::Stack;
use crate::tree::{Class, Skeleton};

pub use config_maps::matches;
pub use overlay::{Overlay, plan_overlays};
pub use package::{Package, Placed, package_of};
pub(crate) use parts::json_length;
pub use rollouts::{Readers, readers, with_word};
pub(crate) use secrets::OF_LINK;

/// All files of one stack.
#[derive(Debug, Default)]
pub struct Plan {
    pub files: BTreeMap<RelPath, PlannedFile>,
    /// Where the files of Python packages lie, by component.
    pub packages: BTreeMap<ComponentName, Package>,
    /// Kinds of objects that outlive what they are made for, by the folder of the base that holds them.
    pub kept: BTreeMap<String, Vec<String>>,
}

/// A file and what it is made from.
#[derive(Debug)]
pub struct PlannedFile {
    pub class: Class,
    /// Component, link or hook, and the template: `link fastmcp-grafana, template grafana_tools.py`.
    pub why: String,
    pub source: Source,
    /// Whether kustomize lists it.
    pub resource: bool,
}

/// What a file is made from.
#[derive(Debug, PartialEq)]
pub enum Source {
    /// The bytes as they are.
    Copy(Contents),
    /// A template and the scopes whose keys it sees, the last one first.
    Template {
        name: String,
        text: Contents,
        scopes: Vec<Scope>,
    },
    /// The JSON document under the key `document`.
    Json(Scope),
    /// A secret skeleton.
    Skeleton(Skeleton),
}

/// Keys that templates see, all under one name or each by itself; shared between the files that see them.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    pub name: Option<&'static str>,
    /// A map.
    pub keys: Arc<Json>,
}

/// Plan every file of `stack` but its overlays and what follows from them: Applications and pages.
///
/// # Errors
/// A mistake in the catalog, or two entries that make the same file.
pub fn plan(stack: &Stack, catalog: &Catalog, hooks: Vec<HookRun>) -> anyhow::Result<Plan> {
    let mut plan = Plan {
        kept: kept(stack),
        ..Plan::default()
    };
    // Components come after what their Deployments mount: parts of documents, and files of packages.
    for run in hooks {
        hooks::plan(&mut plan, &run.entry, run.values)?;
    }
    package::plan(&mut plan, stack)?;
    let views = components::views(stack, &plan);
    for entry in hook::selecting(catalog)? {
        selected::plan(&mut plan, stack, &entry, &views)?;
    }
    components::plan(&mut plan, stack, catalog, &views)?;
    environment::plan(&mut plan, stack)?;
    secrets::plan(&mut plan, stack)?;
    rollouts::plan(&mut plan, stack)?;
    kustomize::plan(&mut plan, stack, catalog)?;
    Ok(plan)
}

/// Namespaces with their default-deny policies, and what each type says holds data.
fn kept(stack: &Stack) -> BTreeMap<String, Vec<String>> {
    let of_types = stack.deployed().map(|component| {
        let kinds = component.entry.definition.holds_data.clone();
        (base_folder(&component.name), kinds)
    });
    let shared = vec!["Namespace".to_owned(), "NetworkPolicy".to_owned()];
    of_types
        .filter(|(_, kinds)| !kinds.is_empty())
        .chain([(format!("k8s/deploy/base/{NAMESPACES}"), shared)])
        .collect()
}

impl Plan {
    /// Files whose paths begin with `folder`, which ends in `/`.
    fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a RelPath, &'a PlannedFile)> {
        self.files
            .range::<str, _>((std::ops::Bound::Included(folder), std::ops::Bound::Unbounded))
            .take_while(move |(path, _)| path.as_str().starts_with(folder))
    }

    /// Values files of a release in `folder`, which ends in `/`, by their names there, the weakest first.
    fn values_files<'a>(&'a self, folder: &'a str) -> Vec<&'a str> {
        let names = self.below(folder).map(|(path, _)| path.as_str());
        layout::values_files(names.filter_map(|path| path.strip_prefix(folder)))
    }

    fn insert(&mut self, path: &str, file: PlannedFile) -> anyhow::Result<()> {
        let path = RelPath::parse(path).map_err(|rule| Code::E_OUTPUT_PATH.fault(rule))?;
        // What could not be deleted later must not be written now.
        ensure!(
            is_producible(&path),
            Code::E_OUTPUT_PATH.fault(format!(
                "`{path}` ({}) is not a place where stacktic keeps such a file",
                file.why
            ))
        );
        match self.files.entry(path) {
            Entry::Vacant(place) => {
                place.insert(file);
                Ok(())
            }
            Entry::Occupied(first) => bail!(Code::E_OUTPUT_PATH.fault(format!(
                "`{}` is made twice: by {} and by {}",
                first.key(),
                first.get().why,
                file.why
            ))),
        }
    }
}

/// The folder of a component's base.
fn base_folder(component: &ComponentName) -> String {
    format!("k8s/deploy/base/{component}")
}

/// The folder that its image is built from.
fn build_folder(component: &ComponentName) -> String {
    format!("k8s/build/base/{component}")
}

impl Scope {
    /// The keys of `value`, which is a map, each by itself.
    fn of(value: Json) -> Self {
        Self {
            name: None,
            keys: Arc::new(value),
        }
    }

    /// The same keys under one name.
    fn named(&self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            keys: Arc::clone(&self.keys),
        }
    }
}

/// A template's file, or a copy when its name does not say that it is a template.
fn source(name: String, text: Contents, scopes: Vec<Scope>) -> Source {
    if name.ends_with(".j2") {
        Source::Template { name, text, scopes }
    } else {
        Source::Copy(text)
    }
}

fn class(seeded: bool) -> Class {
    if seeded { Class::Seeded } else { Class::Owned }
}
