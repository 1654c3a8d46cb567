//! Variables of the typed blocks of an entry (`install: workload`, `jobs:`), looked up in what templates see.
//!
//! `{stack}` and `{domain}` are the stack's, `{object}`, `{port}` and every attribute the component's, `{endpoints.http.host}` goes deeper, and
//! `{sub.…}` and `{account.…}` are of what the block is repeated for. One vocabulary for all blocks.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::catalog::pattern;

/// Where variables are looked up.
#[derive(Clone, Copy)]
pub(super) struct Variables<'a> {
    pub(super) stack: &'a Json,
    pub(super) component: &'a Json,
    pub(super) sub: Option<&'a Json>,
    pub(super) account: Option<&'a Json>,
}

impl<'a> Variables<'a> {
    pub(super) fn of(stack: &'a Json, component: &'a Json) -> Self {
        Self {
            stack,
            component,
            sub: None,
            account: None,
        }
    }

    /// The text of a pattern.
    ///
    /// # Errors
    /// It names what is not known there, or has no value.
    pub(super) fn expand(&self, text: &str) -> anyhow::Result<String> {
        pattern::expand(text, |name| self.text(name).map(Cow::Owned)).map(Cow::into_owned)
    }

    /// The texts of a list of patterns.
    ///
    /// # Errors
    /// As of one.
    pub(super) fn expand_all(&self, texts: &[String]) -> anyhow::Result<Vec<String>> {
        texts.iter().map(|text| self.expand(text)).collect()
    }

    /// The value of a variable as text; nothing for lists, maps and what has no value.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value = match name.split_once('.') {
            Some(("sub", rest)) => own_or_attribute(self.sub?, rest),
            Some(("account", rest)) => deeper(self.account?, rest),
            Some(_) => deeper(self.component, name),
            None if name == "stack" => self.stack.get("name"),
            None if name == "domain" => self.stack.get("domain"),
            None => own_or_attribute(self.component, name),
        };
        match value? {
            Json::String(text) => Some(text.clone()),
            Json::Bool(value) => Some(value.to_string()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// What the stack says of a thing stands over what its attributes say, as in every other pattern.
fn own_or_attribute<'a>(thing: &'a Json, name: &str) -> Option<&'a Json> {
    let own = thing.get(name).filter(|value| !value.is_object() && !value.is_array());
    own.or_else(|| thing.get("attributes")?.get(name))
}

fn deeper<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(value, |value, key| value.get(key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_name_has_one_meaning() {
        let component = json!({ "object": "cluster-db", "port": 5432, "labels": {}, "endpoints": { "native": { "host": "h" } }, "attributes": { "cpu": "1", "labels": "mine", "none": null } });
        let sub = json!({ "object": "app-db", "attributes": { "database": "app_db", "object": "hidden" } });
        let account = json!({ "secret": { "keys": { "password": "pw" } } });
        let stack = json!({ "name": "shop", "domain": "shop.example.com" });
        let variables = Variables {
            stack: &stack,
            component: &component,
            sub: Some(&sub),
            account: Some(&account),
        };
        for (text, expected) in [
            ("{object}.{port}", Some("cluster-db.5432")),
            ("{cpu} {labels}", Some("1 mine")),
            ("{stack} {domain}", Some("shop shop.example.com")),
            ("{endpoints.native.host}", Some("h")),
            ("{sub.object} {sub.database}", Some("app-db app_db")),
            ("{account.secret.keys.password}", Some("pw")),
            ("{none}", None),
            ("{endpoints.native}", None),
            ("{account.name}", None),
        ] {
            assert_eq!(variables.expand(text).ok().as_deref(), expected, "{text}");
        }
        assert!(Variables::of(&stack, &component).expand("{sub.object}").is_err());
    }
}
