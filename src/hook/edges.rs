//! The network edges that links ask for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalog::Protocol;
use crate::catalog::derived::{HEALTH, METRICS};
use crate::stack::{Component, Endpoint, Link, Stack};

/// Pods of one component may open connections to pods of another.
pub(super) struct Edge<'a> {
    pub(super) from: &'a Component,
    /// Labels of its pods that may, where not all of them may.
    pub(super) from_pods: Option<&'a BTreeMap<String, String>>,
    pub(super) to: &'a Component,
    /// Labels of the pods at the far end.
    pub(super) pods: BTreeMap<String, String>,
    pub(super) ports: BTreeSet<u16>,
    pub(super) why: String,
}

/// An edge as people and programs are told of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ToldEdge {
    pub from: String,
    pub to: String,
    pub ports: BTreeSet<u16>,
}

/// What stands for places that are no component.
const OUTSIDE: &str = "outside the cluster";

/// All edges of a stack, and the ways of its links out of the cluster. Links that open the same have one edge.
#[must_use]
pub fn told_edges(stack: &Stack) -> BTreeSet<ToldEdge> {
    let inside = edges(stack).into_iter().map(|edge| ToldEdge {
        from: edge.from.name.to_string(),
        to: edge.to.name.to_string(),
        ports: edge.ports,
    });
    let open = stack.links.iter().flat_map(|link| {
        let ports = link.kind.slot.egress.iter();
        ports.map(|open| ToldEdge {
            from: link.from.to_string(),
            to: OUTSIDE.to_owned(),
            ports: BTreeSet::from([open.port]),
        })
    });
    inside.chain(open).collect()
}

/// All edges, in the order of the links; an external end has no pods and no edge of its own.
pub(super) fn edges(stack: &Stack) -> Vec<Edge<'_>> {
    let of_links = stack.links.iter().flat_map(|link| {
        let from = (stack.component(&link.from), None);
        link_edges(stack, from, link, why(link))
    });
    of_links
        .chain(stack.links.iter().flat_map(|link| at_gateways(stack, link)))
        .chain(stack.links.iter().flat_map(|link| followed(stack, link)))
        .collect()
}

fn why(link: &Link) -> String {
    format!("link {}", link.arrow().replace('→', "->"))
}

/// Edges of a consumer to the gateways that publish its provider, for what is read at the published host.
fn at_gateways<'a>(stack: &'a Stack, link: &'a Link) -> Vec<Edge<'a>> {
    if !link.kind.interface.definition.published {
        return Vec::new();
    }
    let from = stack.component(&link.from);
    let publishing = stack.publishing(&link.to).filter(|own| own.from != link.from);
    let secure = publishing.flat_map(|own| {
        let gateway = stack.component(&own.from);
        let endpoints = gateway.endpoints.values();
        endpoints
            .filter(|endpoint| endpoint.protocol == Protocol::Https)
            .map(move |endpoint| (gateway, endpoint))
    });
    secure
        .map(|(gateway, endpoint)| {
            let (pods, port) = target(gateway, endpoint);
            Edge {
                from,
                from_pods: None,
                to: gateway,
                pods,
                ports: BTreeSet::from([port]),
                why: format!("{}, by {}", why(link), gateway.name),
            }
        })
        .collect()
}

/// Edges of a provider to what the links of its consumer end at, as far as it follows them.
fn followed<'a>(stack: &'a Stack, link: &'a Link) -> Vec<Edge<'a>> {
    let provider = stack.component(&link.to);
    let follows = link.kind.provision.follows.as_ref();
    let endpoint = follows.and_then(|follows| provider.endpoints.get(&follows.pods_of));
    let pods = endpoint
        .map(|endpoint| &endpoint.pods)
        .filter(|pods| **pods != provider.pods);
    let own = stack.followed(link);
    own.flat_map(|own| {
        link_edges(
            stack,
            (provider, pods),
            own,
            format!("{}, for {}", why(link), own.end()),
        )
    })
    .collect()
}

/// One edge for each set of pods that the link's endpoints have.
fn link_edges<'a>(
    stack: &'a Stack,
    (from, from_pods): (&'a Component, Option<&'a BTreeMap<String, String>>),
    link: &'a Link,
    why: String,
) -> Vec<Edge<'a>> {
    let to = stack.component(&link.to);
    let mut ports: BTreeMap<BTreeMap<String, String>, BTreeSet<u16>> = BTreeMap::new();
    for (pods, port) in link.endpoints.iter().flat_map(|name| targets(to, name)) {
        ports.entry(pods).or_default().insert(port);
    }
    ports
        .into_iter()
        .map(|(pods, ports)| Edge {
            from,
            from_pods,
            to,
            pods,
            ports,
            why: why.clone(),
        })
        .collect()
}

/// Pods and pod ports behind a name of a link type's `endpoints`.
fn targets(component: &Component, name: &str) -> Vec<(BTreeMap<String, String>, u16)> {
    if let Some(endpoint) = component.endpoints.get(name) {
        return vec![target(component, endpoint)];
    }
    match name {
        HEALTH => component
            .health_endpoints()
            .map(|endpoint| target(component, endpoint))
            .collect(),
        METRICS => component
            .metrics
            .iter()
            .map(|metrics| (metrics.pods.clone(), metrics.port))
            .collect(),
        _ => Vec::new(),
    }
}

/// Pods and pod port behind an endpoint; for an external component, its service port.
fn target(component: &Component, endpoint: &Endpoint) -> (BTreeMap<String, String>, u16) {
    let port = if component.external.is_some() {
        endpoint.port
    } else {
        endpoint.target_port
    };
    (endpoint.pods.clone(), port)
}
