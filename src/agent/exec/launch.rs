//! What stands between the agent and a check's program: a process that takes its limits upon itself, then becomes the
//! program.
//!
//! Limits that a parent cannot set without unsafe code are set here, by the child on itself, and last through `exec`:
//! death with the agent, no more privileges, no core, no files, 5 s of processor time.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use rustix::process::{Pid, Resource, Rlimit, Signal};

/// Seconds of processor time before the kernel asks a program to stop, and one later ends it.
const CPU_SECONDS: u64 = 5;

/// Files and sockets that a program may have open.
const OPEN_FILES: u64 = 256;

/// Which limits a program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// It ends with its parent; nothing else.
    Parent,
    /// All of a check's.
    Check,
}

/// Become `program`; returns only when that fails.
#[must_use]
pub fn launch(parent: u32, limits: Limits, program: &Path, arguments: &[OsString]) -> io::Error {
    if let Err(error) = limit(parent, limits) {
        return error;
    }
    #[expect(clippy::disallowed_methods, reason = "the executor's own program, in the executor")]
    let mut command = std::process::Command::new(program);
    command.args(arguments).exec()
}

fn limit(parent: u32, limits: Limits) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have ended before the line above.
    let is_orphan = rustix::process::getppid().map(Pid::as_raw_pid).map(i32::cast_unsigned) != Some(parent);
    if is_orphan {
        return Err(io::Error::other("the process that asked for it has ended"));
    }
    if limits == Limits::Parent {
        return Ok(());
    }
    rustix::thread::set_no_new_privs(true)?;
    for (resource, current, maximum) in [
        (Resource::Cpu, CPU_SECONDS, CPU_SECONDS + 1),
        (Resource::Core, 0, 0),
        (Resource::Fsize, 0, 0),
        (Resource::Nofile, OPEN_FILES, OPEN_FILES),
    ] {
        let limit = Rlimit {
            current: Some(current),
            maximum: Some(maximum),
        };
        rustix::process::setrlimit(resource, limit)?;
    }
    Ok(())
}
