//! Rule: templates are written with the signs of this catalog. Those of Jinja and Helm, which many hands know, would be
//! printed as they stand.

use super::Held;
use crate::fault::Code::E_CATALOG_TEMPLATE;
use crate::finding::Finding;
use crate::yaml::Span;

/// What templates see, by the first word.
const SEEN: [&str; 9] = [
    "account",
    "accounts",
    "component",
    "components",
    "from",
    "link",
    "links",
    "stack",
    "sub",
];
/// Statements of Jinja.
const STATEMENTS: [&str; 8] = ["for", "endfor", "if", "elif", "else", "endif", "set", "include"];

pub(super) fn check<T>(held: &mut Held<'_, T>) {
    let Ok(files) = held.entry.files() else { return };
    for name in files.iter().filter(|name| name.ends_with(".j2")) {
        let Ok(bytes) = held.entry.file(name) else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for (line, content) in (1..).zip(text.lines()) {
            let Some((column, sign, hint)) = foreign(content) else {
                continue;
            };
            let span = Span {
                line,
                column: content[..column].chars().count() + 1,
                length: sign.len(),
            };
            let fact = format!("`{sign}` is no sign of a template here, and would be printed");
            held.blame_beside(name, &text, Finding::new(E_CATALOG_TEMPLATE, span, fact).hint(hint));
        }
    }
}

/// Where a line has a sign of another language, around a word of ours.
fn foreign(line: &str) -> Option<(usize, &'static str, &'static str)> {
    let begins = |at: usize, words: &[&str]| {
        let rest = line[at + 2..].trim_start_matches(['-', ' ']).trim_start_matches('.');
        let word = rest
            .split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_')
            .next();
        word.is_some_and(|word| words.contains(&word))
    };
    let value = line.match_indices("{{").find(|(at, _)| begins(*at, &SEEN));
    if let Some((at, _)) = value {
        return Some((at, "{{", "write `<% … %>`"));
    }
    let statement = line.match_indices("{%").find(|(at, _)| begins(*at, &STATEMENTS))?;
    Some((statement.0, "{%", "write the statement on a line of its own: `#: …`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_others_are_those_around_our_words() {
        for (line, expected) in [
            ("name: {{ component.object }}", Some("{{")),
            ("name: {{- stack.name }}", Some("{{")),
            ("{% for link in links %}", Some("{%")),
            ("{%- endif %}", Some("{%")),
            ("summary: \"{{ $labels.pod }} is down\"", None),
            ("name: <% component.object %>", None),
            ("value: {{ .Values.image }}", None),
        ] {
            assert_eq!(foreign(line).map(|(_, sign, _)| sign), expected, "{line}");
        }
    }
}
