//! A run that is killed between any two steps is completed by the next one, and no foreign byte changes.

use proptest::prelude::*;

use super::*;
use crate::disk::apply::apply_until;

/// Some exclude each other, as a file and a directory.
const PATHS: [&str; 8] = ["a", "a/b", "a/b/c", "d/e", "d/f", "g", "g/h", "secret/cloud.env"];
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
            _ if *at == "secret/cloud.env" => secret(&["A", "B", "C"][usize::from(content % 3)..]),
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
    apply_until(&changes, &sandbox.out, steps).is_ok()
}

fn finish(sandbox: &Sandbox, tree: &Tree) {
    let changes = sandbox.generate(tree);
    assert!(!changes.blocks(), "{:?}", changes.files);
    let before = walk(&sandbox.out);
    let again = sandbox.generate(tree);
    assert!(again.is_clean(), "{:?}", again.files);
    assert_eq!(walk(&sandbox.out), before, "a second run touches nothing");
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
