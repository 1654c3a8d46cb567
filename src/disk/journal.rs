//! `.stacktic/journal.json`: what a run is about to write and to take away, kept only while it writes.
//!
//! In: the lock before and after, and the journal that an interrupted run left. Out: the next journal's bytes; and the answers
//! whether the interrupted run wrote a file that the lock does not know, or took away one that the lock still lists. It must
//! not know files or directories.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::digest::Digest;
use super::lock::{self, Files, Lock, LockEntry, LockError};
use super::orphans::ORPHANS;
use crate::rel_path::RelPath;
use crate::tree::{Action, Change};

const NAME: &str = "journal.json";

/// What runs meant to leave at a path; `None` (`null` in the file) for nothing. Several entries a path, because several runs
/// in a row may be interrupted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) files: BTreeMap<RelPath, Vec<Option<LockEntry>>>,
    /// Where a run moves files with a user's work in them, and whence. They are named until a run ends.
    pub(super) moved: BTreeMap<RelPath, RelPath>,
    /// Edited files that the user lets a run write over: what they hold is no loss.
    pub(super) overwritten: BTreeMap<RelPath, BTreeSet<Digest>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "version", deserialize_with = "lock::known")]
    _version: (),
    files: Files<Vec<Option<LockEntry>>>,
    #[serde(default)]
    moved: Files<RelPath>,
    #[serde(default)]
    overwritten: Files<BTreeSet<Digest>>,
}

impl Journal {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LockError> {
        let Document {
            files,
            moved,
            overwritten,
            ..
        } = lock::parse(bytes, NAME)?;
        let below = format!("{ORPHANS}/");
        match moved.0.keys().find(|orphan| !orphan.as_str().starts_with(&below)) {
            Some(orphan) => Err(lock::fault(NAME, &format_args!("`{orphan}` is not below `{ORPHANS}`"))),
            None => Ok(Self {
                files: files.0,
                moved: moved.0,
                overwritten: overwritten.0,
            }),
        }
    }

    pub(super) fn render(&self) -> Vec<u8> {
        lock::render(&[
            lock::section("files", &self.files),
            lock::section("moved", &self.moved),
            lock::section("overwritten", &self.overwritten),
        ])
    }

    /// What `self`, left by an interrupted run, becomes for a run that writes some files and then the lock `after`.
    pub(super) fn next(mut self, before: &Lock, after: &Lock, is_written: &dyn Fn(&RelPath) -> bool) -> Self {
        for (path, entry) in &after.files {
            // A file that is written as before is listed too: it may be half written when the run is interrupted.
            let is_listed = before.files.get(path) != Some(entry) || is_written(path);
            if is_listed {
                self.list(path, Some(entry));
            }
        }
        for path in before.files.keys().filter(|path| !after.files.contains_key(*path)) {
            self.list(path, None);
        }
        for (path, entries) in &mut self.files {
            if after.files.contains_key(path) && !is_written(path) {
                // It stands there after all, and whoever takes it away from now on is the user.
                entries.retain(Option::is_some);
            }
        }
        self.files.retain(|_, entries| !entries.is_empty());
        self
    }

    /// An edited file that the user lets a run write over. Of secrets no digest is kept: a short value could be guessed from it.
    pub(super) fn allow(&mut self, change: &Change<'_>) {
        let contents = change
            .contents
            .filter(|_| change.action == Action::OverwriteEdited && !change.secret);
        if let Some(contents) = contents {
            let digests = self.overwritten.entry(change.path.clone()).or_default();
            digests.insert(Digest::from(contents));
        }
    }

    fn list(&mut self, path: &RelPath, entry: Option<&LockEntry>) {
        let entries = self.files.entry(path.clone()).or_default();
        if !entries.iter().any(|listed| listed.as_ref() == entry) {
            entries.push(entry.cloned());
        }
    }

    /// What the interrupted run meant to write at `path`, the newest last.
    pub(super) fn entries(&self, path: &RelPath) -> impl Iterator<Item = &LockEntry> {
        self.files.get(path).into_iter().flatten().flatten()
    }

    pub(super) fn wrote(&self, path: &RelPath, contents: Digest) -> bool {
        self.entries(path).any(|entry| entry.sha256 == contents)
    }

    /// The interrupted run meant to leave nothing at `path`.
    pub(super) fn takes_away(&self, path: &RelPath) -> bool {
        self.files.get(path).is_some_and(|entries| entries.contains(&None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Class;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    fn lock(files: &[(&str, &str)]) -> Lock {
        let entry = |why: &str| LockEntry {
            sha256: Digest::of(why.as_bytes()),
            class: Class::Owned,
            why: why.to_owned(),
            keys: None,
        };
        Lock {
            files: files.iter().map(|(at, why)| (path(at), entry(why))).collect(),
        }
    }

    #[test]
    fn keeps_what_every_interrupted_run_meant_to_write() {
        let before = lock(&[("a", "1"), ("b", "1")]);
        let first = Journal::default().next(&before, &lock(&[("a", "2"), ("b", "1"), ("c", "1")]), &|_| false);
        assert_eq!(first.files.keys().map(RelPath::as_str).collect::<Vec<_>>(), ["a", "c"]);
        let first = Journal::parse(&first.render()).unwrap();
        let second = first
            .clone()
            .next(&before, &lock(&[("a", "3"), ("a2", "1"), ("b", "1")]), &|_| false);
        assert!(
            ["2", "3"]
                .iter()
                .all(|text| second.wrote(&path("a"), Digest::of(text.as_bytes())))
        );
        assert!(!second.wrote(&path("a"), Digest::of(b"1")), "the lock already knows it");
        assert!(second.wrote(&path("c"), Digest::of(b"1")) && !second.wrote(&path("b"), Digest::of(b"1")));
        let after = lock(&[("a", "3"), ("b", "1")]);
        assert_eq!(
            second.clone().next(&before, &after, &|at| *at == path("a")),
            second,
            "nothing is listed twice"
        );
    }

    #[test]
    fn remembers_what_goes_until_it_is_seen_again() {
        let (both, one) = (lock(&[("a", "1"), ("b", "1")]), lock(&[("a", "1")]));
        let journal = Journal::default().next(&both, &one, &|_| false);
        assert!(journal.takes_away(&path("b")) && !journal.takes_away(&path("a")));
        assert_eq!((journal.entries(&path("b")).count(), journal.files.len()), (0, 1));
        let text = String::from_utf8(journal.render()).unwrap();
        assert!(text.contains("\"b\": [null]"), "{text}");
        let journal = Journal::parse(text.as_bytes()).unwrap();
        let still_gone = journal.clone().next(&both, &one, &|_| false);
        assert_eq!(still_gone, journal, "nothing is listed twice");
        let written = journal.clone().next(&both, &both, &|_| true);
        assert!(written.takes_away(&path("b")) && written.wrote(&path("b"), Digest::of(b"1")));
        let seen = journal.next(&both, &both, &|_| false);
        assert_eq!(seen, Journal::default());
    }
}
