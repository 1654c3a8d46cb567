//! A file that git or an editor gave other line ends is named as that, and told how to mend.

use super::*;

#[test]
fn other_line_ends_alone_are_told_from_edits() {
    let (old, new) = ("1\n2\n", "1\n3\n");
    for (text, action, is_told) in [
        ("1\r\n2\r\n", Action::RefuseEdited, true),
        ("1\r\n3\r\n", Action::RefuseEdited, true),
        ("1\r\n2\n", Action::RefuseEdited, true),
        ("1\r\nmine\r\n", Action::RefuseEdited, false),
        ("1\n\r2\n", Action::RefuseEdited, false),
        ("1\n2\n\r", Action::RefuseEdited, false),
        ("1\n2", Action::RefuseEdited, false),
    ] {
        let sandbox = Sandbox::new();
        sandbox.generate(&owned(&[("a", old)]));
        sandbox.write("a", text);
        let tree = owned(&[("a", new)]);
        let changes = sandbox.generate(&tree);
        check_actions(&changes, &[("a", action)]);
        let note = changes.files[0].note.as_deref().unwrap();
        assert_eq!(note.contains("line ends alone"), is_told, "{text:?}: {note}");
        assert!(note.contains("`--on-edit overwrite`"), "{note}");
    }
}

#[test]
fn other_line_ends_alone_are_told_where_nothing_is_known_or_wanted() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "1\r\n");
    let tree = owned(&[("a", "1\n")]);
    let changes = sandbox.generate(&tree);
    check_actions(&changes, &[("a", Action::RefuseForeign)]);
    assert!(changes.files[0].note.as_deref().unwrap().contains("line ends alone"));
    fs::remove_file(sandbox.at("a")).unwrap();
    sandbox.generate(&tree);
    sandbox.write("a", "1\r\n");
    let tree = Tree::new();
    let changes = sandbox.generate(&tree);
    check_actions(&changes, &[("a", Action::Quarantine)]);
    let note = changes.files[0].note.as_deref().unwrap();
    assert!(
        note.contains("line ends alone") && note.contains("`.stacktic/orphans/a`"),
        "{note}"
    );
}
