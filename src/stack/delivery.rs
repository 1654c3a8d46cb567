//! Where the stack is delivered to: the place in Git that Argo CD reads, the cluster of each environment, and what
//! components need there.

use std::collections::BTreeSet;

use super::{Component, Link, SecretsBackend, Stack};
use crate::catalog::{OperatorSource, Role};
use crate::name::{ComponentName, Namespace};

/// The dialect of a delivery that reads Applications.
const DIALECT: &str = "argo_cd";

/// The cluster that Argo CD itself runs in, by the name that it gives it.
pub const OWN_CLUSTER: &str = "in-cluster";

/// The place in Git that Argo CD deploys the output from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gitops {
    pub repository: String,
    pub revision: String,
    /// Folder of the output in the repository.
    pub path: String,
    /// Namespace of Argo CD, where Applications lie.
    pub namespace: Namespace,
}

/// The group of ExternalSecrets, which a stack that has its values from a store is made of.
pub const EXTERNAL_SECRETS: &str = "external-secrets.io";

/// The interface of who keeps the values.
const VAULT: &str = "vault";

/// Whether a component makes Secrets of the values in a store.
fn makes_secrets(component: &Component) -> bool {
    let mut groups = component.entry.definition.install.groups();
    groups.any(|group| group == EXTERNAL_SECRETS)
}

impl Stack {
    /// The component that makes Secrets of the values in a store, where the stack has its values there and brings it itself.
    #[must_use]
    pub fn secret_operator(&self) -> Option<&Component> {
        let is_asked = self.secrets == SecretsBackend::ExternalSecrets;
        is_asked.then(|| self.deployed().find(|component| makes_secrets(component)))?
    }

    /// Whether the store of what `link` leads to is an object of a kind that its consumer brings: the consumer comes first.
    #[must_use]
    pub fn has_store(&self, link: &Link) -> bool {
        let (from, to) = (self.component(&link.from), self.component(&link.to));
        link.kind.interface_name() == VAULT && makes_secrets(from) && to.is_deployed()
    }

    /// It, and then whoever keeps the values, where the stack deploys that one as well.
    #[must_use]
    pub fn makers_of_secrets(&self) -> Vec<&ComponentName> {
        let operator = self.secret_operator().map(|operator| &operator.name);
        let links = operator.into_iter().flat_map(|operator| self.links_from(operator));
        let stores = links.filter(|link| self.has_store(link)).map(|link| &link.to);
        operator.into_iter().chain(stores).collect()
    }

    /// The component that reads the Applications; a checked stack has one at most.
    #[must_use]
    pub fn delivery(&self) -> Option<&Component> {
        let mut deliveries = self.of_role(Role::Delivery);
        deliveries.find(|delivery| delivery.entry.definition.dialect.as_deref() == Some(DIALECT))
    }

    /// Name of the environment's project and root, and the start of the names of its Applications.
    #[must_use]
    pub fn project(&self, environment: &ComponentName) -> String {
        format!("{}.{environment}", self.name)
    }

    /// The cluster of an environment, as Argo CD knows it.
    #[must_use]
    pub fn cluster(&self, environment: &ComponentName) -> &str {
        self.clusters.get(environment).map_or(OWN_CLUSTER, String::as_str)
    }

    /// The operators that come with `component` and the links that it has: none that others bring into the cluster.
    pub fn operators_of<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a OperatorSource> {
        let is_external = self.external_operators.contains(component.type_name());
        self.needed_operators(component)
            .filter(move |operator| !(is_external && operator.is_of_cluster()))
    }

    /// The operators that `component` needs and others bring.
    pub fn external_operators_of<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a OperatorSource> {
        let is_external = self.external_operators.contains(component.type_name());
        self.needed_operators(component)
            .filter(move |operator| is_external && operator.is_of_cluster())
    }

    fn needed_operators<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a OperatorSource> {
        let is_taken = |slot: &str| self.takes(component, slot);
        component.entry.definition.install.operators(is_taken)
    }

    /// Whether `component` has a link of a slot: what an entry says under `slot` is there with such a link alone.
    #[must_use]
    pub fn takes(&self, component: &Component, slot: &str) -> bool {
        let mut links = self.links_from(&component.name);
        links.any(|link| link.kind.slot_name == slot)
    }

    /// The types that some component needs in its cluster.
    #[must_use]
    pub fn needed_types(&self) -> BTreeSet<&str> {
        let needs = self.deployed().flat_map(|component| self.needs_of(component));
        needs.map(String::as_str).collect()
    }

    /// The types that `component` needs in its cluster, with the links that it has.
    pub fn needs_of<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a String> {
        let links = self.links_from(&component.name);
        let by_links = links.flat_map(|link| &link.kind.slot.needs);
        component.entry.definition.needs.iter().chain(by_links)
    }
}
