//! What differs between two topologies, in the words of who wrote them, and what that touches. Pure.
//!
//! In: two stacks as they were written and checked. Out: one `Difference` for each component, sub-component, link or value that
//! came, went, has another name or is another one. It must not know what is generated of a stack, or how a difference is told.

mod compare;
mod reach;
mod renames;
mod snapshot;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value as Json;

use crate::level::Level;

pub use compare::{Compared, compare};
pub use reach::{AccountTouch, Consumer, How, Touched, View, accounts, consumers};
pub use renames::Renames;
pub use snapshot::Snapshot;

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    pub component: String,
    pub sub: Option<String>,
}

/// By what links of two topologies are known for the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkKey {
    pub from: End,
    pub to: End,
    /// Its link type.
    pub kind: String,
}

/// What a difference is about, by the names of the newer topology; what is gone has those of the older one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Stack,
    Environment(String),
    Component(String),
    SubComponent(End),
    Link(LinkKey),
}

/// In which way something is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Edit {
    Added,
    Removed,
    Renamed,
    Changed,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub edit: Edit,
    pub subject: Subject,
    /// Its type: of a component, a sub-component or a link.
    pub kind: Option<String>,
    /// What it was called before.
    pub was: Option<String>,
    /// The environment that alone has it otherwise.
    pub environment: Option<String>,
    /// What of it is another: `storage`, `type`, `access`.
    pub field: Option<String>,
    pub before: Option<Json>,
    pub after: Option<Json>,
    /// Level of a link that comes or goes.
    pub level: Option<Level>,
    /// Whether nobody wrote this link: it is one of those that `*` stands for.
    pub by_all: bool,
    /// What it brings or takes along: `tool file`, `3 keys`, `replicas 3`.
    pub along: Vec<String>,
}

impl Difference {
    fn new(edit: Edit, subject: Subject) -> Self {
        Self {
            edit,
            subject,
            kind: None,
            was: None,
            environment: None,
            field: None,
            before: None,
            after: None,
            level: None,
            by_all: false,
            along: Vec::new(),
        }
    }
}

/// Values by name.
type Fields = BTreeMap<String, Json>;

impl End {
    fn new(component: impl fmt::Display, sub: Option<&impl fmt::Display>) -> Self {
        Self {
            component: component.to_string(),
            sub: sub.map(ToString::to_string),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sub {
            Some(sub) => write!(formatter, "{}/{sub}", self.component),
            None => formatter.write_str(&self.component),
        }
    }
}

impl LinkKey {
    /// `fastapi → cnpg/app_db`.
    #[must_use]
    pub fn arrow(&self) -> String {
        format!("{} → {}", self.from, self.to)
    }
}

/// A value in a few characters of one line.
#[must_use]
pub fn told(value: &Json) -> String {
    match value {
        Json::Null => "none".to_owned(),
        Json::String(text) if text.is_empty() => "\"\"".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) if !items.is_empty() => items.iter().map(told).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
