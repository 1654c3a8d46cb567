//! A variable that a stack file gives a program: what its name may be, and what may stand in it for everybody to read.
//!
//! A name and a value in, what is wrong with them out. Who else sets a variable is not known here.

use serde_json::Value as Json;

use super::value::matches_whole;

/// What a name is, as a regular expression that matches it as a whole.
pub const NAME: &str = "[A-Za-z_][A-Za-z0-9_]{0,127}";

/// Most bytes of a value: a line of an env file.
pub const MAX_VALUE: usize = 4096;

/// Last words of names whose values nobody should read, in capitals.
const SECRET_WORDS: [&str; 10] = [
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "KEY",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PWD",
    "SECRET",
    "TOKEN",
];

/// How secrets begin, as those say who issue them: GitHub "token formats", GitLab "token prefixes", Slack "token types", Stripe
/// "API keys"; and keys in PEM.
const SECRET_BEGINNINGS: [&str; 14] = [
    "-----BEGIN ",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
];

/// Whether `name` is one of a variable.
#[must_use]
pub fn is_name(name: &str) -> bool {
    matches_whole(NAME, name)
}

/// What is wrong with a value, as the end of a sentence that begins with its name.
#[must_use]
pub fn value_mismatch(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if text.len() > MAX_VALUE => Some(format!("has more than {MAX_VALUE} bytes")),
        Json::String(_) => None,
        value => Some(format!("must be a string, not {}", super::value::json_name(value))),
    }
}

/// Whether the value must not be read by everybody, by its name or by its own look.
#[must_use]
pub fn is_secret(name: &str, value: &Json) -> bool {
    match value {
        Json::String(text) if text.is_empty() || text == "true" || text == "false" => false,
        Json::String(text) => sounds_secret(name) || looks_secret(text),
        Json::Null | Json::Bool(_) => false,
        _ => sounds_secret(name),
    }
}

/// By the last word of the name; a public key is none.
fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let is_public = name.split('_').any(|word| word == "PUBLIC");
    let last = name.rsplit('_').next().unwrap_or_default();
    !is_public && SECRET_WORDS.contains(&last)
}

fn looks_secret(text: &str) -> bool {
    SECRET_BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) || has_password(text)
}

/// Whether it is an address with a password: `postgresql://user:password@host`.
fn has_password(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest);
    let authority = authority.and_then(|rest| rest.split(['/', '?', '#']).next());
    let user = authority.and_then(|authority| authority.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names() {
        for (name, good) in [
            ("LOG_LEVEL", true),
            ("Logging__LogLevel__Default", true),
            ("_X", true),
            ("LOG-LEVEL", false),
            ("2FA", false),
            ("", false),
            ("A=B", false),
            ("spring.main", false),
        ] {
            assert_eq!(is_name(name), good, "{name}");
        }
        assert!(is_name(&"A".repeat(128)) && !is_name(&"A".repeat(129)));
    }

    #[test]
    fn secrets_are_told_by_name_and_by_look() {
        for (name, value, secret) in [
            ("STRIPE_API_KEY", json!("sk"), true),
            ("Stripe__ApiKey", json!("x"), true),
            ("TOKEN", json!("x"), true),
            ("PIN_SECRET", json!(1234), true),
            ("ADMIN_PASSWORD", json!(""), false),
            ("REQUIRE_TOKEN", json!("true"), false),
            ("JWT_PUBLIC_KEY", json!("MIIB"), false),
            ("NEXT_PUBLIC_MAPS_KEY", json!("x"), false),
            ("MONKEY", json!("x"), false),
            ("TOKEN_LIFETIME", json!("60"), false),
            ("BACKEND", json!("redis://cache:6379/0"), false),
            ("BACKEND", json!("redis://:pw@cache:6379/0"), true),
            ("BACKEND", json!("postgresql://app:pw@db/app?x=@"), true),
            ("BACKEND", json!("https://me@example.com/a:b@c"), false),
            ("FORGE", json!("ghp_0123"), true),
        ] {
            assert_eq!(is_secret(name, &value), secret, "{name}: {value}");
        }
    }

    #[test]
    fn values_are_texts_of_one_line_of_an_env_file() {
        assert_eq!(value_mismatch(&json!("a=b # c")), None);
        assert_eq!(
            value_mismatch(&json!(1)).as_deref(),
            Some("must be a string, not a number")
        );
        assert!(value_mismatch(&json!("x".repeat(MAX_VALUE))).is_none());
        assert!(value_mismatch(&json!("x".repeat(MAX_VALUE + 1))).is_some());
    }
}
