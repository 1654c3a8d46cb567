//! What the Rust tests share: the built program in a bare environment, and folders as data.
//!
//! In: a folder and arguments. Out: exit code, both streams, files by path. It must not know any case.
#![allow(dead_code, reason = "each test program uses a part")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// How a run ended and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program in `folder`, with nothing of the caller's environment but the search path.
pub(crate) fn program(folder: &Path) -> Command {
    bare(Command::new(env!("CARGO_BIN_EXE_stacktic")), folder)
}

/// A shell in `folder` that finds the program as `$PROGRAM`.
pub(crate) fn shell(folder: &Path, script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]);
    let mut shell = bare(shell, folder);
    shell.env("PROGRAM", env!("CARGO_BIN_EXE_stacktic"));
    shell
}

fn bare(mut command: Command, folder: &Path) -> Command {
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Start `command`, give it `input`, and wait.
pub(crate) fn run_with(mut command: Command, input: &[u8]) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that refuses its arguments does not read; the pipe is closed then.
    let _ = child.stdin.take().expect("the input is a pipe").write_all(input);
    said(child.wait_with_output().expect("the program ends"))
}

pub(crate) fn run(mut command: Command) -> Run {
    said(command.output().expect("the program starts"))
}

fn said(output: Output) -> Run {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("messages are UTF-8");
    Run {
        code: output.status.code().expect("no signal"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Every file below `root` with its bytes; nothing where `root` is not there.
pub(crate) fn files(root: &Path) -> Files {
    let mut found = Files::new();
    if !root.exists() {
        return found;
    }
    for item in walkdir::WalkDir::new(root) {
        let item = item.expect("a readable folder");
        if item.file_type().is_file() {
            let path = item.path().strip_prefix(root).expect("a walk stays below its root");
            found.insert(
                path.to_str().expect("an ASCII path").to_owned(),
                fs::read(item.path()).expect("a readable file"),
            );
        }
    }
    found
}

/// Put `files` below `root`.
pub(crate) fn write(root: &Path, files: &Files) {
    for (path, bytes) in files {
        write_file(&root.join(path), bytes);
    }
}

pub(crate) fn write_file(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
    fs::write(path, bytes).expect("a file can be written");
}

/// `expected` against `actual`, as a unified diff.
pub(crate) fn difference(expected: &[u8], actual: &[u8]) -> String {
    let (expected, actual) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(actual));
    similar::TextDiff::from_lines(expected.as_ref(), actual.as_ref())
        .unified_diff()
        .header("expected", "actual")
        .to_string()
}

/// `text` without the numbers of files that a run has nothing to say about.
pub(crate) fn without_counts(text: &str) -> String {
    let counts = regex_lite::Regex::new(r"\b\d+ (same|seeded before|adopt)\b").expect("a good pattern");
    counts.replace_all(text, "[N] $1").into_owned()
}
