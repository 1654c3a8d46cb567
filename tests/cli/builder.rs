//! A folder with a stack file, and runs of the program in it.
//!
//! In: contents of files, arguments. Out: one text with exit code and both streams. It must not know
//! what a command does.

use std::fs;
use std::path::Path;

use crate::support::{self, Files, Run};

/// The smallest stack that makes a component's files: one chart, no links.
pub(crate) const LOKI: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  loki: {type: loki}
";

/// A server with one link.
pub(crate) const LINKED: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  fastmcp: {type: fastmcp}
  loki: {type: loki}
links:
  - {from: fastmcp, to: loki}
";

pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// A folder with `stack` as its stack file.
    pub(crate) fn new(stack: &str) -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        project.file("stack.yaml", stack)
    }

    /// A folder whose stack was generated.
    pub(crate) fn generated(stack: &str) -> Self {
        let project = Self::new(stack);
        let run = project.run("gen");
        assert_eq!(run.code, 0, "{}", run.stderr);
        project
    }

    /// Put a file below the folder.
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.write(path, text);
        self
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        support::write_file(&self.path().join(path), text);
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// The files of the output.
    pub(crate) fn out(&self) -> Files {
        support::files(&self.path().join("out"))
    }

    pub(crate) fn run(&self, arguments: &str) -> Run {
        self.run_as(arguments, &[])
    }

    /// Run with variables in the environment.
    pub(crate) fn run_as(&self, arguments: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = support::program(self.path());
        command
            .args(arguments.split_whitespace())
            .envs(variables.iter().copied());
        support::run(command)
    }

    /// Run with text on standard input.
    pub(crate) fn run_with(&self, arguments: &str, input: &str) -> Run {
        let mut command = support::program(self.path());
        command.args(arguments.split_whitespace());
        support::run_with(command, input.as_bytes())
    }

    /// What a run said, for a snapshot.
    pub(crate) fn said(&self, arguments: &str) -> String {
        self.shown(&self.run(arguments))
    }

    /// A run as text; the name of the folder and the numbers of quiet files are left out.
    pub(crate) fn shown(&self, run: &Run) -> String {
        let text = format!(
            "exit code: {}\n----- stdout -----\n{}----- stderr -----\n{}",
            run.code, run.stdout, run.stderr
        );
        support::without_counts(&text).replace(self.path().to_str().unwrap(), "[FOLDER]")
    }
}

/// The first lines of a text.
pub(crate) fn head(text: &str, lines: usize) -> String {
    text.lines()
        .take(lines)
        .map(|line| {
            format!(
                "{line}
"
            )
        })
        .collect()
}

/// The lines of a text that hold one of the words.
pub(crate) fn lines_with(text: &str, words: &[&str]) -> String {
    let holds = |line: &&str| words.iter().any(|word| line.contains(word));
    text.lines()
        .filter(holds)
        .map(|line| {
            format!(
                "{line}
"
            )
        })
        .collect()
}
