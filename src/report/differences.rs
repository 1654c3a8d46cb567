//! What differs between two topologies, a line each, and the comparison of all that follows from it.
//!
//! In: differences, and what they change of access and files. Out: text and JSON. It must not know where the two came from.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::changes::{access_text, summary, visible};
use super::semantic::value::{cut, short};
use super::{AccessChange, Detail, Style, changes_json, changes_text, semantic_diff, unified_diff};
use crate::stack::difference::{Difference, Edit, Subject};
use crate::tree::Changes;

/// Two topologies and what is made of them.
pub struct Comparison<'a> {
    pub differences: &'a [Difference],
    pub access: &'a [AccessChange],
    pub changes: &'a Changes<'a>,
}

/// How much is told of the generated files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeDetail {
    /// How many.
    Counts,
    /// A line a file.
    Files,
    /// Objects and their fields.
    Semantic,
    /// Every line.
    Unified,
}

impl Comparison<'_> {
    /// Whether anything differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && self.access.is_empty() && !self.changes.pending()
    }

    /// What is told of the files, but for their counts.
    fn files(&self, detail: TreeDetail, style: Style) -> String {
        match detail {
            TreeDetail::Counts | TreeDetail::Files => String::new(),
            TreeDetail::Semantic => semantic_diff(self.changes, style),
            TreeDetail::Unified => unified_diff(self.changes),
        }
    }
}

/// Access first, then what was written otherwise, then the files.
#[must_use]
pub fn comparison_text(comparison: &Comparison<'_>, detail: TreeDetail, style: Style) -> String {
    let told = match detail {
        TreeDetail::Unified => Detail::Diffs,
        TreeDetail::Counts | TreeDetail::Files | TreeDetail::Semantic => Detail::Lines,
    };
    let mut text = access_text(comparison.access, told, style);
    text += &differences_text(comparison.differences, style);
    if !comparison.differences.is_empty() {
        text.push('\n');
    }
    if detail == TreeDetail::Files {
        return text + &changes_text(comparison.changes, &[], Detail::Lines, style);
    }
    let files = comparison.files(detail, style);
    if !files.is_empty() {
        let _ = writeln!(text, "{files}");
    }
    let _ = writeln!(text, "{}", summary(comparison.changes));
    text
}

/// `{"access": […], "topology": […], "files": […], "counts": {…}, "diff": "…"}`.
#[must_use]
pub fn comparison_json(comparison: &Comparison<'_>, detail: TreeDetail) -> Json {
    let mut report = changes_json(comparison.changes, comparison.access);
    report["topology"] = comparison.differences.iter().map(difference_json).collect();
    let files = comparison.files(detail, Style { colors: false });
    if matches!(detail, TreeDetail::Semantic | TreeDetail::Unified) {
        report["diff"] = json!(files);
    }
    report
}

/// One line a difference, with its sign.
#[must_use]
pub fn differences_text(differences: &[Difference], style: Style) -> String {
    let mut text = String::new();
    for difference in differences {
        let sign = match difference.edit {
            Edit::Added => style.added("+"),
            Edit::Removed => style.removed("-"),
            Edit::Renamed => style.changed(">"),
            Edit::Changed => style.changed("~"),
        };
        let _ = writeln!(text, "{sign} {}", difference_told(difference));
    }
    text
}

/// `link fastmcp → loki removed (read): tool file, 3 keys, 1 edge`, `component cnpg in prod: storage 10Gi → 20Gi`.
#[must_use]
pub fn difference_told(difference: &Difference) -> String {
    let subject = subject(difference);
    let told = match difference.edit {
        Edit::Added => format!("{subject} added{}", whole(difference)),
        Edit::Removed => format!("{subject} removed{}", whole(difference)),
        Edit::Renamed => format!("{} is now {}", was(difference), name(&difference.subject)),
        Edit::Changed => format!("{subject}: {}", field(difference)),
    };
    visible(&told)
}

fn subject(difference: &Difference) -> String {
    let told = format!("{} {}", word(difference), name(&difference.subject));
    let told = told.trim_end();
    match &difference.environment {
        Some(environment) => format!("{told} in {environment}"),
        None => told.to_owned(),
    }
}

/// What it is: a sub-component is called by its type.
fn word(difference: &Difference) -> &str {
    match &difference.subject {
        Subject::Stack => "stack",
        Subject::Environment(_) => "environment",
        Subject::Component(_) => "component",
        Subject::SubComponent(_) => difference.kind.as_deref().unwrap_or("sub-component"),
        Subject::Link(_) => "link",
    }
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Stack => String::new(),
        Subject::Environment(name) | Subject::Component(name) => name.clone(),
        Subject::SubComponent(end) => end.to_string(),
        Subject::Link(link) => link.arrow(),
    }
}

fn was(difference: &Difference) -> String {
    let was = difference.was.as_deref().unwrap_or_default();
    match &difference.subject {
        Subject::SubComponent(end) => format!("{} {}/{was}", word(difference), end.component),
        _ => format!("{} {was}", word(difference)),
    }
}

/// What comes or goes with the whole of it.
fn whole(difference: &Difference) -> String {
    let mut text = String::new();
    if let Some(level) = difference.level {
        let by_all = if difference.by_all { ", by `*`" } else { "" };
        let _ = write!(text, " ({level}{by_all})");
    }
    let kind = difference
        .kind
        .iter()
        .filter(|_| matches!(difference.subject, Subject::Component(_)));
    let parts = kind.map(|kind| format!("type {kind}"));
    let parts: Vec<String> = parts.chain(difference.along.iter().cloned().map(cut)).collect();
    if !parts.is_empty() {
        let _ = write!(text, ": {}", parts.join(", "));
    }
    text
}

fn field(difference: &Difference) -> String {
    let field = difference.field.as_deref().unwrap_or_default();
    match (&difference.before, &difference.after) {
        (Some(before), Some(after)) => format!("{field} {} → {}", short(before), short(after)),
        (None, Some(after)) => format!("{field} {} added", short(after)),
        (Some(before), None) => format!("{field} {} removed", short(before)),
        (None, None) => field.to_owned(),
    }
}

/// A difference for programs: what it is about, part by part, and the line that people read.
#[must_use]
pub fn difference_json(difference: &Difference) -> Json {
    let what = match difference.subject {
        Subject::Stack => "stack",
        Subject::Environment(_) => "environment",
        Subject::Component(_) => "component",
        Subject::SubComponent(_) => "sub_component",
        Subject::Link(_) => "link",
    };
    let mut object = Map::new();
    let mut put = |key: &str, value: Json| {
        if !value.is_null() {
            object.insert(key.to_owned(), value);
        }
    };
    put("change", json!(difference.edit));
    put("what", json!(what));
    match &difference.subject {
        Subject::Stack => {}
        Subject::Link(link) => {
            put("from", json!(link.from.to_string()));
            put("to", json!(link.to.to_string()));
        }
        named => put("name", json!(name(named))),
    }
    put("type", json!(difference.kind));
    put("was", json!(difference.was));
    put("environment", json!(difference.environment));
    put("field", json!(difference.field));
    put("before", json!(difference.before));
    put("after", json!(difference.after));
    put("access", json!(difference.level));
    if !difference.along.is_empty() {
        put("along", json!(difference.along));
    }
    if difference.by_all {
        put("by_all", json!(true));
    }
    put("text", json!(difference_told(difference)));
    Json::Object(object)
}
