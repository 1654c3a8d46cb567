//! The lines of a text that is no YAML, as far as they can be told apart without a parser.
//!
//! Blank lines, comments and the bodies of block scalars (`key: |`) are left out.

/// A line that holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: usize,
    /// Spaces, and tabs, in front.
    pub(super) indent: usize,
    /// What follows them, without a comment at its end.
    pub(super) text: &'a str,
}

/// The lines of `text` that hold something.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut found: Vec<Line<'_>> = Vec::new();
    let mut scalar: Option<usize> = None;
    for (position, whole) in text.lines().enumerate() {
        let held = whole.trim_start_matches([' ', '\t']);
        let indent = whole.len() - held.len();
        let held = without_comment(held);
        if held.is_empty() || scalar.is_some_and(|outer| indent > outer) {
            continue;
        }
        let line = Line {
            number: position + 1,
            indent,
            text: held,
        };
        scalar = opens_scalar(held).then(|| line.key().map_or(indent, |(_, column)| column));
        found.push(line);
    }
    found
}

impl<'a> Line<'a> {
    /// The key of `key: value` and `- key: value`, with the column that it stands at.
    pub(super) fn key(&self) -> Option<(&'a str, usize)> {
        let held = self.text.trim_start_matches(['-', ' ']);
        let indent = self.indent + self.text.len() - held.len();
        let end = held.find(':').filter(|end| {
            let after = held[end + 1..].chars().next();
            after.is_none_or(|next| next == ' ' || next == '\t')
        })?;
        let key = &held[..end];
        let is_plain = !key.is_empty() && !key.starts_with(['{', '[', '"', '\'']);
        is_plain.then_some((key, indent))
    }

    /// What follows the key.
    pub(super) fn value(&self) -> &'a str {
        self.text.split_once(':').map_or("", |(_, value)| value.trim())
    }

    pub(super) fn is_item(&self) -> bool {
        self.text == "-" || self.text.starts_with("- ")
    }
}

fn without_comment(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    text.split(" #").next().unwrap_or_default().trim_end()
}

/// Whether a line ends in the head of a block scalar: `|`, `>-`, `|2`.
fn opens_scalar(text: &str) -> bool {
    let last = text.rsplit([' ', ':']).next().unwrap_or_default();
    last.strip_prefix(['|', '>'])
        .is_some_and(|rest| rest.chars().all(|next| "+-123456789".contains(next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_something() {
        let text = "a: 1 # one\n\n# no\n  - b: |\n      - text: no\n    c:d\n";
        let numbers: Vec<(usize, usize, &str)> = lines(text)
            .iter()
            .map(|line| (line.number, line.indent, line.text))
            .collect();
        assert_eq!(numbers, [(1, 0, "a: 1"), (4, 2, "- b: |"), (6, 4, "c:d")]);
        let keys: Vec<_> = lines(text).iter().map(Line::key).collect();
        assert_eq!(keys, [Some(("a", 0)), Some(("b", 4)), None]);
    }
}
