//! The output directory as a run meets it: links, modes, line ends, and other runs at the same time.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;

use crate::assert_said;
use crate::builder::{LINKED, LOKI, Project};
use crate::support;

/// Names of all that lies below `root`, and `root` itself, with the bits of their modes.
fn modes(root: &Path) -> Vec<(String, u32)> {
    let items = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap);
    items
        .map(|item| {
            let mode = item.metadata().unwrap().permissions().mode() & 0o7777;
            (item.path().display().to_string(), mode)
        })
        .collect()
}

#[test]
fn nobody_else_may_write_the_output_whatever_the_umask() {
    for umask in ["000", "002", "022", "077"] {
        let project = Project::new(LINKED);
        let generate = format!("umask {umask} && \"$PROGRAM\" gen --max-deletes 99");
        assert_eq!(support::run(support::shell(project.path(), &generate)).code, 0);
        // An edited file of a link that goes is kept aside.
        project.write("out/k8s/deploy/base/fastmcp/files/loki_tools.py", "# edited\n");
        project.write("stack.yaml", LOKI);
        assert_eq!(support::run(support::shell(project.path(), &generate)).code, 3);
        assert!(project.path().join("out/.stacktic/orphans").is_dir());
        for (path, mode) in modes(&project.path().join("out")) {
            assert_eq!(mode & 0o7022, 0, "{umask}: {path} has {mode:o}");
        }
    }
}

#[test]
fn secrets_are_their_owners_alone_whatever_the_umask() {
    for umask in ["000", "077"] {
        let project = Project::new(LINKED);
        let generate = format!("umask {umask} && \"$PROGRAM\" gen");
        assert_eq!(support::run(support::shell(project.path(), &generate)).code, 0);
        let all = modes(&project.path().join("out"));
        let secrets: Vec<_> = all
            .iter()
            .filter(|(path, _)| path.contains("/secret/") && path.ends_with(".env"))
            .collect();
        assert!(!secrets.is_empty());
        for (path, mode) in secrets {
            assert_eq!(*mode, 0o600, "{umask}: {path} has {mode:o}");
        }
    }
}

#[test]
fn a_link_of_the_repository_is_not_followed() {
    let elsewhere = tempfile::tempdir().unwrap();
    for (link, arguments) in [
        ("out", "gen"),
        ("out", "gen --check"),
        ("out", "gen --diff"),
        ("out", "gen --out out"),
        ("deploy", "gen --out deploy/stack"),
    ] {
        let project = Project::new(LOKI);
        fs::create_dir(project.path().join(".git")).unwrap();
        symlink(elsewhere.path(), project.path().join(link)).unwrap();
        let said = project.said(arguments);
        let link = format!("error: `[FOLDER]/{link}` is a link in the repository");
        assert!(said.starts_with("exit code: 3") && said.contains(&link), "{said}");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
    let project = Project::new(LOKI);
    symlink(elsewhere.path(), project.path().join("out")).unwrap();
    assert_said!(project.said("gen"), @r#"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: `[FOLDER]/out` is a link in the repository, and stacktic does not follow it: a change to the repository could make it lead anywhere; put a directory there, or name the one that it leads to with `--out`
    "#);
}

/// On macOS, `/tmp` is such a link.
#[test]
fn a_link_of_the_machine_is_followed() {
    let machine = tempfile::tempdir().unwrap();
    fs::create_dir(machine.path().join("real")).unwrap();
    symlink("real", machine.path().join("link")).unwrap();
    let project = Project::new(LOKI);
    let out = machine.path().join("link/out");
    assert_eq!(project.run(&format!("gen --out {}", out.display())).code, 0);
    assert!(machine.path().join("real/out/.stacktic/lock.json").is_file());
    assert_eq!(
        project
            .run(&format!("gen --out {}", machine.path().join("link").display()))
            .code,
        0
    );
    assert!(machine.path().join("real/.stacktic/lock.json").is_file());
}

#[test]
fn a_checkout_with_other_line_ends_is_named_and_mended() {
    let project = Project::generated(LOKI);
    assert_eq!(
        project.read("out/.gitattributes").lines().last(),
        Some("* -text"),
        "git leaves the output's line ends alone"
    );
    for path in project.out().keys().filter(|path| !path.starts_with(".stacktic")) {
        let text = project.read(&format!("out/{path}"));
        project.write(&format!("out/{path}"), text.replace('\n', "\r\n"));
    }
    let run = project.run("gen");
    assert_eq!(run.code, 3, "{}", run.stderr);
    let (files, notes) = (
        run.stderr.matches("\n  refuse (edited file)").count() + 1,
        run.stderr.matches("line ends alone").count(),
    );
    assert!(files > 5 && files == notes, "{}", run.stderr);
    assert_eq!(project.run("gen --on-edit overwrite").code, 0);
    assert_eq!(project.run("gen").code, 0);
}

#[test]
fn a_run_waits_for_another_and_says_so() {
    let project = Project::generated(LOKI);
    project.write("stack.yaml", LINKED);
    let held = fs::File::open(project.path().join("out/.stacktic")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut command = support::program(project.path());
    let mut run = command
        .arg("gen")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut messages = BufReader::new(run.stderr.take().unwrap());
    let mut first = String::new();
    messages.read_line(&mut first).unwrap();
    assert_eq!(first, "note: another run of stacktic works in `out`; waiting for it\n");
    assert!(!project.path().join("out/k8s/deploy/base/fastmcp").exists());
    drop(held);
    let mut rest = String::new();
    messages.read_to_string(&mut rest).unwrap();
    assert!(run.wait().unwrap().success(), "{rest}");
    assert!(project.path().join("out/k8s/deploy/base/fastmcp").exists());
}
