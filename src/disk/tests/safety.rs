//! Nothing outside the output directory, and no other run, is ever written over.

use std::os::unix::fs::symlink;

use super::*;
use Action::{LeaveObstacle, RefuseObstacle, Same};

fn check_outside(sandbox: &Sandbox) {
    let outside = walk(&sandbox.outside);
    let names: Vec<_> = outside.keys().map(String::as_str).collect();
    assert_eq!(names, ["file"]);
    assert_eq!(outside["file"].contents.as_deref(), Some(&b"outside"[..]));
}

#[test]
fn a_link_in_the_way_is_refused() {
    for (link, target, wanted) in [
        ("a", "outside", "a/file"),
        ("a", "outside", "a/new"),
        ("a/b", "../outside", "a/b/file"),
        ("a/file", "../outside/file", "a/file"),
        ("a/file", "nowhere", "a/file"),
        ("a", "a", "a/file"),
    ] {
        let sandbox = Sandbox::new();
        fs::create_dir_all(sandbox.at(link).parent().unwrap()).unwrap();
        let target = target
            .replace("outside", &sandbox.outside.display().to_string())
            .replace("../", "");
        symlink(&target, sandbox.at(link)).unwrap();
        let tree = owned(&[(wanted, "outside"), ("z", "1")]);
        let changes = sandbox.generate(&tree);
        check_actions(&changes, &[(wanted, RefuseObstacle), ("z", Action::Create)]);
        let note = changes.files[0].note.as_deref().unwrap();
        assert!(note.starts_with(&format!("`{link}` is a link")), "{note}");
        assert_eq!(sandbox.names(), [link]);
        check_outside(&sandbox);
    }
}

#[test]
fn a_directory_a_socket_or_a_file_in_the_way_is_refused() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.at("a/b")).unwrap();
    sandbox.write("c", "mine");
    let _socket = std::os::unix::net::UnixListener::bind(sandbox.at("socket")).unwrap();
    let tree = owned(&[("a/b", "1"), ("c/d", "1"), ("socket", "1")]);
    let changes = sandbox.generate(&tree);
    check_actions(
        &changes,
        &[
            ("a/b", RefuseObstacle),
            ("c/d", RefuseObstacle),
            ("socket", RefuseObstacle),
        ],
    );
    let notes: Vec<_> = changes.refusals().filter_map(|change| change.note.clone()).collect();
    assert!(
        notes[0].contains("`a/b` is a directory") && notes[1].contains("`c` is a file"),
        "{notes:?}"
    );
    assert!(notes[2].contains("neither a file nor a directory"), "{notes:?}");
}

/// Opening a pipe to read waits for a writer that never comes, unless it is opened with care.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_in_the_way_does_not_hang() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let sandbox = Sandbox::new();
    fs::create_dir(&sandbox.out).unwrap();
    mknodat(CWD, sandbox.at("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    check_actions(&sandbox.generate(&owned(&[("pipe", "1")])), &[("pipe", RefuseObstacle)]);
}

#[test]
fn a_pruned_path_behind_a_link_is_left_and_reported() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a/file", "outside"), ("b", "1"), ("c", "1")]));
    fs::remove_dir_all(sandbox.at("a")).unwrap();
    symlink(&sandbox.outside, sandbox.at("a")).unwrap();
    fs::remove_file(sandbox.at("b")).unwrap();
    fs::create_dir(sandbox.at("b")).unwrap();
    let tree = owned(&[("c", "1")]);
    for _ in 0..2 {
        let changes = sandbox.generate(&tree);
        check_actions(
            &changes,
            &[("a/file", LeaveObstacle), ("b", LeaveObstacle), ("c", Same)],
        );
        assert!(changes.reports() && !changes.blocks() && !changes.pending());
        check_outside(&sandbox);
    }
    fs::remove_file(sandbox.at("a")).unwrap();
    fs::remove_dir(sandbox.at("b")).unwrap();
    check_actions(&sandbox.generate(&tree), &[("c", Same)]);
    assert!(sandbox.diff(&tree).is_clean());
}

#[test]
fn the_folder_of_stacktic_may_be_no_link() {
    let sandbox = Sandbox::new();
    fs::create_dir(&sandbox.out).unwrap();
    symlink(&sandbox.outside, sandbox.at(".stacktic")).unwrap();
    let error = diff(&owned(&[("a", "1")]), &sandbox.out, &sandbox.options, &|_| true).unwrap_err();
    assert!(error.downcast_ref::<crate::disk::LockError>().is_some(), "{error:#}");
    fs::remove_file(sandbox.at(".stacktic")).unwrap();
    let tree = owned(&[("a", "1")]);
    let changes = sandbox.diff(&tree);
    symlink(&sandbox.outside, sandbox.at(".stacktic")).unwrap();
    assert!(sandbox.apply(&changes).is_err());
    check_outside(&sandbox);
}

#[test]
fn the_orphans_folder_may_be_no_link() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a", "1"), ("b", "1")]));
    sandbox.write("b", "mine");
    symlink(&sandbox.outside, sandbox.at(".stacktic/orphans")).unwrap();
    let before = walk(&sandbox.out);
    // `a` comes first and could go; nothing at all does, as the edited `b` has nowhere to go.
    let (gone, changed) = (Tree::new(), owned(&[("a", "2"), ("b", "mine")]));
    let changes = sandbox.generate(&gone);
    check_actions(&changes, &[("a", Action::Delete), ("b", RefuseObstacle)]);
    let note = changes.files[1].note.as_deref().unwrap();
    assert!(note.contains("`.stacktic/orphans` is a link"), "{note}");
    let error = sandbox.apply(&sandbox.diff(&changed)).unwrap_err();
    assert!(error.downcast_ref::<crate::disk::Refusal>().is_some(), "{error:#}");
    assert!(error.to_string().contains("`.stacktic/orphans` is a link"), "{error}");
    assert_eq!(walk(&sandbox.out), before);
    fs::remove_file(sandbox.at(".stacktic/orphans")).unwrap();
    let changes = sandbox.diff(&gone);
    symlink(&sandbox.outside, sandbox.at(".stacktic/orphans")).unwrap();
    assert!(sandbox.apply(&changes).is_err());
    assert_eq!(sandbox.names(), [".stacktic/orphans", "a", "b"]);
    check_outside(&sandbox);
}

#[test]
fn a_directory_swapped_for_a_link_meanwhile_leads_nowhere() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a/file", "outside"), ("b/file", "outside")]));
    for tree in [
        owned(&[("a/file", "new"), ("b/file", "outside")]),
        owned(&[("b/file", "outside")]),
    ] {
        let changes = sandbox.diff(&tree);
        fs::rename(sandbox.at("a"), sandbox.at("moved")).unwrap();
        symlink(&sandbox.outside, sandbox.at("a")).unwrap();
        assert!(sandbox.apply(&changes).is_err());
        check_outside(&sandbox);
        fs::remove_file(sandbox.at("a")).unwrap();
        fs::rename(sandbox.at("moved"), sandbox.at("a")).unwrap();
    }
}

#[test]
fn a_file_that_changed_meanwhile_is_not_written_over() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a", "1"), ("b", "1")]));
    for tree in [
        owned(&[("a", "2"), ("b", "1")]),
        owned(&[("b", "1")]),
        owned(&[("a", "1"), ("b", "1"), ("c", "1")]),
    ] {
        let changes = sandbox.diff(&tree);
        let changed = if tree.len() == 3 { "c" } else { "a" };
        sandbox.write(changed, "mine and longer");
        let error = format!("{:#}", sandbox.apply(&changes).unwrap_err());
        assert!(error.contains(&format!("out/{changed}`")), "{error}");
        assert_eq!(sandbox.read(changed), "mine and longer");
        assert!(
            !sandbox.names().iter().any(|name| name.contains("tmp")),
            "{:?}",
            sandbox.names()
        );
        sandbox.write("a", "1");
    }
}

#[test]
fn an_output_directory_may_be_a_link_that_the_user_names() {
    let mut sandbox = Sandbox::new();
    let real = sandbox.out.with_file_name("real");
    fs::create_dir(&real).unwrap();
    symlink(&real, &sandbox.out).unwrap();
    sandbox.options.max_deletes = Some(9);
    sandbox.generate(&owned(&[("a/b", "1")]));
    assert_eq!(fs::read_to_string(real.join("a/b")).unwrap(), "1");
    sandbox.generate(&Tree::new());
    assert!(
        real.exists() && !real.join("a").exists(),
        "the output directory itself stays"
    );
}

#[test]
fn an_output_directory_that_is_a_broken_link_is_named() {
    let mut sandbox = Sandbox::new();
    let link = sandbox.out.clone();
    symlink("nowhere", &link).unwrap();
    let trailing = PathBuf::from(format!("{}/", link.display()));
    for out in [link.clone(), trailing, link.join("below/it")] {
        let error = diff(&Tree::new(), &out, &sandbox.options, &|_| true)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("`{}` is a link to nothing", link.display())),
            "{error}"
        );
        sandbox.out = out;
    }
    fs::create_dir(link.with_file_name("nowhere")).unwrap();
    sandbox.generate(&owned(&[("a", "1")]));
    assert_eq!(sandbox.names(), ["a"]);
}

#[test]
fn a_huge_file_in_the_way_is_refused_unread() {
    let sandbox = Sandbox::new();
    fs::create_dir(&sandbox.out).unwrap();
    fs::File::create(sandbox.at("a"))
        .unwrap()
        .set_len(crate::topology::caps::MAX_FILE_BYTES as u64 + 1)
        .unwrap();
    check_actions(
        &sandbox.generate(&owned(&[("a", "1")])),
        &[("a", Action::RefuseForeign)],
    );
}
