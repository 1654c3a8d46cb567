//! Values for variables: each stands in for one variable of one word, and is checked first.
//!
//! A value has only characters that need no quotes and does not begin like a flag, so it cannot
//! change the words around it; a secret has no value here at all.

use super::lexer::is_bare;
use super::record::{Record, Value};
use super::refusal::{Code, Mistake, Span};
use super::sentence::{Part, Piece, Sentence, Word};

/// What stands in shown text for a secret.
pub const MASK: &str = "[secret]";

/// Longest value of a variable.
const MAX_VALUE: usize = 253;

/// A record whose values may stand in a command.
pub(super) struct Binder<'a> {
    record: &'a Record,
}

impl<'a> Binder<'a> {
    /// Check every variable of `sentence` against the record.
    pub(super) fn new(sentence: &Sentence, record: &'a Record) -> Result<Self, Mistake> {
        let secret_slots: Vec<Span> = sentence.pipeline.iter().flat_map(slots).collect();
        for piece in sentence.variables() {
            let Part::Variable(name) = &piece.part else {
                continue;
            };
            let in_slot = secret_slots.contains(&piece.span);
            check_variable(name, piece.span, in_slot, record)?;
        }
        Ok(Self { record })
    }

    /// The text of a word.
    pub(super) fn word(&self, word: &Word) -> String {
        let pieces = word.pieces.iter().map(|piece| match &piece.part {
            Part::Text(text) => text.as_str(),
            Part::Variable(name) => self.value(name),
        });
        pieces.collect()
    }

    /// The sentence with values in place of its variables, and a mask in place of secrets.
    pub(super) fn show(&self, text: &str, sentence: &Sentence) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut from = 0;
        for piece in sentence.variables() {
            if let (Part::Variable(name), Some(before)) = (&piece.part, text.get(from..piece.span.start)) {
                shown.push_str(before);
                shown.push_str(self.value(name));
                from = piece.span.end;
            }
        }
        shown.push_str(text.get(from..).unwrap_or_default());
        shown
    }

    fn value(&self, name: &str) -> &str {
        match self.record.variables.get(name) {
            Some(Value::Plain(text)) => text,
            Some(Value::Secret) | None => MASK,
        }
    }
}

/// The places where the commands' environment slots take a variable.
fn slots(command: &super::sentence::Command) -> Vec<Span> {
    let pieces = command.assignment.iter().flat_map(|assignment| &assignment.value);
    pieces.map(|piece: &Piece| piece.span).collect()
}

fn check_variable(name: &str, span: Span, in_slot: bool, record: &Record) -> Result<(), Mistake> {
    let refuse = |code, message: String| Err(Mistake::new(code, span, message));
    match record.variables.get(name) {
        Some(Value::Secret) if in_slot => Ok(()),
        Some(Value::Secret) => {
            let message = format!("`{{{name}}}` is a secret; it stands only in an environment slot, as `PGPASSWORD`");
            refuse(Code::E_SECRET_POSITION, message)
        }
        Some(Value::Plain(text)) if !text.is_empty() && in_slot => refuse(
            Code::E_ENV_VALUE,
            format!("`{{{name}}}` is not a secret of `{}`", record.name),
        ),
        Some(Value::Plain(text)) if !text.is_empty() => check_value(name, text, span),
        None => refuse(
            Code::E_UNKNOWN_VAR,
            format!("no record of the stack has a variable `{{{name}}}`"),
        ),
        Some(Value::Plain(_)) => refuse(
            Code::E_VAR_UNSET,
            format!("`{{{name}}}` has no value for `{}`", record.name),
        ),
    }
}

fn check_value(name: &str, text: &str, span: Span) -> Result<(), Mistake> {
    if text.len() <= MAX_VALUE && !text.starts_with('-') && text.bytes().all(is_bare) {
        return Ok(());
    }
    let message = format!("the value of `{{{name}}}` may not stand in a command");
    Err(Mistake::new(Code::E_VAR_VALUE, span, message))
}
