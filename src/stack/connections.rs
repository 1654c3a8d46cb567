//! What an MCP server reaches, a component at a time: links to parts of one component are one connection, with one account
//! and one set of keys.

use std::collections::BTreeMap;

use super::{Component, Link, Stack};
use crate::catalog::{Entry, Pair};

/// The links of a server to one component, by the tools of one pair.
#[derive(Debug)]
pub struct Connection<'a> {
    /// The pair that brings the tools.
    pub tools: &'a Entry<Pair>,
    /// One or more; they agree in level.
    pub links: Vec<&'a Link>,
    /// Closed lists of what they reach together.
    pub scope: BTreeMap<String, Vec<String>>,
}

impl<'a> Connection<'a> {
    /// The first of its links: names, keys and level are those of all.
    #[must_use]
    pub fn first(&self) -> &'a Link {
        self.links[0]
    }

    #[must_use]
    pub fn writes(&self) -> bool {
        self.links.iter().any(|link| link.writes())
    }

    fn of(link: &'a Link, tools: &'a Entry<Pair>) -> Self {
        Self {
            tools,
            links: vec![link],
            scope: link.scope.clone(),
        }
    }

    fn join(&mut self, link: &'a Link) {
        self.links.push(link);
        for (name, list) in &link.scope {
            let known = self.scope.entry(name.clone()).or_default();
            known.extend(list.iter().cloned());
            known.sort();
            known.dedup();
        }
    }
}

impl Stack {
    /// The connections of a server, by the service whose tools they bring; each list is sorted by component.
    #[must_use]
    pub fn connections<'a>(&'a self, server: &'a Component) -> BTreeMap<&'a str, Vec<Connection<'a>>> {
        let mut found: BTreeMap<&str, Vec<Connection<'_>>> = BTreeMap::new();
        for link in self.links_from(&server.name) {
            let Some(tools) = link.kind.tools.as_deref() else {
                continue;
            };
            let Some(service) = tools.definition.service() else {
                continue;
            };
            let group = found.entry(service).or_default();
            match group.iter_mut().find(|connection| connection.first().to == link.to) {
                Some(connection) => connection.join(link),
                None => group.push(Connection::of(link, tools)),
            }
        }
        found
    }
}
