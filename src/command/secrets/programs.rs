//! The real `sops`, `age-keygen` and `kubectl`, found on PATH.
//!
//! A value goes to them and comes from them through pipes alone: never in an argument, never in a file of ours.

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

/// Most lines of what a program says of its failure.
const MOST_TOLD: usize = 4;

/// What `sops` makes of the plain dotenv file `bytes` by the rules of `out`; `path` says which of them.
pub(super) fn encrypt(out: &Path, path: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    run(out, "sops", &["encrypt", "--filename-override", path], bytes)
}

/// The plain dotenv file behind `bytes`.
pub(super) fn decrypt(out: &Path, path: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    run(out, "sops", &["decrypt", "--filename-override", path], bytes)
}

/// Makes an age key; a file that is there already is refused by the program.
pub(super) fn make_key(file: &Path) -> Result<()> {
    let shown = file.display().to_string();
    run(Path::new("."), "age-keygen", &["-o", &shown], b"").map(drop)
}

/// Who the age keys of a file decrypt for.
pub(super) fn recipients(file: &Path) -> Result<Vec<String>> {
    let shown = file.display().to_string();
    let told = run(Path::new("."), "age-keygen", &["-y", &shown], b"")?;
    let told = String::from_utf8(told).context("`age-keygen` printed something that is no text")?;
    Ok(told.lines().map(str::to_owned).collect())
}

/// What a program prints; what it says of a failure is the error.
#[expect(
    clippy::disallowed_methods,
    reason = "encryption is left to the programs that a team already trusts"
)]
pub(in crate::command) fn run(folder: &Path, program: &str, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut command = Command::new(program);
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    command.args(arguments).current_dir(folder);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("`{program}` is not on PATH; install it, and run again")
        }
        spawned => spawned.with_context(|| format!("could not start `{program}`"))?,
    };
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends before it has read everything says why itself.
        _ = stdin.write_all(input);
    }
    let Output { status, stdout, stderr } = child
        .wait_with_output()
        .with_context(|| format!("could not wait for `{program}`"))?;
    if !status.success() {
        let told = String::from_utf8_lossy(&stderr);
        let told: Vec<&str> = told
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take(MOST_TOLD)
            .collect();
        bail!("`{program} {}` failed: {}", arguments[0], told.join(" "))
    }
    Ok(stdout)
}
