//! What stands between the agent and a check's program: a process that takes limits upon itself and starts the program
//! with them.
//!
//! Limits that a parent cannot set without unsafe code are set here, by the child on itself, and are inherited: no more
//! privileges, no core, no files, 5 s of processor time. It stays beside a check's program to end the whole process group
//! when the agent ends suddenly: the kernel tells it alone, not what the program may have started.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, ExitStatus};

use rustix::process::{Pid, Resource, Rlimit, Signal};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

/// Seconds of processor time before the kernel asks a program to stop, and one later ends it.
const CPU_SECONDS: u64 = 5;

/// Files and sockets that a program may have open.
const OPEN_FILES: u64 = 256;

/// What a program is put under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// It ends with its parent; nothing else.
    Parent,
    /// All of a check's. It leads its process group, which is the agent's to kill.
    Check,
}

/// Run `program` in place of this process; returns only when that fails.
#[must_use]
pub fn launch(parent: u32, limits: Limits, program: &Path, arguments: &[OsString]) -> io::Error {
    #[expect(clippy::disallowed_methods, reason = "this is the executor")]
    let mut command = Command::new(program);
    command.args(arguments);
    let result = match limits {
        Limits::Parent => end_with(parent, Signal::KILL).map(|()| command.exec()),
        Limits::Check => check(parent, &mut command).map(end_like),
    };
    result.unwrap_or_else(|error| error)
}

/// Have the kernel send a signal when the parent ends.
fn end_with(parent: u32, signal: Signal) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(signal))?;
    // The parent may have ended before the line above.
    let now = rustix::process::getppid().map(|pid| pid.as_raw_pid().cast_unsigned());
    if now == Some(parent) {
        return Ok(());
    }
    Err(io::Error::other("the process that asked for it has ended"))
}

fn check(parent: u32, command: &mut Command) -> io::Result<ExitStatus> {
    let group = rustix::process::getpid();
    if rustix::process::getpgrp() != group {
        return Err(io::Error::other("it does not lead its process group"));
    }
    let mut signals = Signals::new([SIGTERM])?;
    std::thread::spawn(move || {
        signals.forever().for_each(|_| end_group(group));
    });
    end_with(parent, Signal::TERM)?;
    limit()?;
    command.status()
}

/// This process too.
fn end_group(group: Pid) {
    // It has ended already, or ends now.
    let _ = rustix::process::kill_process_group(group, Signal::KILL);
}

fn limit() -> io::Result<()> {
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

/// End as the program did, by the same code or signal, so that the agent sees no difference.
fn end_like(status: ExitStatus) -> io::Error {
    let signal = status.signal().and_then(Signal::from_named_raw);
    if let Some(signal) = signal {
        // Returns only for a signal that this process does not end by.
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
    }
    #[expect(clippy::exit, reason = "the code is the program's")]
    std::process::exit(status.code().unwrap_or(1))
}
