//! A run that is killed between any two steps is completed by the next one, and no foreign byte changes.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Some exclude each other, as a file and a directory.
const PATHS: [&str; 8] = ["a", "a/b", "a/b/c", "d/e", "d/f", "g", "g/h", SECRET];
const SECRET: &str = "secret/cloud.env";
const FOREIGN: [&str; 2] = ["d/foreign", "foreign"];

/// For each of `PATHS`, what a tree holds there, if anything.
type Plan = Vec<Option<u8>>;

fn plans() -> impl Strategy<Value = Plan> {
    prop::collection::vec(prop::option::of(0..6_u8), PATHS.len())
}

fn tree_of(plan: &Plan) -> Tree {
    let mut tree = Tree::new();
    for (at, content) in PATHS.iter().zip(plan) {
        let Some(content) = content else { continue };
        let file = match content {
            _ if *at == SECRET => secret(&["A", "B", "C"][usize::from(content % 3)..]),
            0..4 => file(Class::Owned, &format!("{content}")),
            _ => file(Class::Seeded, &format!("{content}")),
        };
        // Of two that clash, the first stays.
        _ = tree.insert(path(at), file);
    }
    tree
}

/// What the user does between two runs.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Nothing,
    Delete,
    Write,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![3 => Just(Edit::Nothing), 1 => Just(Edit::Delete), 1 => Just(Edit::Write)];
    prop::collection::vec(edit, PATHS.len())
}

fn begin(first: &Plan, edits: &[Edit]) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.options = Options {
        on_edit: OnEdit::Overwrite,
        max_deletes: Some(usize::MAX),
        empty_stack: false,
    };
    sandbox.generate(&tree_of(first));
    FOREIGN.iter().for_each(|at| sandbox.write(at, at));
    for (at, edit) in PATHS.iter().zip(edits).filter(|(at, _)| sandbox.at(at).is_file()) {
        match edit {
            Edit::Nothing => {}
            Edit::Delete => fs::remove_file(sandbox.at(at)).unwrap(),
            Edit::Write => sandbox.write(at, &format!("MINE={at}\n")),
        }
    }
    sandbox
}

/// Everything but whose turn it was: the lock too, since it tells nothing of the way there.
fn state(sandbox: &Sandbox) -> BTreeMap<String, Option<Vec<u8>>> {
    walk(&sandbox.out)
        .into_iter()
        .map(|(path, seen)| (path, seen.contents))
        .collect()
}

fn check_foreign(sandbox: &Sandbox) {
    FOREIGN.iter().for_each(|at| assert_eq!(sandbox.read(at), *at));
}

/// Runs `tree`, killed after `steps`; whether it was done by then.
fn kill(sandbox: &Sandbox, tree: &Tree, steps: usize) -> bool {
    let changes = sandbox.diff(tree);
    assert!(!changes.blocks(), "{:?}", changes.files);
    apply(&changes, &sandbox.out, &mut Steps::limited(steps)).is_ok()
}

fn finish(sandbox: &Sandbox, tree: &Tree) {
    let changes = sandbox.generate(tree);
    assert!(!changes.blocks(), "{:?}", changes.files);
    let before = walk(&sandbox.out);
    let again = sandbox.generate(tree);
    assert!(again.is_clean(), "{:?}", again.files);
    assert_eq!(walk(&sandbox.out), before, "a second run touches nothing");
}

/// What a plan that takes a file away means to lose, and no more.
#[test]
fn values_of_a_secret_are_lost_only_once_their_key_is_taken_out() {
    let (both, one) = (secrets(&["A", "B"]), secrets(&["B"]));
    let mut seen = BTreeSet::new();
    for steps in 0.. {
        let sandbox = Sandbox::new();
        sandbox.generate(&both);
        let filled = sandbox.read(SECRET).replace("\nA=", "\nA=x").replace("\nB=", "\nB=y");
        sandbox.write(SECRET, &filled);
        let is_done = kill(&sandbox, &one, steps);
        let is_kept = sandbox.read(SECRET).contains("\nA=x\n");
        finish(&sandbox, &both);
        let expected = if is_kept { filled } else { filled.replace("A=x", "A=") };
        assert_eq!(sandbox.read(SECRET), expected, "killed after {steps} steps");
        seen.insert((is_kept, is_done));
        if is_done {
            break;
        }
    }
    let moments = [(false, false), (false, true), (true, false)];
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        moments,
        "before, after and at the end"
    );
}

#[test]
fn what_a_killed_run_took_away_comes_back_with_the_stack_that_has_it() {
    let mut first = owned(&[("a/owned", "1"), ("b", "1")]);
    first.insert(path("a/seeded"), file(Class::Seeded, "1")).unwrap();
    first.insert(path(SECRET), secret(&["A"])).unwrap();
    let second = owned(&[("b", "2")]);
    let fresh = Sandbox::new();
    fresh.generate(&first);
    for steps in 0.. {
        let sandbox = Sandbox::new();
        sandbox.generate(&first);
        let is_done = kill(&sandbox, &second, steps);
        // The way back is killed too, again and again, each time a step later.
        for steps in 0.. {
            if kill(&sandbox, &first, steps) {
                break;
            }
        }
        finish(&sandbox, &first);
        assert_eq!(state(&sandbox), state(&fresh), "killed after {steps} steps");
        if is_done {
            break;
        }
    }
}

#[test]
fn what_took_the_place_of_a_file_that_a_killed_run_took_away_is_in_the_way() {
    let (with, without) = (seeded(&[("a", "1"), ("b", "1")]), seeded(&[("b", "1")]));
    let sandbox = Sandbox::new();
    sandbox.generate(&with);
    let steps = (0..64).find(|steps| !kill(&sandbox, &without, *steps) && !sandbox.at("a").exists());
    assert!(steps.is_some() && sandbox.at(".stacktic/journal.json").exists());
    sandbox.write("a/mine", "mine");
    check_actions(
        &sandbox.generate(&with),
        &[("a", Action::RefuseObstacle), ("b", Action::SeedSame)],
    );
    fs::remove_file(sandbox.at("a/mine")).unwrap();
    fs::remove_dir(sandbox.at("a")).unwrap();
    check_actions(
        &sandbox.generate(&with),
        &[("a", Action::Seed), ("b", Action::SeedSame)],
    );
}

#[test]
fn a_killed_run_that_kept_a_seeded_file_does_not_bring_it_back() {
    let (with, without) = (seeded(&[("a", "1")]), Tree::new());
    let sandbox = Sandbox::new();
    sandbox.generate(&with);
    fs::remove_file(sandbox.at("a")).unwrap();
    let other = {
        let mut tree = owned(&[("b", "1")]);
        tree.insert(path("a"), file(Class::Seeded, "1")).unwrap();
        tree
    };
    assert!(!kill(&sandbox, &other, 3));
    check_actions(&sandbox.generate(&with), &[("a", Action::SeedSame)]);
    assert!(!sandbox.at("a").exists(), "the user deleted it");
    sandbox.generate(&without);
    check_actions(&sandbox.generate(&with), &[("a", Action::Seed)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_tree_ends_the_same_way(first in plans(), second in plans(), edits in edits()) {
        let tree = tree_of(&second);
        let straight = begin(&first, &edits);
        finish(&straight, &tree);
        let mut is_done = false;
        for steps in 0.. {
            if is_done {
                break;
            }
            let sandbox = begin(&first, &edits);
            is_done = kill(&sandbox, &tree, steps);
            check_foreign(&sandbox);
            finish(&sandbox, &tree);
            check_foreign(&sandbox);
            prop_assert_eq!(state(&sandbox), state(&straight), "killed after {} steps", steps);
        }
    }

    #[test]
    fn going_back_to_the_first_tree_is_as_if_the_second_never_was(first in plans(), second in plans()) {
        let (tree, other) = (tree_of(&first), tree_of(&second));
        let fresh = begin(&first, &[]);
        let mut is_done = false;
        for steps in 0.. {
            if is_done {
                break;
            }
            let sandbox = begin(&first, &[]);
            is_done = kill(&sandbox, &other, steps);
            finish(&sandbox, &tree);
            check_foreign(&sandbox);
            prop_assert_eq!(state(&sandbox), state(&fresh), "killed after {} steps", steps);
        }
    }

    /// Each file is as if the second tree never was, or as if its run had ended: its plan loses edits, a kill none.
    #[test]
    fn going_back_loses_no_edit_that_the_second_tree_leaves(
        first in plans(), second in plans(), edits in edits()
    ) {
        let (tree, other) = (tree_of(&first), tree_of(&second));
        let (without, through) = (begin(&first, &edits), begin(&first, &edits));
        finish(&without, &tree);
        finish(&through, &other);
        finish(&through, &tree);
        let (without, through) = (without.contents(), through.contents());
        let mut is_done = false;
        for steps in (0..).step_by(2) {
            if is_done {
                break;
            }
            let sandbox = begin(&first, &edits);
            is_done = kill(&sandbox, &other, steps);
            finish(&sandbox, &tree);
            check_foreign(&sandbox);
            let ended = sandbox.contents();
            for name in [&without, &through, &ended].into_iter().flat_map(BTreeMap::keys) {
                // Nobody's work is in it, and a run may end before there is anything to keep from version control.
                if name == ".stacktic/orphans/.gitignore" {
                    continue;
                }
                let contents = |all: &BTreeMap<String, Option<Vec<u8>>>| all.get(name).cloned().flatten();
                let expected = [contents(&without), contents(&through)];
                prop_assert!(expected.contains(&contents(&ended)), "{} after {} steps", name, steps);
            }
        }
    }

    #[test]
    fn other_trees_after_several_kills_leave_nothing_behind(
        first in plans(), second in plans(), third in plans(), last in plans(), edits in edits(),
        kills in prop::collection::vec((0..24_usize, 0..24_usize), 8)
    ) {
        for (early, late) in kills {
            let sandbox = begin(&first, &edits);
            kill(&sandbox, &tree_of(&second), early);
            kill(&sandbox, &tree_of(&third), late);
            check_foreign(&sandbox);
            let tree = tree_of(&last);
            finish(&sandbox, &tree);
            check_foreign(&sandbox);
            for name in sandbox.names().iter().filter(|name| !name.starts_with(".stacktic/orphans/")) {
                let is_expected = FOREIGN.contains(&name.as_str()) || tree.get(&path(name)).is_some();
                prop_assert!(is_expected, "{} is left behind", name);
            }
        }
    }

    #[test]
    fn no_edit_of_a_path_that_goes_is_lost(first in plans(), second in plans(), edits in edits(), steps in 0..24_usize) {
        let sandbox = begin(&first, &edits);
        let edited: Vec<&str> = PATHS.into_iter().filter(|at| {
            fs::read_to_string(sandbox.at(at)).is_ok_and(|text| text == format!("MINE={at}\n"))
        }).collect();
        let tree = tree_of(&second);
        kill(&sandbox, &tree, steps);
        finish(&sandbox, &tree);
        for at in edited.into_iter().filter(|at| tree.get(&path(at)).is_none()) {
            let orphan = sandbox.at(".stacktic/orphans").join(at);
            let numbered = orphan.with_file_name(format!("{}.1", orphan.file_name().unwrap().display()));
            let texts = [orphan, numbered].map(|orphan| fs::read_to_string(orphan).unwrap_or_default());
            prop_assert!(texts.contains(&format!("MINE={at}\n")), "{} is lost", at);
        }
    }
}
