//! Each row of the decision table, from the user's side.

use super::*;
use Action::{
    Adopt, Create, Delete, KeepEdited, OverwriteEdited, Quarantine, Recreate, RefuseEdited, RefuseForeign, Same, Seed,
    SeedSame, Update,
};

#[test]
fn creates_and_then_changes_nothing() {
    let sandbox = Sandbox::new();
    let tree = owned(&[("a/b/c.py", "1"), ("d", "2")]);
    check_actions(&sandbox.generate(&tree), &[("a/b/c.py", Create), ("d", Create)]);
    assert_eq!(
        (sandbox.read("a/b/c.py"), sandbox.read("d")),
        ("1".to_owned(), "2".to_owned())
    );
    assert_eq!(sandbox.names(), ["a/b/c.py", "d"]);
    let before = walk(&sandbox.out);
    let again = sandbox.generate(&tree);
    check_actions(&again, &[("a/b/c.py", Same), ("d", Same)]);
    assert!(again.is_clean());
    assert_eq!(walk(&sandbox.out), before, "no file, directory or time may change");
}

#[test]
fn adopts_an_equal_file_and_refuses_another() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "1");
    let before = fs::metadata(sandbox.at("a")).unwrap().mtime_nsec();
    check_actions(&sandbox.generate(&owned(&[("a", "1")])), &[("a", Adopt)]);
    assert_eq!(fs::metadata(sandbox.at("a")).unwrap().mtime_nsec(), before);
    sandbox.write("b", "mine");
    let tree = owned(&[("a", "2"), ("b", "1"), ("c", "1")]);
    let refused = sandbox.generate(&tree);
    check_actions(&refused, &[("a", Update), ("b", RefuseForeign), ("c", Create)]);
    assert!(refused.blocks() && refused.files[1].before().is_none());
    assert!(sandbox.apply(&refused).is_err());
    assert_eq!(sandbox.names(), ["a", "b"], "a refusal writes nothing at all");
    assert_eq!(
        (sandbox.read("a"), sandbox.read("b")),
        ("1".to_owned(), "mine".to_owned())
    );
}

#[test]
fn updates_and_recreates_its_own() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a", "1"), ("b", "1")]));
    fs::remove_file(sandbox.at("b")).unwrap();
    let tree = owned(&[("a", "2"), ("b", "1")]);
    let changes = sandbox.generate(&tree);
    check_actions(&changes, &[("a", Update), ("b", Recreate)]);
    assert_eq!(
        (changes.files[0].before(), changes.files[0].after()),
        (Some(&b"1"[..]), Some(&b"2"[..]))
    );
    assert_eq!((sandbox.read("a"), sandbox.read("b")), ("2".to_owned(), "1".to_owned()));
}

#[test]
fn keeps_the_permissions_that_a_user_gave() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a", "1")]));
    fs::set_permissions(sandbox.at("a"), fs::Permissions::from_mode(0o750)).unwrap();
    sandbox.generate(&owned(&[("a", "2")]));
    assert_eq!(fs::metadata(sandbox.at("a")).unwrap().mode() & 0o777, 0o750);
}

#[test]
fn an_edited_file_goes_by_the_option() {
    for (on_edit, action, left, blocks) in [
        (OnEdit::Fail, RefuseEdited, "mine", true),
        (OnEdit::Keep, KeepEdited, "mine", false),
        (OnEdit::Overwrite, OverwriteEdited, "2", false),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.generate(&owned(&[("a", "1")]));
        sandbox.write("a", "mine");
        sandbox.options.on_edit = on_edit;
        let tree = owned(&[("a", "2"), ("b", "1")]);
        let changes = sandbox.generate(&tree);
        check_actions(&changes, &[("a", action), ("b", Create)]);
        assert_eq!((changes.blocks(), sandbox.read("a").as_str()), (blocks, left));
        assert_eq!(sandbox.at("b").exists(), !blocks);
    }
}

#[test]
fn an_edit_that_the_tree_asks_for_too_is_no_edit() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a", "1")]));
    sandbox.write("a", "2");
    check_actions(&sandbox.generate(&owned(&[("a", "2")])), &[("a", Same)]);
    assert!(sandbox.diff(&owned(&[("a", "2")])).is_clean());
}

#[test]
fn deletes_what_is_no_longer_produced() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a/b/c", "1"), ("a/d", "1"), ("e/f", "1")]));
    sandbox.write("e/mine", "mine");
    let tree = owned(&[("a/d", "1")]);
    check_actions(
        &sandbox.generate(&tree),
        &[("a/b/c", Delete), ("a/d", Same), ("e/f", Delete)],
    );
    assert_eq!(sandbox.names(), ["a/d", "e/mine"]);
    assert!(!sandbox.at("a/b").exists(), "an empty directory goes with its files");
    assert!(sandbox.diff(&tree).is_clean());
}

#[test]
fn moves_an_edited_file_away_and_reports_it_once() {
    let sandbox = Sandbox::new();
    for round in ["first", "second"] {
        sandbox.generate(&owned(&[("a/b", "1"), ("c", "1")]));
        sandbox.write("a/b", round);
        let tree = owned(&[("c", "2")]);
        let changes = sandbox.generate(&tree);
        check_actions(&changes, &[("a/b", Quarantine), ("c", Update)]);
        assert!(changes.reports() && !changes.blocks());
        assert!(sandbox.diff(&tree).is_clean());
    }
    assert_eq!(
        sandbox.names(),
        [
            ".stacktic/orphans/.gitignore",
            ".stacktic/orphans/a/b",
            ".stacktic/orphans/a/b.1",
            "c"
        ]
    );
    assert_eq!(sandbox.read(".stacktic/orphans/a/b.1"), "second");
}

#[test]
fn a_seeded_file_is_written_once() {
    let sandbox = Sandbox::new();
    let tree = seeded(&[("deleted", "1"), ("edited", "1"), ("untouched", "1"), ("users", "1")]);
    sandbox.write("users", "mine");
    let changes = sandbox.generate(&tree);
    check_actions(
        &changes,
        &[
            ("deleted", Seed),
            ("edited", Seed),
            ("untouched", Seed),
            ("users", SeedSame),
        ],
    );
    fs::remove_file(sandbox.at("deleted")).unwrap();
    sandbox.write("edited", "mine");
    let newer = seeded(&[("deleted", "2"), ("edited", "2"), ("untouched", "2"), ("users", "2")]);
    let changes = sandbox.generate(&newer);
    assert!(changes.is_clean() && changes.files.iter().all(|change| change.action == SeedSame));
    assert_eq!(sandbox.names(), ["edited", "untouched", "users"]);
    let gone = Tree::new();
    check_actions(
        &sandbox.generate(&gone),
        &[("edited", Quarantine), ("untouched", Delete)],
    );
    assert_eq!(
        sandbox.names(),
        [".stacktic/orphans/.gitignore", ".stacktic/orphans/edited", "users"]
    );
}

#[test]
fn a_file_becomes_a_directory_and_a_directory_a_file() {
    let sandbox = Sandbox::new();
    let (one, other) = (owned(&[("a", "1"), ("b/c/d", "1")]), owned(&[("a/x", "1"), ("b", "1")]));
    sandbox.generate(&one);
    check_actions(
        &sandbox.generate(&other),
        &[("a", Delete), ("a/x", Create), ("b", Create), ("b/c/d", Delete)],
    );
    sandbox.generate(&one);
    assert_eq!(sandbox.names(), ["a", "b/c/d"]);
    sandbox.write("b/c/mine", "mine");
    let blocked = sandbox.generate(&other);
    assert_eq!(blocked.files[2].action, Action::RefuseObstacle);
    assert_eq!(sandbox.names(), ["a", "b/c/d", "b/c/mine"]);
}
