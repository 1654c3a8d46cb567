//! Who may ask: named API keys, of which only the SHA-256 is known.
//!
//! `AGENT_API_KEYS` is `name:sha256hex`, several with commas. A presented key is hashed and compared with all of them in
//! constant time.

use std::fmt;

use subtle::{Choice, ConstantTimeEq as _};

use crate::agent::secrets::{KEYS_FILE, SecretFolder};
use crate::name;

/// Keys of clients.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    name: String,
    /// Lower-case hexadecimal SHA-256.
    digest: String,
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
        Ok(Some(text)) => Keys::parse(text.reveal()),
        Ok(None) => Err(KeysError(format!(
            "the folder of secrets has no `{KEYS_FILE}`, or an empty one; write `name:` and the SHA-256 of a key into it"
        ))),
        Err(error) => Err(KeysError(format!("`{KEYS_FILE}` cannot be read: {error}"))),
    }
}

impl Keys {
    fn parse(text: &str) -> Result<Self, KeysError> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let keys: Vec<Key> = items
            .enumerate()
            .map(|(at, item)| Key::parse(at, item))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(KeysError(format!("`{KEYS_FILE}` names no key")));
        }
        Ok(Self(keys))
    }

    /// The name of the key that was presented.
    #[must_use]
    pub(super) fn name_of(&self, presented: &str) -> Option<&str> {
        let digest = name::sha256_hex(presented.as_bytes());
        let mut found = None;
        for key in &self.0 {
            let is_equal: Choice = key.digest.as_bytes().ct_eq(digest.as_bytes());
            if is_equal.into() {
                found = Some(key.name.as_str());
            }
        }
        found
    }
}

impl Key {
    fn parse(at: usize, item: &str) -> Result<Self, KeysError> {
        let wrong = |fact: &str| KeysError(format!("entry {} of `{KEYS_FILE}` {fact}", at + 1));
        let (name, digest) = item
            .split_once(':')
            .ok_or_else(|| wrong("is not `name:` and a SHA-256 in hexadecimal"))?;
        if !name::is_dns_label(name) {
            return Err(wrong(
                "has a name that is not made of lower-case letters, digits and dashes",
            ));
        }
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong("has no SHA-256 of 64 hexadecimal digits"));
        }
        Ok(Self {
            name: name.to_owned(),
            digest: digest.to_ascii_lowercase(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_digest() {
        let digest = name::sha256_hex(b"right");
        let keys = Keys::parse(&format!(
            "mcp:{}, ci:{}",
            digest.to_uppercase(),
            name::sha256_hex(b"other")
        ))
        .unwrap();
        assert_eq!(keys.name_of("right"), Some("mcp"));
        assert_eq!(keys.name_of("other"), Some("ci"));
        assert_eq!(keys.name_of("wrong"), None);
        assert_eq!(keys.name_of(&digest), None, "the digest itself is no key");
    }

    #[test]
    fn malformed_keys_are_named_by_their_place() {
        let digest = name::sha256_hex(b"right");
        for (text, fact) in [
            ("", "`AGENT_API_KEYS` names no key"),
            (",", "`AGENT_API_KEYS` names no key"),
            (
                "plain-key",
                "entry 1 of `AGENT_API_KEYS` is not `name:` and a SHA-256 in hexadecimal",
            ),
            (
                &format!("mcp:{digest},ci:abc"),
                "entry 2 of `AGENT_API_KEYS` has no SHA-256 of 64 hexadecimal digits",
            ),
            (
                &format!("M C:{digest}"),
                "entry 1 of `AGENT_API_KEYS` has a name that is not made of lower-case letters, digits and dashes",
            ),
        ] {
            assert_eq!(Keys::parse(text).unwrap_err().to_string(), fact);
        }
    }
}
