//! A Python script run once with the server's packages, where an environment with them is at hand.
//!
//! In: a script, what it reads, the lock. Out: what it wrote, or nothing where no environment answers. Nothing is
//! installed for it: `dev` makes the environment, and a person may name one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};

use super::environment;
use super::interpreter::Variables;
use super::launcher::Launcher;

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
pub fn run_script(options: &TrialOptions, lock: &[u8], script: &str, input: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
    let launcher = Launcher::new(&options.executable);
    let python = match (&options.environment, &options.cache) {
        (Some(folder), _) => Some(environment::existing(&launcher, &options.variables, folder)?),
        (None, Some(cache)) => environment::made(&launcher, &options.variables, cache, lock),
        (None, None) => None,
    };
    let Some(python) = python else { return Ok(None) };
    run(&launcher, &options.variables, &python, script, input).map(Some)
}

fn run(
    launcher: &Launcher<'_>,
    variables: &Variables,
    python: &Path,
    script: &str,
    input: &[u8],
) -> anyhow::Result<Vec<u8>> {
    let mut command = launcher.command(python);
    command
        .args(["-I", "-B", "-c", script])
        .envs(variables.for_tools.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("could not start Python")?;
    if let Some(mut stdin) = child.stdin.take() {
        // A script that has ended reads no more, and says why.
        _ = stdin.write_all(input);
    }
    let output = child.wait_with_output().context("could not wait for Python")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().next_back().unwrap_or_default();
    ensure!(output.status.success(), "the tools could not be tried: {last}");
    Ok(output.stdout)
}
