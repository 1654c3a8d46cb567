//! `.stacktic/orphans/`: files that a user edited and that nothing produces any more.
//!
//! In: a file. Out: the same file at the same path below the orphans folder, under a name that was free.

use std::os::fd::BorrowedFd;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::io::Errno;

use super::note::ORPHANS;
use super::root::{Parent, Root};
use super::steps::Steps;
use super::write::rename_to_free;
use crate::rel_path::RelPath;

/// Moves the file at `path` in `parent` away.
pub(super) fn keep(parent: BorrowedFd<'_>, path: &RelPath, out: &Path, steps: &mut Steps) -> Result<()> {
    let mut root = Root::create(out)?;
    let directory = free_directory(path, &mut root, steps)?;
    let shown = root.show(path.as_str());
    let Parent::Directory(target) = root.directory(&directory)? else {
        bail!("`{directory}` went away")
    };
    steps.take()?;
    for name in numbered(path.file_name()) {
        match rename_to_free(parent, path.file_name(), target, &name) {
            Err(Errno::EXIST) => {}
            result => return result.with_context(|| format!("could not move {shown} to `{directory}/{name}`")),
        }
    }
    Ok(())
}

/// The directory for `path`, created; a component that something else took gets a number.
fn free_directory(path: &RelPath, root: &mut Root, steps: &mut Steps) -> Result<String> {
    let mut directory = ORPHANS.to_owned();
    if let Parent::Obstacle(obstacle) = root.ensure_directory(&directory, &mut || steps.take())? {
        bail!("{obstacle}, so that {path} cannot be kept there");
    }
    for segment in path.parent().iter().flat_map(RelPath::segments) {
        for name in numbered(segment) {
            let candidate = format!("{directory}/{name}");
            if let Parent::Directory(_) = root.ensure_directory(&candidate, &mut || steps.take())? {
                directory = candidate;
                break;
            }
        }
    }
    Ok(directory)
}

/// `name`, `name.1`, `name.2` and so on.
fn numbered(name: &str) -> impl Iterator<Item = String> {
    let numbers = (1_u32..).map(move |number| format!("{name}.{number}"));
    std::iter::once(name.to_owned()).chain(numbers)
}
