//! Rule: no text of an entry holds characters that do not show, written out or as an escape; comments are read by
//! reviewers and count as text.

use super::Held;
use crate::fault::Code;
use crate::name::is_hidden;
use crate::yaml::Span;

pub(super) fn check<T>(held: &mut Held<'_, T>) {
    let written = hidden(held.text());
    for (span, character) in &written {
        blame(held, *span, *character);
    }
    let texts = held.document.texts().into_iter();
    let escaped: Vec<(Span, char)> = texts
        .filter_map(|(text, span)| Some((span, text.chars().find(|one| *one != '\n' && is_unseen(*one))?)))
        .filter(|(span, _)| !written.iter().any(|(seen, _)| seen.line == span.line))
        .collect();
    for (span, character) in escaped {
        blame(held, span, character);
    }
}

fn blame<T>(held: &mut Held<'_, T>, span: Span, character: char) {
    held.blame_at(Code::E_CATALOG_TEXT, span, fact(character), "remove it");
}

pub(super) fn fact(character: char) -> String {
    format!(
        "the text holds U+{:04X}, a character that does not show",
        u32::from(character)
    )
}

/// The first character of each line that does not show, with its place.
pub(super) fn hidden(text: &str) -> Vec<(Span, char)> {
    let in_line = |(number, line): (usize, &str)| {
        let (column, character) = line.chars().enumerate().find(|(_, one)| is_unseen(*one))?;
        let span = Span {
            line: number + 1,
            column: column + 1,
            length: 1,
        };
        Some((span, character))
    };
    text.lines().enumerate().filter_map(in_line).collect()
}

fn is_unseen(character: char) -> bool {
    character != '\t' && is_hidden(character)
}
