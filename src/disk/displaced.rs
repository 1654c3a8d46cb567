//! What a run took from its path in order to replace or delete it.
//!
//! In: the file under its temporary name, what was decided about the path. Out: the file deleted, if it is what the decision
//! was about; kept among the orphans if somebody saved it anew in the instant between the last look and the rename.

use std::os::fd::BorrowedFd;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{AtFlags, unlinkat};

use super::digest::Digest;
use super::journal::Journal;
use super::orphans::{self, Planned};
use super::root::{Found, Root, look_at};
use super::state::{self, JOURNAL_PATH};
use super::steps::Steps;
use super::temporary;
use crate::rel_path::RelPath;
use crate::topology::caps::MAX_FILE_BYTES;
use crate::tree::{Change, Changes, Kept};

/// What a run has to move away unforeseen.
pub(super) struct Rescue<'run> {
    out: &'run Path,
    planned: Planned,
    journal: Vec<u8>,
    pub(super) kept: Vec<Kept>,
}

impl<'run> Rescue<'run> {
    pub(super) fn new(changes: &Changes<'_>, out: &'run Path) -> Self {
        let mut planned = Planned::default();
        let leftovers = changes.half_done.iter().filter_map(|leftover| leftover.orphan.as_ref());
        let orphans = changes.files.iter().filter_map(|change| change.orphan.as_ref());
        orphans.chain(leftovers).for_each(|orphan| planned.take(orphan));
        Self {
            out,
            planned,
            journal: changes.journal.clone(),
            kept: Vec::new(),
        }
    }

    /// Deletes what `change` displaced in `parent`, or keeps it.
    pub(super) fn settle(&mut self, parent: BorrowedFd<'_>, change: &Change<'_>, steps: &mut Steps<'_>) -> Result<()> {
        let name = temporary::displaced(&change.path);
        let found = look_at(parent, &name, &change.path, MAX_FILE_BYTES);
        let found = found.with_context(|| format!("could not read what stood at `{}`", change.path))?;
        if is_as_seen(&found, change) {
            steps.take()?;
            let deleted = unlinkat(parent, &name, AtFlags::empty());
            return deleted.with_context(|| format!("could not delete what stood at `{}`", change.path));
        }
        self.keep(parent, &name, change, steps)
    }

    /// The journal is told first, so that the next run names the file if this one is killed.
    fn keep(&mut self, parent: BorrowedFd<'_>, name: &str, change: &Change<'_>, steps: &mut Steps<'_>) -> Result<()> {
        let mut root = Root::create(self.out)?;
        let path: &RelPath = &change.path;
        let place = self.planned.place(&mut root, path)?;
        let orphan = place.map_err(|obstacle| orphans::refusal(&obstacle))?;
        let mut journal = Journal::parse(&self.journal)?;
        journal.moved.insert(orphan.clone(), path.clone());
        self.journal = journal.render();
        state::write(&mut root, JOURNAL_PATH, &self.journal, steps)?;
        orphans::keep(parent, name, &orphan, change.secret, &mut root, steps)?;
        self.kept.push(Kept {
            path: path.clone(),
            orphan,
            secret: change.secret,
        });
        Ok(())
    }
}

/// It is what was decided about; a file too large to be read is known by its stamp.
fn is_as_seen(found: &Found, change: &Change<'_>) -> bool {
    match found {
        Found::File { bytes, .. } => change.contents == Some(Digest::of(bytes).bytes()),
        Found::LargeFile { stamp } => change.contents.is_none() && change.stamp == Some(*stamp),
        Found::Absent | Found::Obstacle(_) => false,
    }
}
