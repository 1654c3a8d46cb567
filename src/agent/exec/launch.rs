//! What stands between the agent and a check's program: a process that takes limits upon itself and starts the program
//! with them.
//!
//! Limits that a parent cannot set without unsafe code are set here, by the child on itself, and are inherited: no more
//! privileges, no core, no files, 5 s of processor time. It stays beside a check's program as the parent of whatever that
//! starts, in whichever group or session, and leaves none of it: when the program has ended, when the agent asks for the
//! end, and when the agent ends suddenly, which the kernel tells it alone.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGTERM};
use signal_hook::iterator::Signals;

use super::family::{adopt_orphans, end_descendants};

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

/// How the program ended; none where the end was asked for.
fn check(parent: u32, command: &mut Command) -> io::Result<Option<WaitStatus>> {
    if rustix::process::getpgrp() != rustix::process::getpid() {
        return Err(io::Error::other("it does not lead its process group"));
    }
    let mut signals = Signals::new([SIGTERM, SIGCHLD])?;
    adopt_orphans()?;
    end_with(parent, Signal::TERM)?;
    limit()?;
    let program = Pid::from_raw(command.spawn()?.id().cast_signed());
    let mut ended = None;
    for signal in signals.forever() {
        ended = ended_of(program);
        if signal == SIGTERM || ended.is_some() {
            break;
        }
    }
    end_descendants();
    Ok(ended)
}

/// Wait for all children that have ended, and say how the program did, if it was among them.
fn ended_of(program: Option<Pid>) -> Option<WaitStatus> {
    let mut found = None;
    while let Ok(Some((pid, status))) = rustix::process::waitpid(None, WaitOptions::NOHANG) {
        if Some(pid) == program {
            found = Some(status);
        }
    }
    found
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
fn end_like(ended: Option<WaitStatus>) -> io::Error {
    let signal = ended.map_or(Some(SIGTERM), WaitStatus::terminating_signal);
    // Both return only for a signal that this process does not end by.
    match signal {
        Some(SIGTERM) => drop(signal_hook::low_level::emulate_default_handler(SIGTERM)),
        Some(number) => {
            let named = Signal::from_named_raw(number);
            let _ = named.map(|signal| rustix::process::kill_process(rustix::process::getpid(), signal));
        }
        None => {}
    }
    #[expect(clippy::exit, reason = "the code is the program's")]
    std::process::exit(ended.and_then(WaitStatus::exit_status).unwrap_or(1))
}
