//! What is said and remembered of a decision about one path, and of all of them together.
//!
//! In: facts and actions. Out: `Change`s, and what the journal and the report make of them. It must not decide, or look at the
//! disk.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Options;
use super::aside::Aside;
use super::compare::Compared;
use super::digest::Digest;
use super::lock::LockEntry;
use super::note::{self, note};
use crate::rel_path::RelPath;
use crate::tree::{Action, Change, Content, Kept, MassDelete, TreeFile};

/// The files that this run moves away, and those of earlier ones that nobody named yet.
pub(super) fn moved(files: &[Change<'_>], kept: &[Kept]) -> BTreeMap<RelPath, RelPath> {
    let planned = files
        .iter()
        .filter_map(|change| Some((change.orphan.clone()?, change.path.clone())));
    let earlier = kept.iter().map(|kept| (kept.orphan.clone(), kept.path.clone()));
    planned.chain(earlier).collect()
}

/// Of a path that is no longer produced.
pub(super) fn stale<'tree>(
    path: RelPath,
    entry: LockEntry,
    action: Action,
    compared: Compared<'tree>,
    orphan: Option<RelPath>,
) -> Change<'tree> {
    let secret = entry.keys.is_some();
    let kept = orphan.clone().map(|orphan| Kept {
        path: path.clone(),
        orphan,
        secret,
    });
    Change {
        note: match &kept {
            Some(kept) => Some(note::quarantine(kept, compared.differs_in_line_ends)),
            None => note(
                action,
                compared.obstacle.as_ref(),
                compared.differs_in_line_ends,
                secret,
            ),
        },
        path,
        action,
        class: entry.class,
        why: Cow::Owned(entry.why),
        secret,
        before: compared.before.filter(|_| action == Action::Delete && !secret),
        after: None,
        stamp: compared.stamp,
        contents: compared.contents.map(Digest::bytes),
        orphan,
        aside: None,
    }
}

/// Of a path of the tree.
pub(super) fn produced<'tree>(
    path: &RelPath,
    file: &'tree TreeFile,
    action: Action,
    compared: Compared<'tree>,
    aside: Option<Aside>,
) -> Change<'tree> {
    let (orphan, aside) = aside.map(|aside| (aside.path, aside.bytes)).unzip();
    let shows_before = matches!(
        action,
        Action::Update | Action::OverwriteEdited | Action::KeepEdited | Action::RefuseEdited
    );
    let is_settled = matches!(action, Action::Same | Action::Adopt | Action::SeedSame);
    let secret = matches!(file.content, Content::Skeleton(_));
    Change {
        path: path.clone(),
        action,
        class: file.class,
        why: Cow::Borrowed(&file.why),
        note: compared.note.or_else(|| {
            note(
                action,
                compared.obstacle.as_ref(),
                compared.differs_in_line_ends,
                secret,
            )
        }),
        secret,
        before: compared.before.filter(|_| shows_before),
        after: compared.after.filter(|_| !is_settled),
        stamp: compared.stamp,
        contents: compared.contents.map(Digest::bytes),
        orphan,
        aside,
    }
}

/// More would go than may go unasked.
pub(super) fn mass_delete(files: &[Change<'_>], listed: usize, options: &Options) -> Option<MassDelete> {
    let deletes = files.iter().filter(|change| change.action.removes()).count();
    let by_default = if options.empty_stack { 0 } else { (listed / 5).max(10) };
    let allowed = options.max_deletes.unwrap_or(by_default);
    (deletes > allowed).then_some(MassDelete {
        deletes,
        allowed,
        empty_stack: options.empty_stack,
    })
}
