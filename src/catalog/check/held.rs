//! One decoded entry under the laws: what it says, where it says it, and where findings go.

use crate::catalog::Entry;
use crate::catalog::findings::Report;
use crate::fault::Code;
use crate::finding::{Finding, suggestion};
use crate::topology::Source;
use crate::yaml::{Node, Span};

/// An entry that laws look at.
pub(in crate::catalog) struct Held<'a, T> {
    pub(super) entry: &'a Entry<T>,
    pub(super) document: &'a Node,
    /// The text of the entry.
    source: &'a Source,
    report: &'a mut Report,
}

/// Where a name stands: as a key, or as the value at a path.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Key(&'a [&'a str]),
    Value(&'a [&'a str], &'a str),
}

/// What holds for each entry by itself.
pub(in crate::catalog) type Law<T> = fn(&mut Held<'_, T>);

impl<'a, T> Held<'a, T> {
    pub(in crate::catalog) fn new(
        entry: &'a Entry<T>,
        document: &'a Node,
        source: &'a Source,
        report: &'a mut Report,
    ) -> Self {
        Self {
            entry,
            document,
            source,
            report,
        }
    }

    pub(super) fn definition(&self) -> &'a T {
        &self.entry.definition
    }

    /// The text of the entry as it was written.
    pub(super) fn text(&self) -> &'a str {
        &self.source.text
    }

    /// A mistake in the value at `path`.
    pub(super) fn blame(&mut self, code: Code, path: &[&str], fact: impl Into<String>, hint: impl Into<String>) {
        self.blame_at(code, self.document.place(path), fact, hint);
    }

    /// A mistake in the value at `path`, at a byte of its text; of a block of lines the line is told.
    pub(super) fn blame_in_text(
        &mut self,
        code: Code,
        path: &[&str],
        (text, at): (&str, usize),
        fact: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let whole = self.document.place(path);
        let line = text[..at].matches('\n').count();
        let wanted = text.lines().nth(line).unwrap_or_default().trim();
        let below = (1..).zip(self.source.text.lines()).skip(whole.line.saturating_sub(1));
        let mut same = below.filter(|(_, written)| written.trim() == wanted);
        let span = match same.next().filter(|_| text.contains('\n')) {
            Some((line, written)) => Span {
                line,
                column: written.chars().take_while(|sign| sign.is_whitespace()).count() + 1,
                length: wanted.chars().count().max(1),
            },
            None => whole,
        };
        self.blame_at(code, span, fact, hint);
    }

    /// A mistake in the key at the end of `path`.
    pub(super) fn blame_key(&mut self, code: Code, path: &[&str], fact: impl Into<String>, hint: impl Into<String>) {
        // What is missing at the top is missing in the whole entry.
        let is_there = path.len() != 1 || self.document.at(path).is_some();
        let span = if is_there {
            self.document.key_place(path)
        } else {
            self.document.span
        };
        self.blame_at(code, span, fact, hint);
    }

    pub(super) fn blame_at(&mut self, code: Code, span: Span, fact: impl Into<String>, hint: impl Into<String>) {
        let hint = Some(hint.into()).filter(|hint: &String| !hint.is_empty());
        self.report
            .add(self.source, Finding::new(code, span, fact).maybe_hint(hint));
    }

    /// A name in the value at `path` that must be one of `known`.
    pub(super) fn known(&mut self, code: Code, path: &[&str], name: &str, known: &[&str], what: &str) {
        if known.contains(&name) {
            return;
        }
        let hint = suggestion(name, known).unwrap_or_else(|| format!("the type has no {what}"));
        self.blame(code, path, format!("there is no {what} `{name}`"), hint);
    }

    /// A name that is the key at the end of `path`, and must be one of `known`.
    pub(super) fn known_key(&mut self, code: Code, path: &[&str], name: &str, known: &[&str], what: &str) {
        if known.contains(&name) {
            return;
        }
        let hint = suggestion(name, known).unwrap_or_else(|| format!("there is no {what} at all"));
        self.blame_key(code, path, format!("there is no {what} `{name}`"), hint);
    }

    /// A name that `owner` does not have; the key at the end of `path`, or its value.
    pub(super) fn lacks(&mut self, code: Code, place: Place<'_>, owner: &str, what: &str, known: &[&str]) {
        let (span, name) = match place {
            Place::Key(path) => (self.document.key_place(path), path.last().copied().unwrap_or_default()),
            Place::Value(path, name) => (self.document.place(path), name),
        };
        if known.contains(&name) {
            return;
        }
        let hint = suggestion(name, known).unwrap_or_else(|| format!("it has no {what} at all"));
        self.blame_at(code, span, format!("{owner} has no {what} `{name}`"), hint);
    }

    /// Whether something is wrong with a file already.
    pub(super) fn is_blamed(&self, file: &str) -> bool {
        self.report.names(file)
    }

    /// A mistake in another file that the entry answers for.
    pub(super) fn blame_in(&mut self, source: &Source, finding: Finding) {
        self.report.add(source, finding);
    }

    /// A mistake in a file beside the entry; line 0 is the file as a whole.
    pub(super) fn blame_beside(&mut self, file: &str, text: &str, finding: Finding) {
        let source = Source {
            name: self.entry.place(file),
            text: text.to_owned(),
        };
        self.report.add(&source, finding);
    }
}
