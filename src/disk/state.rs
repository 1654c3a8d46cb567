//! The lock and the journal as they stand in the output directory.
//!
//! In: the directory. Out: both, parsed, or a `LockError`; and both written. It must not know what is decided from them.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::conflict;
use super::digest::Digest;
use super::journal::Journal;
use super::lock::{Lock, LockEntry, LockError, Locks};
use super::orphans::IGNORE;
use super::root::{Found, Parent, Root, stamp_at};
use super::steps::Steps;
use super::temporary;
use super::tracked::Tracked;
use super::write::{self, Onto, Target};
use crate::rel_path::RelPath;
use crate::topology::caps::{MAX_JOURNAL_BYTES, MAX_LOCK_BYTES};
use crate::tree::{Changes, Leftover, STATE_DIR};

pub(super) const LOCK_PATH: &str = ".stacktic/lock.json";
pub(super) const JOURNAL_PATH: &str = ".stacktic/journal.json";

/// What stacktic remembers of its earlier runs.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) lock: Lock,
    pub(super) lock_bytes: Option<Vec<u8>>,
    /// The lock of the branch that is being merged.
    theirs: Option<Lock>,
    pub(super) journal: Option<Journal>,
    pub(super) journal_bytes: Option<Vec<u8>>,
    /// Which of the two an interrupted run left half written.
    half_written: Vec<RelPath>,
}

/// All that a run says of itself to others.
struct Seen {
    lock: Option<Vec<u8>>,
    journal: Option<Vec<u8>>,
    half_written: Vec<RelPath>,
}

impl Seen {
    fn read(root: &mut Root) -> Result<Self> {
        let mut half_written = Vec::new();
        for path in [LOCK_PATH, JOURNAL_PATH] {
            let path = RelPath::parse(path).map_err(LockError)?;
            let name = temporary::name(&path);
            let shown = root.show(&temporary::beside(&path, &name));
            let Parent::Directory(parent) = root.parent(&path)? else {
                continue;
            };
            let stamp = stamp_at(parent, &name).with_context(|| format!("could not read {shown}"))?;
            half_written.extend(stamp.map(|_| path));
        }
        Ok(Self {
            lock: read(root, LOCK_PATH, MAX_LOCK_BYTES)?,
            journal: read(root, JOURNAL_PATH, MAX_JOURNAL_BYTES)?,
            half_written,
        })
    }
}

impl State {
    pub(super) fn load(root: &mut Root) -> Result<Self> {
        let Seen {
            lock,
            journal,
            half_written,
        } = Seen::read(root)?;
        let Locks { lock: of_us, theirs } = lock.as_deref().map(Locks::parse).transpose()?.unwrap_or_default();
        Ok(Self {
            lock: of_us,
            theirs,
            lock_bytes: lock,
            journal: journal.as_deref().map(Journal::parse).transpose()?,
            journal_bytes: journal,
            half_written,
        })
    }

    pub(super) fn was_interrupted(&self) -> bool {
        self.journal.is_some() || !self.half_written.is_empty()
    }

    /// Paths beside which an interrupted run may have left temporary files.
    pub(super) fn in_hand(&self) -> Vec<RelPath> {
        let written = self.journal.iter().flat_map(|journal| journal.files.keys());
        let moved = self.journal.iter().flat_map(|journal| journal.moved.keys());
        let ignore = RelPath::parse(IGNORE).ok();
        let beside_files = self.half_written.iter().chain(written).chain(moved);
        beside_files
            .cloned()
            .chain(ignore.filter(|_| self.journal.is_some()))
            .collect()
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
        let locks = [Some(&self.lock), self.theirs.as_ref()];
        let mut locked = locks.into_iter().flatten().filter_map(|lock| lock.files.get(path));
        let meant = self.journal.as_ref();
        locked.any(|entry| entry.sha256 == contents) || meant.is_some_and(|journal| journal.wrote(path, contents))
    }

    /// The file holds marks of git's, and stacktic wrote what it was on either side.
    pub(super) fn wrote_sides(&self, path: &RelPath, contents: &[u8]) -> bool {
        let sides = self.theirs.as_ref().and_then(|_| conflict::sides(contents));
        sides.is_some_and(|sides| sides.iter().all(|side| self.wrote(path, Digest::of(side))))
    }

    /// Both branches of a merge changed what stacktic wrote at `path`.
    pub(super) fn is_merged(&self, path: &RelPath) -> bool {
        let theirs = self.theirs.as_ref().and_then(|theirs| theirs.files.get(path));
        let digest = |entry: &LockEntry| entry.sha256;
        theirs.map(digest) != self.lock.files.get(path).map(digest) && theirs.is_some()
    }

    /// The keys that stacktic may have put into a secret file.
    pub(super) fn tracked(&self, path: &RelPath) -> Tracked {
        let mut tracked = Tracked::default();
        let locked = self.lock.files.get(path).into_iter().map(|entry| (entry, true));
        for (entry, is_locked) in locked.chain(self.meant(path).map(|entry| (entry, false))) {
            entry.keys.iter().for_each(|keys| tracked.add(keys, is_locked));
        }
        tracked
    }

    /// Where an interrupted run moved what stood at `path`, or values of it.
    pub(super) fn moved_from(&self, path: &RelPath) -> impl Iterator<Item = &RelPath> {
        let moved = self.journal.iter().flat_map(|journal| &journal.moved);
        moved.filter(move |(_, from)| *from == path).map(|(orphan, _)| orphan)
    }

    /// The path holds, or was meant to hold, values of secrets.
    pub(super) fn is_secret(&self, path: &RelPath) -> bool {
        let mut entries = self.lock.files.get(path).into_iter().chain(self.meant(path));
        entries.any(|entry| entry.keys.is_some())
    }

    /// The user let an interrupted run write over these contents.
    pub(super) fn may_overwrite(&self, path: &RelPath, contents: Digest) -> bool {
        let overwritten = self.journal.as_ref().and_then(|journal| journal.overwritten.get(path));
        overwritten.is_some_and(|digests| digests.contains(&contents))
    }

    /// What an interrupted run, or one of a branch that is being merged, says of `path` instead of the lock.
    fn meant(&self, path: &RelPath) -> impl Iterator<Item = &LockEntry> {
        let theirs = self.theirs.iter().filter_map(|theirs| theirs.files.get(path));
        theirs.chain(self.journal.iter().flat_map(|journal| journal.entries(path)))
    }
}

/// The folder of stacktic.
pub(super) fn ensure_directory(root: &mut Root, steps: &mut Steps<'_>) -> Result<()> {
    match root.ensure_directory(STATE_DIR, &mut || steps.take())? {
        Parent::Directory(_) => Ok(()),
        Parent::Absent => bail!("{} went away", root.show(STATE_DIR)),
        Parent::Obstacle(obstacle) => bail!("{obstacle}"),
    }
}

/// Changes are worked out from the lock, from the journal and from what lies beside them; another run may have written any of
/// these since, even one that was killed before it came to the lock.
pub(super) fn is_unchanged(changes: &Changes<'_>, root: &mut Root) -> Result<bool> {
    let now = Seen::read(root)?;
    let is_beside = |leftover: &Leftover| [LOCK_PATH, JOURNAL_PATH].contains(&leftover.path.as_str());
    let beside = changes
        .half_done
        .iter()
        .filter(|leftover| is_beside(leftover))
        .map(|leftover| &leftover.path);
    Ok(now.lock == changes.lock_before && now.journal == changes.journal_before && now.half_written.iter().eq(beside))
}

pub(super) fn ensure_unchanged(changes: &Changes<'_>, root: &mut Root) -> Result<()> {
    let is_unchanged = is_unchanged(changes, root)?;
    ensure!(
        is_unchanged,
        "another run changed {} meanwhile; run again",
        root.show(STATE_DIR)
    );
    Ok(())
}

/// What is written is read again: by the next run, or by the one that completes this one.
pub(super) fn ensure_readable(lock: &[u8], journal: &[u8]) -> Result<()> {
    ensure!(
        lock.len() <= MAX_LOCK_BYTES,
        "`{LOCK_PATH}` would have {} bytes, and {MAX_LOCK_BYTES} are read; split the stack, and name the other half's \
         services `external`",
        lock.len()
    );
    ensure!(
        journal.len() <= MAX_JOURNAL_BYTES,
        "`{JOURNAL_PATH}` would have {} bytes, and {MAX_JOURNAL_BYTES} are read, because several runs in a row were \
         interrupted; complete the last of them with the stack that it was for",
        journal.len()
    );
    Ok(())
}

/// Writes the lock or the journal.
pub(super) fn write(root: &mut Root, path: &str, contents: &[u8], steps: &mut Steps<'_>) -> Result<()> {
    let path = RelPath::parse(path).map_err(anyhow::Error::msg)?;
    let shown = root.show(path.as_str());
    let Parent::Directory(parent) = root.parent(&path)? else {
        bail!("the directory of {shown} went away")
    };
    let target = Target {
        parent,
        path: &path,
        shown,
        onto: Onto::State,
        is_secret: false,
    };
    write::write(&target, contents, steps)
}

fn read(root: &mut Root, path: &str, most: usize) -> Result<Option<Vec<u8>>> {
    let path = RelPath::parse(path).map_err(LockError)?;
    match root.look_up_to(&path, most)? {
        Found::Absent => Ok(None),
        Found::File { bytes, .. } => Ok(Some(bytes)),
        Found::LargeFile { .. } => Err(LockError(format!("`{path}` is too large to be stacktic's")).into()),
        Found::Obstacle(obstacle) => Err(LockError(format!("could not read `{path}`: {obstacle}")).into()),
    }
}
