//! The lock as a file: the same for the same tree, refused where it cannot be trusted.

use super::*;
use crate::disk::{LockError, load_lock};

#[test]
fn the_lock_says_what_was_written_and_why() {
    let sandbox = Sandbox::new();
    assert_eq!(load_lock(&sandbox.out).unwrap().files.len(), 0);
    sandbox.generate(&owned(&[("b", "2"), ("a", "")]));
    let text = sandbox.read(".stacktic/lock.json");
    let line = "\"a\": {\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\
                \"class\":\"owned\",\"why\":\"test\"},";
    assert!(text.lines().any(|shown| shown.trim() == line), "{text}");
    let other = Sandbox::new();
    other.generate(&owned(&[("a", "")]));
    other.generate(&owned(&[("a", ""), ("b", "2")]));
    assert_eq!(other.read(".stacktic/lock.json"), text, "the way there leaves no trace");
    let lock = load_lock(&sandbox.out).unwrap();
    assert_eq!(lock.files[&path("b")].why, "test");
}

#[test]
fn a_lock_that_cannot_be_trusted_stops_the_run() {
    let digest = crate::disk::Digest::of(b"");
    let entry = format!("{{\"sha256\":\"{digest}\",\"class\":\"owned\",\"why\":\"\\u001b[2J\"}}");
    let hostile = format!("{{\"version\":1,\"files\":{{\"a\":[{entry}]}}}}");
    for (file, text) in [
        ("lock.json", "{"),
        ("lock.json", "{\"version\":9,\"files\":{}}"),
        ("lock.json", "{\"version\":1,\"files\":{\"../outside/file\":{}}}"),
        ("journal.json", "{\"version\":1}"),
        ("journal.json", &hostile),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write(&format!(".stacktic/{file}"), text);
        let error = diff(&Tree::new(), &sandbox.out, &sandbox.options, &|_| true).unwrap_err();
        assert!(
            error
                .downcast_ref::<LockError>()
                .is_some_and(|error| error.to_string().contains(file)),
            "{error:#}"
        );
    }
}

#[test]
fn a_lock_that_lists_a_file_of_the_user_does_not_delete_it() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a", "1")]));
    sandbox.write("README.md", "1");
    let forged = sandbox.read(".stacktic/lock.json").replace("\"a\"", "\"README.md\"");
    sandbox.write(".stacktic/lock.json", &forged);
    let tree = owned(&[("a", "1")]);
    let changes = diff(&tree, &sandbox.out, &sandbox.options, &|at| at.as_str() != "README.md").unwrap();
    sandbox.apply(&changes).unwrap();
    check_actions(
        &changes,
        &[("README.md", Action::LeaveUnproducible), ("a", Action::Adopt)],
    );
    assert_eq!(sandbox.names(), ["README.md", "a"]);
}

#[test]
fn what_is_left_and_what_is_new_can_stand_in_one_lock() {
    let sandbox = Sandbox::new();
    sandbox.generate(&owned(&[("a", "1")]));
    fs::remove_file(sandbox.at("a")).unwrap();
    fs::create_dir(sandbox.at("a")).unwrap();
    let tree = owned(&[("A", "1")]);
    check_actions(
        &sandbox.generate(&tree),
        &[("A", Action::Create), ("a", Action::LeaveObstacle)],
    );
    check_actions(&sandbox.diff(&tree), &[("A", Action::Same)]);
}

#[test]
fn reads_files_of_the_output_and_nothing_behind_a_link() {
    let sandbox = Sandbox::new();
    let output = || Output::open(&sandbox.out, Purpose::Look, &mut || {}).unwrap();
    let read = |at: &str| output().read(&path(at)).unwrap();
    assert_eq!(read("a"), None);
    sandbox.generate(&owned(&[("a", "1"), ("b/c", "1")]));
    std::os::unix::fs::symlink(&sandbox.outside, sandbox.at("link")).unwrap();
    assert_eq!(
        (read("a"), read("b"), read("link/file")),
        (Some(b"1".to_vec()), None, None)
    );
}
