//! Markdown for a comment on a pull request: access first, then the counts, then folded details, within what a comment may hold.

use std::fmt::Write as _;

use super::{Notice, Weight};
use crate::report::changes::summary;
use crate::report::{AccessChange, Style, Way, difference_told, semantic_diff};
use crate::stack::difference::{Difference, Edit};
use crate::tree::Changes;

/// Most characters; a comment of GitHub may have 65 536.
const MOST_CHARACTERS: usize = 65_000;

/// What a run would change.
pub struct Preview<'a> {
    pub stack: &'a str,
    pub changes: &'a Changes<'a>,
    pub access: &'a [AccessChange],
    /// What differs in what was written, where that is compared.
    pub differences: &'a [Difference],
    pub notes: &'a [String],
}

pub(super) fn print(notices: &[Notice], checked: &[String]) -> String {
    let mut text = match notices.len() {
        0 => format!("### stacktic: {} good\n", named(checked)),
        1 => "### stacktic: 1 finding\n\n".to_owned(),
        many => format!("### stacktic: {many} findings\n\n"),
    };
    for notice in notices {
        let place = match notice.line {
            0 => notice.file.clone(),
            line => format!("{}:{line}:{}", notice.file, notice.column),
        };
        let word = match notice.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
            Weight::Note => "note",
        };
        let _ = writeln!(
            text,
            "- **{word} {}** {}: {}",
            plain(&notice.rule),
            code(&place),
            plain(&notice.text)
        );
        if let Some(hint) = &notice.hint {
            let _ = writeln!(text, "  <br>hint: {}", plain(hint));
        }
    }
    capped(&text)
}

fn named(files: &[String]) -> String {
    let told: Vec<String> = files.iter().map(|file| code(file)).collect();
    let verb = if files.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", told.join(", "))
}

/// The plan of one stack.
#[must_use]
pub fn preview(preview: &Preview<'_>) -> String {
    let Preview {
        stack,
        changes,
        access,
        differences,
        notes,
    } = preview;
    let mut text = format!("### stacktic: {}\n\n", code(stack));
    if access.is_empty() {
        text.push_str("What an AI can reach stays as it is.\n\n");
    } else {
        text.push_str("**What an AI can reach**\n\n```diff\n");
        for change in *access {
            let sign = if change.way == Way::Changed {
                '!'
            } else {
                change.way.sign()
            };
            let _ = writeln!(text, "{sign} {}", fenced(&change.text));
        }
        text.push_str("```\n\n");
    }
    if !differences.is_empty() {
        text.push_str("**What was written otherwise**\n\n```diff\n");
        for difference in *differences {
            let sign = match difference.edit {
                Edit::Added => '+',
                Edit::Removed => '-',
                Edit::Renamed | Edit::Changed => '!',
            };
            let _ = writeln!(text, "{sign} {}", fenced(&difference_told(difference)));
        }
        text.push_str("```\n\n");
    }
    let _ = writeln!(text, "{}\n", plain(&summary(changes)));
    for note in *notes {
        let _ = writeln!(text, "- note: {}", plain(note));
    }
    for change in changes.refusals() {
        let _ = writeln!(text, "- **{}** {}", change.action.label(), code(change.path.as_str()));
    }
    let parts = [
        ("What changes", semantic_diff(changes, Style { colors: false })),
        ("Files", files(changes)),
    ];
    for (title, part) in parts {
        add_folded(&mut text, title, &part);
    }
    capped(&text)
}

/// Lists under their titles, folded; `nothing` says what holds where all but the first are empty.
pub(in crate::report) fn lists(stack: &str, nothing: &str, lists: &[(&str, Vec<String>)], notes: &[String]) -> String {
    let mut text = format!("### stacktic: {}\n\n", code(stack));
    match lists.iter().skip(1).all(|(_, lines)| lines.is_empty()) {
        true => {
            let _ = writeln!(text, "The change {nothing}.");
        }
        false => {
            let counts = lists.iter().map(|(title, lines)| format!("{title}: {}", lines.len()));
            let _ = writeln!(text, "{}", counts.collect::<Vec<_>>().join(", "));
        }
    }
    for note in notes {
        let _ = writeln!(text, "\n- note: {}", plain(note));
    }
    for (title, lines) in lists {
        add_folded(&mut text, title, &lines.join("\n"));
    }
    capped(&text)
}

/// One line a file that would be another, with its reason.
fn files(changes: &Changes<'_>) -> String {
    let mut text = String::new();
    for change in changes.files.iter().filter(|change| change.action.writes()) {
        let _ = writeln!(text, "{:<12} {}  ({})", change.action.label(), change.path, change.why);
    }
    text
}

/// A part that is opened by a click; what does not fit is told, and left out as a whole line.
fn add_folded(text: &mut String, title: &str, part: &str) {
    // Room for the frame, and for saying that there is more.
    let room = MOST_CHARACTERS.saturating_sub(text.chars().count() + 300);
    if part.is_empty() {
        return;
    }
    let count = part.lines().count();
    let _ = write!(
        text,
        "\n<details><summary>{title} ({count} lines)</summary>\n\n```diff\n"
    );
    let mut left = room;
    let mut told = 0;
    for line in part.lines() {
        let line = fenced(line);
        let size = line.chars().count() + 1;
        if size > left {
            break;
        }
        left -= size;
        told += 1;
        let _ = writeln!(text, "{line}");
    }
    text.push_str("```\n");
    if told < count {
        let _ = writeln!(
            text,
            "\n… and {} more lines; `stacktic gen --diff` has all\n",
            count - told
        );
    }
    text.push_str("</details>\n");
}

fn capped(text: &str) -> String {
    match text.chars().count() > MOST_CHARACTERS {
        true => text.chars().take(MOST_CHARACTERS - 2).collect::<String>() + "…\n",
        false => text.to_owned(),
    }
}

/// A line that cannot end the block of code that it stands in.
fn fenced(line: &str) -> String {
    line.replace("```", "'''")
}

/// Text of the stack, which is no markup of ours.
fn plain(text: &str) -> String {
    let mut shown = String::new();
    for next in text.chars() {
        match next {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '\\' | '*' | '_' | '[' | ']' | '#' | '|' | '!' | '@' | '~' => shown.extend(['\\', next]),
            '\n' => shown.push_str("<br>"),
            next => shown.push(next),
        }
    }
    shown
}

/// Text in a span of code, whatever ticks it has.
fn code(text: &str) -> String {
    match text.contains('`') {
        true => format!("`` {} ``", text.replace("``", "''")),
        false => format!("`{text}`"),
    }
}
