//! The virtual environment with the locked packages of the generated server, made once for each lock.
//!
//! In: a requirements file with hashes, a cache folder. Out: the interpreter of an environment that is
//! whole: it is made under another name and renamed when every package is in it. It must not know the
//! server.

use std::fs::TryLockError;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::Context as _;

use super::cache::{make_folder, open_lock, remove_folder};
use super::interpreter::{self, PythonSearch, Variables};
use super::launcher::Launcher;
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

/// The interpreter of an environment that a person made.
fn existing(launcher: &Launcher<'_>, variables: &Variables, folder: &Path) -> Result<PathBuf, Problem> {
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
        "the virtual environment could not be made",
        "see whether `python3.12 -m venv` works",
    )?;
    let file = requirements.display().to_string();
    let words = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--requirement",
        &file,
    ];
    let installed = launcher.output(&python_of(folder), &words, variables)?;
    let hint = "pip needs a package index: see its settings (PIP_INDEX_URL, HTTPS_PROXY), \
                or name an environment that has the packages with `--environment`";
    succeeded(&installed, "the locked packages could not be installed", hint)
}

fn succeeded(output: &Output, message: &str, hint: &str) -> anyhow::Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(TOLD_LINES)..]
        .iter()
        .map(|line| (*line).to_owned());
    Err(Problem::new(message).detail(last.collect()).hint(hint).into())
}
