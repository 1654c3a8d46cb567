//! Rule: a key of an environment names a fact that the interface has, shows no secret, and steers no process.

use std::collections::BTreeMap;

use super::{Path, below, borrowed};
use crate::catalog::check::variables::Variables;
use crate::catalog::check::{Held, steered};
use crate::catalog::{Interface, KeyValue, pattern};
use crate::fault::Code::{E_CATALOG_ENV, E_CATALOG_LINK};
use crate::finding::suggestion;

/// The keys of a slot or a pair, which stand behind the prefix of the link.
pub(super) fn suffixes<T>(held: &mut Held<'_, T>, base: &[String], keys: Option<&BTreeMap<String, KeyValue>>) {
    for key in keys.into_iter().flatten().map(|(key, _)| key) {
        let path = below(base, &["keys", key]);
        if !is_key(key) {
            let fact = format!("`{key}` cannot stand behind the prefix of a link");
            held.blame_key(E_CATALOG_ENV, &borrowed(&path), fact, "write A-Z, 0-9 and _: `HOST`");
        }
        steers(held, &path, key);
    }
}

/// Tell a key that some program would read.
pub(super) fn steers<T>(held: &mut Held<'_, T>, path: &[String], key: &str) {
    if let Some(who) = steered(key) {
        let fact = format!("`{key}` steers {who}");
        held.blame_key(
            E_CATALOG_ENV,
            &borrowed(path),
            fact,
            "take a key that only the program itself reads",
        );
    }
}

/// `[A-Z_][A-Z0-9_]*`.
pub(super) fn is_key(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.bytes().all(legal) && !text.starts_with(|first: char| first.is_ascii_digit())
}

/// Where keys stand, and what they may name.
pub(super) struct Given<'a> {
    pub(super) interface: &'a Interface,
    pub(super) variables: &'a Variables,
}

impl Given<'_> {
    /// The values of keys; `base` is the mapping that holds them.
    pub(super) fn values<T>(&self, held: &mut Held<'_, T>, base: &[String], keys: &BTreeMap<String, KeyValue>) {
        for (key, value) in keys {
            let path = below(base, &[key]);
            match value {
                KeyValue::Text(text) if text.contains(['{', '}']) => self.pattern(held, &path, key, text),
                KeyValue::Text(fact) => self.fact(held, &path, fact),
                KeyValue::Secret(composed) => self.secret(held, &below(&path, &["secret"]), key, &composed.secret),
            }
        }
    }

    /// A fact that is named by itself.
    pub(super) fn fact<T>(&self, held: &mut Held<'_, T>, path: &[String], fact: &str) {
        let known: Vec<&str> = self.interface.facts.keys().map(String::as_str).collect();
        if !known.contains(&fact) {
            let hint = suggestion(fact, &known).unwrap_or_else(|| "it has no facts at all".to_owned());
            let told = format!("the interface `{}` has no fact `{fact}`", self.interface.interface);
            held.blame(E_CATALOG_LINK, &borrowed(path), told, hint);
        }
    }

    /// A plain text over facts and variables.
    fn pattern<T>(&self, held: &mut Held<'_, T>, path: &Path, key: &str, text: &str) {
        let is_secret = |name: &&str| self.interface.facts.get(*name).is_some_and(|fact| fact.secret);
        if let Some(name) = pattern::variables(text).find(is_secret) {
            let fact = format!("the key `{key}` shows the secret `{name}`");
            let hint = format!("write `{{secret: \"{text}\"}}`, or a key of its own for the secret");
            held.blame(E_CATALOG_LINK, &borrowed(path), fact, hint);
            return;
        }
        let mut all = self.variables.clone();
        for fact in self.interface.facts.keys() {
            all = all.and(fact);
        }
        all.check(held, path, text);
    }

    /// A secret made of facts.
    fn secret<T>(&self, held: &mut Held<'_, T>, path: &Path, key: &str, text: &str) {
        let facts = &self.interface.facts;
        let mut only = Variables::none();
        for fact in facts.keys() {
            only = only.and(fact);
        }
        let names: Vec<&str> = pattern::variables(text).collect();
        let is_known = names.iter().all(|name| only.has(name));
        only.check(held, path, text);
        let holds_secret = names
            .iter()
            .any(|name| facts.get(*name).is_some_and(|fact| fact.secret));
        if is_known && !holds_secret {
            let fact = format!("the secret `{key}` is made of nothing secret");
            held.blame(
                E_CATALOG_LINK,
                &borrowed(path),
                fact,
                "write it without `secret:`, or name a secret fact",
            );
        }
    }
}
