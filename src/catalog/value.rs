//! Whether a value fits the type of its attribute.
//!
//! Stack files are held to it, and so are the defaults of the catalog itself.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::attribute::{AttributeKind, AttributeType};
use super::variable;
use crate::name::{ComponentName, is_dns_label, is_fqdn, moment};

impl AttributeType {
    /// Whether a given value fits; the answer is the end of a sentence that begins with the name.
    #[must_use]
    pub fn mismatch(&self, value: &Json) -> Option<String> {
        mismatch(self, value)
    }

    /// Whether `text` is one of the names that the type keeps from users.
    #[must_use]
    pub fn is_reserved(&self, text: &str) -> bool {
        self.reserved.iter().any(|expression| matches_whole(expression, text))
    }

    /// The names that the type keeps from users, as expressions: "`postgres`, `pg_.*`".
    #[must_use]
    pub fn told_reserved(&self) -> String {
        let told: Vec<String> = self.reserved.iter().map(|name| format!("`{name}`")).collect();
        told.join(", ")
    }
}

fn mismatch(kind: &AttributeType, value: &Json) -> Option<String> {
    let text = value.as_str();
    let fits = match kind.kind {
        AttributeKind::Integer => value.is_i64(),
        AttributeKind::Boolean => value.is_boolean(),
        AttributeKind::Settings => value.is_object(),
        AttributeKind::SecretNames | AttributeKind::Ends | AttributeKind::Linked => value.is_array(),
        _ => text.is_some(),
    };
    if !fits {
        return Some(format!("must be {}, not {}", kind_name(kind.kind), json_name(value)));
    }
    if kind.kind.is_of_variables() {
        return variables_mismatch(value);
    }
    if let (AttributeKind::Ends, Some(ends)) = (kind.kind, value.as_array()) {
        let other = ends.iter().find(|end| !end.is_string());
        return other.map(|other| format!("has {}, which is no end of a link", json_name(other)));
    }
    if let (AttributeKind::Linked, Some(items)) = (kind.kind, value.as_array()) {
        let other = items.iter().find(|item| !item.as_str().is_some_and(is_linked));
        return other.map(|_| "has what is neither a component nor one with `:read` behind it".to_owned());
    }
    if let (Some((least, greatest)), Some(number)) = (kind.range, value.as_i64())
        && !(least..=greatest).contains(&number)
    {
        return Some(format!("must be {least} to {greatest}{}", unit(kind)));
    }
    if let Some(choices) = &kind.choices
        && !choices.iter().any(|choice| choice.is(value))
    {
        let listed: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
        return Some(format!("must be one of {}", listed.join(", ")));
    }
    let text = text?;
    if let Some(expression) = &kind.pattern
        && !matches_whole(expression, text)
    {
        return Some(format!("must match `{expression}`"));
    }
    if kind.is_reserved(text) {
        return Some(format!(
            "is a name that the service keeps for itself: {}",
            kind.told_reserved()
        ));
    }
    text_mismatch(kind.kind, text).map(str::to_owned)
}

/// What is wrong with the first variable that does not fit.
fn variables_mismatch(value: &Json) -> Option<String> {
    let named = |name: &str| (!variable::is_name(name)).then(|| "has what is no name of a variable".to_owned());
    let setting = |(name, value): (&String, &Json)| {
        let of_value = || variable::value_mismatch(value).map(|fact| format!("has `{name}`, which {fact}"));
        named(name).or_else(of_value)
    };
    match value {
        Json::Object(settings) => settings.iter().find_map(setting),
        Json::Array(names) => names.iter().find_map(|name| named(name.as_str().unwrap_or_default())),
        _ => None,
    }
}

thread_local! {
    /// Expressions that were compiled; many values of a stack are held to each, and compiling costs more than matching.
    static COMPILED: RefCell<BTreeMap<String, Option<regex_lite::Regex>>> = RefCell::default();
}

/// Whether the regular expression matches the text as a whole.
pub(crate) fn matches_whole(expression: &str, text: &str) -> bool {
    COMPILED.with_borrow_mut(|compiled| {
        if !compiled.contains_key(expression) {
            compiled.insert(expression.to_owned(), whole(expression).ok());
        }
        let regex = compiled.get(expression).and_then(Option::as_ref);
        regex.is_some_and(|regex| regex.is_match(text))
    })
}

/// The regular expression that a text matches as a whole.
pub(super) fn whole(expression: &str) -> Result<regex_lite::Regex, regex_lite::Error> {
    regex_lite::Regex::new(&format!("^(?:{expression})$"))
}

fn text_mismatch(kind: AttributeKind, text: &str) -> Option<&'static str> {
    match kind {
        AttributeKind::Quantity if !is_quantity(text) => Some("must be a Kubernetes quantity such as `500m` or `10Gi`"),
        AttributeKind::Duration if !is_duration(text) => Some("must be a duration such as `30s`, `24h` or `7d`"),
        AttributeKind::Date if !moment::is_day(text) => Some("must be a day such as `2026-12-31`"),
        AttributeKind::Hostname if !is_fqdn(text) && !is_dns_label(text) => Some("must be a domain name"),
        AttributeKind::Image => image_mismatch(text),
        _ => None,
    }
}

fn is_linked(item: &str) -> bool {
    ComponentName::parse(item.strip_suffix(":read").unwrap_or(item)).is_ok()
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
pub(super) fn image_mismatch(text: &str) -> Option<&'static str> {
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
        AttributeKind::Settings => "a mapping of names to texts",
        AttributeKind::SecretNames => "a list of names",
        AttributeKind::Ends => "a list of what links end at",
        AttributeKind::Linked => "a list of linked components",
        _ => "a string",
    }
}

pub(super) fn json_name(value: &Json) -> &'static str {
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
