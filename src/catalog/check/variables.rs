//! The variables that patterns may name: of links those of `stack/scope.rs`, as far as the types of both ends are known; of
//! workloads and jobs those of `plan/variables.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::Held;
use super::patterns::pattern_of;
use crate::catalog::{AttributeType, ComponentType, gives};
use crate::finding::suggestion;
use crate::name::nearest;

/// Names, and beginnings of names where nobody knows what follows.
#[derive(Clone)]
pub(super) struct Variables {
    names: Vec<String>,
    open: Vec<&'static str>,
}

impl Variables {
    pub(super) fn none() -> Self {
        Self {
            names: Vec::new(),
            open: Vec::new(),
        }
    }

    /// What every link has; its ends are added.
    pub(super) fn of_links() -> Self {
        let names = [
            "env",
            "stack",
            "domain",
            "link.object",
            "link.id",
            "link.type",
            gives::PUBLISHED,
        ];
        Self {
            names: names.map(str::to_owned).into(),
            ..Self::none()
        }
    }

    pub(super) fn and(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    pub(super) fn and_all(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names);
        self
    }

    /// One end: `from` or `to`. Of a type that is not known the names of all components are.
    pub(super) fn end(mut self, word: &str, kind: Option<&ComponentType>) -> Self {
        for name in ["name", "type", "namespace", "group", "object", "host", "port"] {
            self.names.push(format!("{word}.{name}"));
        }
        self.attributes(word, kind.map(|kind| &kind.attributes));
        self
    }

    /// What the sub-components at one end have, of any of these types.
    pub(super) fn subs<'k>(
        mut self,
        word: &str,
        kind: &ComponentType,
        types: impl IntoIterator<Item = &'k String>,
    ) -> Self {
        for name in types {
            self.names.extend([format!("{word}.name"), format!("{word}.object")]);
            match kind.sub_components.get(name) {
                Some(sub) => self.attributes(word, Some(&sub.attributes)),
                // A type that is not there is told by itself.
                None => self.open.push(if word == "sub" { "sub." } else { "from_sub." }),
            }
        }
        self
    }

    /// `{endpoints.http.host}` of the provider.
    pub(super) fn endpoints(mut self, kind: &ComponentType) -> Self {
        let parts = kind.endpoints.keys();
        let parts = parts.flat_map(|name| [format!("endpoints.{name}.host"), format!("endpoints.{name}.port")]);
        self.names.extend(parts);
        self
    }

    /// Beginnings of names of a type that is not known.
    pub(super) fn open(mut self, beginnings: &[&'static str]) -> Self {
        self.open.extend(beginnings);
        self
    }

    fn attributes(&mut self, word: &str, types: Option<&BTreeMap<String, AttributeType>>) {
        let plain = types.into_iter().flatten().filter(|(_, kind)| kind.has_text());
        self.names.extend(plain.map(|(name, _)| format!("{word}.{name}")));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name) || self.open.iter().any(|beginning| name.starts_with(beginning))
    }

    /// Tell the first thing that is wrong with a pattern.
    pub(super) fn check<T>(&self, held: &mut Held<'_, T>, path: &[String], text: &str) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        pattern_of(held, &path, text, &|name| self.has(name), &|name| self.near(name));
    }

    /// The name that was meant, or those that begin as it does.
    fn near(&self, name: &str) -> String {
        let all: Vec<&str> = self.names.iter().map(String::as_str).collect();
        if let Some(meant) = nearest(name, all.iter().copied()) {
            return format!("did you mean `{meant}`?");
        }
        let word = name.split('.').next().unwrap_or_default();
        let begins = |known: &&str| known.split('.').next() == Some(word) && known.contains('.');
        let alike: Vec<&str> = all.iter().copied().filter(begins).collect();
        if !alike.is_empty() {
            return suggestion(name, &alike).unwrap_or_default();
        }
        let words: BTreeSet<String> = all
            .iter()
            .map(|known| known.split_inclusive('.').next().unwrap_or_default().to_owned())
            .collect();
        let words: Vec<String> = words
            .iter()
            .map(|word| format!("`{word}{}`", if word.ends_with('.') { "…" } else { "" }))
            .collect();
        format!("one of {}", words.join(", "))
    }
}
