//! Processes that a process must not leave behind, found by their parent: a child that leaves its group and session
//! (setsid) still has one. Whoever asks the kernel to adopt orphans is the parent of every descendant whose own ended.
//!
//! It must not know what the processes are.

use std::io;

use rustix::process::{Pid, Signal, WaitOptions};

/// Have the kernel make this process the parent of all descendants whose own parent ended.
///
/// # Errors
/// The kernel does not know that.
pub(super) fn adopt_orphans() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// The processes whose parent is this one, those that ended and were not waited for as well.
pub(super) fn children() -> Vec<Pid> {
    let own = rustix::process::getpid();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let numbers = names.filter_map(|name| Pid::from_raw(name.parse().ok()?));
    numbers.filter(|pid| parent_of(*pid) == Some(own)).collect()
}

fn parent_of(pid: Pid) -> Option<Pid> {
    // The name of a program may be any bytes.
    let status = std::fs::read(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    parent_in(&String::from_utf8_lossy(&status))
}

/// `pid (name) state parent …`; the name may have parentheses and blanks of its own.
fn parent_in(status: &str) -> Option<Pid> {
    let (_, fields) = status.rsplit_once(')')?;
    Pid::from_raw(fields.split_ascii_whitespace().nth(1)?.parse().ok()?)
}

/// End every descendant of this process, which adopts orphans: those of a process that is ended are found in the next
/// round, until there is none.
pub(super) fn end_descendants() {
    loop {
        children().into_iter().for_each(kill);
        match rustix::process::waitpid(None, WaitOptions::empty()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            // There are no more.
            Err(_) => return,
        }
    }
}

/// It has ended already, or ends now.
pub(super) fn kill(pid: Pid) {
    let _ = rustix::process::kill_process(pid, Signal::KILL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_read_whatever_the_name_is() {
        for (status, expected) in [
            ("7 (sh) S 3 7 7 0 -1", Some(3)),
            ("7 (a) S 9) (b) R 3 7 7 0 -1", Some(3)),
            ("1 (init) S 0 1 1 0 -1", None),
            ("", None),
            ("7 (sh)", None),
        ] {
            assert_eq!(parent_in(status).map(Pid::as_raw_pid), expected, "{status}");
        }
    }

    #[test]
    fn this_process_is_a_child_of_its_parent() {
        let own = rustix::process::getpid();
        assert_eq!(parent_of(own), rustix::process::getppid());
        assert!(!children().contains(&own));
    }
}
