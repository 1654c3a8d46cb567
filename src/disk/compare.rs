//! Compares what stands at one path with what is wanted there.
//!
//! In: what was found, what is wanted, what earlier runs wrote. Out: `Compared`, the facts that a decision needs and the bytes
//! that a preview and a write need. It must not decide anything.

use std::borrow::Cow;

use super::conflict;
use super::decide::OnDisk;
use super::digest::Digest;
use super::dotenv;
use super::placement::is_untouched;
use super::root::{Found, Obstacle};
use super::skeleton::{self, Outcome};
use super::state::State;
use crate::rel_path::RelPath;
use crate::tree::{Skeleton, Stamp};

/// What stands at a path, compared with what is wanted there or was written there.
pub(super) struct Compared<'tree> {
    pub(super) on_disk: OnDisk,
    pub(super) after: Option<Cow<'tree, [u8]>>,
    pub(super) before: Option<Vec<u8>>,
    pub(super) stamp: Option<Stamp>,
    /// Of what stands there, where it was read.
    pub(super) contents: Option<Digest>,
    /// The next step, where the comparison alone knows it.
    pub(super) note: Option<String>,
    /// Keys and values of a secret file that nothing wants any more.
    pub(super) aside: Vec<(String, String)>,
    /// It differs, and git is merging what two branches made of it.
    pub(super) is_merge: bool,
    /// What stands there or above, where it is no file.
    pub(super) obstacle: Option<Obstacle>,
    /// With the line ends of stacktic, it would be as stacktic wrote it.
    pub(super) differs_in_line_ends: bool,
}

/// What stands at a path that is no longer produced.
pub(super) fn stale<'tree>(state: &State, path: &RelPath, found: Found) -> Compared<'tree> {
    let mut compared = Compared::new(None);
    match found {
        Found::File { bytes, stamp } => {
            let digest = Digest::of(&bytes);
            let is_known =
                state.wrote(path, digest) || state.wrote_sides(path, &bytes) || is_empty_secret(state, path, &bytes);
            compared.on_disk = if is_known { OnDisk::AsKnown } else { OnDisk::Differs };
            compared.look_at_line_ends(state, path, &bytes);
            (compared.contents, compared.stamp, compared.before) = (Some(digest), Some(stamp), Some(bytes));
        }
        found => compared.not_read(found),
    }
    compared
}

/// A secret file in which nobody wrote anything, in whatever order its keys came to stand.
fn is_empty_secret(state: &State, path: &RelPath, bytes: &[u8]) -> bool {
    let tracked = state.tracked(path);
    let items = if tracked.is_empty() {
        None
    } else {
        dotenv::parse(bytes).ok()
    };
    items.is_some_and(|items| is_untouched(&items, &tracked))
}

/// What stands where `new` is wanted, of which `sha256` is the digest.
pub(super) fn file<'tree>(
    state: &State,
    path: &RelPath,
    found: Found,
    new: Cow<'tree, [u8]>,
    sha256: Digest,
) -> Compared<'tree> {
    let mut compared = Compared::new(Some(new));
    match found {
        Found::File { bytes, stamp } => {
            let is_new = compared.after.as_deref() == Some(&bytes);
            let digest = if is_new { sha256 } else { Digest::of(&bytes) };
            compared.on_disk = match is_new {
                true => OnDisk::AsNew,
                false if state.wrote(path, digest) || state.wrote_sides(path, &bytes) => OnDisk::AsKnown,
                false => {
                    compared.is_merge = state.is_merged(path) || conflict::sides(&bytes).is_some();
                    OnDisk::Differs
                }
            };
            compared.look_at_line_ends(state, path, &bytes);
            (compared.contents, compared.stamp, compared.before) = (Some(digest), Some(stamp), Some(bytes));
        }
        found => compared.not_read(found),
    }
    compared
}

/// What stands where a secret skeleton is wanted; `pristine` is the file before anyone fills it in, `shown` what a user calls it.
pub(super) fn secret<'tree>(
    state: &State,
    path: &RelPath,
    skeleton: &Skeleton,
    found: Found,
    pristine: Cow<'tree, [u8]>,
    shown: &str,
) -> Compared<'tree> {
    let mut compared = Compared::new(Some(pristine));
    let (bytes, stamp) = match found {
        Found::File { bytes, stamp } => (bytes, stamp),
        found => {
            compared.not_read(found);
            return compared;
        }
    };
    (compared.contents, compared.stamp) = (Some(Digest::of(&bytes)), Some(stamp));
    compared.on_disk = match skeleton::compare(skeleton, &bytes, &state.tracked(path), shown) {
        Outcome::Plain(merged) => {
            compared.note = (!merged.notes.is_empty()).then(|| merged.notes.join("\n"));
            compared.aside = merged.aside;
            let is_new = merged.bytes == bytes;
            compared.after = Some(Cow::Owned(merged.bytes)).filter(|_| !is_new);
            match (is_new, compared.aside.is_empty()) {
                (true, _) => OnDisk::AsNew,
                (false, true) => OnDisk::Differs,
                (false, false) => OnDisk::SetsAside,
            }
        }
        Outcome::InStep => OnDisk::AsNew,
        Outcome::OutOfStep(commands) => {
            compared.note = Some(commands);
            OnDisk::OutOfStep
        }
        Outcome::Unreadable(reason) => {
            compared.note = Some(reason);
            OnDisk::Unreadable
        }
    };
    compared
}

impl<'tree> Compared<'tree> {
    fn new(after: Option<Cow<'tree, [u8]>>) -> Self {
        Self {
            on_disk: OnDisk::Absent,
            after,
            before: None,
            stamp: None,
            contents: None,
            note: None,
            aside: Vec::new(),
            is_merge: false,
            obstacle: None,
            differs_in_line_ends: false,
        }
    }

    /// Git may write other line ends than it was given, and so may an editor.
    fn look_at_line_ends(&mut self, state: &State, path: &RelPath, bytes: &[u8]) {
        if self.on_disk == OnDisk::Differs && bytes.contains(&b'\r') {
            let bytes = with_own_line_ends(bytes);
            self.differs_in_line_ends = self.after.as_deref() == Some(&bytes) || state.wrote(path, Digest::of(&bytes));
        }
    }

    /// Nothing there, or nothing that is read.
    fn not_read(&mut self, found: Found) {
        self.on_disk = match found {
            Found::Absent => OnDisk::Absent,
            Found::LargeFile { stamp } => {
                self.stamp = Some(stamp);
                OnDisk::Differs
            }
            Found::Obstacle(obstacle) => {
                self.obstacle = Some(obstacle);
                OnDisk::NotAFile
            }
            Found::File { .. } => OnDisk::Differs,
        };
    }
}

/// Each CR LF as the LF that stacktic writes.
fn with_own_line_ends(bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let last = lines.pop().unwrap_or_default();
    let mut out = Vec::with_capacity(bytes.len());
    for line in lines {
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.push(b'\n');
    }
    out.extend_from_slice(last);
    out
}
