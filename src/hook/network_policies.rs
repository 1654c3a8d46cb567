//! Values of `hooks/network_policies`: who may talk to whom. Item shapes stand in its hook.yaml.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::edges::{Edge, edges};
use super::{NAMESPACES, view};
use crate::name::ComponentName;
use crate::stack::{Component, Stack};

pub(super) fn values(stack: &Stack) -> Json {
    let edges = edges(stack);
    let mut outgoing: BTreeMap<&ComponentName, Vec<&Edge<'_>>> = BTreeMap::new();
    let mut incoming: BTreeMap<&ComponentName, Vec<&Edge<'_>>> = BTreeMap::new();
    for edge in &edges {
        outgoing.entry(&edge.from.name).or_default().push(edge);
        incoming.entry(&edge.to.name).or_default().push(edge);
    }
    let none = Vec::new();
    let with_pods = stack.deployed().filter(|component| !component.pods.is_empty());
    let policies: Vec<Json> = with_pods
        .map(|component| {
            let outgoing = outgoing.get(&component.name).unwrap_or(&none);
            let incoming = incoming.get(&component.name).unwrap_or(&none);
            policy(stack, component, outgoing, incoming)
        })
        .collect();
    json!({ "policies": policies, "denials": denials(stack) })
}

fn policy(stack: &Stack, component: &Component, outgoing: &[&Edge<'_>], incoming: &[&Edge<'_>]) -> Json {
    let network = component.network();
    let ingress = incoming
        .iter()
        .filter(|edge| edge.from.external.is_none() && !edge.from.pods.is_empty());
    let egress = outgoing
        .iter()
        .filter(|edge| edge.to.external.is_none() && !edge.pods.is_empty());
    let external = outgoing.iter().filter(|edge| edge.to.external.is_some());
    let external = external
        .map(|edge| json!({ "why": format!("{} (external)", edge.why), "ports": ports(edge.ports.iter().copied()) }));
    let by_link = stack.links_from(&component.name).flat_map(|link| {
        let open = link.entry.definition.network_to.iter();
        open.map(|open| json!({ "why": format!("outside services, link {}", link.arrow().replace('→', "->")), "ports": ports([open.port]) }))
    });
    let outside = network
        .to
        .iter()
        .map(|open| json!({ "why": "outside services", "ports": ports([open.port]) }));
    let operators = network.from.iter().map(|peer| {
        json!({ "why": format!("operator in {}", peer.namespace), "namespace": peer.namespace, "ports": ports(peer.ports.iter().copied()) })
    });
    let open = network
        .ingress
        .iter()
        .map(|open| json!({ "why": "reachable from outside", "ports": ports([open.port]) }));
    json!({
        "component": component.name,
        "namespace": component.namespace,
        "labels": view::label_pairs(stack, component),
        "pods": view::pairs(&component.pods),
        "ingress": sorted(ingress.map(|edge| rule(edge, edge.from, &edge.from.pods))),
        "ingress_namespaces": sorted(operators),
        "ingress_open": sorted(open),
        "egress": sorted(egress.map(|edge| rule(edge, edge.to, &edge.pods))),
        "egress_open": sorted(external.chain(outside).chain(by_link)),
        "api_server": if network.api_server { json!([{}]) } else { json!([]) },
    })
}

fn rule(edge: &Edge<'_>, peer: &Component, pods: &BTreeMap<String, String>) -> Json {
    json!({ "why": edge.why, "namespace": peer.namespace, "pods": view::pairs(pods), "ports": ports(edge.ports.iter().copied()) })
}

fn ports(ports: impl IntoIterator<Item = u16>) -> Json {
    ports
        .into_iter()
        .map(|port| json!({ "port": port, "protocol": "TCP" }))
        .collect()
}

fn sorted(rules: impl Iterator<Item = Json>) -> Vec<Json> {
    let mut rules: Vec<Json> = rules.collect();
    let key = |rule: &Json| {
        (
            rule["why"].to_string(),
            rule["namespace"].to_string(),
            rule["pods"].to_string(),
            rule["ports"].to_string(),
        )
    };
    rules.sort_by_cached_key(key);
    rules
}

/// One item per namespace, which nobody's component carries.
fn denials(stack: &Stack) -> Vec<Json> {
    let namespaces: BTreeSet<&str> = stack.deployed().map(|component| component.namespace.as_str()).collect();
    let denial =
        |namespace| json!({ "folder": NAMESPACES, "namespace": namespace, "labels": view::shared_label_pairs(stack) });
    namespaces.into_iter().map(denial).collect()
}
