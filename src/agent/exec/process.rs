//! One process: started, read and ended.
//!
//! In: what to start and until when. Out: how it ended and the beginning of what it printed. Its whole process group is
//! killed when its time is over, and when nobody waits for it any more.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// Longest part of a stream that is kept.
const MAX_STREAM: usize = 16 * 1024;

/// What to start.
pub(super) struct Spawn {
    pub(super) launcher: PathBuf,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    /// All of it.
    pub(super) environment: BTreeMap<String, String>,
}

/// How it went.
#[derive(Debug)]
pub(super) enum Ended {
    Done(Done),
    OutOfTime,
    NotStarted(std::io::ErrorKind),
}

#[derive(Debug)]
pub(super) struct Done {
    pub(super) succeeded: bool,
    /// How it ended, in a few words, for a process that printed nothing.
    pub(super) reason: String,
    pub(super) stdout: Captured,
    pub(super) stderr: Captured,
}

/// The beginning of a stream.
#[derive(Debug, Default)]
pub(super) struct Captured {
    bytes: Vec<u8>,
    /// Whether there was more.
    pub(super) is_cut: bool,
}

impl Captured {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Start, read to the end, and wait, until `until`.
pub(super) async fn run(spawn: Spawn, until: Instant) -> Ended {
    let (mut child, _group) = match start(&spawn) {
        Ok(started) => started,
        Err(error) => return Ended::NotStarted(error.kind()),
    };
    // What it was started with holds secrets; nothing needs them any more.
    drop(spawn);
    match tokio::time::timeout_at(until, collect(&mut child)).await {
        Err(_) => Ended::OutOfTime,
        Ok(Err(error)) => Ended::NotStarted(error.kind()),
        Ok(Ok(done)) => Ended::Done(done),
    }
}

fn start(spawn: &Spawn) -> std::io::Result<(Child, Group)> {
    #[expect(clippy::disallowed_methods, reason = "this is the executor")]
    let mut command = Command::new(&spawn.launcher);
    command
        .args(["agent", "launch", "--parent"])
        .arg(std::process::id().to_string())
        .arg("--")
        .arg(&spawn.program)
        .args(&spawn.arguments)
        .env_clear()
        .envs(&spawn.environment)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let child = command.spawn()?;
    let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    Ok((child, Group(leader)))
}

/// A process group that does not outlive this value: what a program left behind goes with it. A group's number is not
/// given to another process while it has members, nor in the moment after the last one ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // It has ended already, or ends now: either way there is nothing left to do.
            let _ = rustix::process::kill_process_group(leader, Signal::KILL);
        }
    }
}

async fn collect(child: &mut Child) -> std::io::Result<Done> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::try_join!(capture(stdout), capture(stderr))?;
    let status = child.wait().await?;
    Ok(Done {
        succeeded: status.success(),
        reason: reason(status),
        stdout,
        stderr,
    })
}

/// Keep the beginning of a stream and read on, so that its writer is not held up.
async fn capture(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Captured> {
    let mut captured = Captured::default();
    let Some(mut stream) = stream else {
        return Ok(captured);
    };
    let mut buffer = [0_u8; 4096];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(captured);
        }
        let room = MAX_STREAM - captured.bytes.len();
        captured.is_cut |= read > room;
        captured.bytes.extend_from_slice(&buffer[..read.min(room)]);
    }
}

fn reason(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it printed nothing and ended with {code}"),
        (None, Some(signal)) => format!("it was stopped by signal {signal}"),
        (None, None) => "it was stopped".to_owned(),
    }
}
