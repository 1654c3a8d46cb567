//! Whether a bound word may be what its meaning says: the record's own host, a namespace of the
//! stack, an address of the topology.
//!
//! Words are text here, all variables have their values.

use super::adapter::Meaning;
use super::address::Address;
use super::record::{Context, Endpoint, Record};
use super::refusal::{Code, Mistake, Span};

/// Longest word to look for.
const MAX_PATTERN: usize = 64;

/// What a word is checked against.
pub(super) struct Destination<'a> {
    pub(super) record: &'a Record,
    pub(super) context: &'a Context,
}

impl Destination<'_> {
    /// Check that `text` may stand for `meaning`; `earlier` is the operand before it.
    pub(super) fn check(&self, meaning: Meaning, text: &str, earlier: Option<&str>, span: Span) -> Result<(), Mistake> {
        match meaning {
            Meaning::Host | Meaning::Port | Meaning::Username | Meaning::Database => {
                let own = self.own(meaning, span)?;
                ensure_destination(text == own, span, || {
                    format!("`{text}` is not the {} of `{}`", noun(meaning), self.record.name)
                })
            }
            Meaning::EndpointHost | Meaning::EndpointPort => {
                ensure_destination(self.is_endpoint(meaning, text, earlier), span, || {
                    format!(
                        "`{text}` is not the {} of an endpoint of `{}`",
                        noun(meaning),
                        self.record.name
                    )
                })
            }
            Meaning::Namespace => ensure_destination(self.context.namespaces.contains(text), span, || {
                format!("`{text}` is not a namespace of the stack")
            }),
            Meaning::Address => self.check_address(text, span),
            Meaning::Selector => ensure_argument(
                is_selector(text),
                span,
                "a selector is `key` or `key=value`, several with commas",
            ),
            Meaning::Pattern => ensure_argument(
                is_pattern(text),
                span,
                "a pattern is plain text: letters, digits, spaces and `_.:/=,@%+-`, at most 64 of them",
            ),
            Meaning::Probe | Meaning::Seconds(_) | Meaning::Word(_) => Ok(()),
        }
    }

    /// The record's own value for a meaning.
    pub(super) fn own(&self, meaning: Meaning, span: Span) -> Result<String, Mistake> {
        let record = self.record;
        let primary = record.primary.as_ref();
        let own = match meaning {
            Meaning::Host => primary.map(|endpoint| endpoint.host.clone()),
            Meaning::Port => primary.map(|endpoint| endpoint.port.to_string()),
            Meaning::Username => record.username.clone(),
            Meaning::Database => record.database.clone(),
            _ => None,
        };
        let Some(own) = own.filter(|own| !own.is_empty()) else {
            let message = format!("`{}` has no {}", record.name, noun(meaning));
            return Err(Mistake::new(Code::E_VAR_UNSET, span, message));
        };
        if is_plain_name(&own) {
            return Ok(own);
        }
        let message = format!("the {} of `{}` may not stand in a command", noun(meaning), record.name);
        Err(Mistake::new(Code::E_VAR_VALUE, span, message))
    }

    fn is_endpoint(&self, meaning: Meaning, text: &str, earlier: Option<&str>) -> bool {
        self.record.endpoints.iter().any(|endpoint| match meaning {
            Meaning::EndpointHost => endpoint.host == text && is_plain_name(text),
            _ => Some(endpoint.host.as_str()) == earlier && endpoint.port.to_string() == text,
        })
    }

    fn check_address(&self, text: &str, span: Span) -> Result<(), Mistake> {
        let address = Address::parse(text).map_err(|(code, message)| Mistake::new(code, span, message))?;
        let Address { host, port } = address;
        if self.context.external_hosts.contains(&host) {
            let message = format!("`{host}` belongs to another stack");
            return Err(Mistake::new(Code::E_EXTERNAL, span, message));
        }
        let known = self.context.endpoints.contains(&Endpoint::new(host.as_str(), port));
        ensure_destination(known, span, || {
            format!("`{host}:{port}` is not an endpoint of the topology")
        })
    }
}

fn ensure_destination(holds: bool, span: Span, message: impl Fn() -> String) -> Result<(), Mistake> {
    if holds {
        return Ok(());
    }
    Err(Mistake::new(Code::E_DESTINATION, span, message()))
}

fn ensure_argument(holds: bool, span: Span, message: &str) -> Result<(), Mistake> {
    if holds {
        return Ok(());
    }
    Err(Mistake::new(Code::E_ARG, span, message))
}

fn noun(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Host | Meaning::EndpointHost => "host",
        Meaning::Port | Meaning::EndpointPort => "port",
        Meaning::Username => "user",
        Meaning::Database => "database",
        _ => "value",
    }
}

/// A host, port, user or database that no client reads as anything else: a `=` or `:` would make a
/// connection string of it, a `/` a path, a leading dash a flag.
fn is_plain_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    text.len() <= 253 && !text.starts_with(['-', '.']) && text.bytes().all(plain)
}

fn is_selector(text: &str) -> bool {
    let term = |term: &str| match term.split_once('=') {
        None => is_label_key(term),
        Some((key, value)) => is_label_key(key) && (value.is_empty() || is_label(value)),
    };
    text.split(',').all(term)
}

fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        None => is_label(text),
        Some((prefix, name)) => prefix.split('.').all(is_label) && prefix.len() <= 253 && is_label(name),
    }
}

/// What Kubernetes takes as a label's name or value.
fn is_label(text: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    text.len() <= 63 && edge(text.bytes().next()) && edge(text.bytes().last()) && text.bytes().all(inner)
}

fn is_pattern(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" _.:/=,@%+-".contains(&byte);
    (1..=MAX_PATTERN).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(judge: fn(&str) -> bool, text: &str, expected: bool) {
        assert_eq!(judge(text), expected, "{text}");
    }

    #[test]
    fn selectors() {
        check(is_selector, "cnpg.io/cluster", true);
        check(is_selector, "app=api", true);
        check(is_selector, "app.kubernetes.io/name=kafka,tier", true);
        check(is_selector, "app=", true);
        check(is_selector, "", false);
        check(is_selector, "app=a=b", false);
        check(is_selector, "app==a", false);
        check(is_selector, "a,,b", false);
        check(is_selector, "a/b/c", false);
        check(is_selector, "-a", false);
        check(is_selector, "!app", false);
        check(is_selector, "app in (a)", false);
    }

    #[test]
    fn patterns() {
        check(is_pattern, "Running", true);
        check(is_pattern, "1/1 Running", true);
        check(is_pattern, "", false);
        check(is_pattern, "^Running$", false);
        check(is_pattern, "a*", false);
        check(is_pattern, &"x".repeat(65), false);
    }

    #[test]
    fn plain_names() {
        check(is_plain_name, "cluster-db-rw.db.svc.cluster.local", true);
        check(is_plain_name, "app_db", true);
        check(is_plain_name, "host=evil", false);
        check(is_plain_name, "postgresql://evil/x", false);
        check(is_plain_name, "/var/run", false);
        check(is_plain_name, "a,b", false);
        check(is_plain_name, "-c", false);
    }
}
