//! Two branches that both generate, merged by the real git: one run of `gen` sets the output right, and what a person wrote
//! in it is still refused.
//!
//! In: a stack, an edit of it on either branch. Out: the tree after the merge and `gen`. It must not know how files are merged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and plays the user, who runs git and edits files"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Files, Run};

const EXAMPLE: &str = include_str!("../generated-example/stack.yaml");
const DOCS: &str = "out/docs/topology.md";
const LOCK: &str = "out/.stacktic/lock.json";

/// A repository whose branches each changed the stack and generated.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "-q", "-b", "main"]);
        repository.write("stack.yaml", EXAMPLE);
        assert_eq!(repository.generate().code, 0);
        repository.commit();
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A branch from `main` on which the stack is `stack`.
    fn branch(&self, name: &str, stack: &str) {
        self.git(&["checkout", "-q", "main"]);
        self.git(&["checkout", "-q", "-b", name]);
        self.write("stack.yaml", stack);
        assert_eq!(self.generate().code, 0);
        self.commit();
    }

    /// Whether git merged without a conflict.
    fn merge(&self, name: &str, style: &str) -> bool {
        let style = format!("merge.conflictStyle={style}");
        self.git_run(&["-c", &style, "merge", "-q", "--no-edit", name])
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "step"]);
    }

    fn git(&self, arguments: &[&str]) {
        assert!(self.git_run(arguments), "git {arguments:?}");
    }

    fn git_run(&self, arguments: &[&str]) -> bool {
        let mut git = Command::new("git");
        git.current_dir(self.path()).env_clear();
        git.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        git.env("HOME", self.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(["-c", "user.name=test", "-c", "user.email=test@example.com"]);
        git.args(["-c", "core.excludesFile=", "-c", "advice.detachedHead=false"]);
        git.args(arguments).output().unwrap().status.success()
    }

    fn generate(&self) -> Run {
        self.stacktic(&["gen"])
    }

    fn stacktic(&self, arguments: &[&str]) -> Run {
        let mut program = support::program(self.path());
        program.args(arguments);
        support::run(program)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        support::write_file(&self.path().join(path), text);
    }

    /// The output with what a fresh run makes of the same stack.
    fn output_and_fresh(&self) -> (Files, Files) {
        let fresh = tempfile::tempdir().unwrap();
        support::write_file(&fresh.path().join("stack.yaml"), self.read("stack.yaml"));
        let mut program = support::program(fresh.path());
        program.arg("gen");
        assert_eq!(support::run(program).code, 0);
        (
            support::files(&self.path().join("out")),
            support::files(&fresh.path().join("out")),
        )
    }
}

fn added(after: &str, line: &str) -> String {
    let stack = EXAMPLE.replacen(&format!("{after}\n"), &format!("{after}\n{line}\n"), 1);
    assert_ne!(stack, EXAMPLE);
    stack
}

fn with_link() -> String {
    added(
        "  - {from: fastmcp, to: kafka}",
        "  - {from: langflow, to: cnpg/app_db}",
    )
}

fn with_component() -> String {
    added(
        "  loki: {type: loki}",
        "  archive: {type: loki, namespace: archive, attributes: {replicas: 1}}",
    )
}

fn with_other_component() -> String {
    added(
        "  valkey: {type: valkey}",
        "  sessions: {type: valkey, namespace: sessions}",
    )
}

/// Take the stack that both meant, where git could not.
fn settle_stack(repository: &Repository, lines: &[&str]) {
    let mut stack = EXAMPLE.to_owned();
    for other in lines {
        for line in other
            .lines()
            .filter(|line| !EXAMPLE.lines().any(|known| known == *line))
        {
            let section = if line.contains("from:") {
                "\nlinks:\n"
            } else {
                "\ncomponents:\n"
            };
            stack = stack.replacen(section, &format!("{section}{line}\n"), 1);
        }
    }
    repository.write("stack.yaml", &stack);
}

/// Do what the run says about files that a merge put together.
fn follow(repository: &Repository, said: &str) {
    let commands = said
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("git checkout"));
    for command in commands {
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        repository.git(&words);
    }
}

#[test]
fn after_a_merge_the_output_is_set_right() {
    for (ours, theirs, style, is_at_once) in [
        (with_link(), with_component(), "merge", true),
        (with_component(), with_link(), "diff3", true),
        // Both change the digests of the same tools, so that no file of either side can be told in what git made of them.
        (with_component(), with_other_component(), "zdiff3", false),
    ] {
        let repository = Repository::new();
        repository.branch("theirs", &theirs);
        repository.branch("ours", &ours);
        assert!(!repository.merge("theirs", style), "both branches changed the lock");
        assert!(repository.read(LOCK).contains("<<<<<<<"));
        settle_stack(&repository, &[&ours, &theirs]);
        let mut run = repository.generate();
        assert_eq!(run.code == 0, is_at_once, "{style}: {}", run.stderr);
        if !is_at_once {
            follow(&repository, &run.stderr);
            run = repository.generate();
        }
        assert_eq!(run.code, 0, "{style}: {}", run.stderr);
        let (output, fresh) = repository.output_and_fresh();
        assert_eq!(output.keys().collect::<Vec<_>>(), fresh.keys().collect::<Vec<_>>());
        let differ = output.iter().filter(|(path, bytes)| fresh[*path] != **bytes);
        assert_eq!(differ.map(|(path, _)| path).collect::<Vec<_>>(), Vec::<&String>::new());
        assert_eq!(repository.stacktic(&["gen", "--check"]).code, 0);
    }
}

/// What a person wrote into a file that both branches generated is refused, and the way that is named works.
#[test]
fn an_edit_in_a_merged_file_is_refused_and_the_way_out_works() {
    let repository = Repository::new();
    repository.branch("theirs", &with_component());
    repository.branch("ours", &with_link());
    repository.merge("theirs", "merge");
    settle_stack(&repository, &[&with_link(), &with_component()]);
    let edited = repository.read(DOCS) + "\nA note that somebody wrote.\n";
    repository.write(DOCS, &edited);
    let run = repository.generate();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(repository.read(DOCS), edited);
    let way = format!("git checkout HEAD -- {DOCS}");
    assert!(run.stderr.contains(&way), "{}", run.stderr);
    follow(&repository, &run.stderr);
    let run = repository.generate();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (output, fresh) = repository.output_and_fresh();
    assert!(output == fresh);
}

/// A lock of which somebody took one side knows nothing of the other's files; both sides can be brought back.
#[test]
fn a_damaged_lock_says_how_both_sides_come_back() {
    let repository = Repository::new();
    repository.branch("theirs", &with_component());
    repository.branch("ours", &with_link());
    repository.merge("theirs", "merge");
    settle_stack(&repository, &[&with_link(), &with_component()]);
    let damaged = repository.read(LOCK).replacen("=======\n", "", 1);
    repository.write(LOCK, &damaged);
    let run = repository.generate();
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("git checkout --merge"), "{}", run.stderr);
    repository.git(&["checkout", "--merge", "--", LOCK]);
    assert_eq!(repository.generate().code, 0);
}

/// Branches that add unrelated things meet in the lock, whose lines say what is in each file, and in few others.
#[test]
fn unrelated_additions_meet_in_few_files() {
    let repository = Repository::new();
    repository.branch("theirs", &with_component());
    repository.branch("ours", &with_link());
    repository.merge("theirs", "merge");
    let marked = support::files(repository.path())
        .into_iter()
        .filter(|(path, bytes)| path.starts_with("out/") && String::from_utf8_lossy(bytes).contains("\n<<<<<<< "));
    let paths: Vec<String> = marked.map(|(path, _)| path).collect();
    let others = paths
        .iter()
        .filter(|path| !path.ends_with("stack-metadata.json"))
        .collect::<Vec<_>>();
    assert_eq!(others, [LOCK], "{paths:?}");
}
