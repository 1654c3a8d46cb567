//! What two stacks differ in beside files: access of AIs, tools, accounts, keys and network edges.
//!
//! In: a stack and its tree without some links, and with them. Out: what is there with the links alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::access::lock;
use crate::catalog::Level;
use crate::hook::{SeenLock, ToldEdge, told_edges};
use crate::report::{self, AccessChange, Style, Way};
use crate::stack::Stack;
use crate::tree::{Content, Tree};
use crate::view::grants_text;

#[derive(Debug, Serialize)]
pub(super) struct Made {
    pub(super) access: Vec<AccessChange>,
    pub(super) tools: Vec<Tool>,
    pub(super) accounts: Vec<Account>,
    pub(super) keys: Vec<Key>,
    pub(super) network: Vec<Edge>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Tool {
    pub(super) server: String,
    pub(super) name: String,
    pub(super) class: String,
}

/// An account, or what changes of one that is there anyway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Account {
    at: String,
    name: String,
    access: Level,
    /// The level that it has without the links.
    was: Option<Level>,
    grants: String,
    scope: BTreeMap<String, Vec<String>>,
}

/// A key of a component, or of the provider's side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Key {
    of: String,
    key: String,
    secret: bool,
    /// The file that has it; none where a store of secrets fills it in.
    file: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Edge(ToldEdge);

pub(super) fn made(before: (&Stack, &Tree), after: (&Stack, &Tree)) -> anyhow::Result<Made> {
    let locks = (lock(before.1)?, lock(after.1)?);
    let tools = &tools(&locks.1) - &tools(&locks.0);
    let known = keys(before.0, before.1);
    let keys = keys(after.0, after.1)
        .into_iter()
        .filter(|(name, _)| !known.contains_key(name));
    let network = &told_edges(after.0) - &told_edges(before.0);
    Ok(Made {
        access: report::access_diff(&locks.0, &locks.1),
        tools: tools.into_iter().collect(),
        accounts: accounts(before.0, after.0),
        keys: keys.map(|(_, key)| key).collect(),
        network: network.into_iter().map(Edge).collect(),
    })
}

impl Made {
    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.told(Style { colors: false })
            .iter()
            .all(|(_, lines)| lines.is_empty())
    }

    /// What it says, a list of lines under each title.
    pub(super) fn told(&self, style: Style) -> [(&'static str, Vec<String>); 5] {
        let lines = |all: &mut dyn Iterator<Item = String>| all.collect::<Vec<_>>();
        [
            (
                "What an AI gains",
                lines(&mut self.access.iter().map(|change| gain(change, style))),
            ),
            (
                "Tools",
                lines(
                    &mut self
                        .tools
                        .iter()
                        .map(|tool| format!("{:<32} {}", tool.name, tool.class)),
                ),
            ),
            ("Accounts", lines(&mut self.accounts.iter().map(ToString::to_string))),
            ("Keys", lines(&mut self.keys.iter().map(ToString::to_string))),
            ("Network", lines(&mut self.network.iter().map(ToString::to_string))),
        ]
    }
}

fn gain(change: &AccessChange, style: Style) -> String {
    let sign = change.way.sign().to_string();
    let sign = match change.way {
        Way::Gained => style.added(&sign),
        Way::Lost => style.removed(&sign),
        Way::Changed => style.changed(&sign),
    };
    format!("{sign} {}", change.text)
}

fn tools(lock: &SeenLock) -> BTreeSet<Tool> {
    let servers = lock.servers.iter();
    let all = servers.flat_map(|(server, seen)| seen.tools.iter().map(move |tool| (server, tool)));
    all.map(|(server, tool)| Tool {
        server: server.clone(),
        name: tool.name.clone(),
        class: tool.class.clone(),
    })
    .collect()
}

/// Accounts that come, or that have another level or reach with the links.
fn accounts(before: &Stack, after: &Stack) -> Vec<Account> {
    let told = |stack: &Stack| -> BTreeMap<(String, String), Account> {
        let all = stack.accounts.iter().map(|account| Account {
            at: account.component.to_string(),
            name: account.name.clone(),
            access: account.level,
            was: None,
            grants: grants_text(&account.grants),
            scope: account.scope.clone(),
        });
        all.map(|account| ((account.at.clone(), account.name.clone()), account))
            .collect()
    };
    let known = told(before);
    let changed = told(after).into_iter().filter_map(|(name, account)| {
        let old = known.get(&name);
        (old != Some(&account)).then(|| Account {
            was: old.map(|old| old.access),
            ..account
        })
    });
    changed.collect()
}

/// All keys, by component and name: those that links set, and those of secret files.
fn keys(stack: &Stack, tree: &Tree) -> BTreeMap<(String, String), Key> {
    let mut found = BTreeMap::new();
    for link in &stack.links {
        for value in &link.env {
            let plain = value
                .value
                .is_some()
                .then(|| format!("k8s/deploy/base/{}/config/cloud.env", link.from));
            let key = Key {
                of: link.from.to_string(),
                key: value.key.clone(),
                secret: value.value.is_none(),
                file: plain,
            };
            found.insert((key.of.clone(), key.key.clone()), key);
        }
    }
    for (path, file) in tree.below("k8s/deploy/base/") {
        let Content::Skeleton(skeleton) = &file.content else {
            continue;
        };
        let component = path.segments().nth(3).unwrap_or_default();
        for known in &skeleton.keys {
            let key = Key {
                of: component.to_owned(),
                key: known.key.clone(),
                secret: true,
                file: Some(path.to_string()),
            };
            // A provider has a file for each account, with the same keys in all of them.
            let is_of_links = path.file_name() == "cloud.env";
            let name = if is_of_links {
                key.key.clone()
            } else {
                format!("{path} {}", key.key)
            };
            found.insert((key.of.clone(), name), key);
        }
    }
    found
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.name, self.at, self.access)?;
        match self.was {
            Some(was) if was != self.access => write!(f, " (else {was})")?,
            Some(_) => f.write_str(" (it is there anyway, and reaches more)")?,
            None => {}
        }
        if !self.grants.is_empty() {
            write!(f, "; {}", self.grants)?;
        }
        for (name, values) in self.scope.iter().filter(|(_, values)| !values.is_empty()) {
            write!(f, "; {name} {}", values.join(" "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = if self.secret { "secret" } else { "plain" };
        let file = self.file.as_deref().unwrap_or("filled in by the store of secrets");
        write!(f, "{:<6} {} of {}  {file}", secret, self.key, self.of)
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports: Vec<String> = self.0.ports.iter().map(ToString::to_string).collect();
        write!(f, "{} → {} {}", self.0.from, self.0.to, ports.join(" "))
    }
}
