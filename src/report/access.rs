//! The access diff: what an AI gains or loses between two locks of tools.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::hook::ToolsLock;

/// One gain or loss.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AccessChange {
    /// Whether access is gained.
    pub gained: bool,
    /// `fastmcp → grafana: 5 read tools, MCP_GRAFANA_TOKEN` or `write: valkey_set`.
    pub text: String,
}

/// What one link gives.
#[derive(Default, PartialEq, Eq)]
struct Access {
    reads: Vec<String>,
    writes: Vec<String>,
    keys: Vec<String>,
    /// `databases app_db`, one for each name in a closed list.
    scope: Vec<(String, String)>,
    grants: Vec<String>,
}

/// Compare two locks.
#[must_use]
pub fn access_diff(before: &ToolsLock, after: &ToolsLock) -> Vec<AccessChange> {
    let (before, after) = (by_link(before), by_link(after));
    let nothing = Access::default();
    let mut changes = Vec::new();
    for link in before
        .keys()
        .chain(after.keys())
        .collect::<std::collections::BTreeSet<_>>()
    {
        let (old, new) = (
            before.get(link).unwrap_or(&nothing),
            after.get(link).unwrap_or(&nothing),
        );
        add(&mut changes, true, link, new, old);
        add(&mut changes, false, link, old, new);
    }
    changes
}

/// What `these` has and `those` lacks.
fn add(changes: &mut Vec<AccessChange>, gained: bool, link: &str, these: &Access, those: &Access) {
    let missing = |these: &[String], those: &[String]| {
        these
            .iter()
            .filter(|item| !those.contains(item))
            .cloned()
            .collect::<Vec<_>>()
    };
    let reads = missing(&these.reads, &those.reads);
    let keys = missing(&these.keys, &those.keys);
    // A link that comes or goes says it all by its tools; one that stays tells what it reaches.
    let stays = !these.reads.is_empty() && !those.reads.is_empty();
    let mut parts = if stays { reach(these, those) } else { Vec::new() };
    if !reads.is_empty() {
        let noun = if reads.len() == 1 { "tool" } else { "tools" };
        parts.push(format!("{} read {noun}", reads.len()));
    }
    parts.extend(keys);
    if !parts.is_empty() {
        changes.push(AccessChange {
            gained,
            text: format!("{link}: {}", parts.join(", ")),
        });
    }
    let writes = missing(&these.writes, &those.writes);
    changes.extend(writes.into_iter().map(|tool| AccessChange {
        gained,
        text: format!("write: {tool} ({link})"),
    }));
}

/// Names and grants that `these` has and `those` lacks: `databases hr, payroll`.
fn reach(these: &Access, those: &Access) -> Vec<String> {
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (list, name) in these.scope.iter().filter(|item| !those.scope.contains(item)) {
        lists.entry(list).or_default().push(name);
    }
    let lists = lists
        .into_iter()
        .map(|(list, names)| format!("{list} {}", names.join(", ")));
    let grants = these.grants.iter().filter(|grant| !those.grants.contains(grant));
    lists.chain(grants.map(|grant| format!("grant: {grant}"))).collect()
}

fn by_link(lock: &ToolsLock) -> BTreeMap<String, Access> {
    let mut found: BTreeMap<String, Access> = BTreeMap::new();
    for (server, lock) in &lock.servers {
        for link in &lock.links {
            let access = found.entry(format!("{server} → {}", link.component)).or_default();
            access.keys.extend(link.credential_keys.iter().cloned());
            access.grants.extend(link.grants.iter().cloned());
            let names = link
                .scope
                .iter()
                .flat_map(|(list, names)| names.iter().map(|name| (list.clone(), name.clone())));
            access.scope.extend(names);
        }
        for tool in &lock.tools {
            for component in &tool.link {
                let access = found.entry(format!("{server} → {component}")).or_default();
                let list = if tool.class == "read" {
                    &mut access.reads
                } else {
                    &mut access.writes
                };
                list.push(tool.name.clone());
            }
        }
    }
    found
}
