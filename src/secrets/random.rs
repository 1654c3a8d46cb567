//! Strong values, from the random source of the system.
//!
//! Letters and digits alone: they mean themselves in URLs, dotenv files, shells and configuration files of every kind.

use std::fs::File;
use std::io::Read as _;

use anyhow::Context as _;

use super::value::Value;

const RANDOM_SOURCE: &str = "/dev/urandom";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// More than 256 bits. Programs that want 32 bytes in URL-safe base64, as a Fernet key, find them in as many characters.
const LENGTH: usize = 43;
/// Bytes from here on are thrown away: with them some characters would come more often than others.
const FAIR: u8 = 248;

/// A new value of `least` characters or more.
///
/// # Errors
/// The random source fails.
pub fn strong(least: usize) -> anyhow::Result<Value> {
    let context = || format!("could not read `{RANDOM_SOURCE}`");
    let mut source = File::open(RANDOM_SOURCE).with_context(context)?;
    let length = least.max(LENGTH);
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        source.read_exact(&mut bytes).with_context(context)?;
        let fair = bytes.iter().filter(|byte| **byte < FAIR);
        let wanted = length - text.len();
        text.extend(
            fair.take(wanted)
                .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])),
        );
    }
    Ok(Value::new(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn values_are_long_url_safe_and_never_the_same() {
        let mut seen = BTreeSet::new();
        for least in [0, 16, 43, 44, 64, 200] {
            for _ in 0..50 {
                let value = strong(least).unwrap();
                assert_eq!(value.reveal().len(), least.max(43));
                assert!(value.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric()));
                assert!(seen.insert(value.reveal().to_owned()));
            }
        }
        let used: BTreeSet<u8> = seen.iter().flat_map(|text| text.bytes()).collect();
        assert_eq!(used.len(), ALPHABET.len(), "every character comes");
    }
}
