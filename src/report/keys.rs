//! Keys of AI clients, for people and programs: never more of a digest than its beginning.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::secrets::Moment;
use crate::secrets::client_keys::ClientKey;

/// Days before its end from which on a key is marked.
const SOON: i64 = 14;
/// Characters of a digest.
const SHORT: usize = 8;

/// A row a key.
#[must_use]
pub fn keys_text(keys: &[Result<ClientKey, usize>], now: Moment) -> String {
    let mut text = String::new();
    let names = keys.iter().filter_map(|key| key.as_ref().ok());
    let width = names.map(|key| key.name.len()).max().unwrap_or_default();
    for key in keys {
        let _ = match key {
            Ok(key) => {
                let end = key.expires.map_or("never".to_owned(), |end| end.to_string());
                let profile = key.profile.as_deref().unwrap_or("-");
                let (digest, state) = (&key.digest[..SHORT], state(key, now));
                writeln!(text, "{:width$}  {end:20}  {profile}  {digest}  {state}", key.name)
            }
            Err(place) => writeln!(text, "entry {place} is of no form that the server takes"),
        };
    }
    text
}

/// The same as JSON.
#[must_use]
pub fn keys_json(keys: &[Result<ClientKey, usize>], now: Moment) -> Json {
    let keys = keys.iter().map(|key| match key {
        Ok(key) => json!({
            "name": key.name,
            "expires": key.expires.map(|end| end.to_string()),
            "profile": key.profile,
            "digest": &key.digest[..SHORT],
            "state": state(key, now),
            "link": key.is_of_link(),
        }),
        Err(place) => json!({ "entry": place, "state": "unreadable" }),
    });
    json!({ "keys": keys.collect::<Vec<_>>() })
}

fn state(key: &ClientKey, now: Moment) -> &'static str {
    match key.expires {
        Some(end) if end <= now => "expired",
        Some(end) if now.days_until(end) < SOON => "expires soon",
        _ if key.is_of_link() => "of a link",
        _ => "valid",
    }
}
