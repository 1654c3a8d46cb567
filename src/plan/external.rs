//! ExternalSecrets: objects that have an operator make Secrets of values in a store.
//!
//! A value stands once in the store, however many Secrets hold it: under the file and key of whoever makes it. What a Secret holds
//! besides values (a prefix, an address around a password, digests) is put together by a template of the object.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::secrets::{self, PlannedSecret};
use crate::layout::NAMESPACES;
use crate::stack::{Maker, SecretText, SecretValue, Stack, TextPart};
use crate::tree::{Holds, SkeletonKey};
use crate::view;

/// Where a value lies in the store: the path of its entry, and the property.
type Place = (String, String);

/// Items for `hooks/kustomize`, one for each Secret of the stack.
pub(super) fn items(stack: &Stack) -> anyhow::Result<Vec<Json>> {
    let mut all = Vec::new();
    for component in stack.deployed() {
        let labels = view::label_pairs(stack, component);
        for secret in secrets::secrets(stack, component)? {
            all.push((component.name.to_string(), labels.clone(), secret));
        }
    }
    for secret in secrets::shared(stack)? {
        all.push((NAMESPACES.to_owned(), view::shared_label_pairs(stack), secret));
    }
    let homes = homes(stack, &all);
    // What is no component's lies with the namespaces, which are there before anybody can make a Secret: where the stack brings who
    // makes them, it lies with the last of those.
    let makers = stack.makers_of_secrets();
    let shared = makers.last().map_or(NAMESPACES, |maker| maker.as_str());
    let items = all.iter().map(|(folder, labels, secret)| {
        let mut item = item(stack, folder, labels, secret, &homes);
        if folder == NAMESPACES {
            item["component"] = json!(shared);
        }
        item
    });
    Ok(items.collect())
}

fn item(stack: &Stack, folder: &str, labels: &Json, secret: &PlannedSecret, homes: &BTreeMap<&str, Place>) -> Json {
    let mut item = secrets::item(secret);
    let own = path(stack, folder, secret);
    let mut entry = Entry {
        homes,
        values: BTreeMap::new(),
    };
    let templates: Vec<Json> = secret
        .keys
        .iter()
        .map(|key| json!({ "key": key.key, "text": entry.text(&own, key) }))
        .collect();
    let values = entry.values.iter();
    let values: Vec<Json> = values
        .map(|((path, property), name)| json!({ "name": name, "path": path, "property": property }))
        .collect();
    item["component"] = json!(folder);
    item["stack"] = json!(stack.name);
    item["own_labels"] = labels.clone();
    item["values"] = json!(values);
    item["templates"] = json!(templates);
    item
}

fn path(stack: &Stack, folder: &str, secret: &PlannedSecret) -> String {
    format!("{}/{folder}/{}", stack.name, secret.file.trim_end_matches(".env"))
}

/// The place of each value: where it is made, or else the first that holds it.
fn homes<'a>(stack: &Stack, all: &'a [(String, Json, PlannedSecret)]) -> BTreeMap<&'a str, Place> {
    let mut homes: BTreeMap<&str, (bool, Place)> = BTreeMap::new();
    for (folder, _, secret) in all {
        for key in &secret.keys {
            let Holds::Secret(text) = &key.holds else { continue };
            for value in text.values() {
                let place = (path(stack, folder, secret), key.key.clone());
                let is_maker = value.maker != Maker::Known;
                let known = homes.entry(&value.id).or_insert_with(|| (is_maker, place.clone()));
                if is_maker && !known.0 {
                    *known = (true, place);
                }
            }
        }
    }
    homes.into_iter().map(|(id, (_, place))| (id, place)).collect()
}

/// One object: the values that it fetches, under the names that its templates know them by.
struct Entry<'a> {
    homes: &'a BTreeMap<&'a str, Place>,
    values: BTreeMap<Place, String>,
}

impl Entry<'_> {
    /// What stands under a key, as a template; `own` is the path of its Secret in the store.
    fn text(&mut self, own: &str, key: &SkeletonKey) -> String {
        match &key.holds {
            Holds::Prefilled => key.value.clone(),
            Holds::Secret(text) => self.composed(text),
            // Nobody in the stack has a key: those of others stand in the store as they are.
            Holds::Digests(entries) if entries.is_empty() => self.fetched((own.to_owned(), key.key.clone()), ""),
            Holds::Digests(entries) => {
                let entries = entries.iter();
                let digests = entries.map(|(name, value)| format!("{name}:{}", self.value(value, " | sha256sum")));
                digests.collect::<Vec<_>>().join(",")
            }
        }
    }

    fn composed(&mut self, text: &SecretText) -> String {
        let parts = text.0.iter().map(|part| match part {
            TextPart::Plain(plain) => plain.clone(),
            TextPart::Value(value) => self.value(value, ""),
        });
        parts.collect()
    }

    fn value(&mut self, value: &SecretValue, filter: &str) -> String {
        self.homes
            .get(value.id.as_str())
            .cloned()
            .map_or_else(String::new, |place| self.fetched(place, filter))
    }

    /// The name that the value at `place` is fetched under, in a template.
    fn fetched(&mut self, place: Place, filter: &str) -> String {
        let number = self.values.len() + 1;
        let name = self.values.entry(place).or_insert_with(|| format!("value_{number}"));
        format!("{{{{ .{name}{filter} }}}}")
    }
}
