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
use super::root::{Obstacle, Parent, Root, is_absent};
use super::steps::Steps;
use super::write::{SECRET_MODE, rename_to_free};
use crate::rel_path::RelPath;

pub(super) const ORPHANS: &str = ".stacktic/orphans";

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
        if let Parent::Obstacle(obstacle) = root.directory(ORPHANS)? {
            return Ok(Err(obstacle));
        }
        let mut place = ORPHANS.to_owned();
        for segment in path.parent().iter().flat_map(RelPath::segments) {
            place = self.directory(root, &place, segment)?;
        }
        let orphan = self.file(root, &place, path.file_name())?;
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

    fn file(&self, root: &mut Root, above: &str, name: &str) -> Result<RelPath> {
        for candidate in numbered(above, name) {
            let is_taken = self.files.contains(&candidate) || self.directories.contains(&candidate);
            let orphan = RelPath::parse(&candidate).map_err(anyhow::Error::msg)?;
            if !is_taken && !is_there(root, &orphan)? {
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

/// Moves the file called `name` in `parent` to `orphan`; `root` is a handle of its own.
pub(super) fn keep(
    parent: BorrowedFd<'_>,
    name: &str,
    orphan: &RelPath,
    is_secret: bool,
    root: &mut Root,
    steps: &mut Steps<'_>,
) -> Result<()> {
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
