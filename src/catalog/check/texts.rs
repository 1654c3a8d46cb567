//! Rule: no text of an entry holds characters that do not show, written out or as an escape, nor words that look like
//! others; comments are read by reviewers and count as text. What lies beside the entry is held to the same.

use super::Held;
use crate::fault::Code::E_CATALOG_TEXT;
use crate::finding::Finding;
use crate::name::is_hidden;
use crate::yaml::Span;

const BYTE_ORDER_MARK: char = '\u{feff}';
pub(super) const SAME_LETTERS: &str = "write the word in letters of one alphabet: these look like those of another";

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
    for (span, word) in mixed(held.text()) {
        held.blame_at(E_CATALOG_TEXT, span, mixed_fact(word), SAME_LETTERS);
    }
}

/// The files beside an entry: of templates every line, of each other one how it begins. Definitions of tools and
/// modules are looked at where they are read.
pub(super) fn beside<T>(held: &mut Held<'_, T>) {
    for name in held.entry.files().unwrap_or_default() {
        let Ok(bytes) = held.entry.file(&name) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        if name.ends_with(".j2") {
            for finding in findings(&text, "remove it") {
                held.blame_beside(&name, &text, finding);
            }
        } else if text.starts_with(BYTE_ORDER_MARK) && !name.ends_with(".py") && name != super::files::TOOLS {
            let span = Span {
                line: 1,
                column: 1,
                length: 1,
            };
            let finding = Finding::new(E_CATALOG_TEXT, span, fact(BYTE_ORDER_MARK));
            held.blame_beside(&name, &text, finding.hint("save the file without a byte order mark"));
        }
    }
}

/// What is wrong with a text that is no YAML; `hint` is what to do about a character that does not show.
pub(super) fn findings(text: &str, hint: &str) -> Vec<Finding> {
    let hidden = hidden(text).into_iter();
    let hidden = hidden.map(|(span, character)| Finding::new(E_CATALOG_TEXT, span, fact(character)).hint(hint));
    let mixed = mixed(text).into_iter();
    let mixed = mixed.map(|(span, word)| Finding::new(E_CATALOG_TEXT, span, mixed_fact(word)).hint(SAME_LETTERS));
    hidden.chain(mixed).collect()
}

fn blame<T>(held: &mut Held<'_, T>, span: Span, character: char) {
    held.blame_at(E_CATALOG_TEXT, span, fact(character), "remove it");
}

pub(super) fn mixed_fact(word: &str) -> String {
    let foreign = word.chars().find(|one| is_lookalike(*one)).map_or(0, u32::from);
    format!("the word `{word}` has Latin letters and U+{foreign:04X}")
}

/// The first word of each line that is written in two alphabets, with its place.
fn mixed<'a>(text: &'a str) -> Vec<(Span, &'a str)> {
    let in_line = |(number, line): (usize, &'a str)| {
        let word = mixed_word(line)?;
        let offset = line.find(word).unwrap_or_default();
        let span = Span {
            line: number + 1,
            column: line[..offset].chars().count() + 1,
            length: word.chars().count(),
        };
        Some((span, word))
    };
    match text.is_ascii() {
        true => Vec::new(),
        false => text.lines().enumerate().filter_map(in_line).collect(),
    }
}

/// The first word that is written in Latin letters and in ones that look like them.
pub(super) fn mixed_word(text: &str) -> Option<&str> {
    let mut words = text.split(|one: char| !one.is_alphanumeric());
    words.find(|word| word.chars().any(|one| one.is_ascii_alphabetic()) && word.chars().any(is_lookalike))
}

/// Letters of the Greek and the Cyrillic alphabet.
fn is_lookalike(character: char) -> bool {
    matches!(character, '\u{370}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{1d26}'..='\u{1d2b}' | '\u{1f00}'..='\u{1fff}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}')
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
