//! A key that holds digests: `name:sha256hex` of the keys of many, separated by commas; what follows behind a `;` is said of one.
//!
//! Entries of links follow from their values. All others are a person's, and stay.

use std::collections::BTreeMap;

use super::rotation::Rotation;
use super::value::Value;
use crate::plan::OF_LINK;
use crate::stack::SecretValue;

/// What stands there when every entry of a link is that of its value, and links that are gone have none.
pub(super) fn joined(
    current: &str,
    entries: &[(String, SecretValue)],
    known: &BTreeMap<&str, Value>,
    rotation: &Rotation,
) -> String {
    let standing = current.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let (of_links, mut all): (Vec<&str>, Vec<String>) = (
        standing.clone().filter(|entry| entry.starts_with(OF_LINK)).collect(),
        standing
            .filter(|entry| !entry.starts_with(OF_LINK))
            .filter(|entry| !rotation.is_old_digest(digest_of(entry)))
            .map(str::to_owned)
            .collect(),
    );
    for (name, value) in entries {
        let entry = match known.get(value.id.as_str()) {
            Some(value) => format!("{name}:{}", value.digest()),
            // Nobody knows better: the two ends differ, or its key is not there yet.
            None => match of_links.iter().find(|entry| name_of(entry) == name) {
                Some(entry) => (*entry).to_owned(),
                None => continue,
            },
        };
        // Who keeps the keys refuses one digest under two names.
        if all.iter().all(|standing| digest_of(standing) != digest_of(&entry)) {
            all.push(entry);
        }
    }
    all.join(",")
}

fn name_of(entry: &str) -> &str {
    entry.split_once(':').map_or(entry, |(name, _)| name)
}

fn digest_of(entry: &str) -> &str {
    let behind = entry.split_once(':').map_or("", |(_, behind)| behind);
    behind.split(';').next().unwrap_or_default()
}
