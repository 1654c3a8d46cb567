//! A record of an answer as the check language sees it.
//!
//! Only the variables that a sentence names are looked up, and the password, which a client's environment takes
//! whether or not the sentence names it.

use std::collections::BTreeMap;

use crate::agent::check::{Check, Endpoint, PASSWORD, Record, Value};
use crate::agent::query::{self, SecretName, Variable};

use super::context::endpoints;

/// A record, and the names of the secrets behind its variables.
pub(super) struct Bound<'a> {
    pub(super) record: Record,
    pub(super) secrets: BTreeMap<String, SecretName<'a>>,
}

pub(super) fn bind<'a>(check: &Check, source: &query::Record<'a>) -> Bound<'a> {
    let subject = source.subject();
    let mut bound = Bound {
        record: Record {
            name: source.name().to_owned(),
            is_external: subject.is_external,
            primary: subject
                .host
                .as_ref()
                .zip(subject.port)
                .map(|(host, port)| Endpoint::new(host.as_str(), port)),
            endpoints: endpoints(subject).collect(),
            username: text(source, "username"),
            database: text(source, "database"),
            variables: BTreeMap::new(),
        },
        secrets: BTreeMap::new(),
    };
    for name in check.variables().chain([PASSWORD]) {
        bound.add(name, source.variable(name));
    }
    bound
}

impl<'a> Bound<'a> {
    fn add(&mut self, name: &str, variable: Variable<'a>) {
        let value = match variable {
            Variable::Unknown => return,
            Variable::Text(text) => Value::Plain(text.into_owned()),
            Variable::Secret(secret) => {
                self.secrets.insert(name.to_owned(), secret);
                Value::Secret
            }
            Variable::NoText | Variable::Unset => Value::Plain(String::new()),
        };
        self.record.variables.insert(name.to_owned(), value);
    }
}

fn text(source: &query::Record<'_>, name: &str) -> Option<String> {
    match source.variable(name) {
        Variable::Text(text) => Some(text.into_owned()),
        _ => None,
    }
}
