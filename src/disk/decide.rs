//! The decision table of the output directory as one pure function.
//!
//! In: what is wanted at a path, what the lock knows of it, what stands there, and what the user allows. Out: an `Action`, or
//! nothing to do. It must not know paths, bytes or the disk.

use super::OnEdit;
use crate::tree::{Action, Class};

/// What the tree holds for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Owned,
    Seeded,
    /// A seeded file that builds read.
    SeededForBuilds,
    /// A seeded dotenv file, of which the keys are stacktic's and the values the user's.
    Skeleton,
}

/// What stands at the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDisk {
    Absent,
    /// Equal to what is wanted; of a skeleton: with the user's values in it.
    AsNew,
    /// As stacktic last wrote it.
    AsKnown,
    Differs,
    /// A secret file with values that nothing wants any more.
    SetsAside,
    /// A SOPS-encrypted file with other keys than the skeleton's.
    OutOfStep,
    /// A secret file that kustomize would not read as it is meant.
    Unreadable,
    /// A link, a directory, a device, or anything behind a link.
    NotAFile,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) wanted: Wanted,
    /// As which class the lock, or the journal of an interrupted run, lists the path.
    pub(super) known: Option<Class>,
    pub(super) on_disk: OnDisk,
    pub(super) on_edit: OnEdit,
    pub(super) is_producible: bool,
}

/// `None` where there is nothing to do and nothing to say.
pub(super) fn decide(case: &Case) -> Option<Action> {
    match case.wanted {
        Wanted::Nothing => case.known.and_then(|_| prune(case)),
        Wanted::Owned => Some(owned(case)),
        Wanted::Seeded => Some(seeded(case)),
        // Where it is missing there is no work of the user's to keep, and nothing builds without it.
        Wanted::SeededForBuilds if case.known.is_some() && case.on_disk == OnDisk::Absent => Some(Action::Recreate),
        Wanted::SeededForBuilds => Some(seeded(case)),
        Wanted::Skeleton => Some(skeleton(case)),
    }
}

/// A delete needs two keys: the file is as stacktic wrote it, and the catalog can produce its path.
fn prune(case: &Case) -> Option<Action> {
    match case.on_disk {
        OnDisk::Absent => None,
        OnDisk::NotAFile => Some(Action::LeaveObstacle),
        // Not even moved away: a lock that was tampered with must not reach files of others.
        _ if !case.is_producible => Some(Action::LeaveUnproducible),
        OnDisk::AsKnown => Some(Action::Delete),
        _ => Some(Action::Quarantine),
    }
}

fn owned(case: &Case) -> Action {
    match (case.known.is_some(), case.on_disk) {
        (_, OnDisk::NotAFile) => Action::RefuseObstacle,
        (false, OnDisk::Absent) => Action::Create,
        (false, OnDisk::AsNew) => Action::Adopt,
        (false, _) => Action::RefuseForeign,
        (true, OnDisk::Absent) => Action::Recreate,
        (true, OnDisk::AsNew) => Action::Same,
        (true, OnDisk::AsKnown) => Action::Update,
        (true, _) => edited(case.on_edit),
    }
}

fn edited(on_edit: OnEdit) -> Action {
    match on_edit {
        OnEdit::Fail => Action::RefuseEdited,
        OnEdit::Keep => Action::KeepEdited,
        OnEdit::Overwrite => Action::OverwriteEdited,
    }
}

/// Written once: after that, whatever is there or is missing is the user's decision.
fn seeded(case: &Case) -> Action {
    match (case.known, case.on_disk) {
        (None, OnDisk::NotAFile) => Action::RefuseObstacle,
        (None | Some(Class::Owned), OnDisk::Absent) => Action::Seed,
        (None, OnDisk::AsNew) => Action::Adopt,
        // It was owned until now and nobody touched it, so this is the one time it is written.
        (Some(Class::Owned), OnDisk::AsKnown) => Action::Update,
        _ => Action::SeedSame,
    }
}

/// The keys are wanted again by each run; only their values are written once.
fn skeleton(case: &Case) -> Action {
    match (case.known.is_some(), case.on_disk) {
        (false, OnDisk::Absent) => Action::Seed,
        // Where it is missing there is no value of the user's to keep, and nothing builds without it.
        (true, OnDisk::Absent) => Action::Recreate,
        (false, OnDisk::AsNew) => Action::Adopt,
        (true, OnDisk::AsNew) => Action::SeedSame,
        (_, OnDisk::OutOfStep) => Action::SecretOutOfStep,
        (_, OnDisk::Unreadable) => Action::SecretUnreadable,
        (false, OnDisk::NotAFile) => Action::RefuseObstacle,
        (true, OnDisk::NotAFile) => Action::SecretUnreadable,
        (true, OnDisk::SetsAside) => Action::SkeletonSetAside,
        (false, OnDisk::AsKnown | OnDisk::Differs | OnDisk::SetsAside) => Action::RefuseForeign,
        (true, OnDisk::AsKnown | OnDisk::Differs) => Action::SkeletonUpdate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::*;
    use OnDisk::{Absent, AsKnown, AsNew, Differs, NotAFile, OutOfStep, Unreadable};

    const STATES: [OnDisk; 7] = [Absent, AsNew, AsKnown, Differs, OutOfStep, Unreadable, NotAFile];
    const OWNED: Option<Class> = Some(Class::Owned);
    const SEEDED: Option<Class> = Some(Class::Seeded);
    const FAIL: OnEdit = OnEdit::Fail;

    fn of(
        wanted: Wanted,
        known: Option<Class>,
        on_disk: OnDisk,
        on_edit: OnEdit,
        is_producible: bool,
    ) -> Option<Action> {
        decide(&Case {
            wanted,
            known,
            on_disk,
            on_edit,
            is_producible,
        })
    }

    /// One line for each `known`, one column for each of `STATES`; the last two are for secrets alone.
    fn check(wanted: Wanted, known: Option<Class>, expected: [Option<Action>; 7]) {
        for (on_disk, expected) in STATES.into_iter().zip(expected) {
            for is_producible in [false, true] {
                let action = of(wanted, known, on_disk, FAIL, is_producible);
                assert_eq!(action, expected, "{wanted:?} {known:?} {on_disk:?}");
            }
        }
    }

    #[test]
    fn wanted_and_owned() {
        let foreign = Some(RefuseForeign);
        let edited = Some(RefuseEdited);
        let obstacle = Some(RefuseObstacle);
        check(
            Wanted::Owned,
            None,
            [Some(Create), Some(Adopt), foreign, foreign, foreign, foreign, obstacle],
        );
        for known in [OWNED, SEEDED] {
            let row = [
                Some(Recreate),
                Some(Same),
                Some(Update),
                edited,
                edited,
                edited,
                obstacle,
            ];
            check(Wanted::Owned, known, row);
        }
    }

    #[test]
    fn edited_by_hand_goes_by_the_option() {
        for (on_edit, expected) in [
            (OnEdit::Fail, RefuseEdited),
            (OnEdit::Keep, KeepEdited),
            (OnEdit::Overwrite, OverwriteEdited),
        ] {
            assert_eq!(of(Wanted::Owned, OWNED, Differs, on_edit, true), Some(expected));
            // The option is about stacktic's own files alone.
            assert_eq!(of(Wanted::Owned, None, Differs, on_edit, true), Some(RefuseForeign));
            assert_eq!(of(Wanted::Owned, OWNED, NotAFile, on_edit, true), Some(RefuseObstacle));
            assert_eq!(of(Wanted::Seeded, SEEDED, Differs, on_edit, true), Some(SeedSame));
            assert_eq!(of(Wanted::Nothing, OWNED, Differs, on_edit, true), Some(Quarantine));
        }
    }

    #[test]
    fn wanted_and_seeded() {
        let users = Some(SeedSame);
        check(
            Wanted::Seeded,
            None,
            [
                Some(Seed),
                Some(Adopt),
                users,
                users,
                users,
                users,
                Some(RefuseObstacle),
            ],
        );
        check(Wanted::Seeded, SEEDED, [users; 7]);
        check(
            Wanted::Seeded,
            OWNED,
            [Some(Seed), users, Some(Update), users, users, users, users],
        );
    }

    #[test]
    fn wanted_seeded_and_built_from() {
        let users = Some(SeedSame);
        let mut row = [users; 7];
        row[0] = Some(Recreate);
        check(Wanted::SeededForBuilds, SEEDED, row);
        let first = of(Wanted::SeededForBuilds, None, Absent, FAIL, true);
        assert_eq!(first, Some(Seed));
    }

    #[test]
    fn wanted_and_a_secret_skeleton() {
        let (step, unreadable) = (Some(SecretOutOfStep), Some(SecretUnreadable));
        let foreign = Some(RefuseForeign);
        check(
            Wanted::Skeleton,
            None,
            [
                Some(Seed),
                Some(Adopt),
                foreign,
                foreign,
                step,
                unreadable,
                Some(RefuseObstacle),
            ],
        );
        for known in [OWNED, SEEDED] {
            let (users, update) = (Some(SeedSame), Some(SkeletonUpdate));
            check(
                Wanted::Skeleton,
                known,
                [Some(Recreate), users, update, update, step, unreadable, unreadable],
            );
        }
    }

    #[test]
    fn no_longer_wanted() {
        check(Wanted::Nothing, None, [None; 7]);
        for known in [OWNED, SEEDED] {
            for (on_disk, is_producible, expected) in [
                (Absent, true, None),
                (Absent, false, None),
                (AsKnown, true, Some(Delete)),
                (AsKnown, false, Some(LeaveUnproducible)),
                (Differs, true, Some(Quarantine)),
                (Differs, false, Some(LeaveUnproducible)),
                (NotAFile, true, Some(LeaveObstacle)),
                (NotAFile, false, Some(LeaveObstacle)),
            ] {
                assert_eq!(
                    of(Wanted::Nothing, known, on_disk, FAIL, is_producible),
                    expected,
                    "{on_disk:?}"
                );
            }
        }
    }

    #[test]
    fn no_case_takes_away_or_replaces_a_file_that_is_not_known() {
        for wanted in [Wanted::Nothing, Wanted::Owned, Wanted::Seeded, Wanted::Skeleton] {
            for on_disk in STATES.into_iter().filter(|on_disk| *on_disk != Absent) {
                for on_edit in [OnEdit::Fail, OnEdit::Keep, OnEdit::Overwrite] {
                    let action = of(wanted, None, on_disk, on_edit, true);
                    assert!(
                        !action.is_some_and(Action::writes),
                        "{wanted:?} {on_disk:?}: {action:?}"
                    );
                }
            }
        }
    }
}
