//! A plan of changes as text, as JSON, and as a unified diff.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use similar::TextDiff;

use super::{AccessChange, Style};
use crate::tree::{Action, Change, Changes};

/// The plan: the access diff, one line a file that is not as it should be, the counts.
#[must_use]
pub fn changes_text(changes: &Changes<'_>, access: &[AccessChange], style: Style) -> String {
    let mut text = String::new();
    for change in access {
        let sign = if change.gained {
            style.added("+")
        } else {
            style.removed("-")
        };
        let _ = writeln!(text, "{sign} {}", change.text);
    }
    if !access.is_empty() {
        text.push('\n');
    }
    for change in changes.files.iter().filter(|change| is_told(change)) {
        let label = format!("{:<22}", change.action.label());
        let label = if change.action.blocks() || change.action.reports() {
            style.error(&label)
        } else {
            label
        };
        let _ = writeln!(text, "  {label} {}  {}", change.path, style.faint(&change.why));
        for line in change.note.iter().flat_map(|note| note.lines()) {
            let _ = writeln!(text, "  {:<22}   {line}", "");
        }
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

fn is_told(change: &Change<'_>) -> bool {
    change.action.writes() || change.action.blocks() || change.action.reports() || change.action == Action::KeepEdited
}

/// `12 create, 3 update, 284 same`.
fn summary(changes: &Changes<'_>) -> String {
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

/// `{"access": […], "files": [{path, action, class, why, note}], "counts": {…}, "mass_delete": …}`.
#[must_use]
pub fn changes_json(changes: &Changes<'_>, access: &[AccessChange]) -> Json {
    let files = changes.files.iter().map(|change| {
        json!({ "path": change.path.as_str(), "action": change.action, "class": change.class, "why": change.why, "note": change.note })
    });
    let counts = changes
        .counts()
        .into_iter()
        .map(|(action, count)| (action.label().to_owned(), json!(count)));
    json!({
        "access": access,
        "files": files.collect::<Vec<_>>(),
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
