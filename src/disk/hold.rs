//! Keeps runs apart: a lock on the folder of stacktic, held from the first look at it to the last write.
//!
//! In: the output directory, and whether the run writes. Out: a `Hold`, after waiting for runs that exclude it. It must not know
//! what is read or written meanwhile.

use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock, fstat};
use rustix::io::Errno;

use super::root::{Parent, Root};
use crate::tree::STATE_DIR;

/// Others are kept out until it is dropped.
pub(super) struct Hold {
    _directory: OwnedFd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// For a run that only looks: beside others that look.
    Shared,
    /// For a run that writes: alone.
    Alone,
}

/// Takes the hold, if the folder is there. `on_wait` is called before a wait.
pub(super) fn take(out: &Path, kind: Kind, on_wait: &mut dyn FnMut()) -> Result<Option<Hold>> {
    loop {
        let Some(directory) = folder(out)? else { return Ok(None) };
        lock(&directory, kind, on_wait);
        // While this run waited, the folder may have been taken away, or another may have come in its place.
        let is_there = folder(out)?.map(|now| is_same(&now, &directory)).transpose();
        let context = || format!("could not look at the folder of stacktic in `{}`", out.display());
        if is_there.with_context(context)? == Some(true) {
            return Ok(Some(Hold { _directory: directory }));
        }
    }
}

/// What is no folder is refused by the first look at the state.
fn folder(out: &Path) -> Result<Option<OwnedFd>> {
    let Some(mut root) = Root::open(out)? else {
        return Ok(None);
    };
    let shown = root.show(STATE_DIR);
    let Parent::Directory(directory) = root.directory(STATE_DIR)? else {
        return Ok(None);
    };
    let directory = directory.try_clone_to_owned();
    directory
        .map(Some)
        .with_context(|| format!("could not hold on to {shown}"))
}

/// Some network file systems cannot lock a directory; there, `state::ensure_unchanged` has to do.
fn lock(directory: &OwnedFd, kind: Kind, on_wait: &mut dyn FnMut()) {
    let (at_once, in_time) = match kind {
        Kind::Shared => (FlockOperation::NonBlockingLockShared, FlockOperation::LockShared),
        Kind::Alone => (FlockOperation::NonBlockingLockExclusive, FlockOperation::LockExclusive),
    };
    if flock(directory, at_once) == Err(Errno::WOULDBLOCK) {
        on_wait();
        while flock(directory, in_time) == Err(Errno::INTR) {}
    }
}

fn is_same(one: &OwnedFd, other: &OwnedFd) -> Result<bool, Errno> {
    let (one, other) = (fstat(one)?, fstat(other)?);
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}
