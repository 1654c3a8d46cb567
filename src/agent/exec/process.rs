//! One process: started, read and ended.
//!
//! In: what to start and until when. Out: how it ended and the beginning of what it printed. It is asked to end when its
//! time is over and when nobody waits for it any more; its launcher then leaves nothing of what it started.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::family;

/// How long a launcher may take to end what it started, before it is killed itself.
const GRACE: Duration = Duration::from_secs(2);

/// How often those that a launcher left behind are looked for, and the time between.
const SWEEPS: usize = 200;
const SWEEP_PAUSE: Duration = Duration::from_millis(5);

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

/// Start, read to the end, and wait, until `until`. The place among those that run is free again when nothing of it is
/// left, though nobody waits for the answer any more.
pub(super) async fn run(spawn: Spawn, until: Instant, place: OwnedSemaphorePermit, launchers: Arc<Launchers>) -> Ended {
    let (answer, answered) = oneshot::channel();
    tokio::spawn(async move {
        supervise(spawn, until, answer, &launchers).await;
        // A program may have ended its launcher, and is then the agent's own child.
        if launchers.adopts.load(Ordering::Relaxed) {
            let _ = tokio::task::spawn_blocking(move || launchers.sweep()).await;
        }
        drop(place);
    });
    answered
        .await
        .unwrap_or(Ended::NotStarted(std::io::ErrorKind::Interrupted))
}

async fn supervise(spawn: Spawn, until: Instant, mut answer: oneshot::Sender<Ended>, launchers: &Launchers) {
    let mut launcher = match launchers.start(&spawn) {
        Ok(launcher) => launcher,
        Err(error) => return drop(answer.send(Ended::NotStarted(error.kind()))),
    };
    // What it was started with holds secrets; nothing needs them any more.
    drop(spawn);
    let ended = tokio::select! {
        done = collect(&mut launcher.child) => done.map_or_else(|error| Ended::NotStarted(error.kind()), Ended::Done),
        () = tokio::time::sleep_until(until) => Ended::OutOfTime,
        () = answer.closed() => Ended::OutOfTime,
    };
    launcher.end().await;
    drop(launcher);
    let _ = answer.send(ended);
}

/// The launchers that run, so that they are told from what others have left behind.
#[derive(Debug, Default)]
pub(super) struct Launchers {
    running: Mutex<BTreeSet<i32>>,
    /// Whether this process is the parent of orphans.
    pub(super) adopts: AtomicBool,
}

impl Launchers {
    fn running(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, spawn: &Spawn) -> std::io::Result<Launcher<'_>> {
        let mut command = command(spawn);
        // Held from before it is a child until it is known as one.
        let mut running = self.running();
        let child = command.spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        running.extend(pid.map(Pid::as_raw_pid));
        drop(running);
        Ok(Launcher {
            child,
            pid,
            launchers: self,
        })
    }

    /// End the children of this process that are no launchers, and theirs.
    fn sweep(&self) {
        for _ in 0..SWEEPS {
            let running = self.running();
            let mut left = family::children();
            left.retain(|pid| !running.contains(&pid.as_raw_pid()));
            drop(running);
            if left.is_empty() {
                return;
            }
            for pid in left {
                family::kill(pid);
                let _ = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
            }
            std::thread::sleep(SWEEP_PAUSE);
        }
    }
}

/// A launcher, and with it all that it started: asked to end when this is dropped, if it has not.
struct Launcher<'a> {
    child: Child,
    pid: Option<Pid>,
    launchers: &'a Launchers,
}

impl Launcher<'_> {
    fn ask_to_end(&self) {
        // Not after it was waited for: its number could be another's by then.
        if let (Some(_), Some(pid)) = (self.child.id(), self.pid) {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
    }

    async fn end(&mut self) {
        self.ask_to_end();
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_ok() {
            return;
        }
        if let (Some(_), Some(pid)) = (self.child.id(), self.pid) {
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
        let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
    }
}

impl Drop for Launcher<'_> {
    fn drop(&mut self) {
        self.ask_to_end();
        if let Some(pid) = self.pid {
            self.launchers.running().remove(&pid.as_raw_pid());
        }
    }
}

fn command(spawn: &Spawn) -> Command {
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
        .process_group(0);
    command
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
