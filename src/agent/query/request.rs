//! The body of `POST /metadata/q`.
//!
//! In: bytes. Out: a `Query` whose shape and sizes are legal. It must not know the stack: whether a source or a field exists
//! is found out when the query is answered.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::error::{Code, QueryError, shown};
use crate::name::ComponentName;

pub const MAX_BODY: usize = 64 * 1024;
const MAX_LIMIT: u32 = 500;
const DEFAULT_LIMIT: u32 = 100;
/// Most records that one call checks; a page with a `command` is never longer.
pub const MAX_CHECKED: u32 = 50;
const MAX_CONDITIONS: usize = 20;
const MAX_SELECTED: usize = 50;
const MAX_LISTED: usize = 50;
const MAX_TEXT: usize = 256;
const MAX_DESCRIPTION: usize = 1000;
const MAX_VERIFY_DELAY: u32 = 30;
const MAX_TIMEOUT: u32 = 10;

/// Every key of the body, for the nearest name of one that is not.
const KEYS: [&str; 14] = [
    "source",
    "target",
    "select",
    "where",
    "command",
    "verify_delay",
    "on_success",
    "on_failure",
    "severity",
    "description",
    "timeout",
    "dry_run",
    "limit",
    "cursor",
];

/// A query of the stack, and the check to run on each record of its answer.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// What to query: `all`, `type:NAME`, `namespace:NAME`, `group:NAME`, or the name of a component.
    pub source: String,
    /// What to return: `component`, `sub_components`, `links_to`, `links_from`, `attributes`, `blast_radius` or `path`.
    #[serde(default = "default_target")]
    pub target: String,
    /// Fields to return; those of the target when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<Vec<String>>,
    /// Conditions that a record must meet, all of them: `field` or `field__operator`, and a value.
    #[serde(
        rename = "where",
        default,
        skip_serializing_if = "Conditions::is_empty",
        deserialize_with = "conditions"
    )]
    pub conditions: Conditions,
    /// Check to run on each record, with `{variables}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Seconds between a check that passed and `on_success`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 30))]
    pub verify_delay: Option<u32>,
    /// Check to run after one that passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success: Option<String>,
    /// Check to run after one that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    /// How bad a failure of the check is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What the check is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Seconds that a check may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub timeout: Option<u32>,
    /// Show the checks with their variables filled in, and run none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// Most records of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

pub type Conditions = BTreeMap<String, Json>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

fn default_target() -> String {
    "component".to_owned()
}

impl Query {
    /// A query of everything that `source` and `target` name.
    #[must_use]
    pub fn new(source: &str, target: &str) -> Self {
        Self {
            source: source.to_owned(),
            target: target.to_owned(),
            select: None,
            conditions: Conditions::new(),
            command: None,
            verify_delay: None,
            on_success: None,
            on_failure: None,
            severity: None,
            description: None,
            timeout: None,
            dry_run: None,
            limit: None,
            cursor: None,
        }
    }

    /// Read a body.
    ///
    /// # Errors
    /// It is too large, no JSON, or has an unknown key or a value of the wrong type.
    pub fn parse(body: &[u8]) -> Result<Self, QueryError> {
        if body.len() > MAX_BODY {
            return Err(QueryError::new(Code::E_LIMIT, "the body is larger than 64 KiB"));
        }
        let query: Self = serde_json::from_slice(body).map_err(|error| body_error(&error, body))?;
        query.ensure_limits()?;
        Ok(query)
    }

    /// Whether it asks for a regular expression, which costs more than other conditions.
    #[must_use]
    pub fn has_expression(&self) -> bool {
        self.conditions.keys().any(|key| key.ends_with("__regex"))
    }

    /// Length of a page: what was asked for, and never more than may be checked.
    pub(super) fn page_length(&self) -> usize {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        let most = if self.command.is_some() { MAX_CHECKED } else { MAX_LIMIT };
        limit.min(most) as usize
    }

    pub(super) fn ensure_limits(&self) -> Result<(), QueryError> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        let selected = self.select.as_ref().map_or(0, Vec::len);
        let description = self.description.as_ref().map_or(0, String::len);
        ensure((1..=MAX_LIMIT).contains(&limit), "`limit` must be 1 to 500")?;
        ensure(selected <= MAX_SELECTED, "`select` takes at most 50 fields")?;
        ensure(
            self.conditions.len() <= MAX_CONDITIONS,
            "`where` takes at most 20 conditions",
        )?;
        ensure(description <= MAX_DESCRIPTION, "`description` takes at most 1000 bytes")?;
        ensure(
            self.verify_delay.unwrap_or(0) <= MAX_VERIFY_DELAY,
            "`verify_delay` must be 0 to 30 seconds",
        )?;
        let timeout = self.timeout.unwrap_or(1);
        ensure(
            (1..=MAX_TIMEOUT).contains(&timeout),
            "`timeout` must be 1 to 10 seconds",
        )?;
        self.ensure_command()?;
        self.conditions.values().try_for_each(ensure_value)
    }

    fn ensure_command(&self) -> Result<(), QueryError> {
        if self.command.is_none() && (self.on_success.is_some() || self.on_failure.is_some()) {
            let message = "`on_success` and `on_failure` need a `command`";
            return Err(QueryError::new(Code::E_FIELD, message));
        }
        Ok(())
    }
}

fn ensure(holds: bool, message: &str) -> Result<(), QueryError> {
    if holds {
        Ok(())
    } else {
        Err(QueryError::new(Code::E_LIMIT, message))
    }
}

/// Texts and lists of a condition are short; an operator says which types it takes.
fn ensure_value(value: &Json) -> Result<(), QueryError> {
    match value {
        Json::String(text) => ensure(text.len() <= MAX_TEXT, "a text in `where` takes at most 256 bytes"),
        Json::Array(items) => {
            ensure(items.len() <= MAX_LISTED, "a list in `where` takes at most 50 values")?;
            items.iter().try_for_each(ensure_value)
        }
        _ => Ok(()),
    }
}

fn body_error(error: &serde_json::Error, body: &[u8]) -> QueryError {
    let message = error.to_string();
    if let Some(key) = unknown_key(&message) {
        let message = format!("`{}` is no key of a query", shown(key));
        let refusal = QueryError::new(Code::E_FIELD, message).at(key, 0);
        return if SELECTORS.contains(&key) {
            refusal.because(&format!("write `\"source\": \"{key}:NAME\"`"))
        } else {
            refusal.suggest(key, KEYS.into_iter())
        };
    }
    let fact =
        form(body, &message).unwrap_or_else(|| message.chars().filter(|next| !next.is_control()).take(200).collect());
    let mut refusal = QueryError::new(Code::E_PARSE, format!("the body is no query: {fact}"));
    refusal.position = Some(offset(body, error.line(), error.column()));
    refusal
}

/// Words that a source may begin with.
const SELECTORS: [&str; 3] = ["type", "namespace", "group"];

/// The form of a query, where the body has another: a source alone, or what is JSON in other languages.
fn form(body: &[u8], message: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if message.starts_with("missing field `source`") {
        let sources = "`all`, `type:NAME`, `namespace:NAME`, `group:NAME` or the name of a component";
        return Some(format!("it has no `source`; add one of {sources}"));
    }
    if message.starts_with("key must be a string") {
        return Some("a key stands in no double quotes; JSON puts keys and text in them".to_owned());
    }
    if text.starts_with('{') {
        return None;
    }
    let (selector, name) = text.split_once([':', '=']).unwrap_or(("", text));
    let is_name = name.len() <= 64 && ComponentName::parse(&name.replace('_', "-")).is_ok();
    let source = match selector {
        "" if is_name => name.to_owned(),
        selector if is_name && SELECTORS.contains(&selector) => format!("{selector}:{name}"),
        _ => "all".to_owned(),
    };
    Some(format!(
        "a query is a JSON object, such as `{{\"source\": \"{source}\"}}`"
    ))
}

/// The key in serde's sentence about one that the body may not have.
fn unknown_key(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split('`').next()
}

/// Byte offset of a line and column, both counted from 1.
fn offset(body: &[u8], line: usize, column: usize) -> usize {
    let before: usize = body
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    (before + column.saturating_sub(1)).min(body.len())
}

/// A JSON object without a key twice; `null` is an empty one.
fn conditions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Conditions, D::Error> {
    struct Unique;

    impl<'de> Visitor<'de> for Unique {
        type Value = Conditions;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object of conditions")
        }

        fn visit_unit<E>(self) -> Result<Conditions, E> {
            Ok(Conditions::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Conditions, A::Error> {
            let mut found = Conditions::new();
            while let Some((key, value)) = entries.next_entry::<String, Json>()? {
                if found.insert(key, value).is_some() {
                    return Err(serde::de::Error::custom("a condition stands twice in `where`"));
                }
            }
            Ok(found)
        }
    }

    deserializer.deserialize_any(Unique)
}
