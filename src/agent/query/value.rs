//! The value of one field, borrowed from the index.
//!
//! In: metadata. Out: JSON, text for a variable, or a comparison. A secret is a name and reads `[secret]`: there is no value
//! to show.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Number, Value as Json};

use crate::metadata::{AttributeMetadata, EndpointMetadata};

/// What stands where a secret's value would.
pub const SECRET: &str = "[secret]";

#[derive(Clone, Debug)]
pub enum Value<'a> {
    Text(&'a str),
    Number(Number),
    Bool(bool),
    Names(Vec<&'a str>),
    /// A list or an object.
    Json(&'a Json),
    Endpoints(&'a Endpoints),
    Secret(SecretName<'a>),
}

type Endpoints = BTreeMap<String, EndpointMetadata>;

/// Which secret: of a component, or of one of its sub-components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName<'a> {
    pub component: &'a str,
    pub sub_component: Option<&'a str>,
    pub attribute: &'a str,
}

impl<'a> Value<'a> {
    /// The value of an attribute; `null` is none.
    pub(super) fn of(attribute: &'a AttributeMetadata, name: SecretName<'a>) -> Option<Self> {
        let json = match attribute {
            AttributeMetadata::Secret { .. } => return Some(Self::Secret(name)),
            AttributeMetadata::Plain(json) => json,
        };
        match json {
            Json::Null => None,
            Json::String(text) => Some(Self::Text(text)),
            Json::Number(number) => Some(Self::Number(number.clone())),
            Json::Bool(is_set) => Some(Self::Bool(*is_set)),
            Json::Array(_) | Json::Object(_) => Some(Self::Json(json)),
        }
    }

    /// The value as a variable of a check prints it; lists, objects and secrets have no text.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            Self::Names(_) | Self::Json(_) | Self::Endpoints(_) | Self::Secret(_) => None,
        }
    }

    pub(super) fn equals(&self, other: &Json) -> bool {
        match (self, other) {
            (Self::Text(left), Json::String(right)) => left == right,
            (Self::Number(left), Json::Number(right)) => compare(left, right) == Some(Ordering::Equal),
            (Self::Bool(left), Json::Bool(right)) => left == right,
            (Self::Names(left), Json::Array(right)) => left.iter().copied().eq(right.iter().filter_map(Json::as_str)),
            (Self::Json(left), right) => *left == right,
            _ => false,
        }
    }

    /// A part of a text, or a member of a list.
    pub(super) fn contains(&self, part: &Json) -> bool {
        match (self, part) {
            (Self::Text(text), Json::String(part)) => text.contains(part.as_str()),
            (Self::Names(names), Json::String(part)) => names.contains(&part.as_str()),
            (Self::Json(Json::Array(items)), part) => items.contains(part),
            _ => false,
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => number.serialize(serializer),
            Self::Bool(is_set) => serializer.serialize_bool(*is_set),
            Self::Names(names) => names.serialize(serializer),
            Self::Json(json) => json.serialize(serializer),
            Self::Endpoints(endpoints) => endpoints.serialize(serializer),
            Self::Secret(_) => serializer.serialize_str(SECRET),
        }
    }
}

/// Whole numbers exactly, others as floating point.
pub(super) fn compare(left: &Number, right: &Number) -> Option<Ordering> {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn whole(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}
