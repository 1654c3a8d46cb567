//! The order of a stack; the only place that knows petgraph.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Dfs;

use super::Stack;
use crate::catalog::derived::TLS;
use crate::name::ComponentName;

/// The order in which a stack is installed: the wave of every component, and of the operators of every type.
pub struct Waves<'a> {
    pub components: BTreeMap<&'a ComponentName, usize>,
    /// By the name of the type.
    pub operators: BTreeMap<&'a str, usize>,
}

/// Operators that need nothing are in wave 0. A component comes after its operators and all that it links to, an operator
/// after the components that its type needs. Components of a circle share a wave.
pub(super) fn waves(stack: &Stack) -> Waves<'_> {
    let mut graph: DiGraph<&ComponentName, ()> = DiGraph::new();
    let nodes: BTreeMap<&ComponentName, NodeIndex> = stack
        .components
        .keys()
        .map(|name| (name, graph.add_node(name)))
        .collect();
    let makers = stack.makers_of_secrets();
    put_after_what_is_linked(&mut graph, stack, &nodes, &makers);
    // Whoever verifies a provider has a certificate of its own, by the issuer of the provider.
    for component in stack.deployed() {
        for issuer in stack.issuers_of(component) {
            graph.update_edge(nodes[&component.name], nodes[issuer], ());
        }
    }
    let by_type = by_type(stack, &nodes);
    let of_type = |kind: &String| by_type.get(kind.as_str()).into_iter().flatten().copied();
    let needs = shared_needs(stack);
    for component in stack.deployed() {
        for node in needs[component.type_name()].iter().flat_map(|needed| of_type(needed)) {
            graph.update_edge(nodes[&component.name], node, ());
        }
    }
    let makers: Vec<NodeIndex> = makers.iter().map(|name| nodes[name]).collect();
    put_before_others(
        &mut graph,
        &makers,
        stack.deployed().map(|component| nodes[&component.name]),
    );
    let mut waves = Waves {
        components: BTreeMap::new(),
        operators: BTreeMap::new(),
    };
    // Tarjan's order is reverse topological: what a component links to comes before it.
    for circle in tarjan_scc(&graph) {
        let after = |nodes: &mut dyn Iterator<Item = NodeIndex>, waves: &Waves<'_>| {
            let outside = nodes.filter(|node| !circle.contains(node));
            outside
                .filter_map(|node| waves.components.get(graph[node]))
                .max()
                .map_or(0, |wave| wave + 1)
        };
        let mut first = 1;
        for component in circle.iter().map(|node| stack.component(graph[*node])) {
            let needs = needs.get(component.type_name()).into_iter().flatten();
            let wave = after(&mut needs.flat_map(|needed| of_type(needed)), &waves);
            let known = waves.operators.entry(component.type_name()).or_default();
            *known = wave.max(*known);
            first = first.max(wave + 1);
        }
        let wave = first.max(after(
            &mut circle.iter().flat_map(|node| graph.neighbors(*node)),
            &waves,
        ));
        waves.components.extend(circle.iter().map(|node| (graph[*node], wave)));
    }
    waves
}

/// A component comes after all that it links to.
fn put_after_what_is_linked<'a>(
    graph: &mut DiGraph<&'a ComponentName, ()>,
    stack: &'a Stack,
    nodes: &BTreeMap<&'a ComponentName, NodeIndex>,
    makers: &[&'a ComponentName],
) {
    for link in &stack.links {
        // Those who make all Secrets begin without their own, so what they link to may come later; but not who certifies them.
        let is_late = makers.contains(&&link.from) && link.kind.interface_name() != TLS;
        if stack.has_store(link) {
            graph.update_edge(nodes[&link.to], nodes[&link.from], ());
        // A link that uses nothing (Argo CD deploys all, Prometheus watches all) would only delay.
        } else if link.kind.uses() && !is_late {
            graph.update_edge(nodes[&link.from], nodes[&link.to], ());
        }
    }
}

/// Whoever makes the Secrets of a stack comes before all but what it needs itself, one of them after the other.
fn put_before_others(
    graph: &mut DiGraph<&ComponentName, ()>,
    makers: &[NodeIndex],
    deployed: impl Iterator<Item = NodeIndex>,
) {
    let mut needed = BTreeSet::new();
    for (position, maker) in makers.iter().enumerate() {
        for earlier in &makers[..position] {
            graph.update_edge(*maker, *earlier, ());
        }
        let mut walk = Dfs::new(&*graph, *maker);
        while let Some(node) = walk.next(&*graph) {
            needed.insert(node);
        }
    }
    for node in deployed.filter(|node| !needed.contains(node)) {
        for maker in makers {
            graph.update_edge(node, *maker, ());
        }
    }
}

/// What is deployed, by the name of its type.
fn by_type<'a>(stack: &'a Stack, nodes: &BTreeMap<&ComponentName, NodeIndex>) -> BTreeMap<&'a str, Vec<NodeIndex>> {
    let mut found: BTreeMap<&str, Vec<NodeIndex>> = BTreeMap::new();
    for component in stack.deployed() {
        found
            .entry(component.type_name())
            .or_default()
            .push(nodes[&component.name]);
    }
    found
}

/// Components of a type share its operators, and with them what any of them needs.
fn shared_needs(stack: &Stack) -> BTreeMap<&str, BTreeSet<&String>> {
    let mut found: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
    for component in stack.deployed() {
        let shared = found.entry(component.type_name()).or_default();
        shared.extend(stack.needs_of(component));
    }
    found
}
