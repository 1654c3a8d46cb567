//! Checked names, and the normal forms that names take in Kubernetes, files and environments.
//!
//! Text goes in, a checked or normalised text comes out. Knows nothing of stacks or catalogs.

mod digest;
pub mod moment;
pub mod shell;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::rel_path::RelPath;
pub use digest::{hex, sha256_hex};

/// Longest name that a Kubernetes label value or object name segment takes.
pub const MAX_LABEL: usize = 63;

macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Check `text`.
            ///
            /// # Errors
            /// What is wrong with it, as the end of a sentence that begins with the name.
            pub fn parse(text: &str) -> Result<Self, &'static str> {
                $check(text).map(|()| Self(text.to_owned()))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                $check(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

checked_name!(
    /// Name of a component, stack or environment: `[a-z]([a-z0-9-]{0,38}[a-z0-9])?`.
    ComponentName,
    check_component
);
checked_name!(
    /// Name of a sub-component: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}`.
    SubName,
    check_sub
);
checked_name!(
    /// Kubernetes namespace: a DNS-1123 label, never `default` or `kube-*`.
    Namespace,
    check_namespace
);

checked_name!(
    /// Prefix that a link's environment keys are given: `[A-Z]([A-Z0-9_]{0,38}[A-Z0-9])?`.
    EnvPrefix,
    check_env_prefix
);

/// Whether a character does not show, or changes how others show: control characters, bidirectional
/// controls, zero-width and other format characters, variation selectors, and letters that are blank.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Whether some YAML reader takes the plain text for a boolean or for nothing.
#[must_use]
pub fn is_yaml_word(text: &str) -> bool {
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn check_component(text: &str) -> Result<(), &'static str> {
    const RULE: &str = "must be 1 to 40 of a-z, 0-9 and -, begin with a letter and not end with -";
    let inner = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
    if is_yaml_word(text) {
        return Err("is a word that YAML readers take for another value");
    }
    if is_device(text) {
        return Err("is a device on Windows, where git could not write its folder");
    }
    if inner && begins && !text.ends_with('-') && text.len() <= 40 {
        Ok(())
    } else {
        Err(RULE)
    }
}

/// Folders are called after components and environments.
fn is_device(text: &str) -> bool {
    let port = text.strip_prefix("com").or_else(|| text.strip_prefix("lpt"));
    let is_port = port.is_some_and(|number| number.len() == 1 && number.bytes().all(|digit| digit.is_ascii_digit()));
    is_port || ["aux", "con", "nul", "prn"].contains(&text)
}

fn check_sub(text: &str) -> Result<(), &'static str> {
    const RULE: &str = "must be 1 to 63 of A-Z, a-z, 0-9, _, . and -, and begin with a letter, a digit or _";
    let inner = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    if inner && begins && text.len() <= MAX_LABEL {
        Ok(())
    } else {
        Err(RULE)
    }
}

fn check_namespace(text: &str) -> Result<(), &'static str> {
    if text == "default" || text.starts_with("kube-") {
        return Err("is one of the cluster's own; take one of the stack's");
    }
    if is_yaml_word(text) {
        return Err("is a word that YAML readers take for another value");
    }
    // A digit in front could make a number of it where a manifest names it.
    if is_dns_label(text) && text.starts_with(|first: char| first.is_ascii_lowercase()) {
        Ok(())
    } else {
        Err("must be 1 to 63 of a-z, 0-9 and -, begin with a letter and not end with -")
    }
}

fn check_env_prefix(text: &str) -> Result<(), &'static str> {
    const RULE: &str = "must be 1 to 40 of A-Z, 0-9 and _, begin with a letter and not end with _";
    let legal = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let begins = text.starts_with(|first: char| first.is_ascii_uppercase());
    // `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT` would send a pod's own client elsewhere.
    if text == "KUBERNETES" || text.starts_with("KUBERNETES_") {
        return Err("is the cluster's own prefix in every pod; take another");
    }
    if begins && text.bytes().all(legal) && !text.ends_with('_') && text.len() <= 40 {
        Ok(())
    } else {
        Err(RULE)
    }
}

/// Whether `text` is a DNS-1123 label.
#[must_use]
pub fn is_dns_label(text: &str) -> bool {
    let inner = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    !text.is_empty() && text.len() <= MAX_LABEL && inner && !text.starts_with('-') && !text.ends_with('-')
}

/// Whether `text` is a DNS name of at least two labels whose last is not all digits.
#[must_use]
pub fn is_fqdn(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let last_is_number = labels
        .last()
        .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    text.len() <= 253 && labels.len() >= 2 && labels.iter().all(|label| is_dns_label(label)) && !last_is_number
}

/// Whether `text` may be the name of a mounted file: what Kubernetes takes as a key of a Secret, not hidden.
#[must_use]
pub fn is_file_name(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=253).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(legal)
}

/// The form of a sub-component name in Kubernetes object names: `Orders_v1.x` → `orders-v1-x`.
#[must_use]
pub fn object_form(name: &str) -> String {
    let lower = name.to_ascii_lowercase().replace(['_', '.'], "-");
    lower.trim_matches('-').to_owned()
}

/// The component name that `text` was meant to be, `order-api` for `Order_API`, where there is one.
#[must_use]
pub fn legal_form(text: &str) -> Option<ComponentName> {
    let form = object_form(&text.trim().replace(' ', "-"));
    ComponentName::parse(&form).ok()
}

/// The form of a name in environment keys: `stack-agent` → `STACK_AGENT`.
#[must_use]
pub fn env_form(name: &str) -> String {
    name.to_ascii_uppercase().replace(['-', '.'], "_")
}

/// `name` when it fits in `limit`, else its beginning and 8 hex digits of its hash: still unique.
#[must_use]
pub fn shortened(name: &str, limit: usize) -> String {
    if name.len() <= limit {
        return name.to_owned();
    }
    let hash = sha256_hex(name.as_bytes());
    let head = name[..limit - 9].trim_end_matches(['-', '.']);
    format!("{head}-{}", &hash[..8])
}

/// Where the first key ends that sounds like a secret: text that is no YAML has no catalog to ask.
#[must_use]
pub fn secret_word(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let words = [
        "password",
        "passwd",
        "secret",
        "token",
        "credential",
        "api_key",
        "apikey",
    ];
    let start = words.iter().filter_map(|word| lower.find(word)).min()?;
    let end = start + lower[start..].find(':')?;
    line.get(..end).map(|key| key.chars().count())
}

/// The candidate nearest to `name`, when one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    like(name, candidates, 0.75)
}

/// The candidate that `name` is so near to that it must be a slip of the pen.
#[must_use]
pub fn slip<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    like(name, candidates, 0.88)
}

fn like<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>, least: f64) -> Option<&'a str> {
    if name.len() > 100 {
        return None;
    }
    // Another case alone is as near as can be, though no letter is the same.
    let likeness = |candidate: &str| match name.eq_ignore_ascii_case(candidate) {
        true => 1.0,
        false => strsim::jaro_winkler(name, candidate),
    };
    // Nobody means one of thousands, and each comparison costs.
    candidates
        .into_iter()
        .take(1000)
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= least)
        .max_by(|left, right| left.0.total_cmp(&right.0).then(right.1.cmp(left.1)))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_meant() {
        for (text, expected) in [
            ("Order_API", Some("order-api")),
            (" my api ", Some("my-api")),
            ("api-", Some("api")),
            ("1a", None),
            ("off", None),
            ("", None),
        ] {
            assert_eq!(legal_form(text).as_ref().map(ComponentName::as_str), expected, "{text}");
        }
        assert_eq!(nearest("API", ["apo", "api"]), Some("api"));
    }

    #[test]
    fn component_names() {
        for (input, good) in [
            ("a", true),
            ("stack-agent", true),
            ("a1-", false),
            ("off", false),
            ("con", false),
            ("lpt1", false),
            ("com10", true),
            ("console", true),
            ("1a", false),
            ("A", false),
            ("", false),
        ] {
            assert_eq!(ComponentName::parse(input).is_ok(), good, "{input}");
        }
        assert!(ComponentName::parse(&"a".repeat(40)).is_ok());
        assert!(ComponentName::parse(&"a".repeat(41)).is_err());
    }

    #[test]
    fn env_prefixes() {
        for (input, good) in [
            ("SESSIONS", true),
            ("A1_B", true),
            ("A__B", true),
            ("", false),
            ("A_", false),
            ("_A", false),
            ("1A", false),
            ("Sessions", false),
            ("A-B", false),
            ("A B", false),
            ("Ä", false),
            ("KUBERNETES_SERVICE", false),
            ("KUBERNETESX", true),
        ] {
            assert_eq!(EnvPrefix::parse(input).is_ok(), good, "{input}");
        }
        assert!(EnvPrefix::parse(&"A".repeat(40)).is_ok() && EnvPrefix::parse(&"A".repeat(41)).is_err());
    }

    #[test]
    fn sub_names() {
        for (input, good) in [
            ("app_db", true),
            ("_x", true),
            ("a.b-c", true),
            (".a", false),
            ("-a", false),
            ("a b", false),
        ] {
            assert_eq!(SubName::parse(input).is_ok(), good, "{input}");
        }
    }

    #[test]
    fn namespaces() {
        for (input, good) in [
            ("db", true),
            ("default", false),
            ("kube-system", false),
            ("kubeflow", true),
            ("0x1", false),
            ("no", false),
            ("-a", false),
        ] {
            assert_eq!(Namespace::parse(input).is_ok(), good, "{input}");
        }
    }

    #[test]
    fn fqdns() {
        for (input, good) in [
            ("db.example.com", true),
            ("localhost", false),
            ("10.0.0.1", false),
            ("example.com.", false),
            ("user@example.com", false),
            ("0x7f.1", false),
        ] {
            assert_eq!(is_fqdn(input), good, "{input}");
        }
    }

    #[test]
    fn file_names() {
        for (input, good) in [
            ("AGENT_API_KEYS", true),
            ("cnpg.app_db.password", true),
            ("", false),
            (".hidden", false),
            ("..", false),
            ("a/b", false),
            ("a b", false),
        ] {
            assert_eq!(is_file_name(input), good, "{input}");
        }
    }

    #[test]
    fn hidden_characters() {
        for (input, hidden) in [
            ('a', false),
            ('é', false),
            ('\n', true),
            ('\u{202e}', true),
            ('\u{200b}', true),
            ('\u{fe01}', true),
            ('\u{3164}', true),
            ('→', false),
        ] {
            assert_eq!(is_hidden(input), hidden, "{input:?}");
        }
    }

    #[test]
    fn forms() {
        assert_eq!(object_form("Orders_v1.x"), "orders-v1-x");
        assert_eq!(env_form("stack-agent"), "STACK_AGENT");
        assert_eq!(shortened("abc", 10), "abc");
        assert_eq!(shortened(&"a".repeat(70), 63).len(), 63);
        assert_eq!(nearest("lokki", ["loki", "kafka"]), Some("loki"));
        assert_eq!(nearest("zzz", ["loki", "kafka"]), None);
    }
}
