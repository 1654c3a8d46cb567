//! `.stacktic/journal.json`: what a run is about to write, kept only while it writes.
//!
//! In: the lock before and after, and the journal that an interrupted run left. Out: the next journal's bytes; and the answer
//! whether a file that the lock does not know was written by the interrupted run. It must not know files or directories.

use std::collections::BTreeMap;

use super::digest::Digest;
use super::lock::{Lock, LockEntry, LockError, parse_files, render_files};
use crate::rel_path::RelPath;

/// Several entries a path, because several runs in a row may be interrupted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) files: BTreeMap<RelPath, Vec<LockEntry>>,
}

impl Journal {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LockError> {
        Ok(Self {
            files: parse_files(bytes, "journal.json")?,
        })
    }

    pub(super) fn render(&self) -> Vec<u8> {
        render_files(&self.files)
    }

    /// What `self`, left by an interrupted run, becomes for a run that writes some files and then the lock `after`.
    pub(super) fn next(mut self, before: &Lock, after: &Lock, is_written: &dyn Fn(&RelPath) -> bool) -> Self {
        for (path, entry) in &after.files {
            // A file that is written as before is listed too: it may be half written when the run is interrupted.
            let is_listed = before.files.get(path) != Some(entry) || is_written(path);
            if is_listed && !self.entries(path).contains(entry) {
                self.files.entry(path.clone()).or_default().push(entry.clone());
            }
        }
        self
    }

    /// What the interrupted run meant to write at `path`.
    pub(super) fn entries(&self, path: &RelPath) -> &[LockEntry] {
        self.files.get(path).map_or(&[], Vec::as_slice)
    }

    pub(super) fn wrote(&self, path: &RelPath, contents: Digest) -> bool {
        self.entries(path).iter().any(|entry| entry.sha256 == contents)
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
        assert_eq!(
            second.clone().next(&before, &lock(&[("a", "3")]), &|_| true),
            second,
            "nothing is listed twice"
        );
    }
}
