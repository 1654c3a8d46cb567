//! Text that is hostile until proven otherwise, as text of each form.

use crate::name::is_hidden;

/// For SVG and HTML: within elements, and within attributes in double quotes.
pub(super) fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(seen(other)),
        }
    }
    safe
}

/// Within a quoted text of Mermaid, which has entities of its own and may read Markdown or tags in it.
pub(super) fn mermaid(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match seen(character) {
            plain
                if plain.is_alphanumeric() || " -_./,:+~()\u{2190}\u{2192}\u{2212}\u{2026}\u{fffd}".contains(plain) =>
            {
                safe.push(plain);
            }
            other => safe.push_str(&format!("#{};", u32::from(other))),
        }
    }
    safe
}

/// Within a quoted text of DOT.
pub(super) fn dot(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => safe.extend(['\\', character]),
            other => safe.push(seen(other)),
        }
    }
    safe
}

/// What does not show is marked, and breaks no line.
fn seen(character: char) -> char {
    match character {
        '\n' | '\r' | '\t' => ' ',
        hidden if is_hidden(hidden) => '\u{fffd}',
        other => other,
    }
}

/// At most so many characters, the last of which says that there are more.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept = text.chars().take(most.saturating_sub(1));
    kept.chain(['\u{2026}']).collect()
}
