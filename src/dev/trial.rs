//! A Python script run once with the server's packages, where an environment with them is at hand.
//!
//! In: a script, what it reads, the lock. Out: what it wrote, or nothing where no environment answers. Nothing is
//! installed for it: `dev` makes the environment, and a person may name one.

use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

use super::environment;
use super::interpreter::Variables;
use super::launcher::Launcher;

/// Longest run of a script: what it tries may wait for ever.
const LONGEST_RUN: Duration = Duration::from_secs(60);
/// Pause between two looks at whether it has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// What came of a script.
#[derive(Debug)]
pub enum Ran {
    /// What it wrote.
    Told(Vec<u8>),
    /// It was ended after so long, with all that it had started.
    TooLong(Duration),
    /// No environment has the packages.
    Nowhere,
}

/// Where to look for an environment.
#[derive(Debug)]
pub struct TrialOptions {
    /// This program.
    pub executable: PathBuf,
    pub variables: Variables,
    /// A virtual environment that has the packages already.
    pub environment: Option<PathBuf>,
    /// Cache of environments, which stacks share.
    pub cache: Option<PathBuf>,
}

/// Run `script` on `input`.
///
/// # Errors
/// The environment that was named has not the packages, or the script fails.
pub fn run_script(options: &TrialOptions, lock: &[u8], script: &str, input: &[u8]) -> anyhow::Result<Ran> {
    let launcher = Launcher::new(&options.executable);
    let python = match (&options.environment, &options.cache) {
        (Some(folder), _) => Some(environment::existing(&launcher, &options.variables, folder)?),
        (None, Some(cache)) => environment::made(&launcher, &options.variables, cache, lock),
        (None, None) => None,
    };
    let Some(python) = python else {
        return Ok(Ran::Nowhere);
    };
    run(&launcher, &options.variables, &python, script, input)
}

fn run(
    launcher: &Launcher<'_>,
    variables: &Variables,
    python: &Path,
    script: &str,
    input: &[u8],
) -> anyhow::Result<Ran> {
    let mut command = launcher.command(python);
    command
        .args(["-I", "-B", "-c", script])
        .envs(variables.for_tools.iter().cloned());
    let Some(ended) = held_to(&mut command, input, LONGEST_RUN)? else {
        return Ok(Ran::TooLong(LONGEST_RUN));
    };
    let last = ended.said.lines().next_back().unwrap_or_default();
    ensure!(ended.is_good, "the tools could not be tried: {last}");
    Ok(Ran::Told(ended.wrote))
}

/// A program that ended by itself.
struct Ended {
    wrote: Vec<u8>,
    said: String,
    is_good: bool,
}

/// Run a program on `input`; nothing comes back where it took longer than `limit`, and was ended with its group.
fn held_to(command: &mut Command, input: &[u8], limit: Duration) -> anyhow::Result<Option<Ended>> {
    let deadline = Instant::now() + limit;
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = command.spawn().context("could not start Python")?;
    let (stdin, input) = (child.stdin.take(), input.to_vec());
    // A script that has ended reads no more, and says why; one that hangs reads nothing.
    thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
    let (wrote, said) = (read(child.stdout.take()), read(child.stderr.take()));
    let status = loop {
        if let Some(status) = child.try_wait().context("could not wait for Python")? {
            break status;
        }
        if Instant::now() >= deadline {
            end(&mut child);
            return Ok(None);
        }
        thread::sleep(PAUSE);
    };
    // What the script left behind may hold the pipes open.
    let rest = |pipe: mpsc::Receiver<Vec<u8>>| pipe.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    let (Ok(wrote), Ok(said)) = (rest(wrote), rest(said)) else {
        end(&mut child);
        return Ok(None);
    };
    Ok(Some(Ended {
        wrote,
        said: String::from_utf8_lossy(&said).into_owned(),
        is_good: status.success(),
    }))
}

/// All that comes out of a pipe, once it is closed.
fn read(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            _ = pipe.read_to_end(&mut bytes);
        }
        _ = sender.send(bytes);
    });
    receiver
}

fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        _ = kill_process_group(group, Signal::KILL);
    }
    _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a shell stands for the interpreter")]
    fn held(script: &str, limit: Duration) -> Option<Ended> {
        let mut command = Command::new("sh");
        held_to(command.args(["-c", script]), b"in", limit).unwrap()
    }

    #[test]
    fn what_ends_in_time_is_heard() {
        let ended = held("cat; echo out >&2", LONGEST_RUN).unwrap();
        assert_eq!(
            (ended.wrote, ended.said, ended.is_good),
            (b"in".to_vec(), "out\n".to_owned(), true)
        );
    }

    #[test]
    fn what_takes_too_long_is_ended_with_its_group() {
        let begun = Instant::now();
        for script in ["sleep 300", "sleep 300 & exit 0"] {
            assert!(held(script, Duration::from_millis(300)).is_none(), "{script}");
        }
        assert!(begun.elapsed() < LONGEST_RUN);
    }
}
