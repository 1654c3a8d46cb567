//! Findings as text with the source line underlined, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::Style;
use crate::finding::Finding;
use crate::topology::Source;

/// Longest source line that is shown whole, in characters.
const MAX_SHOWN: usize = 160;

/// All findings, each with its place, and their count at the end.
#[must_use]
pub fn findings_text(findings: &[Finding], source: &Source, style: Style) -> String {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut text = String::new();
    for finding in findings {
        add_finding(&mut text, finding, source, &lines, style);
    }
    let noun = if findings.len() == 1 { "finding" } else { "findings" };
    let _ = writeln!(text, "{} {noun} in `{}`", findings.len(), source.name);
    text
}

fn add_finding(text: &mut String, finding: &Finding, source: &Source, lines: &[&str], style: Style) {
    let span = finding.span;
    let word = style.error(&format!("error[{}]", finding.code.as_str()));
    let _ = writeln!(text, "{word}: {}", finding.message);
    let number = span.line.to_string();
    let margin = " ".repeat(number.len());
    let _ = writeln!(
        text,
        "{margin}{} {}:{}:{}",
        style.faint("-->"),
        source.name,
        span.line,
        span.column
    );
    if let Some(line) = lines.get(span.line.saturating_sub(1)) {
        let (shown, column) = shown(line, span.column);
        let length = span.length.min(shown.chars().count().saturating_sub(column - 1)).max(1);
        let bar = style.faint("|");
        let _ = writeln!(text, "{margin} {bar}");
        let _ = writeln!(text, "{} {bar} {shown}", style.faint(&number));
        let _ = writeln!(
            text,
            "{margin} {bar} {}{}",
            " ".repeat(column - 1),
            style.error(&"^".repeat(length))
        );
    }
    if let Some(hint) = &finding.hint {
        let _ = writeln!(text, "{}: {hint}", style.hint("hint"));
    }
    text.push('\n');
}

/// The part of a line around `column`, without characters that a terminal would act on.
fn shown(line: &str, column: usize) -> (String, usize) {
    let clean: Vec<char> = line
        .chars()
        .map(|character| if is_shown(character) { character } else { '\u{fffd}' })
        .collect();
    let start = if clean.len() > MAX_SHOWN {
        column.saturating_sub(MAX_SHOWN / 2)
    } else {
        0
    };
    let part: String = clean.iter().skip(start).take(MAX_SHOWN).collect();
    (part.trim_end().to_owned(), column - start)
}

fn is_shown(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `{"findings": [{code, file, line, column, length, message, hint}]}`.
#[must_use]
pub fn findings_json(findings: &[Finding], source: &Source) -> Json {
    let items = findings.iter().map(|finding| {
        json!({
            "code": finding.code.as_str(),
            "file": source.name,
            "line": finding.span.line,
            "column": finding.span.column,
            "length": finding.span.length,
            "message": finding.message,
            "hint": finding.hint,
        })
    });
    json!({ "findings": items.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;
    use crate::yaml::Span;

    #[test]
    fn shows_the_place() {
        let source = Source {
            name: "stack.yaml".to_owned(),
            text: "a: 1\nlinks: [x]\n".to_owned(),
        };
        let finding = Finding::new(
            Code::E_TOPOLOGY_LINK,
            Span {
                line: 2,
                column: 9,
                length: 1,
            },
            "no",
        )
        .hint("yes");
        let expected = "error[E_TOPOLOGY_LINK]: no\n --> stack.yaml:2:9\n  |\n2 | links: [x]\n  |         ^\nhint: yes\n\n1 finding in `stack.yaml`\n";
        assert_eq!(findings_text(&[finding], &source, Style { colors: false }), expected);
    }

    #[test]
    fn hides_what_a_terminal_would_act_on() {
        assert_eq!(shown("a\u{1b}[31mb", 1).0, "a\u{fffd}[31mb");
    }
}
