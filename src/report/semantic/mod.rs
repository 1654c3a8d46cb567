//! What changes inside the files of a run, by Kubernetes identity: object, field, old value, new value.
//!
//! In: `Changes` with their bytes. Out: text. An object that only lies elsewhere, or that only has another name, is one line; what is
//! no object is told by its file. Secret files are named, never shown.

mod fields;
mod objects;
pub(super) mod value;

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use self::fields::{Edit, Field};
use self::objects::{Difference, Document, Place};
use super::Style;
use super::changes::visible;
use crate::tree::{Change, Changes};

/// Most fields of one object that are told one by one.
const MOST_FIELDS: usize = 12;

/// The differences of all files that would change.
#[must_use]
pub fn semantic_diff(changes: &Changes<'_>, style: Style) -> String {
    let mut text = String::new();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut others = Vec::new();
    let told = |change: &&Change<'_>| change.action.writes() || change.action.blocks();
    for change in changes.files.iter().filter(told) {
        let sides = Sides::of(change);
        match sides.documents() {
            Some((old, new)) if !change.secret => {
                before.extend(old);
                after.extend(new);
            }
            _ => others.push(sides),
        }
    }
    for difference in objects::differences(before, after) {
        add_difference(&mut text, &difference, style);
    }
    for sides in others {
        add_file(&mut text, &sides, style);
    }
    text
}

/// One file before and after; nothing where it is not there.
struct Sides<'a> {
    change: &'a Change<'a>,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

impl<'a> Sides<'a> {
    fn of(change: &'a Change<'a>) -> Self {
        let text = |bytes: Option<&'a [u8]>| bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
        Self {
            change,
            before: text(change.before()),
            after: text(change.after()).filter(|_| !change.action.removes()),
        }
    }

    /// The documents of both sides, where both are YAML or JSON.
    fn documents(&self) -> Option<(Vec<Document>, Vec<Document>)> {
        let path = self.change.path.as_str();
        let read = |text: Option<&str>| text.map_or(Some(Vec::new()), |text| objects::documents(path, text));
        Some((read(self.before)?, read(self.after)?))
    }
}

fn add_difference(text: &mut String, difference: &Difference, style: Style) {
    let (sign, place, end): (String, &Place, String) = match difference {
        Difference::Added { place } => (style.added("+"), place, String::new()),
        Difference::Removed { place } => (style.removed("-"), place, String::new()),
        Difference::Moved { place, to } => (style.changed(">"), place, format!(" now lies in {}", to.file)),
        Difference::Renamed { place, to } => (style.changed(">"), place, format!(" is now {}", to.told())),
        Difference::Changed { place, .. } => (style.changed("~"), place, String::new()),
    };
    let told = visible(&place.told());
    let file = if place.is_file() {
        String::new()
    } else {
        format!("  {}", style.faint(&place.file))
    };
    let _ = writeln!(text, "{sign} {told}{end}{file}");
    if let Difference::Changed { fields, .. } = difference {
        for field in fields.iter().take(MOST_FIELDS) {
            add_field(text, field, style);
        }
        if fields.len() > MOST_FIELDS {
            let _ = writeln!(text, "    … and {} more fields", fields.len() - MOST_FIELDS);
        }
    }
}

fn add_field(text: &mut String, field: &Field, style: Style) {
    let path = visible(&field.path);
    let _ = match &field.edit {
        Edit::Added(new) => writeln!(text, "    {} {path}: {}", style.added("+"), value::short(new)),
        Edit::Removed(old) => writeln!(text, "    {} {path}: {}", style.removed("-"), value::short(old)),
        Edit::Changed(old, new) => writeln!(text, "    {path}: {} → {}", value::short(old), value::short(new)),
        Edit::Reordered => writeln!(text, "    {path}: in another order"),
        Edit::Lines { added, removed } => writeln!(text, "    {path}: {}", lines(*added, *removed)),
    };
}

/// A file that is no document: what is known of it is how many lines come and go.
fn add_file(text: &mut String, sides: &Sides<'_>, style: Style) {
    let change = sides.change;
    let sign = match (change.action.removes(), change.before().is_some() || is_there(change)) {
        (true, _) => style.removed("-"),
        (false, true) => style.changed("~"),
        (false, false) => style.added("+"),
    };
    let told = if change.secret {
        "a secret file is not shown".to_owned()
    } else {
        let (added, removed) = counted(sides.before.unwrap_or_default(), sides.after.unwrap_or_default());
        lines(added, removed)
    };
    let _ = writeln!(text, "{sign} {}  {}", change.path, style.faint(&told));
}

/// A secret file has no bytes to show, before or after.
fn is_there(change: &Change<'_>) -> bool {
    !matches!(
        change.action,
        crate::tree::Action::Create | crate::tree::Action::Recreate | crate::tree::Action::Seed
    )
}

/// How many lines come and go between two texts.
fn counted(before: &str, after: &str) -> (usize, usize) {
    let diff = TextDiff::from_lines(before, after);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    (count(ChangeTag::Insert), count(ChangeTag::Delete))
}

fn lines(added: usize, removed: usize) -> String {
    match (added, removed) {
        (added, 0) => format!("+{added} lines"),
        (0, removed) => format!("-{removed} lines"),
        (added, removed) => format!("+{added} -{removed} lines"),
    }
}

#[cfg(test)]
mod tests;
