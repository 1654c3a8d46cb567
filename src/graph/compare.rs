//! Two pictures in one: what came, what went, and what differs.

use std::collections::BTreeMap;

use super::model::{Change, Graph, Link, Node, Part};

/// The picture of `after`, with what `before` had and it has not.
#[must_use]
pub fn compare(before: Graph, after: Graph) -> Graph {
    let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
    for node in before.nodes {
        let change = Change::Gone;
        nodes.insert(node.name.clone(), Node { change, ..node });
    }
    for node in after.nodes {
        let old = nodes.remove(&node.name);
        nodes.insert(node.name.clone(), joined_node(old, node));
    }
    let mut links: BTreeMap<Key, Link> = BTreeMap::new();
    for link in before.links {
        let change = Change::Gone;
        links.insert(Key::of(&link), Link { change, ..link });
    }
    for link in after.links {
        let key = Key::of(&link);
        let new = joined_link(links.remove(&key), link);
        links.insert(key, new);
    }
    Graph {
        stack: after.stack,
        view: after.view,
        nodes: nodes.into_values().collect(),
        links: links.into_values().collect(),
        is_compared: true,
    }
}

/// By what a link is the same one in both: its ends and its type.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key(String, Option<String>, String, Option<String>, String);

impl Key {
    fn of(link: &Link) -> Self {
        Self(
            link.from.clone(),
            link.from_part.clone(),
            link.to.clone(),
            link.to_part.clone(),
            link.kind.clone(),
        )
    }
}

fn joined_node(old: Option<Node>, new: Node) -> Node {
    let Some(old) = old else {
        let change = Change::New;
        return Node { change, ..new };
    };
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    let is_same = |part: &Part| old.kind == new.kind && new.parts.contains(part);
    for part in &old.parts {
        let change = if is_same(part) { Change::Same } else { Change::Gone };
        parts.insert(part.name.clone(), Part { change, ..part.clone() });
    }
    for part in &new.parts {
        let change = match parts.get(&part.name) {
            Some(known) if known.change == Change::Same => Change::Same,
            Some(_) => Change::Other,
            None => Change::New,
        };
        parts.insert(part.name.clone(), Part { change, ..part.clone() });
    }
    let plain = |node: &Node| Node {
        title: String::new(),
        notes: Vec::new(),
        change: Change::Same,
        ..node.clone()
    };
    let change = if plain(&old) == plain(&new) {
        Change::Same
    } else {
        Change::Other
    };
    Node {
        parts: parts.into_values().collect(),
        change,
        ..new
    }
}

fn joined_link(old: Option<Link>, new: Link) -> Link {
    let Some(old) = old else {
        let change = Change::New;
        return Link { change, ..new };
    };
    let plain = |link: &Link| Link {
        change: Change::Same,
        ..link.clone()
    };
    let change = if plain(&old) == plain(&new) {
        Change::Same
    } else {
        Change::Other
    };
    let before = Some(old.level).filter(|level| *level != new.level);
    Link { before, change, ..new }
}
