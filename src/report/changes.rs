//! A plan of changes as text, as JSON, and as a unified diff.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use similar::TextDiff;

use super::{AccessChange, Style, Way};
use crate::name::is_hidden;
use crate::tree::{Action, Change, Changes, Kept};

/// Most new files that are listed one by one.
const MAX_NEW: usize = 40;

/// How much is told of a text that is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// That it is.
    Lines,
    /// The unified diff as well.
    Diffs,
}

/// The plan: the access diff, one line a file that is not as it should be, the counts.
#[must_use]
pub fn changes_text(changes: &Changes<'_>, access: &[AccessChange], detail: Detail, style: Style) -> String {
    let mut text = access_text(access, detail, style);
    let new: Vec<&Change<'_>> = changes.files.iter().filter(|change| is_new(change)).collect();
    let is_listed = |change: &&Change<'_>| is_told(change) && (new.len() <= MAX_NEW || !is_new(change));
    for change in changes.files.iter().filter(is_listed) {
        add_change(&mut text, change, style);
    }
    if new.len() > MAX_NEW {
        add_folders(&mut text, &new);
    }
    for kept in &changes.kept {
        add_kept(&mut text, kept, "an interrupted run had it in hand", style);
    }
    let _ = writeln!(text, "{}", summary(changes));
    if let Some(mass) = &changes.mass_delete {
        let why = if mass.empty_stack {
            "the stack has no components"
        } else {
            "that is more than a fifth of what is there"
        };
        let _ = writeln!(
            text,
            "{}: {} files would go, and {} may: {why}",
            style.error("error"),
            mass.deletes,
            mass.allowed
        );
        let _ = writeln!(
            text,
            "{}: look at the plan, then allow it with `--max-deletes {}`",
            style.hint("hint"),
            mass.deletes
        );
    }
    text
}

pub(super) fn access_text(access: &[AccessChange], detail: Detail, style: Style) -> String {
    let mut text = String::new();
    for change in access {
        let sign = match change.way {
            Way::Gained => style.added("+"),
            Way::Lost => style.removed("-"),
            Way::Changed => style.changed("~"),
        };
        let _ = writeln!(text, "{sign} {}", visible(&change.text));
        for line in change
            .diff
            .iter()
            .filter(|_| detail == Detail::Diffs)
            .flat_map(|diff| diff.lines())
        {
            let line = visible(line);
            let line = match line.chars().next() {
                Some('+') => style.added(&line),
                Some('-') => style.removed(&line),
                _ => line,
            };
            let _ = writeln!(text, "    {line}");
        }
    }
    if !access.is_empty() {
        text.push('\n');
    }
    text
}

/// A lock on disk may say anything: what does not show is shown, and never obeyed by the terminal.
pub(super) fn visible(line: &str) -> String {
    let mut text = String::new();
    for next in line.chars() {
        if is_hidden(next) {
            text.extend(next.escape_unicode());
        } else {
            text.push(next);
        }
    }
    text
}

fn add_change(text: &mut String, change: &Change<'_>, style: Style) {
    let label = format!("{:<22}", change.action.label());
    let is_wrong = change.action.blocks() || change.action.reports();
    let label = if is_wrong { style.error(&label) } else { label };
    let _ = writeln!(text, "  {label} {}  {}", change.path, style.faint(&change.why));
    for line in change.note.iter().flat_map(|note| note.lines()) {
        let _ = writeln!(text, "  {:<22}   {line}", "");
    }
}

/// Files that a user saved in the instant in which a run replaced or deleted them.
#[must_use]
pub fn kept_text(kept: &[Kept], style: Style) -> String {
    let mut text = String::new();
    for kept in kept {
        add_kept(&mut text, kept, "it was saved while stacktic wrote", style);
    }
    text
}

fn add_kept(text: &mut String, kept: &Kept, why: &str, style: Style) {
    let label = style.error(&format!("{:<22}", Action::Quarantine.label()));
    let _ = writeln!(text, "  {label} {}  {}", kept.path, style.faint(why));
    let _ = writeln!(text, "  {:<22}   edited by hand; {kept}", "");
}

/// New files by folder: a first run makes hundreds, and `-o json` lists them all.
fn add_folders(text: &mut String, new: &[&Change<'_>]) {
    let mut folders: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for change in new {
        *folders.entry((folder(change), change.action.label())).or_default() += 1;
    }
    for ((folder, label), count) in folders {
        let noun = if count == 1 { "file" } else { "files" };
        let _ = writeln!(text, "  {label:<22} {folder}  {count} {noun}");
    }
}

/// The folder of a component, environment or topic.
fn folder(change: &Change<'_>) -> String {
    let segments: Vec<&str> = change.path.segments().collect();
    let depth = if segments.first() == Some(&"k8s") { 4 } else { 2 };
    let kept = depth.min(segments.len().saturating_sub(1));
    if kept == 0 {
        "./".to_owned()
    } else {
        format!("{}/", segments[..kept].join("/"))
    }
}

fn is_new(change: &Change<'_>) -> bool {
    matches!(change.action, Action::Create | Action::Seed)
}

fn is_told(change: &Change<'_>) -> bool {
    let action = change.action;
    // A file that is as it should be may still hold something that its owner should look at.
    action.writes() || action.blocks() || action.reports() || action == Action::KeepEdited || change.note.is_some()
}

/// `12 create, 3 update, 284 same`.
pub(super) fn summary(changes: &Changes<'_>) -> String {
    let counts = changes.counts();
    if counts.is_empty() {
        return "no files".to_owned();
    }
    counts
        .iter()
        .map(|(action, count)| format!("{count} {}", action.label()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `{"access": […], "files": [{path, action, class, why, note}], "kept": [{path, orphan}], "counts": {…}, "mass_delete": …}`.
#[must_use]
pub fn changes_json(changes: &Changes<'_>, access: &[AccessChange]) -> Json {
    let files = changes.files.iter().map(|change| {
        json!({ "path": change.path.as_str(), "action": change.action, "class": change.class, "why": change.why, "note": change.note })
    });
    let counts = changes
        .counts()
        .into_iter()
        .map(|(action, count)| (action.label().to_owned(), json!(count)));
    let kept = changes
        .kept
        .iter()
        .map(|kept| json!({ "path": kept.path.as_str(), "orphan": kept.orphan.as_str() }));
    json!({
        "access": access,
        "files": files.collect::<Vec<_>>(),
        "kept": kept.collect::<Vec<_>>(),
        "counts": counts.collect::<serde_json::Map<_, _>>(),
        "mass_delete": changes.mass_delete,
    })
}

/// A unified diff of every file whose bytes would change; secret files are named, never shown.
#[must_use]
pub fn unified_diff(changes: &Changes<'_>) -> String {
    let mut text = String::new();
    for change in changes
        .files
        .iter()
        .filter(|change| change.action.writes() || change.action.blocks())
    {
        if change.secret {
            let _ = writeln!(
                text,
                "# {}: {} (a secret file is not shown)",
                change.path,
                change.action.label()
            );
            continue;
        }
        let before = change.before().map(String::from_utf8_lossy).unwrap_or_default();
        let after = if change.action.removes() {
            std::borrow::Cow::Borrowed("")
        } else {
            change.after().map(String::from_utf8_lossy).unwrap_or_default()
        };
        if before == after {
            continue;
        }
        let old = if change.before().is_some() {
            format!("a/{}", change.path)
        } else {
            "/dev/null".to_owned()
        };
        let new = if change.action.removes() {
            "/dev/null".to_owned()
        } else {
            format!("b/{}", change.path)
        };
        let diff = TextDiff::from_lines(before.as_ref(), after.as_ref());
        let _ = write!(text, "{}", diff.unified_diff().header(&old, &new));
    }
    text
}
