//! Findings as text with the source line underlined, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::Style;
use crate::catalog::FileFindings;
use crate::finding::{Code, Finding};
use crate::name::{is_hidden, secret_word};
use crate::topology::Source;

/// Most findings that are shown; more are counted.
const MAX_LISTED: usize = 100;

/// Longest message that is shown, in characters: names in it can be as long as the file.
const MAX_MESSAGE: usize = 400;

/// Longest source line that is shown whole, in characters.
const MAX_SHOWN: usize = 160;

/// All findings, each with its place, and their count at the end.
#[must_use]
pub fn findings_text(findings: &[Finding], source: &Source, style: Style) -> String {
    let mut text = String::new();
    add_findings(&mut text, findings, source, MAX_LISTED, style);
    add_more(&mut text, findings.len());
    let _ = writeln!(text, "{} in `{}`", counted(findings.len()), source.name);
    text
}

/// The findings of a catalog, file by file, and their count at the end.
#[must_use]
pub fn catalog_findings_text(files: &[FileFindings], style: Style) -> String {
    let mut text = String::new();
    let mut count = 0;
    for file in files {
        add_findings(
            &mut text,
            &file.findings,
            &file.source,
            MAX_LISTED.saturating_sub(count),
            style,
        );
        count += file.findings.len();
    }
    add_more(&mut text, count);
    let noun = if files.len() == 1 { "file" } else { "files" };
    let _ = writeln!(text, "{} in {} {noun} of the catalog", counted(count), files.len());
    text
}

fn add_more(text: &mut String, count: usize) {
    if count > MAX_LISTED {
        let _ = writeln!(text, "… and {} more; `-o json` lists all\n", count - MAX_LISTED);
    }
}

fn counted(count: usize) -> String {
    let noun = if count == 1 { "finding" } else { "findings" };
    format!("{count} {noun}")
}

fn add_findings(text: &mut String, findings: &[Finding], source: &Source, limit: usize, style: Style) {
    let lines: Vec<&str> = source.text.lines().collect();
    for finding in findings.iter().take(limit) {
        // A line is shown up to the first key whose value is a secret.
        let secrets = findings
            .iter()
            .filter(|other| other.code == Code::E_TOPOLOGY_SECRET && other.span.line == finding.span.line);
        let told = secrets.map(|secret| secret.span.column - 1 + secret.span.length).min();
        let is_yaml = finding.code == Code::E_TOPOLOGY_YAML;
        let visible = told.or_else(|| secret_end(&lines, finding.span.line.saturating_sub(1)).filter(|_| is_yaml));
        add_finding(text, finding, source, &lines, visible, style);
    }
}

/// Where a line of text that is no YAML may be shown up to: a value stands behind its key, or on the next line.
fn secret_end(lines: &[&str], line: usize) -> Option<usize> {
    let held = lines.get(line)?;
    let before = lines[..line].iter().rfind(|line| !line.trim().is_empty());
    secret_word(held).or_else(|| {
        let is_value = !held.contains(':') && before.is_some_and(|before| before.trim_end().ends_with(':'));
        before
            .filter(|_| is_value)
            .and_then(|before| secret_word(before))
            .map(|_| 0)
    })
}

fn add_finding(
    text: &mut String,
    finding: &Finding,
    source: &Source,
    lines: &[&str],
    visible: Option<usize>,
    style: Style,
) {
    let span = finding.span;
    let word = style.error(&format!("error[{}]", finding.code.as_str()));
    let _ = writeln!(text, "{word}: {}", clean(&finding.message));
    let number = span.line.to_string();
    let margin = " ".repeat(number.len());
    let arrow = style.faint("-->");
    // A finding about a file as a whole has no line.
    let _ = match span.line {
        0 => writeln!(text, "{margin}{arrow} {}", source.name),
        line => writeln!(text, "{margin}{arrow} {}:{line}:{}", source.name, span.column),
    };
    if let Some(line) = span.line.checked_sub(1).and_then(|line| lines.get(line)) {
        let line = visible.map_or_else(
            || (*line).to_owned(),
            |visible| line.chars().take(visible).collect::<String>() + ": [hidden]",
        );
        let (shown, column) = shown(&line, span.column);
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
        let _ = writeln!(text, "{}: {}", style.hint("hint"), clean(hint));
    }
    text.push('\n');
}

/// The part of a line around `column`, without characters that a terminal would act on.
fn shown(line: &str, column: usize) -> (String, usize) {
    let clean: Vec<char> = clean(line).chars().collect();
    let start = if clean.len() > MAX_SHOWN {
        column.saturating_sub(MAX_SHOWN / 2)
    } else {
        0
    };
    let part: String = clean.iter().skip(start).take(MAX_SHOWN).collect();
    (part.trim_end().to_owned(), column - start)
}

/// `text` with a mark in place of each character that a terminal would act on.
fn clean(text: &str) -> String {
    let shown = text.chars().take(MAX_MESSAGE);
    let more = if text.chars().nth(MAX_MESSAGE).is_some() {
        "…"
    } else {
        ""
    };
    let clean: String = shown
        .map(|character| if is_hidden(character) { '\u{fffd}' } else { character })
        .collect();
    clean + more
}

/// `{"findings": [{code, file, line, column, length, message, hint}]}`; line 0 is a file of the catalog as a whole.
#[must_use]
pub fn findings_json(files: &[FileFindings]) -> Json {
    let items = files.iter().flat_map(|file| {
        let findings = file.findings.iter();
        findings.map(|finding| finding_json(finding, &file.source))
    });
    json!({ "findings": items.collect::<Vec<_>>() })
}

fn finding_json(finding: &Finding, source: &Source) -> Json {
    json!({
        "code": finding.code.as_str(),
        "file": source.name,
        "line": finding.span.line,
        "column": finding.span.column,
        "length": finding.span.length,
        "message": finding.message,
        "hint": finding.hint,
    })
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
    fn hides_what_follows_a_key_that_sounds_like_a_secret() {
        for (lines, visible) in [
            (["", "a: {db_password: x}"], Some(15)),
            (["password:", "  0x3f"], Some(0)),
            (["password: x", "a"], None),
            (["", "a: b"], None),
            (["", "token"], None),
        ] {
            assert_eq!(secret_end(&lines, 1), visible, "{lines:?}");
        }
    }

    #[test]
    fn hides_what_a_terminal_would_act_on() {
        assert_eq!(shown("a\u{1b}[31mb", 1).0, "a\u{fffd}[31mb");
    }
}
