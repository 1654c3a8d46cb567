//! Folders of a catalog: which hold an entry, and what else lies where only entries belong.
//!
//! A folder that is passed over in silence is an entry that somebody believes to be there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::findings::Report;
use crate::fault::Code;
use crate::finding::Finding;
use crate::name::slip;
use crate::yaml::Span;

pub(super) const TYPES: &str = "catalog";
pub(super) const INTERFACES: &str = "link-types/interfaces";
pub(super) const CONVENTIONS: &str = "link-types/conventions";
pub(super) const PAIRS: &str = "link-types/pairs";
pub(super) const HOOKS: &str = "hooks";
pub(super) const BLUEPRINTS: &str = "blueprints";
/// What all that is known of links lies in.
const LINK_TYPES: &str = "link-types";
const OF_LINKS: [&str; 3] = ["interfaces", "conventions", "pairs"];
const KNOWN: [&str; 4] = [TYPES, LINK_TYPES, HOOKS, BLUEPRINTS];

/// The place of a file as a whole.
pub(super) const WHOLE: Span = Span {
    line: 0,
    column: 0,
    length: 0,
};

/// Names that say nothing of entries: files of people, of systems and of Python.
fn is_passed_over(name: &str) -> bool {
    name.starts_with(['.', '_']) || name.eq_ignore_ascii_case("README.md")
}

/// See to it that `overlay` holds something of a catalog, and that no folder of it is mistyped.
///
/// # Errors
/// It is no folder, or holds nothing of a catalog.
pub(super) fn ensure_overlay(overlay: &Path, report: &mut Report) -> anyhow::Result<()> {
    ensure!(
        overlay.is_dir(),
        Code::E_CATALOG_FOLDER.fault(format!("`{}` is not a folder", overlay.display()))
    );
    let mut meant = false;
    for item in listed(overlay)? {
        let name = item.file_name().to_string_lossy().to_lowercase();
        let is_known = KNOWN.iter().any(|known| item.file_name() == *known);
        if let Some(known) = slip(&name, KNOWN).filter(|_| item.path().is_dir() && !is_known) {
            meant = true;
            unread(item.path(), format!("did you mean `{known}`?"), report);
        }
    }
    let holds = KNOWN.iter().any(|folder| overlay.join(folder).is_dir());
    let fact = format!(
        "`{}` holds none of `catalog/`, `link-types/`, `hooks/` and `blueprints/`",
        overlay.display()
    );
    ensure!(holds || meant, Code::E_CATALOG_FOLDER.fault(fact));
    ensure_of_links(&overlay.join(LINK_TYPES), report)
}

/// Of links nothing is read but interfaces, conventions and pairs.
fn ensure_of_links(link_types: &Path, report: &mut Report) -> anyhow::Result<()> {
    if !link_types.is_dir() {
        return Ok(());
    }
    for item in listed(link_types)? {
        let name = item.file_name().to_string_lossy();
        let is_read = item.path().is_dir() && OF_LINKS.contains(&name.as_ref());
        if is_read || is_passed_over(&name) {
            continue;
        }
        let hint = match slip(&name.to_lowercase(), OF_LINKS) {
            Some(known) => format!("did you mean `{known}`?"),
            None if item.path().join("link.yaml").is_file() => format!(
                "what two types have of their own stands in `{PAIRS}/{name}/pair.yaml`; what one gives and the other takes, in \
                 `provides` and `consumes` of the two"
            ),
            None => format!("move it into one of `{}`", OF_LINKS.join("`, `")),
        };
        unread(item.path(), hint, report);
    }
    Ok(())
}

/// A file or folder that would be ignored without a word.
fn unread(path: &Path, hint: String, report: &mut Report) {
    let what = if path.is_dir() { "folder" } else { "file" };
    let finding = Finding::new(Code::E_CATALOG_FOLDER, WHOLE, format!("nothing reads this {what}"));
    report.add_whole(&path.display().to_string(), finding.hint(hint));
}

/// Whether entries are files with this end, and not folders that hold a file of this name.
pub(super) fn is_extension(file: &str) -> bool {
    file.starts_with('.')
}

/// Names and folders of the entries below `folder`, sorted; `file` is what makes a folder an entry, or ends the name of one.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn entries(folder: &Path, file: &str, report: &mut Report) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for item in listed(folder)? {
        let (name, path) = (item.file_name().to_string_lossy().into_owned(), item.path());
        if is_passed_over(&name) {
            continue;
        }
        let mistake = if is_extension(file) {
            match name.strip_suffix(file).filter(|_| path.is_file()) {
                Some(stem) => {
                    found.push((stem.to_owned(), folder.to_owned()));
                    continue;
                }
                None => no_file(folder, path, &name, file),
            }
        } else if path.join(file).is_file() && holds_exactly(path, file)? {
            found.push((name, path.to_owned()));
            continue;
        } else {
            no_folder(folder, path, &name, file)?
        };
        let (fact, hint) = mistake;
        let finding = Finding::new(Code::E_CATALOG_FOLDER, WHOLE, fact).hint(hint);
        report.add_whole(&path.display().to_string(), finding);
    }
    Ok(found)
}

/// What is wrong, and what to do about it, where each entry is a folder.
fn no_folder(folder: &Path, path: &Path, name: &str, file: &str) -> anyhow::Result<(String, String)> {
    if path.is_dir() {
        return Ok((format!("the folder has no `{file}`"), without_entry(path, file)?));
    }
    let stem = name.split('.').next().unwrap_or_default();
    let hint = format!("move it to `{}/{file}`", folder.join(stem).display());
    Ok(("a file where each entry is a folder".to_owned(), hint))
}

/// The same where each entry is a file.
fn no_file(folder: &Path, path: &Path, name: &str, file: &str) -> (String, String) {
    let (what, stem) = match path.is_dir() {
        true => ("a folder", name),
        false => ("a file of another name", name.split('.').next().unwrap_or_default()),
    };
    let hint = format!("move it to `{}`", folder.join(format!("{stem}{file}")).display());
    (format!("{what} where each entry is a file `<name>{file}`"), hint)
}

/// A disk that does not tell `Component.yaml` from `component.yaml` must not decide what a catalog holds.
fn holds_exactly(folder: &Path, file: &str) -> anyhow::Result<bool> {
    Ok(listed(folder)?.iter().any(|item| item.file_name() == file))
}

/// What to do about a folder without its entry.
fn without_entry(folder: &Path, file: &str) -> anyhow::Result<String> {
    let names: Vec<String> = listed(folder)?
        .iter()
        .filter(|item| item.path().is_file())
        .map(|item| item.file_name().to_string_lossy().into_owned())
        .collect();
    let stem = |name: &str| name.to_lowercase().replace(".yml", ".yaml");
    let near = names
        .iter()
        .find(|name| stem(name) == file)
        .or_else(|| names.iter().find(|name| slip(&stem(name), [file]).is_some()));
    Ok(match near {
        Some(name) => format!("rename `{name}` to `{file}`"),
        None => format!("add `{file}`, or remove the folder"),
    })
}

/// Names of the files below `folder`, as seen from `root`, sorted; those of Python's cache are left out.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn files_below(root: &Path, folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    let items = walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|item| item.file_name() != "__pycache__");
    for item in items {
        let item = item.with_context(|| unreadable(folder))?;
        if item.file_type().is_file()
            && let Ok(relative) = item.path().strip_prefix(root)
        {
            names.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(names)
}

fn listed(folder: &Path) -> anyhow::Result<Vec<walkdir::DirEntry>> {
    let items = walkdir::WalkDir::new(folder)
        .min_depth(1)
        .max_depth(1)
        .sort_by_file_name();
    items
        .into_iter()
        .collect::<Result<_, _>>()
        .with_context(|| unreadable(folder))
}

fn unreadable(folder: &Path) -> crate::fault::Fault {
    Code::E_CATALOG_FILE.fault(format!("could not read `{}`", folder.display()))
}
