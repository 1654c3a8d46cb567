//! Values of attributes: what was given, else the default, checked against the attribute's type.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Component;
use crate::catalog::{AttributeKind, AttributeType, ComponentType, Following, pattern};

/// Values by attribute name.
pub type Attributes = BTreeMap<String, AttributeValue>;

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// Known by name only.
    Secret,
    Plain(Json),
    /// Variables with their values, which are for the component's own pods: all others see names.
    Settings(BTreeMap<String, String>),
    /// Names of secrets that others issue.
    SecretNames(BTreeSet<String>),
}

/// The convention that a component of the type `kind` follows with these values.
#[must_use]
pub(super) fn convention<'a>(kind: &'a ComponentType, attributes: &'a Attributes) -> Option<&'a str> {
    match kind.convention.as_ref()? {
        Following::Named(name) => Some(name),
        Following::Chosen(by) => match attributes.get(&by.attribute)? {
            AttributeValue::Plain(value) => value.as_str(),
            _ => None,
        },
    }
}

impl Component {
    /// How it expects the settings of its links.
    #[must_use]
    pub fn convention(&self) -> Option<&str> {
        convention(&self.entry.definition, &self.attributes)
    }
}

impl AttributeValue {
    /// The value as it stands in patterns; nothing for secrets, lists and missing values.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Plain(Json::String(text)) => Some(text.clone()),
            Self::Plain(Json::Bool(value)) => Some(value.to_string()),
            Self::Plain(Json::Number(value)) => Some(value.to_string()),
            _ => None,
        }
    }

    /// What everybody may see of it; nothing of a secret.
    #[must_use]
    pub fn shown(&self) -> Option<Json> {
        match self {
            Self::Secret => None,
            Self::Plain(value) => Some(value.clone()),
            Self::Settings(settings) => Some(settings.keys().cloned().collect()),
            Self::SecretNames(names) => Some(names.iter().cloned().collect()),
        }
    }

    /// A value that was given, or nothing; it fits the kind.
    fn of(kind: AttributeKind, value: Option<&Json>) -> Self {
        match kind {
            AttributeKind::Settings => {
                let settings = value.and_then(Json::as_object).into_iter().flatten();
                let text = |(name, value): (&String, &Json)| Some((name.clone(), value.as_str()?.to_owned()));
                Self::Settings(settings.filter_map(text).collect())
            }
            AttributeKind::SecretNames => {
                let names = value.and_then(Json::as_array).into_iter().flatten();
                Self::SecretNames(names.filter_map(Json::as_str).map(str::to_owned).collect())
            }
            _ => Self::Plain(value.cloned().unwrap_or(Json::Null)),
        }
    }
}

/// Variables of patterns, by name.
pub(super) type Variables = BTreeMap<String, String>;

/// Look `name` up for [`pattern::expand`].
pub(super) fn lookup<'a>(variables: &'a Variables) -> impl Fn(&str) -> Option<Cow<'a, str>> {
    move |name| variables.get(name).map(|value| Cow::Borrowed(value.as_str()))
}

/// Add the values that patterns may name.
pub(super) fn add_variables(variables: &mut Variables, attributes: &Attributes) {
    for (name, value) in attributes {
        if let Some(text) = value.text() {
            variables.entry(name.clone()).or_insert(text);
        }
    }
}

/// Given values and plain defaults; defaults that are patterns wait for [`expand_defaults`].
pub(super) fn values(types: &BTreeMap<String, AttributeType>, given: &BTreeMap<String, Json>) -> Attributes {
    let value = |(name, kind): (&String, &AttributeType)| {
        let value = if kind.secret {
            AttributeValue::Secret
        } else {
            AttributeValue::of(kind.kind, given.get(name).or(kind.default.as_ref()))
        };
        (name.clone(), value)
    };
    types.iter().map(value).collect()
}

/// Expand the defaults that are patterns; they may name each other, in any order.
///
/// # Errors
/// A pattern names a variable that does not exist.
pub(super) fn expand_defaults(
    types: &BTreeMap<String, AttributeType>,
    given: &BTreeMap<String, Json>,
    attributes: &mut Attributes,
    variables: &mut Variables,
) -> anyhow::Result<()> {
    let mut waiting: Vec<(&String, &str)> = types
        .iter()
        .filter(|(name, kind)| !kind.secret && !given.contains_key(*name))
        .filter_map(|(name, kind)| {
            kind.default
                .as_ref()
                .and_then(Json::as_str)
                .map(|default| (name, default))
        })
        .filter(|(_, default)| default.contains('{'))
        .collect();
    for (name, _) in &waiting {
        variables.remove(*name);
    }
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut failure = None;
        waiting.retain(|(name, default)| match pattern::expand(default, lookup(variables)) {
            Ok(text) => {
                let text = text.into_owned();
                variables.insert((*name).clone(), text.clone());
                attributes.insert((*name).clone(), AttributeValue::Plain(Json::String(text)));
                false
            }
            Err(error) => {
                failure = Some(error);
                true
            }
        });
        if let (Some(error), true) = (failure, waiting.len() == before) {
            return Err(error);
        }
    }
    Ok(())
}
