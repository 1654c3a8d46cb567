//! The kinds of entries, and what may be asked of an entry of any kind.

use std::path::Path;

use super::Catalog;
use super::entry::Written;
use super::store::{Definition, Store};
use crate::contents::Contents;

/// The kinds of entries, in the order of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Type,
    Interface,
    Convention,
    Pair,
    Hook,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Type, Self::Interface, Self::Convention, Self::Pair, Self::Hook];

    /// The kind that is called `word`.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Interface => "interface",
            Self::Convention => "convention",
            Self::Pair => "pair",
            Self::Hook => "hook",
        }
    }

    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Type => "Component types",
            Self::Interface => "Interfaces",
            Self::Convention => "Conventions",
            Self::Pair => "Pairs with something of their own",
            Self::Hook => "Hooks",
        }
    }
}

/// The entries of one kind, whatever they say.
pub(super) trait Entries {
    fn names_below<'a>(&'a self, folder: Option<&'a Path>) -> Vec<&'a str>;
    fn written(&self, name: &str) -> anyhow::Result<Option<Written>>;
    fn beside(&self, name: &str, file: &str) -> Option<(String, Contents)>;
}

impl<T: Definition> Entries for Store<T> {
    fn names_below<'a>(&'a self, folder: Option<&'a Path>) -> Vec<&'a str> {
        Self::names_below(self, folder).collect()
    }

    fn written(&self, name: &str) -> anyhow::Result<Option<Written>> {
        Self::written(self, name)
    }

    fn beside(&self, name: &str, file: &str) -> Option<(String, Contents)> {
        self.file(name, file)
    }
}

impl Catalog {
    /// Names of the entries of a kind that lie below `folder`, sorted; of all without one.
    #[must_use]
    pub fn names_below<'a>(&'a self, kind: Kind, folder: Option<&'a Path>) -> Vec<&'a str> {
        self.entries(kind).names_below(folder)
    }

    /// The text of an entry; nothing where it is no YAML.
    ///
    /// # Errors
    /// The entry cannot be read.
    pub fn written(&self, kind: Kind, name: &str) -> anyhow::Result<Option<Written>> {
        self.entries(kind).written(name)
    }

    /// A file beside an entry, with its place.
    #[must_use]
    pub fn beside(&self, kind: Kind, name: &str, file: &str) -> Option<(String, Contents)> {
        self.entries(kind).beside(name, file)
    }

    fn entries(&self, kind: Kind) -> &dyn Entries {
        match kind {
            Kind::Type => &self.component_types,
            Kind::Interface => &self.interfaces,
            Kind::Convention => &self.conventions,
            Kind::Pair => &self.pairs,
            Kind::Hook => &self.hooks,
        }
    }
}
