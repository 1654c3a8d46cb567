//! Lines of a picture: links that join the same two components are one line.

use std::collections::BTreeMap;

use super::model::{Change, Graph, Link, Node};
use crate::level::Level;

/// One line, and the links that it stands for.
pub(super) struct Line {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Positions in the links of the picture.
    pub(super) links: Vec<usize>,
    /// What stands at its end.
    pub(super) label: String,
    pub(super) level: Level,
    pub(super) is_ai: bool,
    pub(super) change: Change,
}

/// All lines, by their ends.
pub(super) fn lines(graph: &Graph) -> Vec<Line> {
    let mut found: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (position, link) in graph.links.iter().enumerate().filter(|(_, link)| !link.is_watch) {
        if let (Some(from), Some(to)) = (graph.position(&link.from), graph.position(&link.to)) {
            found.entry((from, to)).or_default().push(position);
        }
    }
    let lines = found.into_iter();
    lines
        .filter_map(|((from, to), positions)| line(graph, (from, to), positions))
        .collect()
}

fn line(graph: &Graph, (from, to): (usize, usize), positions: Vec<usize>) -> Option<Line> {
    let links: Vec<&Link> = positions.iter().map(|position| &graph.links[*position]).collect();
    // Those that are there say what a line is; one of which nothing is left is gone.
    let there: Vec<&&Link> = links.iter().filter(|link| link.change != Change::Gone).collect();
    let counted = if there.is_empty() {
        links.iter().collect()
    } else {
        there
    };
    let strongest = counted.iter().max_by_key(|link| (link.is_ai, link.level))?;
    let changes: Vec<Change> = links.iter().map(|link| link.change).collect();
    let change = match changes.first() {
        Some(first) if changes.iter().all(|change| change == first) => *first,
        _ => Change::Other,
    };
    let more = counted.len() - 1;
    let more = if more == 0 { String::new() } else { format!(" +{more}") };
    let part = strongest.to_part.as_ref();
    let part = part.map_or_else(String::new, |part| format!(" {part}"));
    Some(Line {
        from,
        to,
        label: format!("{}{part}{more}", strongest.level_word()),
        level: strongest.level,
        is_ai: counted.iter().any(|link| link.is_ai),
        change,
        links: positions,
    })
}

/// What stands in a box where a form has rows of text alone.
pub(super) fn rows(graph: &Graph, node: &Node) -> Vec<String> {
    let head = [
        format!("{}{}", node.change.sign(), node.name),
        format!("({})", node.kind),
    ];
    let parts = node.parts.iter();
    let parts = parts.map(|part| format!("{}{} {}", part.change.sign(), part.kind, part.name));
    let watchers = graph.watchers(&node.name).into_iter();
    let watchers = watchers.map(|own| own.text());
    let notes = node.notes.iter().cloned();
    head.into_iter().chain(parts).chain(watchers).chain(notes).collect()
}
