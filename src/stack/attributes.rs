//! Values of attributes: what was given, else the default, checked against the attribute's type.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{AttributeValue, Attributes};
use crate::catalog::{AttributeKind, AttributeType, pattern};
use crate::name::{is_dns_label, is_fqdn};

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
            AttributeValue::Plain(given.get(name).or(kind.default.as_ref()).cloned().unwrap_or(Json::Null))
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

/// Whether a given value fits its type; the answer is the end of a sentence that begins with the name.
pub(super) fn mismatch(kind: &AttributeType, value: &Json) -> Option<String> {
    let text = value.as_str();
    let fits = match kind.kind {
        AttributeKind::Integer => value.is_i64(),
        AttributeKind::Boolean => value.is_boolean(),
        _ => text.is_some(),
    };
    if !fits {
        return Some(format!("must be {}, not {}", kind_name(kind.kind), json_name(value)));
    }
    if let (Some((least, greatest)), Some(number)) = (kind.range, value.as_i64())
        && !(least..=greatest).contains(&number)
    {
        return Some(format!("must be {least} to {greatest}{}", unit(kind)));
    }
    let text = text?;
    if let Some(choices) = &kind.choices
        && !choices.iter().any(|choice| choice == text)
    {
        return Some(format!(
            "must be one of {}",
            choices
                .iter()
                .map(|choice| format!("`{choice}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    if let Some(expression) = &kind.pattern
        && !matches_whole(expression, text)
    {
        return Some(format!("must match `{expression}`"));
    }
    if is_reserved(kind, text) {
        return Some("is a name that the service keeps for itself".to_owned());
    }
    text_mismatch(kind.kind, text).map(str::to_owned)
}

/// Whether `text` is one of the names that the type keeps from users.
pub(super) fn is_reserved(kind: &AttributeType, text: &str) -> bool {
    kind.reserved.iter().any(|expression| matches_whole(expression, text))
}

fn matches_whole(expression: &str, text: &str) -> bool {
    regex_lite::Regex::new(&format!("^(?:{expression})$")).is_ok_and(|regex| regex.is_match(text))
}

fn text_mismatch(kind: AttributeKind, text: &str) -> Option<&'static str> {
    match kind {
        AttributeKind::Quantity if !is_quantity(text) => Some("must be a Kubernetes quantity such as `500m` or `10Gi`"),
        AttributeKind::Duration if !is_duration(text) => Some("must be a duration such as `30s`, `24h` or `7d`"),
        AttributeKind::Hostname if !is_fqdn(text) && !is_dns_label(text) => Some("must be a domain name"),
        AttributeKind::Image => image_mismatch(text),
        _ => None,
    }
}

fn is_quantity(text: &str) -> bool {
    let digits = text.trim_end_matches(|last: char| last.is_ascii_alphabetic());
    let suffix = &text[digits.len()..];
    let number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && digits.parse::<f64>().is_ok();
    number && ["", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"].contains(&suffix)
}

fn is_duration(text: &str) -> bool {
    let digits = text.trim_end_matches(|last: char| last.is_ascii_alphabetic());
    let suffix = &text[digits.len()..];
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && ["ms", "s", "m", "h", "d", "w", "y"].contains(&suffix)
}

/// An image must say exactly what it is: a tag other than `latest`, or a digest.
fn image_mismatch(text: &str) -> Option<&'static str> {
    let legal = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte));
    if let Some((_, digest)) = text.split_once('@') {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        let good = legal
            && hex.len() == 64
            && hex
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        return if good {
            None
        } else {
            Some("has a digest that is not `sha256:` and 64 hex digits")
        };
    }
    let last = text.rsplit('/').next().unwrap_or_default();
    match last.split_once(':') {
        Some((name, tag)) if legal && !name.is_empty() && !tag.is_empty() && tag != "latest" => None,
        _ => Some("must end in an exact tag or digest, never `latest`"),
    }
}

fn unit(kind: &AttributeType) -> String {
    kind.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default()
}

fn kind_name(kind: AttributeKind) -> &'static str {
    match kind {
        AttributeKind::Integer => "an integer",
        AttributeKind::Boolean => "`true` or `false`",
        _ => "a string",
    }
}

fn json_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images() {
        for (input, good) in [
            ("registry.example.com:5000/app:1.2.3", true),
            (
                "app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                true,
            ),
            ("app@sha256:0123", false),
            ("app:latest", false),
            ("registry.example.com:5000/app", false),
            ("app", false),
            ("a b:1", false),
        ] {
            assert_eq!(image_mismatch(input).is_none(), good, "{input}");
        }
    }

    #[test]
    fn quantities_and_durations() {
        for (input, good) in [
            ("10Gi", true),
            ("500m", true),
            ("1.5", true),
            ("10GB", false),
            ("Gi", false),
            ("-1", false),
        ] {
            assert_eq!(is_quantity(input), good, "{input}");
        }
        for (input, good) in [
            ("30s", true),
            ("7d", true),
            ("s", false),
            ("30", false),
            ("1.5h", false),
        ] {
            assert_eq!(is_duration(input), good, "{input}");
        }
    }
}
