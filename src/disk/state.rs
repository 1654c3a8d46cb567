//! The lock and the journal as they stand in the output directory.
//!
//! In: the directory. Out: both, parsed, or a `LockError`. It must not know what is decided from them.

use std::collections::BTreeMap;

use anyhow::Result;

use super::digest::Digest;
use super::journal::Journal;
use super::lock::{Lock, LockEntry, LockError};
use super::root::{Found, Root};
use super::skeleton::Tracked;
use super::temporary;
use crate::rel_path::RelPath;

pub(super) const LOCK_PATH: &str = ".stacktic/lock.json";
pub(super) const JOURNAL_PATH: &str = ".stacktic/journal.json";

/// What stacktic remembers of its earlier runs.
#[derive(Default)]
pub(super) struct State {
    pub(super) lock: Lock,
    pub(super) lock_bytes: Option<Vec<u8>>,
    pub(super) journal: Option<Journal>,
    /// Which of the two an interrupted run left half written.
    half_written: Vec<RelPath>,
}

impl State {
    pub(super) fn load(root: &mut Root) -> Result<Self> {
        let lock_bytes = read(root, LOCK_PATH)?;
        let lock = lock_bytes.as_deref().map(Lock::parse).transpose()?.unwrap_or_default();
        let journal = read(root, JOURNAL_PATH)?.as_deref().map(Journal::parse).transpose()?;
        let mut half_written = Vec::new();
        for path in [LOCK_PATH, JOURNAL_PATH] {
            let path = RelPath::parse(path).map_err(LockError)?;
            let temporary = RelPath::parse(&temporary::path(&path)).map_err(LockError)?;
            if matches!(root.look(&temporary)?, Found::File { .. } | Found::LargeFile) {
                half_written.push(path);
            }
        }
        Ok(Self {
            lock,
            lock_bytes,
            journal,
            half_written,
        })
    }

    pub(super) fn was_interrupted(&self) -> bool {
        self.journal.is_some() || !self.half_written.is_empty()
    }

    /// Paths that an interrupted run may have left half-written files for.
    pub(super) fn half_written(&self) -> Vec<RelPath> {
        let journal = self.journal.iter().flat_map(|journal| journal.files.keys());
        self.half_written.iter().chain(journal).cloned().collect()
    }

    /// Every path that the lock or the journal lists, with the newest entry.
    pub(super) fn paths(&self) -> BTreeMap<&RelPath, &LockEntry> {
        let journal = self.journal.iter().flat_map(|journal| &journal.files);
        let meant = journal.filter_map(|(path, entries)| Some((path, entries.iter().flatten().last()?)));
        meant.chain(&self.lock.files).collect()
    }

    /// What the lock says of `path`, or the journal where the file is what an interrupted run meant to write instead.
    pub(super) fn entry(&self, path: &RelPath, contents: Option<Digest>) -> Option<&LockEntry> {
        let wrote = |entry: &&LockEntry| Some(entry.sha256) == contents;
        let locked = self.lock.files.get(path);
        locked.filter(wrote).or_else(|| self.meant(path).find(wrote)).or(locked)
    }

    /// An interrupted run meant to take the file away, so that the lock says nothing of a path without one.
    pub(super) fn took_away(&self, path: &RelPath) -> bool {
        self.journal.as_ref().is_some_and(|journal| journal.takes_away(path))
    }

    /// The file is as stacktic last wrote it, or as an interrupted run did.
    pub(super) fn wrote(&self, path: &RelPath, contents: Digest) -> bool {
        let is_locked = self.lock.files.get(path).is_some_and(|entry| entry.sha256 == contents);
        is_locked
            || self
                .journal
                .as_ref()
                .is_some_and(|journal| journal.wrote(path, contents))
    }

    /// The keys that stacktic may have put into a secret file.
    pub(super) fn tracked(&self, path: &RelPath) -> Tracked {
        let mut tracked = Tracked::new();
        for entry in self.lock.files.get(path).into_iter().chain(self.meant(path)) {
            for (key, value) in entry.keys.iter().flatten() {
                tracked.entry(key.clone()).or_default().insert(value.clone());
            }
        }
        tracked
    }

    fn meant(&self, path: &RelPath) -> impl Iterator<Item = &LockEntry> {
        self.journal.iter().flat_map(|journal| journal.entries(path))
    }
}

fn read(root: &mut Root, path: &str) -> Result<Option<Vec<u8>>> {
    let path = RelPath::parse(path).map_err(LockError)?;
    match root.look(&path)? {
        Found::Absent => Ok(None),
        Found::File { bytes, .. } => Ok(Some(bytes)),
        Found::LargeFile => Err(LockError(format!("`{path}` is too large to be stacktic's")).into()),
        Found::Obstacle(obstacle) => Err(LockError(format!("could not read `{path}`: {obstacle}")).into()),
    }
}
