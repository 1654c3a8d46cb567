//! Writes one file so that it appears under its name complete or not at all.
//!
//! In: an open directory, a name, the contents. Out: the file, by way of a temporary one beside it and a rename; and what it
//! replaced, under a name of its own. It must not know why, replaces nothing that it is not told of, and deletes nothing.

use std::fs::File;
use std::io::Write;
use std::os::fd::BorrowedFd;

use anyhow::{Context, Result, ensure};
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags, fchmod, openat, renameat, renameat_with, unlinkat};
use rustix::io::Errno;

use super::root::{is_absent, stamp_at};
use super::steps::Steps;
use super::temporary;
use crate::rel_path::RelPath;
use crate::tree::Stamp;

/// Nobody but the owner may write, whatever the umask: others could have a cluster do what they like.
const MODE: Mode = Mode::from_bits_retain(0o644);
pub(super) const SECRET_MODE: Mode = Mode::from_bits_retain(0o600);
/// What a user may have added to a file's mode.
const CHOSEN: Mode = Mode::from_bits_retain(0o755);

/// Where to write.
pub(super) struct Target<'run> {
    pub(super) parent: BorrowedFd<'run>,
    pub(super) path: &'run RelPath,
    pub(super) shown: String,
    pub(super) onto: Onto,
    /// Readable for its owner alone.
    pub(super) is_secret: bool,
}

/// What stands where a file is written.
#[derive(Clone, Copy)]
pub(super) enum Onto {
    /// Nothing: whatever appears there is not replaced.
    Nothing,
    /// The lock or the journal of earlier runs.
    State,
    /// What was looked at. It lies under `temporary::displaced` afterwards, even if it was saved anew in the same instant.
    Seen(Stamp),
}

pub(super) fn write(target: &Target<'_>, contents: &[u8], steps: &mut Steps<'_>) -> Result<()> {
    let temporary = temporary::name(target.path);
    let result = write_by_rename(target, &temporary, contents, steps);
    if result.is_err() && !steps.is_stopped() {
        // The first error is the one to report.
        _ = unlinkat(target.parent, &temporary, AtFlags::empty());
    }
    result
}

fn write_by_rename(target: &Target<'_>, temporary: &str, contents: &[u8], steps: &mut Steps<'_>) -> Result<()> {
    let Target {
        parent, path, shown, ..
    } = target;
    let context = || format!("could not write {shown}");
    steps.take()?;
    let mut file = create(*parent, temporary, target.is_secret).with_context(context)?;
    steps.take()?;
    file.write_all(contents).with_context(context)?;
    if let Onto::Seen(stamp) = target.onto {
        // Who may read a file is the user's choice, once it is there; not so with secrets, nor who may write.
        let most = if target.is_secret { SECRET_MODE } else { CHOSEN };
        fchmod(&file, Mode::from_raw_mode(stamp.mode) & most).with_context(context)?;
        ensure_as_seen(*parent, path, Some(stamp), shown)?;
    }
    if target.is_secret || matches!(target.onto, Onto::State) {
        // A power loss must not leave an empty file in the place of values, or of what earlier runs wrote.
        file.sync_all().with_context(context)?;
    }
    drop(file);
    steps.take()?;
    match target.onto {
        Onto::Nothing => rename_to_free(*parent, temporary, *parent, path.file_name()).with_context(context),
        Onto::State => renameat(*parent, temporary, *parent, path.file_name()).with_context(context),
        Onto::Seen(_) => {
            let displaced = temporary::displaced(path);
            rename_to_free(*parent, temporary, *parent, &displaced)
                .with_context(|| format!("could not write {shown} by way of `{displaced}` beside it"))?;
            steps.take()?;
            exchange(*parent, &displaced, path.file_name(), temporary).with_context(context)
        }
    }
}

/// What was looked at still stands there, and nobody touched it.
pub(super) fn ensure_as_seen(parent: BorrowedFd<'_>, path: &RelPath, seen: Option<Stamp>, shown: &str) -> Result<()> {
    let now = stamp_at(parent, path.file_name()).with_context(|| format!("could not read {shown}"))?;
    ensure!(now == seen, "{shown} changed while stacktic ran; run again");
    Ok(())
}

fn create(parent: BorrowedFd<'_>, name: &str, is_secret: bool) -> Result<File, Errno> {
    let mode = if is_secret { SECRET_MODE } else { MODE };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match openat(parent, name, flags, mode) {
        // Left by an interrupted run.
        Err(Errno::EXIST) => {
            unlinkat(parent, name, AtFlags::empty())?;
            openat(parent, name, flags, mode)?
        }
        opened => opened?,
    };
    Ok(File::from(file))
}

/// Swaps the files at `new` and `name`; `spare` is free.
fn exchange(parent: BorrowedFd<'_>, new: &str, name: &str, spare: &str) -> Result<(), Errno> {
    match renameat_with(parent, new, parent, name, RenameFlags::EXCHANGE) {
        Err(error) if cannot_promise(error) => exchange_in_steps(parent, new, name, spare),
        Err(error) => {
            // Complete, but nobody's: what stood at `name` went away.
            _ = unlinkat(parent, new, AtFlags::empty());
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

/// For a moment nothing is at `name`; what was there is lost at no moment.
pub(super) fn exchange_in_steps(parent: BorrowedFd<'_>, new: &str, name: &str, spare: &str) -> Result<(), Errno> {
    rename_to_free(parent, new, parent, spare)?;
    rename_to_free(parent, name, parent, new)?;
    rename_to_free(parent, spare, parent, name)
}

/// Renames, but never onto something.
pub(super) fn rename_to_free(
    from: BorrowedFd<'_>,
    name: &str,
    to: BorrowedFd<'_>,
    new_name: &str,
) -> Result<(), Errno> {
    match renameat_with(from, name, to, new_name, RenameFlags::NOREPLACE) {
        Err(error) if cannot_promise(error) => {
            if is_absent(to, new_name)? {
                renameat(from, name, to, new_name)
            } else {
                Err(Errno::EXIST)
            }
        }
        result => result,
    }
}

/// The file system cannot do it in one step.
fn cannot_promise(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::NOTSUP)
}
