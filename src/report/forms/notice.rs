//! One thing that a pipeline should show, whatever its form.

use crate::catalog::FileFindings;
use crate::name::is_hidden;
use crate::report::{AccessChange, Gain, Way, difference_told};
use crate::stack::difference::{Difference, Edit};
use crate::tree::Changes;

/// Longest text of a notice, in characters: names in it can be as long as the file.
const MOST_CHARACTERS: usize = 600;

/// How much a notice weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Error,
    Warning,
    Note,
}

/// A fact with its place and what may be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `E_TOPOLOGY_LINK`, `ACCESS_WRITE_GAINED`; stable, so that scripts may rely on it.
    pub rule: String,
    pub weight: Weight,
    pub file: String,
    /// From 1; 0 is the file as a whole.
    pub line: usize,
    pub column: usize,
    pub length: usize,
    pub text: String,
    pub hint: Option<String>,
}

impl Notice {
    fn of_file(rule: &str, weight: Weight, file: &str, text: &str) -> Self {
        Self {
            rule: rule.to_owned(),
            weight,
            file: file.to_owned(),
            line: 0,
            column: 0,
            length: 0,
            text: clean(text),
            hint: None,
        }
    }

    /// The fact, and the hint on a line of its own.
    pub(super) fn whole(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}\nhint: {hint}", self.text),
            None => self.text.clone(),
        }
    }
}

/// The findings of files, as they stand in them.
#[must_use]
pub fn of_findings(files: &[FileFindings]) -> Vec<Notice> {
    let each = files
        .iter()
        .flat_map(|file| file.findings.iter().map(move |finding| (file, finding)));
    each.map(|(file, finding)| Notice {
        rule: finding.code.as_str().to_owned(),
        weight: Weight::Error,
        file: file.source.name.clone(),
        line: finding.span.line,
        column: finding.span.column,
        length: finding.span.length,
        text: clean(&finding.message),
        hint: finding.hint.as_deref().map(clean),
    })
    .collect()
}

/// What a run would change of access, and where it is refused; `stack_file` is what a reviewer looks at.
#[must_use]
pub fn of_changes(changes: &Changes<'_>, access: &[AccessChange], stack_file: &str, out: &str) -> Vec<Notice> {
    let mut notices: Vec<Notice> = access.iter().map(|change| of_access(change, stack_file)).collect();
    for change in changes.refusals() {
        let file = format!("{}/{}", out.trim_end_matches('/'), change.path);
        let mut notice = Notice::of_file("OUTPUT_REFUSED", Weight::Error, &file, change.action.label());
        notice.hint = change.note.as_deref().map(clean);
        notices.push(notice);
    }
    if let Some(mass) = &changes.mass_delete {
        let text = format!("{} files would go, and {} may", mass.deletes, mass.allowed);
        let mut notice = Notice::of_file("OUTPUT_REFUSED", Weight::Error, stack_file, &text);
        notice.hint = Some(format!(
            "look at the plan, then allow it with `--max-deletes {}`",
            mass.deletes
        ));
        notices.push(notice);
    }
    notices
}

/// What differs in what was written.
#[must_use]
pub fn of_differences(differences: &[Difference], stack_file: &str) -> Vec<Notice> {
    let each = differences.iter().map(|difference| {
        let rule = match difference.edit {
            Edit::Added => "TOPOLOGY_ADDED",
            Edit::Removed => "TOPOLOGY_REMOVED",
            Edit::Renamed => "TOPOLOGY_RENAMED",
            Edit::Changed => "TOPOLOGY_CHANGED",
        };
        Notice::of_file(rule, Weight::Note, stack_file, &difference_told(difference))
    });
    each.collect()
}

/// Something that a change touches, by a rule of its own: `IMPACT_TOOL`.
#[must_use]
pub fn of_touched(rule: &str, text: &str, stack_file: &str) -> Notice {
    Notice::of_file(rule, Weight::Note, stack_file, text)
}

fn of_access(change: &AccessChange, stack_file: &str) -> Notice {
    let (rule, weight) = match (change.way, change.gain) {
        (Way::Gained, Gain::Write) => ("ACCESS_WRITE_GAINED", Weight::Warning),
        (Way::Gained, _) => ("ACCESS_GAINED", Weight::Warning),
        (Way::Lost, _) => ("ACCESS_LOST", Weight::Note),
        (Way::Changed, Gain::None) => ("ACCESS_TEXT_CHANGED", Weight::Note),
        (Way::Changed, _) => ("ACCESS_CHANGED", Weight::Warning),
    };
    let text = format!("{} {}", change.way.sign(), change.text);
    Notice::of_file(rule, weight, stack_file, &text)
}

/// A mark in place of each character that a terminal or a page would act on; lines stay.
fn clean(text: &str) -> String {
    let shown = text
        .chars()
        .map(|c| if is_hidden(c) && c != '\n' { '\u{fffd}' } else { c });
    let more = if text.chars().nth(MOST_CHARACTERS).is_some() {
        "…"
    } else {
        ""
    };
    shown.take(MOST_CHARACTERS).collect::<String>() + more
}
