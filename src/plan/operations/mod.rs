//! Values of hooks with the function `operations_docs`: what happens in production when something goes wrong, for this stack.
//!
//! The stack as it stands and as each environment sees it go in, with what is planned and rendered, since every answer names
//! the file that makes it so; one document comes out. What a type does is asked of its entry, never of its name. Item shapes
//! stand in the hook's entry.

mod certificates;
mod data;
mod delivery;
mod leaks;
mod nodes;
mod operators;
mod removal;
mod servers;

use serde_json::Value as Json;

use super::{Overlay, Plan, base_folder, hooks};
use crate::catalog::Catalog;
use crate::hook;
use crate::name::ComponentName;
use crate::rel_path::RelPath;
use crate::stack::{Component, Stack};
use crate::tree::{Content, Tree, TreeFile};
use crate::view::object;

/// What answers are taken from.
struct Site<'a> {
    stack: &'a Stack,
    base: &'a Plan,
    /// The bases as they are rendered.
    tree: &'a Tree,
    environments: &'a [Overlay<'a>],
    /// Files of overlays.
    overlays: &'a Plan,
}

/// An answer that some environments have in common.
struct Answer<'a, T> {
    environments: Vec<&'a ComponentName>,
    of: T,
    /// What makes it so in the first of them.
    file: String,
}

pub(super) fn plan(
    plan: &mut Plan,
    stack: &Stack,
    catalog: &Catalog,
    (base, tree): (&Plan, &Tree),
    environments: &[Overlay<'_>],
) -> anyhow::Result<()> {
    for entry in hook::of_function(catalog, "operations_docs")? {
        let site = Site {
            stack,
            base,
            tree,
            environments,
            overlays: plan,
        };
        let documents: Vec<Json> = stack.deployed().next().map(|_| site.document()).into_iter().collect();
        hooks::plan(plan, &entry, hooks::keys(object! { "documents": documents }))?;
    }
    Ok(())
}

impl<'a> Site<'a> {
    fn document(&self) -> Json {
        object! {
            "stack": &self.stack.name,
            "nodes": nodes::items(self),
            "leaks": leaks::of_links(self),
            "readers": leaks::readers(self),
            "other_secrets": leaks::of_no_link(self),
            "keeps_values": leaks::backend(self),
            "buckets": data::buckets(self),
            "removals": removal::items(self),
            "restores": data::restores(self),
            "certificates": certificates::items(self),
            "uncertified": certificates::missing(self),
            "by_hand": certificates::by_hand(self),
            "operators": operators::items(self),
            "servers": servers::items(self),
            "environments": delivery::environments(self),
            "repositories": delivery::repositories(self),
            "disks": data::disks(self),
        }
    }

    fn components(&self) -> impl Iterator<Item = &'a Component> + use<'a> {
        self.stack.deployed()
    }

    /// What each environment says of a component, equal answers once.
    fn answers<T: PartialEq>(&self, component: &Component, ask: impl Fn(&Component) -> T) -> Vec<Answer<'a, T>> {
        let mut found: Vec<Answer<'a, T>> = Vec::new();
        for overlay in self.environments {
            let answer = ask(overlay.stack.component(&component.name));
            match found.iter_mut().find(|known| known.of == answer) {
                Some(known) => known.environments.push(overlay.name),
                None => found.push(Answer {
                    environments: vec![overlay.name],
                    of: answer,
                    file: self.file_in(overlay.name, component),
                }),
            }
        }
        found
    }

    /// The path of a file of the bases, where it is planned.
    fn planned(&self, path: String) -> Option<String> {
        self.base.files.contains_key(path.as_str()).then_some(path)
    }

    /// The file that makes the component what it is in an environment: what is its own there, else that of the base.
    fn file_in(&self, environment: &ComponentName, component: &Component) -> String {
        let folder = format!("k8s/deploy/overlays/{environment}/{}/", component.name);
        let named = |start: &str| {
            let mut own = self.overlays.below(&folder).map(|(path, _)| path.as_str());
            own.find(|path| path[folder.len()..].starts_with(start))
                .map(ToOwned::to_owned)
        };
        let own = named("values.yaml").or_else(|| named("patch-"));
        own.unwrap_or_else(|| self.file_of(component))
    }

    /// The file of the base that makes the component what it is: values of its chart, its Deployment, or what holds its data.
    fn file_of(&self, component: &Component) -> String {
        let folder = base_folder(&component.name);
        let named = |name: &str| self.planned(format!("{folder}/{name}"));
        let mut kinds = component.entry.definition.holds_data.iter();
        let own = || {
            let below = format!("{folder}/");
            let mut files = self.base.below(&below);
            let found = files.find(|(_, file)| file.resource && file.why.starts_with("component "));
            found.map(|(path, _)| path.to_string())
        };
        named("values.yaml")
            .or_else(|| named("deployment.yaml"))
            .or_else(|| kinds.find_map(|kind| self.file_with(component, kind)))
            .or_else(own)
            .unwrap_or_else(|| format!("{folder}/kustomization.yaml"))
    }

    /// The file of the component's base that holds an object of a kind.
    fn file_with(&self, component: &Component, kind: &str) -> Option<String> {
        let folder = format!("{}/", base_folder(&component.name));
        let line = format!("kind: {kind}");
        let mut files = self.tree.below(&folder);
        let holds = |(_, file): &(&RelPath, &TreeFile)| text(file).lines().any(|one| one == line);
        files.find(holds).map(|(path, _)| path.to_string())
    }

    /// Whether the text stands in a file of the bases.
    fn says(&self, path: &str, wanted: &str) -> bool {
        let path = RelPath::parse(path).ok();
        let file = path.and_then(|path| self.tree.get(&path));
        file.is_some_and(|file| text(file).contains(wanted))
    }
}

fn text(file: &TreeFile) -> &str {
    match &file.content {
        Content::Bytes(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        Content::Skeleton(_) => "",
    }
}
