//! Carries out changes: the only code that writes.
//!
//! In: `Changes` that do not block. Out: the directory as they say. The journal is written first and removed last, and each
//! file appears under its name complete, so that a run that is interrupted anywhere is completed by the next one.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{AtFlags, FlockOperation, flock, unlinkat};
use rustix::io::Errno;

use super::orphans;
use super::root::{Found, Parent, Root, stamp_at};
use super::state::{JOURNAL_PATH, LOCK_PATH};
use super::steps::Steps;
use super::temporary;
use super::write::{Target, write};
use crate::rel_path::RelPath;
use crate::tree::{Action, Change, Changes, STATE_DIR};

/// Carries out `changes`, or writes nothing where they block.
pub fn apply(changes: &Changes<'_>, out: &Path) -> Result<()> {
    run(changes, out, &mut Steps::unlimited())
}

/// Like `apply`, but ends after `steps` changes to the disk, as if killed.
#[cfg(test)]
pub(crate) fn apply_until(changes: &Changes<'_>, out: &Path, steps: usize) -> Result<()> {
    run(changes, out, &mut Steps::limited(steps))
}

fn run(changes: &Changes<'_>, out: &Path, steps: &mut Steps) -> Result<()> {
    ensure!(!changes.blocks(), "the changes are refused, so nothing is written");
    if !changes.pending() {
        return Ok(());
    }
    let mut root = Root::create(out)?;
    let _alone = lock_out_others(&mut root, steps)?;
    ensure_unchanged(changes, &mut root)?;
    write_state(&mut root, JOURNAL_PATH, &changes.journal, steps)?;
    clear_half_written(changes, &mut root, steps)?;
    for change in changes.files.iter().filter(|change| change.action.removes()) {
        remove(change, &mut root, out, steps)?;
    }
    remove_empty_directories(changes, &mut root, steps)?;
    for change in changes.files.iter().filter(|change| change.action.puts_content()) {
        put(change, &mut root, steps)?;
    }
    if changes.lock_changes() {
        write_state(&mut root, LOCK_PATH, &changes.lock_after, steps)?;
    }
    remove_journal(&mut root, steps)
}

/// Two runs at once would write one tree over the other. The handle keeps the others out until it is dropped.
fn lock_out_others(root: &mut Root, steps: &mut Steps) -> Result<OwnedFd> {
    let shown = root.show(STATE_DIR);
    let Parent::Directory(directory) = root.ensure_directory(STATE_DIR, &mut || steps.take())? else {
        bail!("{shown} is no directory");
    };
    match flock(directory, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => bail!("another run of stacktic is writing to the directory of {shown}; wait for it"),
        // Some network file systems cannot lock a directory; there, the comparison with the lock file has to do.
        _ => directory
            .try_clone_to_owned()
            .with_context(|| format!("could not hold on to {shown}")),
    }
}

/// The changes were worked out from a lock that another run may have replaced since.
fn ensure_unchanged(changes: &Changes<'_>, root: &mut Root) -> Result<()> {
    let lock = match root.look(&RelPath::parse(LOCK_PATH).map_err(anyhow::Error::msg)?)? {
        Found::File { bytes, .. } => Some(bytes),
        _ => None,
    };
    ensure!(
        lock == changes.lock_before,
        "another run changed {} meanwhile; run again",
        root.show(LOCK_PATH)
    );
    Ok(())
}

fn write_state(root: &mut Root, path: &str, contents: &[u8], steps: &mut Steps) -> Result<()> {
    let path = RelPath::parse(path).map_err(anyhow::Error::msg)?;
    let shown = root.show(path.as_str());
    let Parent::Directory(parent) = root.parent(&path)? else {
        bail!("the directory of {shown} went away")
    };
    write(
        &Target {
            parent,
            path: &path,
            shown,
            stamp: None,
            replaces: true,
            is_secret: false,
        },
        contents,
        steps,
    )
}

fn clear_half_written(changes: &Changes<'_>, root: &mut Root, steps: &mut Steps) -> Result<()> {
    for path in &changes.half_written {
        let shown = root.show(&temporary::path(path));
        let Parent::Directory(parent) = root.parent(path)? else {
            continue;
        };
        let name = temporary::name(path);
        if stamp_at(parent, &name).is_some() {
            steps.take()?;
            unlinkat(parent, &name, AtFlags::empty()).with_context(|| format!("could not delete {shown}"))?;
        }
    }
    Ok(())
}

fn remove(change: &Change<'_>, root: &mut Root, out: &Path, steps: &mut Steps) -> Result<()> {
    let shown = root.show(change.path.as_str());
    let Parent::Directory(parent) = root.parent(&change.path)? else {
        bail!("the directory of {shown} went away")
    };
    if change.stamp.is_some() {
        let is_same = stamp_at(parent, change.path.file_name()) == change.stamp;
        ensure!(is_same, "{shown} changed while stacktic ran; run again");
    }
    match change.action {
        Action::Quarantine => orphans::keep(parent, &change.path, out, steps),
        _ => {
            steps.take()?;
            let deleted = unlinkat(parent, change.path.file_name(), AtFlags::empty());
            deleted.with_context(|| format!("could not delete {shown}"))
        }
    }
}

/// Directories that held files of stacktic, the deepest first. What holds anything else stays.
fn remove_empty_directories(changes: &Changes<'_>, root: &mut Root, steps: &mut Steps) -> Result<()> {
    let directories: BTreeSet<&str> = changes.leftovers.iter().flat_map(RelPath::ancestors).collect();
    for directory in directories.into_iter().rev() {
        let shown = root.show(directory);
        let path = RelPath::parse(directory).map_err(anyhow::Error::msg)?;
        let Parent::Directory(parent) = root.parent(&path)? else {
            continue;
        };
        steps.take()?;
        match unlinkat(parent, path.file_name(), AtFlags::REMOVEDIR) {
            // In use by others, gone already, or something else by now: not ours to remove.
            Ok(()) | Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOENT | Errno::NOTDIR | Errno::BUSY) => {}
            Err(error) => return Err(error).with_context(|| format!("could not remove the directory {shown}")),
        }
    }
    Ok(())
}

fn put(change: &Change<'_>, root: &mut Root, steps: &mut Steps) -> Result<()> {
    let path = &change.path;
    let shown = root.show(path.as_str());
    let parent = match path.as_str().rsplit_once('/') {
        Some((directory, _)) => root.ensure_directory(directory, &mut || steps.take())?,
        None => root.root(),
    };
    let parent = match parent {
        Parent::Directory(parent) => parent,
        Parent::Absent => bail!("the directory of {shown} went away"),
        Parent::Obstacle(obstacle) => bail!("could not write {shown}: {obstacle}"),
    };
    let Some(contents) = &change.after else { return Ok(()) };
    let replaces = change.stamp.is_some();
    write(
        &Target {
            parent,
            path,
            shown,
            stamp: change.stamp,
            replaces,
            is_secret: change.secret,
        },
        contents,
        steps,
    )
}

fn remove_journal(root: &mut Root, steps: &mut Steps) -> Result<()> {
    let shown = root.show(JOURNAL_PATH);
    let path = RelPath::parse(JOURNAL_PATH).map_err(anyhow::Error::msg)?;
    let Parent::Directory(parent) = root.parent(&path)? else {
        bail!("the directory of {shown} went away")
    };
    steps.take()?;
    unlinkat(parent, path.file_name(), AtFlags::empty()).with_context(|| format!("could not delete {shown}"))
}
