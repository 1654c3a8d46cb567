//! What is built of a component in an environment: the nearest folder that there is, and the values of its release.
//!
//! An overlay has a folder of its own for what the environment changes or the stack file names, a sealed one where Secrets are
//! decrypted; everything else is taken from the base. Argo CD, the folder of all and pages for people are told the same.

use std::collections::{BTreeMap, BTreeSet};

use super::{Overlay, Plan, base_folder, secrets};
use crate::hook::argo_cd_apps::Delivered;
use crate::hook::deploy;
use crate::layout::{self, NAMESPACES};
use crate::name::ComponentName;
use crate::stack::{SecretsBackend, Stack};
use crate::tree::Tree;

const DEPLOY: &str = "k8s/deploy/";

/// An environment.
pub(super) struct Built<'a> {
    pub(super) environment: &'a ComponentName,
    /// Components with a folder in the overlay.
    own: BTreeSet<String>,
    /// Components whose Secrets are decrypted, and `_namespaces`.
    sealed: BTreeSet<String>,
    /// Values files of each release, the weakest first.
    values: BTreeMap<String, Vec<String>>,
}

impl<'a> Built<'a> {
    /// `own` are the components with a folder in the overlay, `plan` has its values files, `tree` the bases.
    pub(super) fn of(
        stack: &Stack,
        overlay: &Overlay<'a>,
        own: BTreeSet<String>,
        plan: &Plan,
        tree: &Tree,
    ) -> anyhow::Result<Self> {
        let mut values = BTreeMap::new();
        for component in stack.deployed() {
            let files = values_files(overlay, &component.name, plan, tree);
            values.insert(component.name.to_string(), files);
        }
        Ok(Self {
            environment: overlay.name,
            own,
            sealed: sealed(stack)?,
            values,
        })
    }

    /// The folder that is built where nothing is decrypted, below the output.
    pub(super) fn open_folder(&self, component: &str) -> String {
        match self.own.contains(component) {
            true => format!("{DEPLOY}overlays/{}/{component}", self.environment),
            false => format!("{DEPLOY}base/{component}"),
        }
    }

    /// The folder that is built, below the output.
    pub(super) fn folder(&self, component: &str) -> String {
        match self.is_sealed(component) {
            true => format!("{DEPLOY}sops/{}/{component}", self.environment),
            false => self.open_folder(component),
        }
    }

    pub(super) fn is_sealed(&self, component: &str) -> bool {
        self.sealed.contains(component)
    }

    /// The command that builds and applies it, in the folder of the output.
    pub(super) fn apply(&self, component: &str) -> String {
        deploy::apply(&self.folder(component), self.is_sealed(component))
    }

    /// Values files of a component's release, the weakest first.
    pub(super) fn values(&self, component: &str) -> &[String] {
        self.values.get(component).map_or(&[], Vec::as_slice)
    }

    /// What a person may add to them.
    pub(super) fn own_values(&self, component: &str) -> String {
        format!("{DEPLOY}overlays/{}/{component}/values.local.yaml", self.environment)
    }

    /// The same of all components, for those who deliver.
    pub(super) fn delivered(&self) -> BTreeMap<&str, Delivered> {
        let shared = (!self.values.is_empty()).then_some(NAMESPACES);
        let components = self.values.keys().map(String::as_str).chain(shared);
        let delivered = |component: &str| Delivered {
            folder: self.folder(component),
            is_sealed: self.is_sealed(component),
            values: [self.values(component), &[self.own_values(component)]].concat(),
        };
        components.map(|component| (component, delivered(component))).collect()
    }
}

/// Where there are Secrets that nobody but KSOPS can make.
fn sealed(stack: &Stack) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    if stack.secrets != SecretsBackend::Sops {
        return Ok(found);
    }
    for component in stack.deployed() {
        if !secrets::secrets(stack, component)?.is_empty() {
            found.insert(component.name.to_string());
        }
    }
    if !secrets::shared(stack)?.is_empty() {
        found.insert(NAMESPACES.to_owned());
    }
    Ok(found)
}

/// Those of the base that the environment has as well, then its own.
fn values_files(overlay: &Overlay<'_>, component: &ComponentName, plan: &Plan, tree: &Tree) -> Vec<String> {
    let base = format!("{}/", base_folder(component));
    let own = format!("{DEPLOY}overlays/{}/{component}/", overlay.name);
    let names = |tree: &Tree| {
        let paths = tree
            .below(&base)
            .map(|(path, _)| path.as_str()[base.len()..].to_owned());
        paths
            .filter(|name| layout::is_values_file(name))
            .collect::<BTreeSet<_>>()
    };
    let (known, there) = (names(tree), names(overlay.tree.unwrap_or(tree)));
    let kept = known.intersection(&there);
    let of_base = layout::values_files(kept.map(String::as_str)).into_iter();
    let of_base = of_base.map(|name| format!("{base}{name}")).collect::<Vec<_>>();
    let of_own = plan.values_files(&own).into_iter();
    of_base
        .into_iter()
        .chain(of_own.map(|name| format!("{own}{name}")))
        .collect()
}

/// A folder as a kustomization names it that lies in `from`.
pub(super) fn relative(from: &str, folder: &str) -> String {
    if let Some(inner) = folder.strip_prefix(from).and_then(|rest| rest.strip_prefix('/')) {
        return inner.to_owned();
    }
    let depth = from.strip_prefix(DEPLOY).unwrap_or(from).split('/').count();
    "../".repeat(depth) + folder.strip_prefix(DEPLOY).unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_from_where_they_are_asked_for() {
        for (from, folder, expected) in [
            ("k8s/deploy/overlays/dev", "k8s/deploy/overlays/dev/kafka", "kafka"),
            ("k8s/deploy/overlays/dev", "k8s/deploy/base/kafka", "../../base/kafka"),
            (
                "k8s/deploy/overlays/dev",
                "k8s/deploy/overlays/dev-2/kafka",
                "../../overlays/dev-2/kafka",
            ),
            (
                "k8s/deploy/sops/dev/kafka",
                "k8s/deploy/overlays/dev/kafka",
                "../../../overlays/dev/kafka",
            ),
        ] {
            assert_eq!(relative(from, folder), expected);
        }
    }
}
