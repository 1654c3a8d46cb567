//! The virtual environment with the locked packages of the generated server, made once for each lock.
//!
//! In: a requirements file with hashes, a cache folder. Out: the interpreter of an environment that is
//! whole: it is made under another name and renamed when every package is in it and they fit together. It
//! must not know the server.

use std::fs::TryLockError;
use std::io::Write;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::Context as _;

use super::cache::{make_folder, open_lock, remove_file, remove_folder};
use super::interpreter::{self, PythonSearch, Variables};
use super::launcher::Launcher;
use super::pip::{self, Cause};
use super::problem::Problem;
use crate::name::sha256_hex;

const SHORT_HASH: usize = 16;
const TOLD_LINES: usize = 15;
/// Succeeds where the packages of the server are, without loading them.
const QUESTION: &str =
    "import importlib.util as u, sys; sys.exit(not (u.find_spec('fastmcp') and u.find_spec('uvicorn')))";

/// The interpreter with the packages of `requirements`.
///
/// # Errors
/// There is no Python 3.12, or a package cannot be installed.
pub(super) fn ready(
    launcher: &Launcher<'_>,
    variables: &Variables,
    search: &PythonSearch,
    cache: &Path,
    requirements: &Path,
    messages: &mut dyn Write,
) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &search.environment {
        return Ok(existing(launcher, variables, folder)?);
    }
    let lock = std::fs::read(requirements).with_context(|| format!("could not read `{}`", requirements.display()))?;
    let environments = cache.join("python");
    make_folder(&environments)?;
    let name = sha256_hex(&lock)[..SHORT_HASH].to_owned();
    let held = open_lock(&environments.join(format!("{name}.lock")))?;
    if let Err(TryLockError::WouldBlock) = held.try_lock() {
        writeln!(messages, "waiting for another run that makes the Python environment")?;
        held.lock().context("could not lock the Python environment")?;
    }
    let folder = environments.join(&name);
    let python = python_of(&folder);
    if answers(launcher, variables, &python) {
        return Ok(python);
    }
    let interpreter = interpreter::find(launcher, variables, search.python.as_deref())?;
    let count = lock
        .split(|byte| *byte == b'\n')
        .filter(|line| line.windows(2).any(|two| two == b"=="))
        .count();
    writeln!(messages, "making the Python environment: {count} locked packages, once")?;
    let partial = environments.join(format!("{name}.partial"));
    remove_folder(&partial)?;
    remove_folder(&folder)?;
    install(launcher, variables, &interpreter, &partial, requirements)?;
    std::fs::rename(&partial, &folder).with_context(|| format!("could not name `{}`", folder.display()))?;
    Ok(python)
}

/// The interpreter of the environment that a run before made for this lock, when it answers.
pub(super) fn made(launcher: &Launcher<'_>, variables: &Variables, cache: &Path, lock: &[u8]) -> Option<PathBuf> {
    let python = python_of(&cache.join("python").join(&sha256_hex(lock)[..SHORT_HASH]));
    answers(launcher, variables, &python).then_some(python)
}

/// The interpreter of an environment that a person made.
pub(super) fn existing(launcher: &Launcher<'_>, variables: &Variables, folder: &Path) -> Result<PathBuf, Problem> {
    let python = std::path::absolute(python_of(folder)).unwrap_or_else(|_| python_of(folder));
    if answers(launcher, variables, &python) {
        return Ok(python);
    }
    let problem = Problem::new(format!(
        "`{}` is no virtual environment with the server's packages",
        folder.display()
    ));
    Err(problem.hint("leave `--environment` out, and one is made"))
}

fn python_of(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

fn answers(launcher: &Launcher<'_>, variables: &Variables, python: &Path) -> bool {
    let output = launcher.output(python, &["-I", "-c", QUESTION], variables);
    python.exists() && output.is_ok_and(|output| output.status.success())
}

fn install(
    launcher: &Launcher<'_>,
    variables: &Variables,
    interpreter: &Path,
    folder: &Path,
    requirements: &Path,
) -> anyhow::Result<()> {
    let at = folder.display().to_string();
    let made = launcher.output(interpreter, &["-m", "venv", &at], variables)?;
    succeeded(
        &made,
        "",
        "the virtual environment could not be made",
        "see whether `python3.12 -m venv` works",
    )?;
    install_packages(launcher, variables, folder, requirements)?;
    // The lock is installed without a resolver; this is what asks whether it is whole.
    let words = ["-m", "pip", "check", "--disable-pip-version-check"];
    let fitting = launcher.output(&python_of(folder), &words, variables)?;
    let hint = "the lock of this release is at fault: report it";
    succeeded(&fitting, "", "the locked packages do not fit together", hint)
}

fn install_packages(
    launcher: &Launcher<'_>,
    variables: &Variables,
    folder: &Path,
    requirements: &Path,
) -> anyhow::Result<()> {
    let (file, log) = (requirements.display().to_string(), folder.join("pip.log"));
    let log_file = log.display().to_string();
    let words = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--log",
        &log_file,
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--requirement",
        &file,
    ];
    let installed = launcher.output(&python_of(folder), &words, variables)?;
    // Only the log tells why a package was not found.
    let said = std::fs::read(&log).unwrap_or_default();
    remove_file(&log)?;
    let hint = "pip needs a package index: see its settings (PIP_INDEX_URL, HTTPS_PROXY), \
                or name an environment that has the packages with `--environment`";
    let said = String::from_utf8_lossy(&said);
    succeeded(&installed, &said, "the locked packages could not be installed", hint)
}

/// The last lines that a program said, and the cause where it is known; `hint` is for when it is not.
fn succeeded(output: &Output, log: &str, message: &str, hint: &str) -> anyhow::Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let told = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = told.lines().chain(text.lines()).collect();
    let last = lines[lines.len().saturating_sub(TOLD_LINES)..].iter();
    let evidence = pip::evidence(log);
    let detail = last.copied().chain(evidence.as_deref()).map(pip::without_credentials);
    let problem = match (Cause::of(&text, log), output.status.signal()) {
        (Some(cause), _) => Problem::new(format!("{message}: {}", cause.fact())).hint(cause.hint()),
        (None, Some(signal)) => Problem::new(format!("{message}: signal {signal} ended it"))
            .hint("see whether the machine has memory to spare, and run it again"),
        (None, None) => Problem::new(message).hint(hint),
    };
    Err(problem.detail(detail.collect()).into())
}
