//! What a check is bound to: one record of an answer, and what is true of the whole stack.
//!
//! Both are made by the caller from the stack's metadata. There is no place for a secret's value in
//! them: a secret is a name, and stays one in everything that this module makes.

use std::collections::{BTreeMap, BTreeSet};

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text as it stands in the topology; empty text is no value.
    Plain(String),
    /// A secret, which the executor knows by the name of the variable.
    Secret,
}

/// A host and a port where something of the stack listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
}

impl Endpoint {
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
        }
    }
}

/// One line of an answer: a component, a sub-component or the far end of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub name: String,
    /// Whether it lives in another stack; nothing is run against it.
    pub is_external: bool,
    /// Where `psql`, `pg_isready`, `valkey-cli` and `redis-cli` connect to, and nowhere else.
    pub primary: Option<Endpoint>,
    /// Where `nc` may connect to, the primary one included.
    pub endpoints: BTreeSet<Endpoint>,
    /// Who `psql` logs in as.
    pub username: Option<String>,
    /// What `psql` logs in to.
    pub database: Option<String>,
    /// What `{variables}` stand for: all that a record of the stack may have, with empty text for what this one has not.
    pub variables: BTreeMap<String, Value>,
}

/// What the stack has, for all records alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Where `curl` may connect to: endpoints of components, and hosts that a gateway publishes.
    pub endpoints: BTreeSet<Endpoint>,
    /// Files with the certificates of the authorities that signed what hosts show, by host.
    pub authorities: BTreeMap<String, String>,
    /// Hosts of other stacks, so that a refusal can say what they are.
    pub external_hosts: BTreeSet<String>,
    /// Namespaces whose pods `kubectl` may list.
    pub namespaces: BTreeSet<String>,
}
