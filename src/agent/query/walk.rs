//! Walks over links: what a failure reaches, and how two components join. Nearest first, in the order of the links.
//!
//! In: components to start from. Out: hops. Only what is reached is looked at.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::index::{ComponentId, Index, LinkId};

/// A component that a walk reached, over which link, and in how many steps.
#[derive(Clone, Copy)]
pub(super) struct Hop {
    pub(super) reached: ComponentId,
    pub(super) link: LinkId,
    pub(super) depth: u64,
}

/// Everything that depends on one of `starts`; the starts are not among it.
pub(super) fn blast_radius(index: &Index, starts: &[ComponentId]) -> Vec<Hop> {
    let mut seen: BTreeSet<ComponentId> = starts.iter().copied().collect();
    let mut waiting: VecDeque<(ComponentId, u64)> = starts.iter().map(|start| (*start, 0)).collect();
    let mut hops = Vec::new();
    while let Some((id, depth)) = waiting.pop_front() {
        for link in index.inbound(id) {
            let reached = index.ends(*link).from;
            if seen.insert(reached) {
                waiting.push_back((reached, depth + 1));
                hops.push(Hop {
                    reached,
                    link: *link,
                    depth: depth + 1,
                });
            }
        }
    }
    hops
}

/// A shortest chain of links from one of `starts` to `end`; empty when none leads there.
pub(super) fn path(index: &Index, starts: &[ComponentId], end: ComponentId) -> Vec<Hop> {
    let mut over: BTreeMap<ComponentId, Option<LinkId>> = starts.iter().map(|start| (*start, None)).collect();
    let mut waiting: VecDeque<ComponentId> = starts.iter().copied().collect();
    while let Some(id) = waiting.pop_front()
        && !over.contains_key(&end)
    {
        for link in index.outbound(id) {
            let reached = index.ends(*link).to;
            if let std::collections::btree_map::Entry::Vacant(place) = over.entry(reached) {
                place.insert(Some(*link));
                waiting.push_back(reached);
            }
        }
    }
    way_back(index, &over, end)
}

fn way_back(index: &Index, over: &BTreeMap<ComponentId, Option<LinkId>>, end: ComponentId) -> Vec<Hop> {
    let mut links = Vec::new();
    let mut id = end;
    while let Some(Some(link)) = over.get(&id) {
        links.push(*link);
        id = index.ends(*link).from;
    }
    links.reverse();
    let hop = |(depth, link): (u64, LinkId)| Hop {
        reached: index.ends(link).to,
        link,
        depth,
    };
    (1..).zip(links).map(hop).collect()
}
