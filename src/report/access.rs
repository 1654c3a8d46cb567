//! The access diff: what an AI gains or loses between two locks of tools.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use crate::hook::ToolsLock;

/// Most names of one list that are told of a link that comes or goes; the lock of the tools has them all.
const MOST_NAMES: usize = 6;

/// One gain or loss.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AccessChange {
    /// Whether access is gained.
    pub gained: bool,
    /// `fastmcp → cnpg: databases app_db, 8 read tools, MCP_CNPG_PASSWORD` or `write: valkey_set`.
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
    // A link that comes or goes is told by what it reaches and its tools; only where one stays may its grants alone change.
    let stays = !these.reads.is_empty() && !those.reads.is_empty();
    let mut parts = if stays {
        let grants = missing(&these.grants, &those.grants).into_iter();
        let grants = grants.map(|grant| format!("grant: {grant}"));
        reach(these, those, usize::MAX).into_iter().chain(grants).collect()
    } else {
        reach(these, those, MOST_NAMES)
    };
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

/// Names that `these` has and `those` lacks, at most `most` of each list: `databases hr, payroll and 3 more`.
fn reach(these: &Access, those: &Access, most: usize) -> Vec<String> {
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (list, name) in these.scope.iter().filter(|item| !those.scope.contains(item)) {
        lists.entry(list).or_default().push(name);
    }
    let told = |(list, names): (&str, Vec<&str>)| format!("{list} {}", some_names(&names, most));
    lists.into_iter().map(told).collect()
}

fn some_names(names: &[&str], most: usize) -> String {
    let (told, rest) = names.split_at(most.min(names.len()));
    match rest.len() {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

/// Each grant of a link by itself: `topic: Read`.
fn grant_lines(grants: &Json) -> Vec<String> {
    let word = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match grants {
        Json::Array(items) => items.iter().map(word).collect(),
        Json::Object(map) => map
            .iter()
            .flat_map(|(name, value)| match value {
                Json::Array(items) => items.iter().map(|item| format!("{name}: {}", word(item))).collect(),
                value => vec![format!("{name}: {}", word(value))],
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn by_link(lock: &ToolsLock) -> BTreeMap<String, Access> {
    let mut found: BTreeMap<String, Access> = BTreeMap::new();
    for (server, lock) in &lock.servers {
        for link in &lock.links {
            let access = found.entry(format!("{server} → {}", link.component)).or_default();
            access.keys.extend(link.credential_keys.iter().cloned());
            access.grants.extend(grant_lines(&link.grants));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A lock of one link that reaches so many databases and one table, by one read tool.
    fn lock(databases: usize, grants: &[&str]) -> ToolsLock {
        let names: Vec<String> = (1..=databases).map(|number| format!("db_{number}")).collect();
        let link = json!({
            "component": "cnpg", "link": "fastmcp-cnpg", "write_access": false, "principal": "mcp_ro", "grants": grants,
            "scope": { "databases": names, "tables": ["db_1.t"] }, "credential_keys": ["MCP_CNPG_PASSWORD"],
        });
        let tool = json!({
            "name": "cnpg_query", "class": "read", "link": ["cnpg"], "gate": null, "description_sha256": "",
            "input_sha256": "", "output_sha256": "", "grants": [], "credential_keys": [],
        });
        let server = json!({ "version": 1, "links": [link], "tools": [tool] });
        serde_json::from_value(json!({ "version": 1, "servers": { "fastmcp": server } })).unwrap()
    }

    #[test]
    fn names_are_told_of_links_that_come_go_and_stay() {
        let nothing = ToolsLock::default();
        let most = lock(6, &["LOGIN"]);
        let (few, many) = (lock(2, &["LOGIN"]), lock(9, &["LOGIN", "CREATE"]));
        let whole = "fastmcp → cnpg: databases db_1, db_2, tables db_1.t, 1 read tool, MCP_CNPG_PASSWORD";
        let six = "fastmcp → cnpg: databases db_1, db_2, db_3, db_4, db_5, db_6";
        let end = "tables db_1.t, 1 read tool, MCP_CNPG_PASSWORD";
        let grown = "fastmcp → cnpg: databases db_3, db_4, db_5, db_6, db_7, db_8, db_9, grant: CREATE";
        for (before, after, expected) in [
            (&nothing, &few, format!("+ {whole}")),
            (&few, &nothing, format!("- {whole}")),
            (&nothing, &most, format!("+ {six}, {end}")),
            (&nothing, &many, format!("+ {six} and 3 more, {end}")),
            (&many, &nothing, format!("- {six} and 3 more, {end}")),
            (&few, &many, format!("+ {grown}")),
            (&many, &few, format!("- {grown}")),
            (&few, &few, String::new()),
        ] {
            let told = access_diff(before, after).into_iter();
            let told: Vec<String> = told
                .map(|change| format!("{} {}", if change.gained { '+' } else { '-' }, change.text))
                .collect();
            assert_eq!(told.join("\n"), expected);
        }
    }
}
