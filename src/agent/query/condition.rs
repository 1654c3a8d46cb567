//! `where`: conditions compiled once, then asked of each record.
//!
//! In: keys and values of the body. Out: conditions that cannot fail any more. A regular expression runs in linear time and its
//! compiled size is capped; a secret answers only whether it exists.

use std::cmp::Ordering;

use regex_lite::{Regex, RegexBuilder};
use serde_json::{Number, Value as Json};

use super::error::{Code, QueryError, shown};
use super::field::Key;
use super::index::Index;
use super::record::Record;
use super::request::Conditions;
use super::target::Shape;
use super::value::{Value, compare};

/// Bytes that a compiled regular expression may take.
const MAX_REGEX: usize = 8 * 1024;
/// Bytes of text that the regular expressions of one query may be matched against.
const MAX_MATCHED: usize = 256 * 1024;

pub(super) struct Condition<'q> {
    key: Key,
    test: Test<'q>,
}

enum Test<'q> {
    Equal(&'q Json),
    NotEqual(&'q Json),
    Contains(&'q Json),
    StartsWith(&'q str),
    Exists(bool),
    In(&'q [Json]),
    Compare(Bound, &'q Number),
    Regex(Regex),
}

/// Which side of a number is asked for.
#[derive(Clone, Copy)]
struct Bound {
    side: Ordering,
    or_equal: bool,
}

pub(super) const OPERATORS: [&str; 10] = [
    "contains",
    "exists",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "not",
    "startswith",
    "regex",
];

/// Compile all conditions but `skipped`, which the target reads by itself.
pub(super) fn compile<'q>(
    index: &Index,
    shape: Shape,
    conditions: &'q Conditions,
    skipped: Option<&str>,
) -> Result<Vec<Condition<'q>>, QueryError> {
    let mut compiled = Vec::with_capacity(conditions.len());
    for (key, value) in conditions {
        if Some(key.as_str()) != skipped {
            compiled.push(Condition::compile(index, shape, key, value)?);
        }
    }
    // The costly ones are asked last.
    compiled.sort_by_key(|condition| matches!(condition.test, Test::Regex(_)));
    Ok(compiled)
}

impl<'q> Condition<'q> {
    fn compile(index: &Index, shape: Shape, text: &str, value: &'q Json) -> Result<Self, QueryError> {
        let (key, operator) = split(index, shape, text)?;
        if key.is_secret(index) && operator != "exists" {
            let message = format!("`{}` is a secret: it answers only `__exists`", shown(text));
            return Err(QueryError::new(Code::E_SECRET_FIELD, message).at(text, 0));
        }
        let test = Test::compile(operator, value).map_err(|fact| {
            let position = if operator.is_empty() {
                0
            } else {
                text.len() - operator.len()
            };
            QueryError::new(Code::E_OPERATOR, format!("`{}` {fact}", shown(text))).at(text, position)
        })?;
        Ok(Self { key, test })
    }

    pub(super) fn holds(&self, record: &Record<'_>, work: &mut Work) -> bool {
        self.test.holds(record.value(&self.key).as_ref(), work)
    }

    /// The field and the text that it must equal, when the condition is of that kind.
    pub(super) fn equal_text(&self) -> Option<(&Key, &str)> {
        match self.test {
            Test::Equal(Json::String(text)) => Some((&self.key, text)),
            _ => None,
        }
    }
}

/// The field and the operator of a key; no operator is the empty one.
fn split<'k>(index: &Index, shape: Shape, text: &'k str) -> Result<(Key, &'k str), QueryError> {
    if let Some(key) = Key::find(index, shape, text) {
        return Ok((key, ""));
    }
    let Some((field, operator)) = text.rsplit_once("__") else {
        return Key::resolve(index, shape, text).map(|key| (key, ""));
    };
    let key = Key::resolve(index, shape, field)?;
    if OPERATORS.contains(&operator) {
        return Ok((key, operator));
    }
    let message = format!("`{}` is no operator", shown(operator));
    Err(QueryError::new(Code::E_OPERATOR, message)
        .at(text, text.len() - operator.len())
        .suggest(operator, OPERATORS.into_iter()))
}

impl<'q> Test<'q> {
    /// # Errors
    /// Which value the operator takes.
    fn compile(operator: &str, value: &'q Json) -> Result<Self, String> {
        let number = |side, or_equal| match value {
            Json::Number(number) => Ok(Self::Compare(Bound { side, or_equal }, number)),
            _ => Err("takes a number".to_owned()),
        };
        match (operator, value) {
            ("", Json::Null | Json::Object(_)) => {
                Err("takes a text, a number, true, false or a list; absence is `__exists: false`".to_owned())
            }
            ("", _) => Ok(Self::Equal(value)),
            ("not", Json::Null | Json::Object(_)) => Err("takes a text, a number, true, false or a list".to_owned()),
            ("not", _) => Ok(Self::NotEqual(value)),
            ("contains", Json::String(_) | Json::Number(_) | Json::Bool(_)) => Ok(Self::Contains(value)),
            ("contains", _) => Err("takes a part of a text, or a member of a list".to_owned()),
            ("startswith", Json::String(text)) => Ok(Self::StartsWith(text)),
            ("startswith", _) => Err("takes a text".to_owned()),
            ("exists", Json::Bool(is_there)) => Ok(Self::Exists(*is_there)),
            ("exists", _) => Err("takes true or false".to_owned()),
            ("in", Json::Array(items)) => Ok(Self::In(items)),
            ("in", _) => Err("takes a list".to_owned()),
            ("gt", _) => number(Ordering::Greater, false),
            ("gte", _) => number(Ordering::Greater, true),
            ("lt", _) => number(Ordering::Less, false),
            ("lte", _) => number(Ordering::Less, true),
            (_, Json::String(pattern)) => regex(pattern).map(Self::Regex),
            _ => Err("takes a regular expression".to_owned()),
        }
    }

    fn holds(&self, value: Option<&Value<'_>>, work: &mut Work) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::NotEqual(_) | Self::Exists(false));
        };
        match (self, value) {
            (Self::Exists(is_there), _) => *is_there,
            (Self::Equal(other), _) => value.equals(other),
            (Self::NotEqual(other), _) => !value.equals(other),
            (Self::Contains(part), _) => value.contains(part),
            (Self::StartsWith(part), Value::Text(text)) => text.starts_with(part),
            (Self::In(items), _) => items.iter().any(|item| value.equals(item)),
            (Self::Compare(bound, limit), Value::Number(number)) => {
                compare(number, limit).is_some_and(|order| bound.admits(order))
            }
            (Self::Regex(regex), Value::Text(text)) => work.may_match(text) && regex.is_match(text),
            _ => false,
        }
    }
}

/// What matching a page has cost: an expression takes time in proportion to its size times the text.
#[derive(Default)]
pub(super) struct Work {
    matched: usize,
}

impl Work {
    fn may_match(&mut self, text: &str) -> bool {
        self.matched = self.matched.saturating_add(text.len());
        self.matched <= MAX_MATCHED
    }

    /// # Errors
    /// Some texts were not matched: the page would be wrong.
    pub(super) fn ensure_done(&self) -> Result<(), QueryError> {
        if self.matched <= MAX_MATCHED {
            return Ok(());
        }
        let message = "`__regex` would read more than 256 KiB of text; name a narrower source or add a condition";
        Err(QueryError::new(Code::E_LIMIT, message))
    }
}

impl Bound {
    fn admits(self, order: Ordering) -> bool {
        order == self.side || (self.or_equal && order == Ordering::Equal)
    }
}

fn regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_REGEX)
        .build()
        .map_err(|error| format!("has no regular expression: {error}"))
}
