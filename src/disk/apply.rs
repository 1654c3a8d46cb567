//! Carries out changes: the only code that writes.
//!
//! In: `Changes` that do not block. Out: the directory as they say, and the files that were kept. The journal is written first
//! and removed last, and each file appears under its name complete, so that a run that is interrupted anywhere is completed by
//! the next one. What a user saves meanwhile is refused or kept, never lost.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;

use super::aside;
use super::displaced::Rescue;
use super::orphans::{self, ORPHANS};
use super::root::{Parent, Root};
use super::state::{self, JOURNAL_PATH, LOCK_PATH};
use super::steps::Steps;
use super::temporary;
use super::write::{Onto, Target, ensure_as_seen, rename_to_free, write};
use crate::rel_path::RelPath;
use crate::tree::{Action, Change, Changes, Kept};

/// Carries out `changes`, or writes nothing where they block or where the state is not the one they were worked out from.
/// Returns the files that a user saved in the instant in which they were replaced, and that were kept.
pub(super) fn apply(changes: &Changes<'_>, out: &Path, steps: &mut Steps<'_>) -> Result<Vec<Kept>> {
    ensure!(!changes.blocks(), "the changes are refused, so nothing is written");
    if !changes.pending() {
        // What was right already may be so no longer.
        let root = Root::open(out)?;
        return root.map_or(Ok(Vec::new()), |mut root| {
            state::ensure_unchanged(changes, &mut root).map(|()| Vec::new())
        });
    }
    let root = &mut Root::create(out)?;
    state::ensure_directory(root, steps)?;
    state::ensure_unchanged(changes, root)?;
    ensure_orphans_usable(changes, root)?;
    state::write(root, JOURNAL_PATH, &changes.journal, steps)?;
    let mut rescue = Rescue::new(changes, out);
    clear_half_done(changes, root, out, steps)?;
    for change in changes.files.iter().filter(|change| change.action.removes()) {
        remove(change, root, &mut rescue, out, steps)?;
    }
    remove_empty_directories(changes, root, steps)?;
    for change in changes.files.iter().filter(|change| change.action.puts_content()) {
        put(change, root, &mut rescue, steps)?;
    }
    if changes.lock_changes() {
        state::write(root, LOCK_PATH, &changes.lock_after, steps)?;
    }
    remove_journal(root, steps)?;
    Ok(rescue.kept)
}

/// Anything that is replaced or deleted may have to be kept, which is no time to find out that it cannot be.
fn ensure_orphans_usable(changes: &Changes<'_>, root: &mut Root) -> Result<()> {
    let takes = |change: &Change<'_>| change.action.writes() && change.stamp.is_some();
    let may_keep = changes.files.iter().any(takes) || changes.half_done.iter().any(|left| left.orphan.is_some());
    match root.directory(ORPHANS)? {
        Parent::Obstacle(obstacle) if may_keep => Err(orphans::refusal(&obstacle).into()),
        _ => Ok(()),
    }
}

fn clear_half_done(changes: &Changes<'_>, root: &mut Root, out: &Path, steps: &mut Steps<'_>) -> Result<()> {
    for leftover in &changes.half_done {
        let shown = root.show(&temporary::beside(&leftover.path, &leftover.name));
        let Parent::Directory(parent) = root.parent(&leftover.path)? else {
            continue;
        };
        if let Some(orphan) = &leftover.orphan {
            let is_secret = changes.kept.iter().any(|kept| kept.orphan == *orphan && kept.secret);
            orphans::keep(
                parent,
                &leftover.name,
                orphan,
                is_secret,
                &mut Root::create(out)?,
                steps,
            )?;
            continue;
        }
        steps.take()?;
        match unlinkat(parent, &leftover.name, AtFlags::empty()) {
            // The journal's own went with its rename.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error).with_context(|| format!("could not delete {shown}")),
        }
    }
    Ok(())
}

fn remove(
    change: &Change<'_>,
    root: &mut Root,
    rescue: &mut Rescue<'_>,
    out: &Path,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let path = &change.path;
    let shown = root.show(path.as_str());
    let Parent::Directory(parent) = root.parent(path)? else {
        bail!("the directory of {shown} went away")
    };
    ensure_as_seen(parent, path, change.stamp, &shown)?;
    if let (Action::Quarantine, Some(orphan)) = (change.action, &change.orphan) {
        return orphans::keep(
            parent,
            path.file_name(),
            orphan,
            change.secret,
            &mut Root::create(out)?,
            steps,
        );
    }
    steps.take()?;
    let displaced = temporary::displaced(path);
    let renamed = rename_to_free(parent, path.file_name(), parent, &displaced);
    renamed.with_context(|| format!("could not delete {shown} by way of `{displaced}` beside it"))?;
    rescue.settle(parent, change, steps)
}

/// Directories that held files of stacktic, the deepest first. What holds anything else stays.
fn remove_empty_directories(changes: &Changes<'_>, root: &mut Root, steps: &mut Steps<'_>) -> Result<()> {
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

fn put(change: &Change<'_>, root: &mut Root, rescue: &mut Rescue<'_>, steps: &mut Steps<'_>) -> Result<()> {
    let path = &change.path;
    let shown = root.show(path.as_str());
    if let (Some(orphan), Some(values)) = (&change.orphan, &change.aside) {
        // First, so that the values are somewhere at every moment.
        aside::write(orphan, values, root, steps)?;
    }
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
    let target = Target {
        parent,
        path,
        shown,
        onto: change.stamp.map_or(Onto::Nothing, Onto::Seen),
        is_secret: change.secret,
    };
    write(&target, contents, steps)?;
    match target.onto {
        Onto::Seen(_) => rescue.settle(parent, change, steps),
        _ => Ok(()),
    }
}

fn remove_journal(root: &mut Root, steps: &mut Steps<'_>) -> Result<()> {
    let shown = root.show(JOURNAL_PATH);
    let path = RelPath::parse(JOURNAL_PATH).map_err(anyhow::Error::msg)?;
    let Parent::Directory(parent) = root.parent(&path)? else {
        bail!("the directory of {shown} went away")
    };
    steps.take()?;
    unlinkat(parent, path.file_name(), AtFlags::empty()).with_context(|| format!("could not delete {shown}"))
}
