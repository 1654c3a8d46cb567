//! What checks may reach, of the whole stack: made once from the metadata.

use std::collections::BTreeSet;

use crate::agent::check::{Context, Endpoint};
use crate::agent::query::Index;
use crate::catalog::Role;
use crate::metadata::{AttributeMetadata, ComponentMetadata, StackMetadata};
use crate::stack::gateway;

/// Where the gateway answers for hosts that it publishes.
const PUBLISHED_PORT: u16 = 443;

/// The endpoints, published hosts and namespaces of a stack; what other stacks own is only named.
#[must_use]
pub fn context(index: &Index) -> Context {
    let metadata = index.metadata();
    let (external, own): (Vec<_>, Vec<_>) = metadata.components.iter().partition(|component| component.is_external);
    let published = published(metadata);
    let hosts = own
        .iter()
        .filter(|component| published.contains(component.name.as_str()))
        .map(|component| published_host(component, &metadata.domain));
    Context {
        endpoints: own
            .iter()
            .flat_map(|component| endpoints(component))
            .chain(hosts)
            .collect(),
        authorities: own.iter().flat_map(|component| authorities(component)).collect(),
        external_hosts: external
            .iter()
            .flat_map(|component| component.endpoints.values())
            .map(|endpoint| endpoint.host.clone())
            .collect(),
        namespaces: own.iter().map(|component| component.namespace.clone()).collect(),
    }
}

/// Names of the components that a gateway of this stack publishes.
fn published(metadata: &StackMetadata) -> BTreeSet<&str> {
    let is_gateway =
        |component: &&ComponentMetadata| component.roles.contains(&Role::Gateway) && !component.is_external;
    let gateways = metadata.components.iter().filter(is_gateway);
    let gateways: BTreeSet<&str> = gateways.map(|component| component.name.as_str()).collect();
    let published = metadata
        .links
        .iter()
        .filter(|link| link.interface == gateway::HTTP && gateways.contains(link.from.as_str()));
    let published = published.map(|link| link.to.as_str());
    published.collect()
}

/// Where a component listens.
pub(super) fn endpoints(component: &ComponentMetadata) -> impl Iterator<Item = Endpoint> + '_ {
    let listed = component.endpoints.values();
    listed.map(|endpoint| Endpoint::new(endpoint.host.as_str(), endpoint.port))
}

/// The hosts of a component that shows a certificate, each with the file of who signed it.
fn authorities(component: &ComponentMetadata) -> impl Iterator<Item = (String, String)> + '_ {
    let hosts = component.endpoints.values().map(|endpoint| &endpoint.host);
    let of = |file: &String| hosts.map(move |host| (host.clone(), file.clone())).collect::<Vec<_>>();
    component.ca_file.as_ref().map(of).into_iter().flatten()
}

fn published_host(component: &ComponentMetadata, domain: &str) -> Endpoint {
    let subdomain = match component.attributes.get(gateway::SUBDOMAIN) {
        Some(AttributeMetadata::Plain(serde_json::Value::String(label))) => label,
        _ => "",
    };
    let host = gateway::published_host(component.name.as_str(), subdomain, domain);
    Endpoint::new(host, PUBLISHED_PORT)
}
