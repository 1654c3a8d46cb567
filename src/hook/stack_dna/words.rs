//! Words of the lines: cells that end no column, values that need no quotes, and how a link travels.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::catalog::Protocol;
use crate::catalog::derived::{CA_FILE, HEALTH};
use crate::stack::{Component, Fact, Link, Stack};

/// What stands where there is nothing.
pub(super) const NONE: &str = "-";

/// A text as a cell.
pub(super) fn cell(text: &str) -> String {
    if text.is_empty() {
        return NONE.to_owned();
    }
    let plain = |next: char| match next {
        '|' => '/',
        next if next.is_control() => ' ',
        next => next,
    };
    text.chars().map(plain).collect()
}

/// Names in one cell.
pub(super) fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
    cell(&names.join(", "))
}

/// Columns of a line.
pub(super) fn line(cells: &[&str]) -> String {
    cells.join(" | ")
}

/// A value as people wrote it: in quotes where it would be taken for something else.
pub(super) fn value(value: &Json) -> String {
    let is_plain = |text: &str| {
        let plain = |next: char| next.is_ascii_alphanumeric() || "_-./:@+*{}%=".contains(next);
        !text.is_empty() && text.chars().all(plain)
    };
    match value {
        Json::String(text) if is_plain(text) => text.clone(),
        other => cell(&other.to_string()),
    }
}

/// A line of something that there is.
pub(super) fn one_line(count: usize, text: String) -> Vec<String> {
    vec![text].into_iter().filter(|_| count > 0).collect()
}

/// `1 component`, `2 components`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{end}")
}

/// Whether bytes on the way are encrypted, and whether the consumer verifies who is at the other end.
pub(super) fn transport(stack: &Stack, link: &Link) -> &'static str {
    if link.endpoints.is_empty() {
        return NONE;
    }
    if link.facts.contains_key(CA_FILE) {
        return "tls verified";
    }
    let to = stack.component(&link.to);
    match is_encrypted(link, to) {
        true => "tls",
        false => "plain",
    }
}

/// Facts by which a client is told to encrypt, with the words that mean it.
const ENCRYPTS: [(&str, &[&str]); 6] = [
    ("scheme", &["https"]),
    ("sslmode", &["require", "verify-ca", "verify-full"]),
    ("ssl_mode", &["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]),
    ("security_protocol", &["SSL", "SASL_SSL"]),
    ("secure", &["true"]),
    ("encrypted", &["true"]),
];

fn is_encrypted(link: &Link, to: &Component) -> bool {
    let told = ENCRYPTS.iter().any(|(fact, words)| match link.facts.get(*fact) {
        Some(Fact::Plain(word)) => words.contains(&word.as_str()),
        _ => false,
    });
    let protocols: BTreeSet<bool> = protocols(link, to)
        .map(|protocol| matches!(protocol, Protocol::Https | Protocol::Amqps))
        .collect();
    told || protocols == BTreeSet::from([true])
}

/// How the endpoints answer that a link opens. That of the health is not one of its own.
fn protocols<'a>(link: &'a Link, to: &'a Component) -> impl Iterator<Item = Protocol> {
    let health = link.endpoints.iter().any(|name| name == HEALTH);
    let health = to.health_endpoints().filter(move |_| health);
    let named = link.endpoints.iter().filter_map(|name| to.endpoints.get(name));
    named.chain(health).map(|endpoint| endpoint.protocol)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_and_values() {
        for (given, expected) in [("", "-"), ("a | b", "a / b"), ("a\nb", "a b"), ("plain", "plain")] {
            assert_eq!(cell(given), expected);
        }
        for (given, expected) in [
            (json!("/orders/{order_id}"), "/orders/{order_id}"),
            (json!("two words"), "\"two words\""),
            (json!("a|b"), "\"a/b\""),
            (json!(""), "\"\""),
            (json!(6), "6"),
            (json!(true), "true"),
            (json!(["A", "B"]), "[\"A\",\"B\"]"),
        ] {
            assert_eq!(value(&given), expected);
        }
    }
}
