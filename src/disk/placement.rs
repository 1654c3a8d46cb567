//! Which value of a secret file goes under which key.
//!
//! In: the keys that are wanted, the file's entries, and what stacktic knows of its keys. Out: for each wanted key the entry
//! whose value it gets, and the values that nothing wants any more. It must not know how the file is written.
//!
//! A value belongs to what its key stands for, not to its name: it follows a key that is renamed by `env:`, and does not stay
//! under a name that another link has come to use, where it would be handed to the wrong backend.

use std::collections::{BTreeMap, BTreeSet};

use super::dotenv::{Entry, Item};
use super::tracked::Tracked;
use crate::tree::{Skeleton, SkeletonKey};

/// Where the entries of a file go.
pub(super) struct Placement<'run> {
    /// By wanted key.
    sources: BTreeMap<&'run str, Entry<'run>>,
    /// Values that somebody filled in and that no wanted key takes.
    pub(super) aside: Vec<Entry<'run>>,
}

impl<'run> Placement<'run> {
    pub(super) fn new(skeleton: &'run Skeleton, items: &[Item<'run>], tracked: &Tracked) -> Self {
        let file = File {
            entries: entries(items).map(|entry| (entry.key, entry)).collect(),
            wanted: skeleton.keys.iter().map(|key| (key.key.as_str(), key)).collect(),
            tracked,
        };
        let mut placement = Self {
            sources: BTreeMap::new(),
            aside: Vec::new(),
        };
        for wanted in &skeleton.keys {
            let source = file.source(wanted, &placement);
            placement
                .sources
                .extend(source.map(|entry| (wanted.key.as_str(), entry)));
        }
        let used: BTreeSet<&str> = placement.sources.values().map(|entry| entry.key).collect();
        placement.aside = file
            .entries
            .values()
            .filter(|entry| file.is_filled(entry) && file.is_ours(entry.key) && !used.contains(entry.key))
            .copied()
            .collect();
        placement
    }

    /// The entry whose value `key` gets.
    pub(super) fn source(&self, key: &str) -> Option<Entry<'run>> {
        self.sources.get(key).copied()
    }

    /// The wanted key that gets the value of the file's entry `key`.
    pub(super) fn is_source(&self, key: &str) -> bool {
        self.sources.values().any(|entry| entry.key == key)
    }

    /// Old and new names of the keys that were renamed.
    pub(super) fn renamed(&self) -> impl Iterator<Item = (&'run str, &'run str)> {
        let names = self.sources.iter().map(|(new, entry)| (entry.key, *new));
        names.filter(|(old, new)| old != new)
    }
}

/// The file as it stands, beside what is wanted.
struct File<'run, 'known> {
    entries: BTreeMap<&'run str, Entry<'run>>,
    wanted: BTreeMap<&'run str, &'run SkeletonKey>,
    tracked: &'known Tracked,
}

impl<'run> File<'run, '_> {
    /// The value that somebody filled in for what the key stands for, under its name or its former one; else the line as it is.
    fn source(&self, wanted: &SkeletonKey, placed: &Placement<'run>) -> Option<Entry<'run>> {
        let own = self
            .entries
            .get(wanted.key.as_str())
            .filter(|_| self.keeps(&wanted.key))
            .copied();
        let filled = own.filter(|entry| self.is_filled(entry));
        filled.or_else(|| self.former(wanted, placed)).or(own)
    }

    fn former(&self, wanted: &SkeletonKey, placed: &Placement<'run>) -> Option<Entry<'run>> {
        let stood_for = |entry: &&Entry<'run>| self.tracked.stood_for(entry.key, &wanted.of);
        let is_free = |entry: &&Entry<'run>| !self.keeps(entry.key) && !placed.is_source(entry.key);
        let mut former = self.entries.values().filter(stood_for).filter(is_free);
        former.find(|entry| self.is_filled(entry)).copied()
    }

    /// The key is wanted, and for what it stood for before.
    fn keeps(&self, key: &str) -> bool {
        let wanted = self.wanted.get(key);
        wanted.is_some_and(|wanted| !self.tracked.is_reused(key, &wanted.of))
    }

    /// Other keys are the user's own.
    fn is_ours(&self, key: &str) -> bool {
        self.tracked.has(key) || self.wanted.contains_key(key)
    }

    /// Somebody typed the value.
    fn is_filled(&self, entry: &Entry<'run>) -> bool {
        !entry.value.trim().is_empty() && !self.tracked.is_prefilled(entry.key, entry.value)
    }
}

/// The entries among the items.
pub(super) fn entries<'file>(items: &[Item<'file>]) -> impl Iterator<Item = Entry<'file>> {
    items.iter().filter_map(|item| match item {
        Item::Entry(entry) => Some(*entry),
        Item::Comment(_) => None,
    })
}

/// Nobody filled in or wrote anything: what stands there is stacktic's own.
pub(super) fn is_untouched(items: &[Item<'_>], tracked: &Tracked) -> bool {
    let is_empty = |entry: &Entry<'_>| entry.value.trim().is_empty() || tracked.is_prefilled(entry.key, entry.value);
    items.iter().all(|item| match item {
        Item::Comment(line) => line.starts_with(b"#. ") && !line.contains(&b'='),
        Item::Entry(entry) => tracked.has(entry.key) && is_empty(entry),
    })
}
