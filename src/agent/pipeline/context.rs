//! What checks may reach, of the whole stack: made once from the metadata.

use crate::agent::check::{Context, Endpoint};
use crate::agent::query::Index;
use crate::hook::{AttributeMetadata, ComponentMetadata};

/// Where the gateway answers for hosts that it publishes.
const PUBLISHED_PORT: u16 = 443;

/// The attribute that is the first label of a published host.
const SUBDOMAIN: &str = "subdomain";

/// The endpoints, published hosts and namespaces of a stack; what other stacks own is only named.
#[must_use]
pub fn context(index: &Index) -> Context {
    let metadata = index.metadata();
    let (external, own): (Vec<_>, Vec<_>) = metadata.components.iter().partition(|component| component.is_external);
    let published = own
        .iter()
        .filter_map(|component| published(component, &metadata.domain));
    Context {
        endpoints: own
            .iter()
            .flat_map(|component| endpoints(component))
            .chain(published)
            .collect(),
        external_hosts: external
            .iter()
            .flat_map(|component| component.endpoints.values())
            .map(|endpoint| endpoint.host.clone())
            .collect(),
        namespaces: own.iter().map(|component| component.namespace.clone()).collect(),
    }
}

/// Where a component listens.
pub(super) fn endpoints(component: &ComponentMetadata) -> impl Iterator<Item = Endpoint> + '_ {
    let listed = component.endpoints.values();
    listed.map(|endpoint| Endpoint::new(endpoint.host.as_str(), endpoint.port))
}

fn published(component: &ComponentMetadata, domain: &str) -> Option<Endpoint> {
    match component.attributes.get(SUBDOMAIN)? {
        AttributeMetadata::Plain(serde_json::Value::String(label)) if !label.is_empty() => {
            Some(Endpoint::new(format!("{label}.{domain}"), PUBLISHED_PORT))
        }
        _ => None,
    }
}
