//! What a run would do to the output directory, path by path. Pure.
//!
//! In: what `disk` found and decided. Out: `Changes`, for `disk` to apply and for the commands to print. Which actions stop a
//! run and which only end it with exit 3 is said here, once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Class;
use crate::rel_path::RelPath;

/// What a run does, or refuses to do, at one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Create,
    /// The file was there before the lock knew it, byte for byte as it should be.
    Adopt,
    Same,
    Update,
    /// An owned file or a secret skeleton went missing and is written again.
    Recreate,
    /// Edited by hand and written over, because `--on-edit overwrite` says so.
    OverwriteEdited,
    /// Edited by hand and left, because `--on-edit keep` says so.
    KeepEdited,
    /// A seeded file is written for the first and only time.
    Seed,
    /// A seeded file is the user's now, whatever they made of it.
    SeedSame,
    /// Keys of a plain secret skeleton come or go.
    SkeletonUpdate,
    /// Keys of a plain secret skeleton go, and values that somebody filled in are kept aside.
    SkeletonSetAside,
    Delete,
    /// Edited by hand and no longer produced: moved away, kept.
    Quarantine,
    /// A path that is no longer produced holds a link, a directory or another thing that is no file.
    LeaveObstacle,
    /// A path that the lock lists, but that the catalog could never have produced.
    LeaveUnproducible,
    /// The keys of an encrypted secret are not those of the links.
    SecretOutOfStep,
    /// A secret file that cannot be read as dotenv.
    SecretUnreadable,
    RefuseForeign,
    RefuseEdited,
    /// A link, a directory or another thing that is no file stands where a file must go.
    RefuseObstacle,
}

impl Action {
    /// The word for it in a plan.
    pub fn label(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Same => "same",
            Self::Update => "update",
            Self::Recreate => "recreate",
            Self::OverwriteEdited => "overwrite edited",
            Self::KeepEdited => "keep edited",
            Self::Seed => "seed",
            Self::SeedSame => "seeded before",
            Self::SkeletonUpdate => "update keys",
            Self::SkeletonSetAside => "update keys, keep old",
            Self::Delete => "delete",
            Self::Quarantine => "quarantine",
            Self::LeaveObstacle => "leave (not a file)",
            Self::LeaveUnproducible => "leave (not producible)",
            Self::SecretOutOfStep => "secret out of step",
            Self::SecretUnreadable => "secret unreadable",
            Self::RefuseForeign => "refuse (foreign file)",
            Self::RefuseEdited => "refuse (edited file)",
            Self::RefuseObstacle => "refuse (in the way)",
        }
    }

    /// Changes the file itself.
    pub fn writes(self) -> bool {
        self.puts_content() || self.removes()
    }

    /// Writes the new content.
    pub fn puts_content(self) -> bool {
        use Action::{Create, OverwriteEdited, Recreate, Seed, SkeletonSetAside, SkeletonUpdate, Update};
        matches!(
            self,
            Create | Update | Recreate | OverwriteEdited | Seed | SkeletonUpdate | SkeletonSetAside
        )
    }

    /// Takes the file away from its path.
    pub fn removes(self) -> bool {
        matches!(self, Self::Delete | Self::Quarantine)
    }

    /// Nothing at all is written while this stands (exit 3).
    pub fn blocks(self) -> bool {
        matches!(self, Self::RefuseForeign | Self::RefuseEdited | Self::RefuseObstacle)
    }

    /// Everything else is written, and the run still ends with exit 3.
    pub fn reports(self) -> bool {
        use Action::{
            LeaveObstacle, LeaveUnproducible, Quarantine, SecretOutOfStep, SecretUnreadable, SkeletonSetAside,
        };
        matches!(
            self,
            SkeletonSetAside | Quarantine | LeaveObstacle | LeaveUnproducible | SecretOutOfStep | SecretUnreadable
        )
    }
}

/// One path of `Changes`.
pub struct Change<'tree> {
    pub path: RelPath,
    pub action: Action,
    pub class: Class,
    pub why: Cow<'tree, str>,
    /// The next step for the user, one or more lines.
    pub note: Option<String>,
    /// A secret file: its contents are never shown.
    pub secret: bool,
    pub(crate) before: Option<Vec<u8>>,
    pub(crate) after: Option<Cow<'tree, [u8]>>,
    /// What the file was when it was looked at, to notice a change made meanwhile.
    pub(crate) stamp: Option<Stamp>,
    /// SHA-256 of what stood there when it was looked at.
    pub(crate) contents: Option<[u8; 32]>,
    /// Where a file that is moved away goes, or the values that go from a secret file.
    pub(crate) orphan: Option<RelPath>,
    /// The file of these values.
    pub(crate) aside: Option<Vec<u8>>,
}

impl Change<'_> {
    /// The contents before, for a preview: of a file that is updated, overwritten, kept, refused or deleted.
    pub fn before(&self) -> Option<&[u8]> {
        self.before.as_deref().filter(|_| !self.secret)
    }

    /// The contents after, for a preview: of every produced file that is not as it should be.
    pub fn after(&self) -> Option<&[u8]> {
        self.after.as_deref().filter(|_| !self.secret)
    }
}

/// Leaves contents out: they are long, and some are secret.
impl fmt::Debug for Change<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} `{}`", self.action.label(), self.path)
    }
}

/// The identity of a file at one moment. The numbers are wide enough for every system's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) device: i128,
    pub(crate) inode: i128,
    pub(crate) size: i128,
    /// Seconds and nanoseconds.
    pub(crate) modified: (i128, i128),
    pub(crate) mode: rustix::fs::RawMode,
}

/// A file with a user's work in it that was moved away from its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub path: RelPath,
    /// Where it lies now.
    pub orphan: RelPath,
    /// It holds values of secrets.
    pub secret: bool,
}

impl fmt::Display for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warning = if self.secret {
            "; it holds secret values, so do not commit it"
        } else {
            ""
        };
        write!(formatter, "kept as `{}`{warning}", self.orphan)
    }
}

/// A temporary file that an interrupted run left beside the file at `path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    pub(crate) path: RelPath,
    pub(crate) name: String,
    /// Where it goes, if it holds a user's work; it is deleted otherwise.
    pub(crate) orphan: Option<RelPath>,
}

/// More files would go than a run may take away unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MassDelete {
    /// How many files would be deleted or moved away.
    pub deletes: usize,
    /// How many may be, by the default or by `--max-deletes`.
    pub allowed: usize,
    /// The stack has no components: no delete goes unasked.
    pub empty_stack: bool,
}

/// What one run would do to the output directory.
#[derive(Debug, Default)]
pub struct Changes<'tree> {
    /// Every produced or formerly produced path, sorted.
    pub files: Vec<Change<'tree>>,
    pub mass_delete: Option<MassDelete>,
    /// Files that an interrupted run moved away, or had in hand, and that no run has named yet.
    pub kept: Vec<Kept>,
    /// The lock as it was read, and as it is to be.
    pub(crate) lock_before: Option<Vec<u8>>,
    pub(crate) lock_after: Vec<u8>,
    /// The journal as it was read.
    pub(crate) journal_before: Option<Vec<u8>>,
    /// The journal to keep while writing.
    pub(crate) journal: Vec<u8>,
    /// An interrupted run left its journal behind.
    pub(crate) was_interrupted: bool,
    /// What interrupted runs left half done.
    pub(crate) half_done: Vec<Leftover>,
    /// Formerly produced paths, whose directories go when they are empty.
    pub(crate) leftovers: Vec<RelPath>,
}

impl Changes<'_> {
    /// How many files each action concerns.
    pub fn counts(&self) -> BTreeMap<Action, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.files {
            *counts.entry(change.action).or_insert(0) += 1;
        }
        counts
    }

    /// No run has written here before, or its lock is lost.
    pub fn is_first(&self) -> bool {
        self.lock_before.is_none()
    }

    /// What stops the run or makes it end with exit 3, apart from `mass_delete`.
    pub fn refusals(&self) -> impl Iterator<Item = &Change<'_>> {
        self.files
            .iter()
            .filter(|change| change.action.blocks() || change.action.reports())
    }

    /// Nothing may be written.
    pub fn blocks(&self) -> bool {
        self.mass_delete.is_some() || self.files.iter().any(|change| change.action.blocks())
    }

    /// The run ends with exit 3, whether or not it writes.
    pub fn reports(&self) -> bool {
        self.blocks() || !self.kept.is_empty() || self.files.iter().any(|change| change.action.reports())
    }

    /// Applying would write something: a file, the lock, or the end of an interrupted run.
    pub fn pending(&self) -> bool {
        self.was_interrupted || self.lock_changes() || self.files.iter().any(|change| change.action.writes())
    }

    /// The lock file itself would be written.
    pub fn lock_changes(&self) -> bool {
        self.lock_before.as_deref() != Some(&self.lock_after)
    }

    /// Nothing to write and nothing to say.
    pub fn is_clean(&self) -> bool {
        !self.pending() && !self.reports()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_shows_a_secret() {
        let change = Change {
            path: RelPath::parse("secret/cloud.env").unwrap(),
            action: Action::SkeletonUpdate,
            class: Class::Seeded,
            why: Cow::Borrowed("test"),
            note: None,
            secret: true,
            before: Some(b"A=hidden".to_vec()),
            after: Some(Cow::Borrowed(b"A=hidden")),
            stamp: None,
            contents: None,
            orphan: None,
            aside: None,
        };
        assert_eq!((change.before(), change.after()), (None, None));
        assert_eq!(format!("{change:?}"), "update keys `secret/cloud.env`");
    }
}
