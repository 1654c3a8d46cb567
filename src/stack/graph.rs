//! The order of a stack; the only place that knows petgraph.

use std::collections::BTreeMap;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::Stack;
use crate::name::ComponentName;

/// Wave 0 links to nothing; every other component comes after what it links to. Components of a
/// circle share a wave.
pub(super) fn waves(stack: &Stack) -> BTreeMap<&ComponentName, usize> {
    let mut graph: DiGraph<&ComponentName, ()> = DiGraph::new();
    let nodes: BTreeMap<&ComponentName, NodeIndex> = stack
        .components
        .keys()
        .map(|name| (name, graph.add_node(name)))
        .collect();
    for link in &stack.links {
        // A link that uses nothing (Argo CD deploys all, Prometheus watches all) would only delay.
        if link.kind.uses() {
            graph.update_edge(nodes[&link.from], nodes[&link.to], ());
        }
    }
    let mut waves = BTreeMap::new();
    // Tarjan's order is reverse topological: what a component links to comes before it.
    for circle in tarjan_scc(&graph) {
        let targets = circle
            .iter()
            .flat_map(|node| graph.neighbors(*node))
            .filter(|target| !circle.contains(target));
        let wave = targets
            .filter_map(|target| waves.get(graph[target]))
            .max()
            .map_or(0, |greatest: &usize| greatest + 1);
        waves.extend(circle.iter().map(|node| (graph[*node], wave)));
    }
    waves
}
