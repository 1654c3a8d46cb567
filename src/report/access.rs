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
    let mut parts = Vec::new();
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

fn by_link(lock: &ToolsLock) -> BTreeMap<String, Access> {
    let mut found: BTreeMap<String, Access> = BTreeMap::new();
    for (server, lock) in &lock.servers {
        for link in &lock.links {
            let access = found.entry(format!("{server} → {}", link.component)).or_default();
            access.keys.extend(link.credential_keys.iter().cloned());
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
