//! One run's view of the output directory.
//!
//! In: the directory and whether the run writes. Out: the comparison with a tree and the write, with no other run in between.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Options;
use super::apply::apply;
use super::diff::diff;
use super::hold::{self, Hold, Kind};
use super::root::{Found, Root};
use super::state;
use super::steps::Steps;
use crate::rel_path::RelPath;
use crate::tree::{Changes, Kept, Tree};

/// What a run is here for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Look,
    Write,
}

/// The output directory. As long as it lives, no other run writes to it.
pub struct Output {
    path: PathBuf,
    purpose: Purpose,
    /// `None` while there is no folder of stacktic to hold.
    hold: Option<Hold>,
}

impl Output {
    /// `on_wait` is called before a wait for another run.
    pub fn open(path: &Path, purpose: Purpose, on_wait: &mut dyn FnMut()) -> Result<Self> {
        let kind = match purpose {
            Purpose::Look => Kind::Shared,
            Purpose::Write => Kind::Alone,
        };
        Ok(Self {
            path: path.to_owned(),
            purpose,
            hold: hold::take(path, kind, on_wait)?,
        })
    }

    /// Compares `tree` with what is there, for a run that decides on no file.
    ///
    /// # Errors
    /// As `diff`.
    pub fn compare<'tree>(&self, tree: &'tree Tree, producible: &dyn Fn(&RelPath) -> bool) -> Result<Changes<'tree>> {
        diff(tree, &self.path, &Options::default(), producible)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Compares `tree` with what is there.
    ///
    /// `producible` says whether the catalog could ever have produced a path: the second key that a delete needs.
    /// The error is a fault; where the lock is to blame, it is a `LockError` (exit 4).
    pub fn diff<'tree>(
        &mut self,
        tree: &'tree Tree,
        options: &Options,
        producible: &dyn Fn(&RelPath) -> bool,
        on_wait: &mut dyn FnMut(),
    ) -> Result<Changes<'tree>> {
        let path = self.path.clone();
        let compare = || diff(tree, &path, options, producible);
        self.hold_for(compare()?, &compare, on_wait)
    }

    /// The first run here that writes: there was nothing to hold when it compared, and another may have been faster.
    pub(super) fn hold_for<'tree>(
        &mut self,
        changes: Changes<'tree>,
        compare: &dyn Fn() -> Result<Changes<'tree>>,
        on_wait: &mut dyn FnMut(),
    ) -> Result<Changes<'tree>> {
        let writes = self.purpose == Purpose::Write && changes.pending() && !changes.blocks();
        if self.hold.is_some() || !writes {
            return Ok(changes);
        }
        let mut root = Root::create(&self.path)?;
        state::ensure_directory(&mut root, &mut Steps::unlimited())?;
        self.hold = hold::take(&self.path, Kind::Alone, on_wait)?;
        if state::is_unchanged(&changes, &mut root)? {
            Ok(changes)
        } else {
            compare()
        }
    }

    /// Carries out `changes`, or writes nothing where they block. Returns the files that a user saved in the instant in which
    /// they were replaced, and that were kept.
    pub fn apply(self, changes: &Changes<'_>) -> Result<Vec<Kept>> {
        apply(changes, &self.path, &mut Steps::unlimited())
    }

    /// The bytes of the regular file at `path`; `None` where there is no such file.
    pub fn read(&self, path: &RelPath) -> Result<Option<Vec<u8>>> {
        let Some(mut root) = Root::open(&self.path)? else {
            return Ok(None);
        };
        match root.look(path)? {
            Found::File { bytes, .. } => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }
}
