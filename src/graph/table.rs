//! The picture as rows of text: every link once, those that only watch together.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Change, Graph, Link};
use crate::level::Level;

/// A row.
pub(super) struct Row {
    pub(super) from: String,
    pub(super) ends: Vec<String>,
    /// Names of the components that it ends at.
    pub(super) to: Vec<String>,
    /// Positions of its links.
    pub(super) links: Vec<usize>,
    pub(super) level: String,
    pub(super) what: String,
    pub(super) is_ai: bool,
    /// Account, settings and secrets, by name.
    pub(super) holds: Vec<String>,
    pub(super) makes: Vec<String>,
    pub(super) change: Change,
}

/// What links that only watch have in common.
type Watch<'a> = (&'a str, &'a str, Level, Change);

/// All rows: links that do something, then those that watch.
pub(super) fn rows(graph: &Graph) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut watches: BTreeMap<Watch<'_>, Vec<usize>> = BTreeMap::new();
    for (position, link) in graph.links.iter().enumerate() {
        if link.is_watch {
            let key = (link.from.as_str(), link.interface.as_str(), link.level, link.change);
            watches.entry(key).or_default().push(position);
        } else {
            rows.push(Row {
                from: link.start(),
                ends: vec![link.end()],
                to: vec![link.to.clone()],
                links: vec![position],
                level: link.level_word(),
                what: link.title.clone(),
                is_ai: link.is_ai,
                holds: holds(link),
                makes: link.makes.clone(),
                change: link.change,
            });
        }
    }
    rows.extend(
        watches
            .into_iter()
            .map(|(key, positions)| watching(graph, key, positions)),
    );
    rows
}

fn watching(graph: &Graph, (from, interface, level, change): Watch<'_>, positions: Vec<usize>) -> Row {
    let links: Vec<&Link> = positions.iter().map(|position| &graph.links[*position]).collect();
    let makes: BTreeSet<&String> = links.iter().flat_map(|link| &link.makes).collect();
    let to: BTreeSet<&String> = links.iter().map(|link| &link.to).collect();
    Row {
        from: from.to_owned(),
        ends: links.iter().map(|link| link.end()).collect(),
        to: to.into_iter().cloned().collect(),
        level: level.to_string(),
        what: interface.to_owned(),
        is_ai: false,
        holds: Vec::new(),
        makes: makes.into_iter().cloned().collect(),
        change,
        links: positions,
    }
}

fn holds(link: &Link) -> Vec<String> {
    let listed = |noun: &str, names: &[String]| match names.len() {
        0 => None,
        _ => Some(format!("{noun} {}", names.join(", "))),
    };
    let account = link.account.as_ref().map(|name| format!("account {name}"));
    [
        account,
        listed("settings", &link.settings),
        listed("secrets", &link.secrets),
    ]
    .into_iter()
    .flatten()
    .collect()
}
