//! What interrupted runs left in the output directory besides half a tree.
//!
//! In: the directory, the state. Out: temporary files, each to be deleted or kept; and files with a user's work in them that
//! were moved away by a run that did not live to say so. Reads only.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::digest::Digest;
use super::orphans::{self, Planned};
use super::root::{Found, Parent, Root, is_absent, look_at, stamp_at};
use super::state::State;
use super::temporary;
use super::tracked::Tracked;
use crate::rel_path::RelPath;
use crate::topology::caps::MAX_FILE_BYTES;
use crate::tree::{Kept, Leftover};

#[derive(Default)]
pub(super) struct Leftovers {
    pub(super) half_done: Vec<Leftover>,
    /// Moved away already, or about to be.
    pub(super) kept: Vec<Kept>,
}

pub(super) fn find(root: &mut Root, state: &State, planned: &mut Planned) -> Result<Leftovers> {
    let mut found = Leftovers::default();
    for (orphan, path) in state.journal.iter().flat_map(|journal| &journal.moved) {
        if orphans::is_there(root, orphan)? {
            found.keep(state, path, orphan);
        }
    }
    for path in state.in_hand() {
        found.look_beside(&path, root, state, planned)?;
    }
    Ok(found)
}

impl Leftovers {
    fn keep(&mut self, state: &State, path: &RelPath, orphan: &RelPath) {
        self.kept.push(Kept {
            path: path.clone(),
            orphan: orphan.clone(),
            secret: state.is_secret(path),
        });
    }

    fn look_beside(&mut self, path: &RelPath, root: &mut Root, state: &State, planned: &mut Planned) -> Result<()> {
        let shown = root.show(path.as_str());
        let context = || format!("could not read what an interrupted run left beside {shown}");
        let Parent::Directory(parent) = root.parent(path)? else {
            return Ok(());
        };
        let (half, displaced) = (temporary::name(path), temporary::displaced(path));
        let is_half_written = stamp_at(parent, &half).with_context(context)?.is_some();
        let is_displaced = !is_absent(parent, &displaced).with_context(context)?;
        if is_half_written {
            self.half_done.push(leftover(path, half, None));
        }
        if !is_displaced {
            return Ok(());
        }
        let orphan = if is_dispensable(path, &displaced, root, state)? {
            None
        } else {
            let orphan = planned
                .place(root, path)?
                .map_err(|obstacle| orphans::refusal(&obstacle))?;
            self.keep(state, path, &orphan);
            Some(orphan)
        };
        self.half_done.push(leftover(path, displaced, orphan));
        Ok(())
    }
}

fn leftover(path: &RelPath, name: String, orphan: Option<RelPath>) -> Leftover {
    Leftover {
        path: path.clone(),
        name,
        orphan,
    }
}

/// The file called `name` was written by stacktic, or may be written over, or has nothing in it that the file at `path`, or what
/// was kept of it, has not.
fn is_dispensable(path: &RelPath, name: &str, root: &mut Root, state: &State) -> Result<bool> {
    let shown = root.show(path.as_str());
    let context = || format!("could not read what an interrupted run left beside {shown}");
    let Parent::Directory(parent) = root.parent(path)? else {
        return Ok(false);
    };
    let Found::File { bytes, .. } = look_at(parent, name, path, MAX_FILE_BYTES).with_context(context)? else {
        return Ok(false);
    };
    let digest = Digest::of(&bytes);
    if state.wrote(path, digest) || state.wrote_sides(path, &bytes) || state.may_overwrite(path, digest) {
        return Ok(true);
    }
    if !state.is_secret(path) {
        return Ok(false);
    }
    let mut elsewhere = Vec::new();
    for place in state.moved_from(path).chain([path]) {
        if let Found::File { bytes, .. } = root.look(place)? {
            elsewhere.extend(bytes);
        }
    }
    Ok(has_no_other_values(&bytes, &elsewhere, &state.tracked(path)))
}

/// Every line of `file` is a comment, stands `elsewhere` too, or is one that stacktic wrote.
fn has_no_other_values(file: &[u8], elsewhere: &[u8], tracked: &Tracked) -> bool {
    let lines = |bytes| <[u8]>::split(bytes, |byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let elsewhere: BTreeSet<&[u8]> = lines(elsewhere).collect();
    let is_ours = |line: &[u8]| {
        let entry = std::str::from_utf8(line).ok().and_then(|line| line.split_once('='));
        entry.is_some_and(|(key, value)| tracked.is_prefilled(key, value))
    };
    let is_known = |line: &[u8]| line.is_empty() || line.starts_with(b"#") || elsewhere.contains(line) || is_ours(line);
    lines(file).all(is_known)
}

#[cfg(test)]
mod tests {
    use super::super::tracked::LockedKey;
    use super::*;

    #[test]
    fn a_value_that_stands_nowhere_else_is_no_leftover() {
        let mut tracked = Tracked::default();
        for value in ["", "x"] {
            let key = LockedKey {
                value: value.to_owned(),
                of: BTreeSet::new(),
            };
            tracked.add(&[("A".to_owned(), key)].into(), true);
        }
        for (file, elsewhere, expected) in [
            ("", "", true),
            ("#. comment\n\nA=\nA=x\n", "", true),
            ("A=mine\n", "B=1\r\nA=mine", true),
            ("A=mine\r\n", "A=mine\n", true),
            ("A=mine\n", "A=\n", false),
            ("B=\n", "", false),
            ("A=mine\nmore\n", "A=mine\n", false),
        ] {
            let is_known = has_no_other_values(file.as_bytes(), elsewhere.as_bytes(), &tracked);
            assert_eq!(is_known, expected, "{file:?} {elsewhere:?}");
        }
    }
}
