//! Who may ask: named API keys, of which only the SHA-256 is known.
//!
//! The grammar of `AGENT_API_KEYS` and of the header is that of `tests/vectors/`, which the MCP server reads as well. A
//! presented key is hashed and compared with all of them in constant time.

use std::fmt;
use std::time::SystemTime;

use axum::http::{HeaderMap, header};
use subtle::{Choice, ConstantTimeEq as _};

use crate::agent::secrets::{KEYS_FILE, SecretFolder};
use crate::name::{self, moment};

/// Shortest key that is ever accepted, in bytes; a shorter one could be guessed.
const SHORTEST_KEY: usize = 16;

/// Longest header that is looked at.
const MAX_HEADER_BYTES: usize = 1024;

/// What may stand around an entry.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Longest text of blanks alone whose digest is known to be no key.
const LONGEST_NOTHING: usize = 4;

/// Keys of clients.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    name: String,
    /// The SHA-256, as 64 hexadecimal digits.
    digest: String,
    /// Seconds since 1970 from which on it is nobody's.
    expires: Option<i64>,
}

/// Why there are no keys; it never repeats the text.
#[derive(Debug)]
pub struct KeysError(String);

impl fmt::Display for KeysError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for KeysError {}

/// The keys of a folder of secrets.
///
/// # Errors
/// The file is missing, cannot be read or is malformed.
pub fn keys_of(secrets: &SecretFolder) -> Result<Keys, KeysError> {
    match secrets.read(KEYS_FILE) {
        Ok(Some(text)) => {
            let keys = Keys::parse(text.reveal())?;
            match keys.0.is_empty() {
                true => Err(KeysError(format!("`{KEYS_FILE}` names no key"))),
                false => Ok(keys),
            }
        }
        Ok(None) => Err(KeysError(format!(
            "the folder of secrets has no `{KEYS_FILE}`, or an empty one; write `name:` and the SHA-256 of a key into it"
        ))),
        Err(error) => Err(KeysError(format!("`{KEYS_FILE}` cannot be read: {error}"))),
    }
}

impl Keys {
    fn parse(text: &str) -> Result<Self, KeysError> {
        let items = text.split(',').map(|item| item.trim_matches(BLANKS));
        let mut keys: Vec<Key> = Vec::new();
        for item in items.filter(|item| !item.is_empty()) {
            let key = Key::parse(item, &keys)
                .map_err(|wrong| KeysError(format!("entry {} of `{KEYS_FILE}` {}", keys.len() + 1, wrong.fact())))?;
            keys.push(key);
        }
        Ok(Self(keys))
    }

    /// Whose key the one `Authorization` header of a request holds.
    #[must_use]
    pub(super) fn caller(&self, headers: &HeaderMap) -> Option<&str> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let now = now();
        match (values.next(), values.next()) {
            (Some(only), None) => self.name_of(presented(only.as_bytes())?, now),
            // Two headers: whoever stands between could have checked the other one.
            _ => None,
        }
    }

    fn name_of(&self, presented: &[u8], now: i64) -> Option<&str> {
        let digest = name::sha256_hex(presented);
        let mut found = None;
        for key in &self.0 {
            let is_equal: Choice = key.digest.as_bytes().ct_eq(digest.as_bytes());
            if is_equal.into() {
                found = Some(key);
            }
        }
        found
            .filter(|key| key.expires.is_none_or(|end| now < end))
            .map(|key| key.name.as_str())
    }
}

/// The key of a header's value, where it may be one.
fn presented(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked("Bearer ".len())?;
    let is_key = key.len() >= SHORTEST_KEY && key.iter().all(u8::is_ascii_graphic);
    (value.len() <= MAX_HEADER_BYTES && scheme.eq_ignore_ascii_case(b"Bearer ") && is_key).then_some(key)
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Form,
    Expires,
    DigestOfNothing,
    NameRepeated,
    DigestRepeated,
}

impl Wrong {
    fn fact(self) -> &'static str {
        match self {
            Self::Form => {
                "is not a name of lower-case letters, digits, `_`, `.` and `-`, then `:`, then a SHA-256 as 64 lower-case hexadecimal digits, with `;expires=` and `;profile=` behind it where it has them"
            }
            Self::Expires => "expires at what is neither a time of UTC in full nor a day",
            Self::DigestOfNothing => "is the digest of an empty text; make a key first, then its digest",
            Self::NameRepeated => "repeats a name",
            Self::DigestRepeated => "repeats the key of another entry",
        }
    }
}

impl Key {
    fn parse(item: &str, before: &[Self]) -> Result<Self, Wrong> {
        let (name, rest) = item.split_once(':').ok_or(Wrong::Form)?;
        let (digest, more) = rest
            .split_once(';')
            .map_or((rest, None), |(digest, more)| (digest, Some(more)));
        let (expires, client) = more.map_or(Ok((None, None)), behind)?;
        if !is_name(name) || !is_digest(digest) || client.is_some_and(|client| !is_client(client)) {
            return Err(Wrong::Form);
        }
        let expires = expires
            .map(|text| moment::end_of(text).ok_or(Wrong::Expires))
            .transpose()?;
        if is_digest_of_nothing(digest) {
            return Err(Wrong::DigestOfNothing);
        }
        if before.iter().any(|key| key.name == name) {
            return Err(Wrong::NameRepeated);
        }
        if before.iter().any(|key| key.digest == digest) {
            return Err(Wrong::DigestRepeated);
        }
        Ok(Self {
            name: name.to_owned(),
            digest: digest.to_owned(),
            expires,
        })
    }
}

/// What stands behind a digest: `expires=`, then `profile=`, or one of them.
fn behind(text: &str) -> Result<(Option<&str>, Option<&str>), Wrong> {
    let (first, second) = text
        .split_once(';')
        .map_or((text, None), |(first, second)| (first, Some(second)));
    let (expires, last) = match first.strip_prefix("expires=") {
        Some(expires) => (Some(expires), second),
        None => (None, (second.is_none()).then_some(first)),
    };
    match last.map(|last| last.strip_prefix("profile=")) {
        None if expires.is_some() => Ok((expires, None)),
        Some(Some(client)) => Ok((expires, Some(client))),
        _ => Err(Wrong::Form),
    }
}

fn now() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a key expires by the clock; nothing is generated here"
    )]
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn is_client(text: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_next = |byte: u8| is_first(byte) || b".-".contains(&byte);
    text.len() <= 63 && text.bytes().next().is_some_and(is_first) && text.bytes().all(is_next)
}

fn is_name(text: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_next = |byte: u8| is_first(byte) || b"_.-".contains(&byte);
    text.len() <= 63 && text.bytes().next().is_some_and(is_first) && text.bytes().all(is_next)
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether somebody hashed an empty file, or what `echo` prints of an empty variable.
fn is_digest_of_nothing(digest: &str) -> bool {
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..LONGEST_NOTHING {
        let longer: Vec<String> = texts[from..]
            .iter()
            .flat_map(|text| BLANKS.map(|blank| format!("{text}{blank}")))
            .collect();
        from = texts.len();
        texts.extend(longer);
    }
    texts.iter().any(|text| name::sha256_hex(text.as_bytes()) == digest)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Vectors {
        texts: Vec<Text>,
        presented: Vec<Presented>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Text {
        why: String,
        text: String,
        accepted: Option<Vec<String>>,
        refused: Option<String>,
        entry: Option<usize>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Presented {
        why: String,
        keys: String,
        headers: Vec<String>,
        name: Option<String>,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../../../tests/vectors/keys.json")).unwrap()
    }

    fn wrong(reason: &str) -> Wrong {
        match reason {
            "form" => Wrong::Form,
            "expires" => Wrong::Expires,
            "digest_of_nothing" => Wrong::DigestOfNothing,
            "name_repeated" => Wrong::NameRepeated,
            "digest_repeated" => Wrong::DigestRepeated,
            other => panic!("unknown reason {other}"),
        }
    }

    #[test]
    fn texts_are_read_as_the_vectors_say() {
        for case in vectors().texts {
            let found = Keys::parse(&case.text)
                .map(|keys| keys.0.into_iter().map(|key| key.name).collect::<Vec<String>>())
                .map_err(|error| error.to_string());
            let expected = match (case.accepted, case.refused, case.entry) {
                (Some(names), None, None) => Ok(names),
                (None, Some(reason), Some(entry)) => {
                    Err(format!("entry {entry} of `{KEYS_FILE}` {}", wrong(&reason).fact()))
                }
                _ => panic!("a case is accepted or refused: {}", case.why),
            };
            assert_eq!(found, expected, "{}", case.why);
        }
    }

    #[test]
    fn callers_are_known_as_the_vectors_say() {
        for case in vectors().presented {
            let keys = Keys::parse(&case.keys).unwrap();
            let values = case
                .headers
                .iter()
                .map(|value| HeaderValue::from_bytes(value.as_bytes()));
            // What is no value of a header never comes so far.
            let Ok(values) = values.collect::<Result<Vec<_>, _>>() else {
                assert_eq!(case.name, None, "{}", case.why);
                continue;
            };
            let headers = values.into_iter().map(|value| (header::AUTHORIZATION, value)).collect();
            assert_eq!(keys.caller(&headers), case.name.as_deref(), "{}", case.why);
        }
    }

    #[test]
    fn a_refusal_never_repeats_the_text() {
        for case in vectors().texts {
            if let Err(error) = Keys::parse(&case.text) {
                let parts = case.text.split([',', ':']).filter(|part| part.len() > 6);
                let told = error.to_string();
                assert!(parts.into_iter().all(|part| !told.contains(part)), "{}", case.why);
            }
        }
    }
}
