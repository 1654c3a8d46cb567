//! `.stacktic/orphans/`: files with a user's work in them that are no longer at their paths.
//!
//! In: a file. Out: the same file at the same path below the orphans folder, under a name that was free. The name is chosen
//! before anything is written, so that a run can tell it, and the next run too if this one is killed.

use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;

use anyhow::{Context, Result, anyhow, bail};
use rustix::fs::{Mode, OFlags, fchmod, openat};
use rustix::io::Errno;

use super::Refusal;
use super::root::{Found, Obstacle, Parent, Root, is_absent};
use super::steps::Steps;
use super::write::{Onto, SECRET_MODE, Target, rename_to_free, write};
use crate::rel_path::RelPath;

pub(super) const ORPHANS: &str = ".stacktic/orphans";
pub(super) const IGNORE: &str = ".stacktic/orphans/.gitignore";

/// Names below the orphans folder that a run means to use.
#[derive(Debug, Default)]
pub(super) struct Planned {
    files: BTreeSet<String>,
    directories: BTreeSet<String>,
}

impl Planned {
    pub(super) fn take(&mut self, orphan: &RelPath) {
        self.files.insert(orphan.as_str().to_owned());
        self.directories.extend(orphan.ancestors().map(str::to_owned));
    }

    /// A free place for the file at `path`, which is taken by that; or what makes the folder unusable. A component that
    /// something else took gets a number.
    pub(super) fn place(&mut self, root: &mut Root, path: &RelPath) -> Result<Result<RelPath, Obstacle>> {
        self.place_of(root, path, None)
    }

    /// The same for a file that is to have `bytes` in it. One that has them already will do: a run may be interrupted before
    /// the file that they come from is changed.
    pub(super) fn place_of(
        &mut self,
        root: &mut Root,
        path: &RelPath,
        bytes: Option<&[u8]>,
    ) -> Result<Result<RelPath, Obstacle>> {
        if let Parent::Obstacle(obstacle) = root.directory(ORPHANS)? {
            return Ok(Err(obstacle));
        }
        let mut place = ORPHANS.to_owned();
        for segment in path.parent().iter().flat_map(RelPath::segments) {
            place = self.directory(root, &place, segment)?;
        }
        let orphan = self.file(root, &place, path.file_name(), bytes)?;
        self.take(&orphan);
        Ok(Ok(orphan))
    }

    fn directory(&self, root: &mut Root, above: &str, segment: &str) -> Result<String> {
        for candidate in numbered(above, segment) {
            let is_taken = self.files.contains(&candidate);
            if !is_taken && !matches!(root.directory(&candidate)?, Parent::Obstacle(_)) {
                return Ok(candidate);
            }
        }
        bail!("no name is free in `{above}`")
    }

    fn file(&self, root: &mut Root, above: &str, name: &str, bytes: Option<&[u8]>) -> Result<RelPath> {
        for candidate in numbered(above, name) {
            let is_taken = self.files.contains(&candidate) || self.directories.contains(&candidate);
            let orphan = RelPath::parse(&candidate).map_err(anyhow::Error::msg)?;
            if !is_taken && (!is_there(root, &orphan)? || has(root, &orphan, bytes)?) {
                return Ok(orphan);
            }
        }
        bail!("no name is free in `{above}`")
    }
}

/// The folder cannot be used, so that nothing is replaced or deleted: it may have to be kept.
pub(super) fn refusal(obstacle: &Obstacle) -> Refusal {
    Refusal(format!(
        "{obstacle}, so that no file of yours could be kept there; move it away, then run again"
    ))
}

/// Something stands at `orphan`.
pub(super) fn is_there(root: &mut Root, orphan: &RelPath) -> Result<bool> {
    let shown = root.show(orphan.as_str());
    match root.parent(orphan)? {
        Parent::Directory(parent) => {
            let is_absent = is_absent(parent, orphan.file_name());
            Ok(!is_absent.with_context(|| format!("could not read {shown}"))?)
        }
        _ => Ok(false),
    }
}

/// The file at `orphan` has exactly these bytes in it.
pub(super) fn has(root: &mut Root, orphan: &RelPath, bytes: Option<&[u8]>) -> Result<bool> {
    let Some(bytes) = bytes else { return Ok(false) };
    Ok(matches!(root.look(orphan)?, Found::File { bytes: there, .. } if there == bytes))
}

/// Keeps version control from what lies below the orphans folder: values may be among it.
pub(super) fn ignore(root: &mut Root, steps: &mut Steps<'_>) -> Result<()> {
    let path = RelPath::parse(IGNORE).map_err(anyhow::Error::msg)?;
    if is_there(root, &path)? {
        return Ok(());
    }
    let shown = root.show(path.as_str());
    let parent = match root.ensure_directory(ORPHANS, &mut || steps.take())? {
        Parent::Directory(parent) => parent,
        Parent::Absent => bail!("the directory of {shown} went away"),
        Parent::Obstacle(obstacle) => bail!("{obstacle}, so that nothing can be kept there; move it away"),
    };
    let target = Target {
        parent,
        path: &path,
        shown,
        onto: Onto::Nothing,
        is_secret: false,
    };
    write(&target, b"*\n", steps)
}

/// Moves the file called `name` in `parent` to `orphan`; `root` is a handle of its own.
pub(super) fn keep(
    parent: BorrowedFd<'_>,
    name: &str,
    orphan: &RelPath,
    is_secret: bool,
    root: &mut Root,
    steps: &mut Steps<'_>,
) -> Result<()> {
    ignore(root, steps)?;
    let shown = root.show(orphan.as_str());
    let directory = orphan
        .parent()
        .ok_or_else(|| anyhow!("{shown} is not below `{ORPHANS}`"))?;
    let target = match root.ensure_directory(directory.as_str(), &mut || steps.take())? {
        Parent::Directory(target) => target,
        Parent::Absent => bail!("the directory of {shown} went away"),
        Parent::Obstacle(obstacle) => bail!("could not keep a file as {shown}: {obstacle}"),
    };
    if is_secret {
        make_private(parent, name).with_context(|| format!("could not make {shown} readable for its owner alone"))?;
    }
    steps.take()?;
    rename_to_free(parent, name, target, orphan.file_name())
        .with_context(|| format!("could not keep a file as {shown}"))
}

fn make_private(parent: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match openat(parent, name, flags, Mode::empty()) {
        Ok(file) => fchmod(file, SECRET_MODE),
        // A link has no secrets in it.
        Err(Errno::LOOP) => Ok(()),
        Err(error) => Err(error),
    }
}

/// `name`, `name.1`, `name.2` and so on in `above`.
fn numbered(above: &str, name: &str) -> impl Iterator<Item = String> {
    let first = format!("{above}/{name}");
    let numbers = (1_u32..).map({
        let first = first.clone();
        move |number| format!("{first}.{number}")
    });
    std::iter::once(first).chain(numbers)
}
