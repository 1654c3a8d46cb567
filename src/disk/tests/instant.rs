//! What a user saves while a run writes, at any step of it, is refused or kept, never lost; and what was kept is named, by the
//! run itself or, if it was killed, by the next.

use super::*;

const ORPHANS: &str = ".stacktic/orphans";
const MINE: &str = "MINE=and much longer than before\n";

/// How an editor saves.
#[derive(Clone, Copy, Debug)]
enum Save {
    InPlace,
    ByRename,
}

fn save(sandbox: &Sandbox, at: &str, how: Save) {
    match how {
        Save::InPlace => sandbox.write(at, MINE),
        Save::ByRename => {
            sandbox.write("editor", MINE);
            fs::rename(sandbox.at("editor"), sandbox.at(at)).unwrap();
        }
    }
}

/// Where the saved text stands now.
fn places(sandbox: &Sandbox) -> Vec<String> {
    let all = sandbox.contents().into_iter();
    let text = |contents: Option<Vec<u8>>| String::from_utf8(contents.unwrap_or_default()).unwrap();
    all.filter(|(_, contents)| text(contents.clone()).contains(MINE))
        .map(|(path, _)| path)
        .collect()
}

/// The ways in which a run takes a file from its path: (before, after, path, what the user did before).
fn takes() -> Vec<(Tree, Tree, &'static str, Option<&'static str>)> {
    let secret_and = |keys: &[&str], b| {
        let mut tree = owned(&[("b", b)]);
        tree.insert(path("a/s.env"), secret(keys)).unwrap();
        tree
    };
    vec![
        (
            owned(&[("a/x", "1"), ("b", "1")]),
            owned(&[("a/x", "2"), ("b", "2")]),
            "a/x",
            None,
        ),
        (
            owned(&[("a/x", "1"), ("b", "1")]),
            owned(&[("a/x", "2"), ("b", "2")]),
            "a/x",
            Some("edited"),
        ),
        (owned(&[("a/x", "1"), ("b", "1")]), owned(&[("b", "2")]), "a/x", None),
        (
            owned(&[("a/x", "1"), ("b", "1")]),
            owned(&[("b", "2")]),
            "a/x",
            Some("edited"),
        ),
        (
            secret_and(&["A"], "1"),
            secret_and(&["A", "B"], "2"),
            "a/s.env",
            Some("A=1\n"),
        ),
        (secret_and(&["A"], "1"), owned(&[("b", "2")]), "a/s.env", Some("A=1\n")),
        (secret_and(&["A"], "1"), owned(&[("b", "2")]), "a/s.env", None),
    ]
}

fn begin(before: &Tree, at: &str, edit: Option<&str>) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.options = Options {
        on_edit: OnEdit::Overwrite,
        max_deletes: Some(usize::MAX),
        empty_stack: false,
    };
    sandbox.generate(before);
    if let Some(text) = edit {
        sandbox.write(at, text);
    }
    sandbox
}

#[test]
fn what_is_saved_at_any_step_is_refused_or_kept_and_named() {
    let mut kept_by_runs = 0;
    for (before, after, at, edit) in takes() {
        for how in [Save::InPlace, Save::ByRename] {
            for moment in 0.. {
                let sandbox = begin(&before, at, edit);
                let changes = sandbox.diff(&after);
                let mut is_saved = false;
                let mut watch = |step| {
                    if step == moment && sandbox.at(at).parent().unwrap().exists() {
                        save(&sandbox, at, how);
                        is_saved = true;
                    }
                };
                let result = apply(&changes, &sandbox.out, &mut Steps::watched(&mut watch));
                if !is_saved {
                    break;
                }
                let told = format!("{at} {edit:?} {how:?} at step {moment}: {result:?}");
                let places = places(&sandbox);
                assert_eq!(places.len(), 1, "{told}: {places:?}");
                let planned: Vec<_> = changes
                    .files
                    .iter()
                    .filter_map(|change| change.orphan.as_ref())
                    .collect();
                match result {
                    Ok(kept) => {
                        let named = kept.iter().map(|kept| &kept.orphan).chain(planned);
                        let is_named = named.map(RelPath::as_str).any(|named| named == places[0]);
                        assert!(is_named || places[0] == at, "{told}: {places:?}");
                        kept_by_runs += kept.len();
                    }
                    Err(error) => assert!(format!("{error:#}").contains("out/a"), "{told}"),
                }
                // Away from its path, it takes no harm from later runs either.
                sandbox.generate(&before);
                assert!(places[0] == at || self::places(&sandbox) == places, "{told}");
            }
        }
    }
    assert!(
        kept_by_runs > 0,
        "some moment lies between the last look and the rename"
    );
}

#[test]
fn what_a_killed_run_had_in_hand_is_named_by_the_next() {
    for (before, after, at, edit) in takes() {
        for moment in 0.. {
            let mut is_reached = false;
            for killed_after in moment..moment + 8 {
                let sandbox = begin(&before, at, edit);
                let changes = sandbox.diff(&after);
                let mut is_saved = false;
                let mut watch = |step| {
                    if step == moment && sandbox.at(at).is_file() {
                        save(&sandbox, at, Save::ByRename);
                        is_saved = true;
                    }
                };
                let mut steps = Steps::watched(&mut watch).until(killed_after);
                let result = apply(&changes, &sandbox.out, &mut steps);
                is_reached |= is_saved;
                if !is_saved || result.is_ok() {
                    continue;
                }
                let told = format!("{at} {edit:?} saved at {moment}, killed after {killed_after}");
                let next = sandbox.generate(&after);
                let places = places(&sandbox);
                let named = next.kept.iter().map(|kept| kept.orphan.as_str());
                let planned = next
                    .files
                    .iter()
                    .filter_map(|change| change.orphan.as_ref().map(RelPath::as_str));
                let is_named = named
                    .chain(planned)
                    .any(|named| places.iter().any(|place| place == named));
                // At its own path, it was there for the next run as any edit is, and went by `--on-edit overwrite`.
                let was_overwritten = next.files.iter().any(|change| change.action == Action::OverwriteEdited);
                let is_at_its_path = places.iter().any(|place| place == at);
                assert!(is_named || is_at_its_path || was_overwritten, "{told}: {next:?}");
                assert!(!is_named || next.reports(), "{told}: {next:?}");
            }
            if !is_reached {
                break;
            }
        }
    }
}

#[test]
fn a_run_killed_after_it_moved_an_edited_file_away_is_told_of_once() {
    let (with, without) = (owned(&[("a/x.py", "1"), ("b", "1")]), owned(&[("b", "2")]));
    let mut moments = 0;
    for steps in 0.. {
        for next in [&without, &with] {
            let sandbox = begin(&with, "a/x.py", Some(MINE));
            sandbox.write(".stacktic/orphans/a/x.py", "older");
            let changes = sandbox.diff(&without);
            let note = changes.files[0].note.as_deref().unwrap();
            assert!(note.contains("kept as `.stacktic/orphans/a/x.py.1`"), "{note}");
            if apply(&changes, &sandbox.out, &mut Steps::limited(steps)).is_ok() {
                assert!(moments > 2, "{moments}");
                return;
            }
            let is_moved = !sandbox.at("a/x.py").exists();
            // Another kill in between changes nothing.
            let between = sandbox.diff(next);
            let is_complete = apply(&between, &sandbox.out, &mut Steps::limited(steps / 2)).is_ok();
            let told = if is_complete { between } else { sandbox.generate(next) };
            if is_moved {
                moments += 1;
                let kept: Vec<_> = told.kept.iter().map(ToString::to_string).collect();
                assert_eq!(kept, ["kept as `.stacktic/orphans/a/x.py.1`"], "after {steps} steps");
                assert!(told.reports() && !told.blocks());
                assert_eq!(sandbox.read(&format!("{ORPHANS}/a/x.py.1")), MINE);
            }
            assert!(sandbox.diff(next).is_clean(), "it is told of once");
        }
    }
}

#[test]
fn the_name_that_is_told_is_the_name_that_is_taken() {
    let files = [("a", "1"), ("a.1", "1"), ("b/c", "1"), ("b.1", "1"), ("z", "1")];
    let sandbox = begin(&owned(&files), "a", Some("edited"));
    for at in ["a.1", "b/c", "b.1"] {
        sandbox.write(at, "edited");
    }
    sandbox.write(&format!("{ORPHANS}/a"), "older");
    sandbox.write(&format!("{ORPHANS}/b"), "older");
    let tree = owned(&[("z", "1")]);
    let changes = sandbox.generate(&tree);
    let named: Vec<_> = changes
        .files
        .iter()
        .filter_map(|change| Some(change.orphan.as_ref()?.as_str()))
        .collect();
    let mut expected = [".gitignore", "a", "b"].map(|at| format!("{ORPHANS}/{at}")).to_vec();
    expected.extend(named.iter().map(|orphan| (*orphan).to_owned()));
    expected.sort();
    let mut names = sandbox.names();
    names.retain(|name| name != "z");
    assert_eq!(names, expected);
    assert_eq!(named.len(), 4);
    for (change, orphan) in changes.files.iter().zip(&named) {
        let note = change.note.as_deref().unwrap();
        assert!(
            note.contains(&format!("`{orphan}`")) && sandbox.read(orphan) == "edited",
            "{note}"
        );
    }
}

#[test]
fn orphans_of_secrets_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (before, after) = (secrets(&["A"]), owned(&[("b", "1")]));
    let sandbox = begin(&before, "secret/cloud.env", Some("A=1\n"));
    fs::set_permissions(sandbox.at("secret/cloud.env"), fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.generate(&after);
    let orphan = sandbox.at(ORPHANS).join("secret/cloud.env");
    assert_eq!(fs::metadata(orphan).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_fault_at_a_look_reads_as_that_fault() {
    use crate::disk::root::{is_absent, stamp_at};
    use rustix::io::Errno;
    let sandbox = begin(&owned(&[("a", "1")]), "a", None);
    let directory = fs::File::open(&sandbox.out).unwrap();
    let parent = std::os::fd::AsFd::as_fd(&directory);
    let long = "x".repeat(300);
    assert!(stamp_at(parent, "a").unwrap().is_some());
    assert_eq!(
        (stamp_at(parent, "b"), stamp_at(parent, ".stacktic")),
        (Ok(None), Ok(None))
    );
    assert_eq!(stamp_at(parent, &long), Err(Errno::NAMETOOLONG));
    assert_eq!(
        (is_absent(parent, "b"), is_absent(parent, &long)),
        (Ok(true), Err(Errno::NAMETOOLONG))
    );
    let error = crate::disk::write::ensure_as_seen(parent, &path("b"), None, "`b`");
    assert!(error.is_ok());
}

#[test]
fn a_file_system_that_swaps_in_steps_loses_nothing_either() {
    use crate::disk::write::exchange_in_steps;
    let sandbox = Sandbox::new();
    let swap = || {
        let directory = fs::File::open(&sandbox.out).unwrap();
        exchange_in_steps(std::os::fd::AsFd::as_fd(&directory), "new", "a", "spare")
    };
    sandbox.write("new", "2");
    sandbox.write("a", "1");
    swap().unwrap();
    assert_eq!((sandbox.read("a").as_str(), sandbox.read("new").as_str()), ("2", "1"));
    assert_eq!(sandbox.names(), ["a", "new"]);
    // What stands in the way stays, and so does everything else.
    sandbox.write("spare", "mine");
    assert_eq!(swap(), Err(rustix::io::Errno::EXIST));
    assert_eq!((sandbox.read("a").as_str(), sandbox.read("new").as_str()), ("2", "1"));
    assert_eq!(sandbox.read("spare"), "mine");
}

/// Without the journal, which somebody may have deleted, nothing tells what a temporary file is: it is named, not replaced.
#[test]
fn what_lies_under_a_temporary_name_is_not_replaced() {
    let sandbox = begin(&owned(&[("a", "1"), ("b", "1")]), "a", None);
    let in_the_way = crate::disk::temporary::displaced(&path("a"));
    sandbox.write(&in_the_way, MINE);
    for tree in [owned(&[("a", "2"), ("b", "1")]), owned(&[("b", "1")])] {
        let changes = sandbox.diff(&tree);
        let error = format!(
            "{:#}",
            apply(&changes, &sandbox.out, &mut Steps::unlimited()).unwrap_err()
        );
        assert!(error.contains(&format!("`{in_the_way}` beside it")), "{error}");
        assert_eq!(
            (sandbox.read(&in_the_way).as_str(), sandbox.read("a").as_str()),
            (MINE, "1")
        );
        fs::remove_file(sandbox.at(".stacktic/journal.json")).unwrap();
    }
}
