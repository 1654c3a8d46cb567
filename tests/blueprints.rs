//! A person would be glad to start from a blueprint: it is short, says what it is, and installs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and starts and writes by itself"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{program, run};

/// Longest blueprint, in lines.
const MAX_LINES: usize = 60;

fn blueprints() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("blueprints");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|item| item.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// Run the program in `folder`; it must end well.
fn good(folder: &Path, arguments: &[&str]) -> support::Run {
    let mut command = program(folder);
    command.args(arguments);
    let ended = run(command);
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
    ended
}

#[test]
fn each_is_short_and_installs() {
    let all = blueprints();
    assert!(all.len() > 4);
    let mut installed = 0;
    for (name, text) in all {
        assert!(text.lines().count() <= MAX_LINES, "{name} is long");
        let folder = tempfile::tempdir().unwrap();
        let told = good(folder.path(), &["init", "--blueprint", &name]).stderr;
        assert_eq!(fs::read_to_string(folder.path().join("stack.yaml")).unwrap(), text);
        let title = text.lines().next().unwrap().trim_start_matches("# ");
        assert!(told.contains(&format!("`{name}`: {title}")), "{told}");
        good(folder.path(), &["gen"]);
        good(folder.path(), &["gen", "--check"]);
        if text.contains("\ngitops:") {
            good(folder.path(), &["verify", "--install"]);
            installed += 1;
        }
    }
    assert!(installed > 3);
}

#[test]
fn what_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    support::write_file(&folder.path().join("mine/stack.yaml"), "mine");
    let mut command = program(folder.path());
    command.args(["init", "mine/stack.yaml"]);
    let ended = run(command);
    assert_eq!(ended.code, 3);
    assert!(
        ended.stderr.contains("`mine/stack.yaml` is there already"),
        "{}",
        ended.stderr
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("mine/stack.yaml")).unwrap(),
        "mine"
    );
    good(folder.path(), &["init", "new/folder/stack.yaml"]);
}

#[test]
fn a_name_that_is_none_gets_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    command.args(["init", "--blueprint", "web-sas"]);
    let ended = run(command);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("did you mean `web-saas`?"), "{}", ended.stderr);
    assert!(!folder.path().join("stack.yaml").exists());
}

/// A team has blueprints of its own; one of the same name stands for ours.
#[test]
fn a_folder_brings_more() {
    let folder = tempfile::tempdir().unwrap();
    let ours = "# Ours\n# yaml-language-server: $schema=x\nname: ours\n";
    support::write_file(&folder.path().join("more/blueprints/acme.yaml"), ours);
    support::write_file(&folder.path().join("more/blueprints/minimal-mcp.yaml"), ours);
    let listed = good(folder.path(), &["catalog", "ls", "--catalog", "more"]).stdout;
    assert!(listed.contains("  acme                     Ours\n"), "{listed}");
    for name in ["acme", "minimal-mcp"] {
        let file = format!("{name}.yaml");
        good(folder.path(), &["init", "-b", name, "--catalog", "more", &file]);
        assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), ours);
    }
}
