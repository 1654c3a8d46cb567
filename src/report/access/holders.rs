//! Links that bring no tools and yet are access of an AI: those of agents, and those by which an MCP server is called.
//!
//! Two locks go in, what is gained and lost comes out. A document that does not say who calls or which agents there are is
//! not compared, or an upgrade would read as a gain.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccessChange, Gain, Way, level_change};
use crate::hook::{SeenHold, SeenLock, SeenServer};

/// Links by their ends and type: `stack-agent → cnpg/app_db` once for each type.
type Holds<'a> = BTreeMap<(String, &'a str), &'a SeenHold>;

#[must_use]
pub(super) fn changes(before: &SeenLock, after: &SeenLock) -> Vec<AccessChange> {
    let mut changes = of_agents(before, after);
    for server in before
        .servers
        .keys()
        .chain(after.servers.keys())
        .collect::<BTreeSet<_>>()
    {
        let none = SeenServer::none();
        let (old, new) = (
            before.servers.get(server).unwrap_or(&none),
            after.servers.get(server).unwrap_or(&none),
        );
        if let (Some(old), Some(new)) = (&old.callers, &new.callers) {
            let ends = |hold: &SeenHold| format!("{} → {server}", hold.end());
            changes.extend(compared(&by_ends(old, &ends), &by_ends(new, &ends)));
        }
    }
    changes
}

fn of_agents(before: &SeenLock, after: &SeenLock) -> Vec<AccessChange> {
    let (Some(before), Some(after)) = (&before.agents, &after.agents) else {
        return Vec::new();
    };
    let holds =
        |agents: &'_ BTreeMap<String, Vec<SeenHold>>, agent: &str| agents.get(agent).cloned().unwrap_or_default();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for agent in names {
        let (old, new) = (holds(before, agent), holds(after, agent));
        let ends = |hold: &SeenHold| format!("{agent} → {}", hold.end());
        changes.extend(compared(&by_ends(&old, &ends), &by_ends(&new, &ends)));
    }
    changes
}

fn by_ends<'a>(holds: &'a [SeenHold], ends: &dyn Fn(&SeenHold) -> String) -> Holds<'a> {
    holds
        .iter()
        .map(|hold| ((ends(hold), &*hold.link_type), hold))
        .collect()
}

fn compared(before: &Holds<'_>, after: &Holds<'_>) -> Vec<AccessChange> {
    let links: BTreeSet<&(String, &str)> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for link in links {
        let (old, new) = (before.get(link).copied(), after.get(link).copied());
        for (way, these, those) in [(Way::Gained, new, old), (Way::Lost, old, new)] {
            let parts = these.map(|these| parts(way, these, those)).unwrap_or_default();
            if !parts.is_empty() {
                changes.push(AccessChange {
                    way,
                    text: format!("{}: {}", link.0, parts.join(", ")),
                    gain: Gain::at(these.map(|these| these.access)).by(way),
                    diff: None,
                });
            }
        }
    }
    changes
}

/// What `these` holds and `those` does not: the whole of a link that is new, what differs of one that stays.
fn parts(way: Way, these: &SeenHold, those: Option<&SeenHold>) -> Vec<String> {
    let mut parts = Vec::new();
    match those {
        None => {
            parts.extend(these.publishes.then(|| "publishes the server".to_owned()));
            parts.push(format!("level {}", these.access.word()));
        }
        Some(those) => parts.extend(level_change(way, these.access, those.access)),
    }
    let account = |hold: &SeenHold| hold.principal.clone();
    if account(these) != those.and_then(account) {
        parts.extend(account(these).map(|name| format!("account {name}")));
    }
    let known = those.map(|those| those.credential_keys.as_slice()).unwrap_or_default();
    parts.extend(super::missing(&these.credential_keys, known));
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn hold(component: &str, access: &str, account: &str, keys: &[&str]) -> Json {
        json!({"component": component, "link": "a-b", "access": access, "principal": account, "credential_keys": keys})
    }

    fn lock(agent: &[Json], callers: &[Json]) -> SeenLock {
        let server = json!({"links": [], "tools": [], "callers": callers});
        serde_json::from_value(json!({"agents": {"agent": agent}, "servers": {"mcp": server}})).unwrap()
    }

    fn told(before: &SeenLock, after: &SeenLock) -> Vec<String> {
        let changes = changes(before, after).into_iter();
        changes
            .map(|change| format!("{} {}", change.way.sign(), change.text))
            .collect()
    }

    #[test]
    fn links_that_come_change_and_go() {
        let nothing = SeenLock::default();
        let owner = lock(&[hold("cnpg", "own", "app", &["PASSWORD"])], &[]);
        let probe = lock(&[hold("cnpg", "probe", "ro", &["PASSWORD"])], &[]);
        let mut gateway = hold("apisix", "write", "apisix-mcp", &["TOKEN"]);
        gateway["publishes"] = json!(true);
        let called = lock(&[], &[hold("api", "read", "api-mcp", &["TOKEN"]), gateway]);
        let whole = "agent → cnpg: level own, account app, PASSWORD";
        let callers = [
            "api → mcp: level read, account api-mcp, TOKEN",
            "apisix → mcp: publishes the server, level write, account apisix-mcp, TOKEN",
        ];
        let signed = |sign: char| callers.map(|line| format!("{sign} {line}")).to_vec();
        for (before, after, expected) in [
            (&nothing, &owner, vec![format!("+ {whole}")]),
            (&owner, &nothing, vec![format!("- {whole}")]),
            (&owner, &owner, vec![]),
            (
                &probe,
                &owner,
                vec![
                    "+ agent → cnpg: level own (was probe), account app".to_owned(),
                    "- agent → cnpg: account ro".to_owned(),
                ],
            ),
            (&nothing, &called, signed('+')),
            (&called, &nothing, signed('-')),
        ] {
            assert_eq!(told(before, after), expected);
        }
    }

    #[test]
    fn a_document_that_does_not_say_is_not_compared() {
        let older: SeenLock = serde_json::from_value(json!({"servers": {"mcp": {"links": [], "tools": []}}})).unwrap();
        let whole = lock(
            &[hold("cnpg", "own", "app", &[])],
            &[hold("api", "read", "api-mcp", &[])],
        );
        assert_eq!(told(&older, &whole), Vec::<String>::new());
    }
}
