//! Commands of programs that cannot outlive this process, and that see nothing of its environment.
//!
//! In: a program. Out: a command that goes through `stacktic agent launch`, which has the kernel end the
//! program when this process ends, however that happens. It must not know what is started.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::interpreter::Variables;

/// This program, by the path it was started from.
pub(super) struct Launcher<'a> {
    executable: &'a Path,
}

impl<'a> Launcher<'a> {
    pub(super) fn new(executable: &'a Path) -> Self {
        Self { executable }
    }

    /// `program` with an empty environment. It is to be started by a thread that stays: the kernel ends a
    /// program with the thread that started it.
    #[expect(
        clippy::disallowed_methods,
        reason = "`dev` starts the servers; all of its commands are made here"
    )]
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(self.executable);
        let parent = std::process::id().to_string();
        command
            .env_clear()
            .args(["agent", "launch", "--parent", &parent, "--limits", "none", "--"])
            .arg(program)
            .stdin(Stdio::null());
        command
    }

    /// Run a tool of Python to its end.
    pub(super) fn output(&self, program: &Path, words: &[&str], variables: &Variables) -> std::io::Result<Output> {
        let mut command = self.command(program);
        command.args(words).envs(variables.for_tools.iter().cloned()).output()
    }

    /// The stack agent is this program too.
    pub(super) fn own(&self) -> &'a Path {
        self.executable
    }
}
