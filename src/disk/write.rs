//! Writes one file so that it appears under its name complete or not at all.
//!
//! In: an open directory, a name, the contents. Out: the file, by way of a temporary one beside it and a rename. It must not
//! know why, and replaces nothing that it is not told of.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags, openat, renameat, renameat_with, unlinkat};
use rustix::io::Errno;

use super::root::{is_absent, stamp_at};
use super::steps::Steps;
use super::temporary;
use crate::rel_path::RelPath;
use crate::tree::Stamp;

/// Where to write.
pub(super) struct Target<'run> {
    pub(super) parent: BorrowedFd<'run>,
    pub(super) path: &'run RelPath,
    pub(super) shown: String,
    /// What stood there when it was looked at.
    pub(super) stamp: Option<Stamp>,
    /// A file that is there may be replaced.
    pub(super) replaces: bool,
    /// Readable for its owner alone.
    pub(super) is_secret: bool,
}

pub(super) fn write(target: &Target<'_>, contents: &[u8], steps: &mut Steps) -> Result<()> {
    let temporary = temporary::name(target.path);
    let result = write_by_rename(target, &temporary, contents, steps);
    if result.is_err() && !steps.is_stopped() {
        // The first error is the one to report.
        _ = unlinkat(target.parent, &temporary, AtFlags::empty());
    }
    result
}

fn write_by_rename(target: &Target<'_>, temporary: &str, contents: &[u8], steps: &mut Steps) -> Result<()> {
    let Target {
        parent,
        path,
        shown,
        stamp,
        ..
    } = target;
    let context = || format!("could not write {shown}");
    steps.take()?;
    let mut file = create(*parent, temporary, target.is_secret).with_context(context)?;
    steps.take()?;
    file.write_all(contents).with_context(context)?;
    if let Some(stamp) = stamp {
        // Who may read a file is the user's choice, once it is there.
        file.set_permissions(Permissions::from_mode(stamp.mode))
            .with_context(context)?;
        ensure!(
            stamp_at(*parent, path.file_name()) == Some(*stamp),
            "{shown} changed while stacktic ran; run again"
        );
    }
    drop(file);
    steps.take()?;
    if target.replaces {
        renameat(parent, temporary, parent, path.file_name()).with_context(context)
    } else {
        rename_to_free(*parent, temporary, *parent, path.file_name()).with_context(context)
    }
}

fn create(parent: BorrowedFd<'_>, name: &str, is_secret: bool) -> Result<File, Errno> {
    let mode = Mode::from_raw_mode(if is_secret { 0o600 } else { 0o666 });
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

/// Renames, but never onto something.
pub(super) fn rename_to_free(
    from: BorrowedFd<'_>,
    name: &str,
    to: BorrowedFd<'_>,
    new_name: &str,
) -> Result<(), Errno> {
    match renameat_with(from, name, to, new_name, RenameFlags::NOREPLACE) {
        // The file system cannot promise it in one step.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if is_absent(to, new_name) => {
            renameat(from, name, to, new_name)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(Errno::EXIST),
        result => result,
    }
}
