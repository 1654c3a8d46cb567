//! Files as they were in a revision, by the real `git`.
//!
//! In: a folder, the name of a revision, a path. Out: bytes. Names go to `git` as arguments of their own, never through a shell,
//! and none that could be taken for an option. Nothing is written, not even an index.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// What the variables of a hook or a script would put in place of the repository that a file lies in.
const ELSEWHERE: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
];

/// Most of what is read of a failure.
const MOST_TOLD: u64 = 4096;

/// The repository that a folder lies in.
#[derive(Debug)]
pub(super) struct Repository {
    /// Where it was looked for.
    folder: PathBuf,
    /// Its top folder.
    pub(super) top: PathBuf,
    /// The folder, from the top.
    pub(super) prefix: PathBuf,
}

/// What a revision has at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    File(Vec<u8>),
    Folder,
    /// A link, or another repository.
    Other,
}

/// How a run of `git` ended.
struct Ran {
    is_good: bool,
    out: Vec<u8>,
    told: String,
}

impl Repository {
    /// The repository around `folder`; what keeps it from being one where there is none.
    ///
    /// # Errors
    /// There is no `git`, or no such folder.
    pub(super) fn around(folder: &Path) -> Result<Result<Self, String>> {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        if !folder.is_dir() {
            bail!(
                "there is no folder `{}`, so there is no repository to ask",
                folder.display()
            );
        }
        let ran = run(folder, &["rev-parse", "--show-toplevel", "--show-prefix"], MOST_TOLD)?;
        let text = String::from_utf8(ran.out).context("the path of the repository is no UTF-8 text")?;
        let mut lines = text.lines();
        let Some(top) = lines.next().filter(|top| ran.is_good && !top.is_empty()) else {
            return Ok(Err(ran.told));
        };
        Ok(Ok(Self {
            folder: folder.to_owned(),
            top: PathBuf::from(top),
            prefix: PathBuf::from(lines.next().unwrap_or_default()),
        }))
    }

    /// The commit that `name` stands for; nothing where it stands for none.
    pub(super) fn commit(&self, name: &str) -> Result<Option<String>> {
        // `-x` would be an option of git's, and is no name of a revision.
        if name.is_empty() || name.starts_with('-') || name.contains('\0') {
            return Ok(None);
        }
        let wanted = format!("{name}^{{commit}}");
        let ran = run(&self.folder, &["rev-parse", "--verify", "--quiet", &wanted], MOST_TOLD)?;
        let commit = String::from_utf8(ran.out).unwrap_or_default().trim().to_owned();
        let is_one = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        Ok(Some(commit).filter(|_| ran.is_good && is_one))
    }

    /// Whether only a part of the history is here, as in most pipelines.
    pub(super) fn is_shallow(&self) -> Result<bool> {
        let ran = run(&self.folder, &["rev-parse", "--is-shallow-repository"], MOST_TOLD)?;
        Ok(ran.is_good && ran.out.trim_ascii() == b"true")
    }

    /// What `commit` has at `path`, from the top; of a file `most` bytes and one more at most.
    pub(super) fn file(&self, commit: &str, path: &str, most: u64) -> Result<Found> {
        let listed = run(
            &self.folder,
            &[
                "--literal-pathspecs",
                "ls-tree",
                "-z",
                "--full-tree",
                commit,
                "--",
                path,
            ],
            MOST_TOLD,
        )?;
        // `100644 blob 2f1c…\tstack.yaml`
        let listed = String::from_utf8_lossy(&listed.out).into_owned();
        let entry = listed.split('\0').next().unwrap_or_default();
        let head = entry.split('\t').next().unwrap_or_default();
        let words: Vec<&str> = head.split(' ').collect();
        match words.as_slice() {
            ["100644" | "100755" | "100664", "blob", object] => {
                let ran = run(&self.folder, &["cat-file", "blob", object], most + 1)?;
                match ran.is_good {
                    true => Ok(Found::File(ran.out)),
                    false => bail!("`git` could not read `{path}` of {commit}: {}", ran.told),
                }
            }
            [_, "tree", _] => Ok(Found::Folder),
            [_, _, _] => Ok(Found::Other),
            _ => Ok(Found::Nothing),
        }
    }
}

/// Run `git` in `folder`; of its output `most` bytes are read, and it may end for that.
#[expect(clippy::disallowed_methods, reason = "the history of a file is known to git alone")]
fn run(folder: &Path, arguments: &[&str], most: u64) -> Result<Ran> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder);
    for name in ELSEWHERE {
        command.env_remove(name);
    }
    command
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("`git` is not on PATH, so no revision can be read: install it, or name a file")
        }
        spawned => spawned.context("could not start `git`")?,
    };
    let (mut out, mut told) = (Vec::new(), String::new());
    if let Some(stream) = child.stdout.take() {
        stream
            .take(most)
            .read_to_end(&mut out)
            .context("could not read what `git` says")?;
    }
    if let Some(stream) = child.stderr.take() {
        // What it says of a failure is for people; one that is no text is no loss.
        _ = stream.take(MOST_TOLD).read_to_string(&mut told);
    }
    let status = child.wait().context("could not wait for `git`")?;
    let was_cut = out.len() as u64 == most;
    let first = told
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    Ok(Ran {
        is_good: status.success() || was_cut,
        out,
        told: first.trim_start_matches("fatal: ").to_owned(),
    })
}
