//! The two servers as processes: what they say, whether they still run, how they end.
//!
//! In: commands. Out: events on one channel, and processes that are gone when this is done with them. It
//! must not know what the lines mean.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

const KEPT_LINES: usize = 20;
/// A longer line comes in pieces.
const MAX_LINE: u64 = 1 << 20;
const GRACE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Agent,
    Server,
}

impl Who {
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Agent => "the Stack Agent",
            Self::Server => "the MCP server",
        }
    }
}

#[derive(Debug)]
pub(super) enum Event {
    /// A line on standard error.
    Said(Who, String),
    /// A line on the MCP server's standard output, where its audit goes.
    Audit(String),
    /// Standard error is closed.
    Silent(Who),
    /// A person or the system wants an end.
    Stop,
}

/// A process that is ended, at the latest when this is dropped.
pub(super) struct Running {
    pub(super) who: Who,
    child: Child,
    last: VecDeque<String>,
}

impl Running {
    /// Start a server; it gets a process group of its own, so that Ctrl-C ends it through us alone.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(who: Who, mut command: Command, events: &Sender<Event>) -> anyhow::Result<Self> {
        let out = if who == Who::Server {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        command.stdout(out).stderr(Stdio::piped()).process_group(0);
        let mut child = command
            .spawn()
            .with_context(|| format!("could not start {}", who.shown()))?;
        if let Some(out) = child.stdout.take() {
            follow(out, events.clone(), Event::Audit, None);
        }
        if let Some(errors) = child.stderr.take() {
            follow(
                errors,
                events.clone(),
                move |line| Event::Said(who, line),
                Some(Event::Silent(who)),
            );
        }
        Ok(Self {
            who,
            child,
            last: VecDeque::new(),
        })
    }

    /// Keep a line of those it said last.
    pub(super) fn keep(&mut self, line: &str) {
        if self.last.len() == KEPT_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    pub(super) fn last_lines(&self) -> Vec<String> {
        self.last.iter().map(|line| super::audit::visible(line)).collect()
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn ask_to_end(&mut self) {
        // Not after it was waited for: its number could be another's by then.
        if self.ended().is_none()
            && let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Ask all to end, and end those that do not in time.
pub(super) fn stop(children: &mut Vec<Running>) {
    children.iter_mut().for_each(Running::ask_to_end);
    let deadline = Instant::now() + GRACE;
    while children.iter_mut().any(|child| child.ended().is_none()) && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
    children.clear();
}

/// Send each line of `stream` as an event, and `at_end` when there are no more.
fn follow(
    stream: impl Read + Send + 'static,
    events: Sender<Event>,
    event: impl Fn(String) -> Event + Send + 'static,
    at_end: Option<Event>,
) {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            match reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            if events
                .send(event(text.trim_end_matches(['\r', '\n']).to_owned()))
                .is_err()
            {
                break;
            }
        }
        if let Some(at_end) = at_end {
            let _ = events.send(at_end);
        }
    });
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test starts shells to watch")]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn lines_and_the_end_arrive() {
        let (sender, events) = channel();
        let mut running = Running::start(Who::Server, shell("echo one; echo two >&2; exit 3"), &sender).unwrap();
        drop(sender);
        let mut seen: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
        seen.sort();
        assert_eq!(seen, [r#"Audit("one")"#, r#"Said(Server, "two")"#, "Silent(Server)"]);
        let status = running.child.wait().unwrap();
        assert_eq!(status.code(), Some(3));
        assert_eq!(running.ended(), Some(status));
    }

    #[test]
    fn asked_to_end_it_ends_and_one_that_does_not_listen_is_ended() {
        for script in ["exec sleep 60", "trap '' TERM; echo ready >&2; sleep 60 & wait; wait"] {
            let (sender, events) = channel();
            let running = Running::start(Who::Agent, shell(script), &sender).unwrap();
            if script.starts_with("trap") {
                assert!(matches!(events.recv().unwrap(), Event::Said(Who::Agent, line) if line == "ready"));
            }
            let pid = running.child.id();
            stop(&mut vec![running]);
            assert!(!std::path::Path::new(&format!("/proc/{pid}/exe")).exists());
        }
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let (sender, _events) = channel();
        let mut running = Running::start(Who::Agent, shell("exit 0"), &sender).unwrap();
        (0..50).for_each(|number| running.keep(&number.to_string()));
        let lines = running.last_lines();
        assert_eq!((lines.len(), lines[0].as_str(), lines[19].as_str()), (20, "30", "49"));
    }
}
