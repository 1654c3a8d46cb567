//! What `--from` and `--to` mean: a file, or a file of a git revision.
//!
//! In: the text, and the stack file that a bare revision is of. Out: where to read, or an error that names what was looked for. A
//! name that is a file is that file.

use std::path::{Component, Path, PathBuf};

use anyhow::{bail, ensure};

use super::git::{Found, Repository};
use crate::topology::MAX_BYTES;

/// Where a topology is.
pub(super) enum Place {
    /// `-` is standard input.
    File(PathBuf),
    Revision(Box<Revised>),
}

/// A stack file as it was.
pub(super) struct Revised {
    pub(super) repository: Repository,
    /// `main:stack.yaml`.
    pub(super) name: String,
    pub(super) commit: String,
    /// From the top of the repository.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// Where the topology is that `flag` names; `stack` is the file of a revision that names none.
///
/// # Errors
/// It is neither a file nor a revision, or the revision has no such file.
pub(super) fn of(flag: &str, text: &str, stack: &Path) -> anyhow::Result<Place> {
    let file = Path::new(text);
    if text == "-" || file.metadata().is_ok_and(|found| !found.is_dir()) {
        return Ok(Place::File(file.to_owned()));
    }
    ensure!(
        !text.is_empty(),
        "`{flag}` names nothing: write a file, or a git revision such as `main`"
    );
    ensure!(
        !text.starts_with('-'),
        "`{flag} {text}` is neither a file nor a revision: no revision begins with `-`, and a file is written `./{text}`"
    );
    let (revision, path) = halves(text);
    ensure!(
        !revision.is_empty(),
        "`{flag} {text}` names no revision in front of the `:`; write `HEAD{text}`"
    );
    ensure!(
        path.is_some() || stack != Path::new("-"),
        "standard input has no history: name the stack file, or write `{flag} {revision}:PATH`"
    );
    let folder = stack.parent().unwrap_or(Path::new(""));
    let repository = match Repository::around(folder)? {
        Ok(repository) => repository,
        Err(told) => bail!("{}", no_repository(flag, text, folder, &told)),
    };
    let Some(commit) = repository.commit(revision)? else {
        bail!("{}", no_revision(flag, text, revision, &repository)?);
    };
    revised(repository, revision, commit, path, stack)
}

fn revised(
    repository: Repository,
    revision: &str,
    commit: String,
    path: Option<&str>,
    stack: &Path,
) -> anyhow::Result<Place> {
    let own = || stack.file_name().map(PathBuf::from).unwrap_or_default();
    let wanted = match path {
        None => repository.prefix.join(own()),
        // As git reads it: from the top, or from the folder where it says so.
        Some(path) if path.starts_with("./") || path.starts_with("../") => repository.prefix.join(path),
        Some(path) => PathBuf::from(path),
    };
    let Some(path) = inside(&wanted) else {
        bail!(
            "`{}` lies outside of the repository `{}`",
            wanted.display(),
            repository.top.display()
        );
    };
    let name = format!("{revision}:{path}");
    let hint = format!("write `{revision}:PATH` for a file of another name, from the top of the repository");
    let bytes = match repository.file(&commit, &path, MAX_BYTES as u64)? {
        Found::File(bytes) => bytes,
        Found::Nothing => bail!("`{path}` is not in the revision `{revision}`; {hint}"),
        Found::Folder => bail!("`{path}` is a folder in the revision `{revision}`; {hint}"),
        Found::Other => bail!("`{path}` is a link in the revision `{revision}`, not a file; {hint}"),
    };
    Ok(Place::Revision(Box::new(Revised {
        repository,
        name,
        commit,
        path,
        bytes,
    })))
}

/// A revision and a path behind its `:`; one in braces is a time: `HEAD@{2026-01-01 10:00}`.
fn halves(text: &str) -> (&str, Option<&str>) {
    let mut depth = 0_usize;
    for (position, next) in text.char_indices() {
        match next {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => return (&text[..position], Some(&text[position + 1..])),
            _ => {}
        }
    }
    (text, None)
}

/// The path without `.` and `..`; nothing where it leads out.
fn inside(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/")).filter(|path| !path.is_empty())
}

fn shown(folder: &Path) -> String {
    match folder.as_os_str().is_empty() {
        true => "this folder".to_owned(),
        false => format!("`{}`", folder.display()),
    }
}

fn no_repository(flag: &str, text: &str, folder: &Path, told: &str) -> String {
    let reason = if told.is_empty() {
        String::new()
    } else {
        format!(" ({told})")
    };
    format!(
        "there is no file `{text}`, and {} is in no git repository that has revisions{reason}: write `{flag} FILE`",
        shown(folder)
    )
}

fn no_revision(flag: &str, text: &str, revision: &str, repository: &Repository) -> anyhow::Result<String> {
    if Path::new(text).is_dir() {
        return Ok(format!("`{flag} {text}` is a folder: name the stack file in it"));
    }
    let more = match repository.is_shallow()? {
        true => {
            "; this clone has a part of the history only, so fetch it first: `git fetch --unshallow`, or \
                 `git fetch origin REF`"
        }
        false => "",
    };
    let file = if revision == text {
        format!("no file `{text}` and ")
    } else {
        String::new()
    };
    Ok(format!(
        "there is {file}no revision `{revision}` in the repository `{}`{more}",
        repository.top.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_behind_a_colon_that_is_no_time() {
        for (text, expected) in [
            ("main", ("main", None)),
            ("main:a/b.yaml", ("main", Some("a/b.yaml"))),
            ("main:a:b", ("main", Some("a:b"))),
            ("HEAD@{2026-01-01 10:00}", ("HEAD@{2026-01-01 10:00}", None)),
            ("HEAD@{10:00}:./x", ("HEAD@{10:00}", Some("./x"))),
            (":x", ("", Some("x"))),
        ] {
            assert_eq!(halves(text), expected, "{text}");
        }
    }

    #[test]
    fn a_path_stays_inside() {
        for (path, expected) in [
            ("a/./b", Some("a/b")),
            ("a/../b", Some("b")),
            ("../b", None),
            ("a/../../b", None),
            ("/b", None),
            (".", None),
        ] {
            assert_eq!(inside(Path::new(path)).as_deref(), expected, "{path}");
        }
    }
}
