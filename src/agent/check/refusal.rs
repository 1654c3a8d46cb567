//! Why a question to the agent is refused, as data: code, message, position and token.
//!
//! Stages of the check language make a [`Mistake`], which knows a place; the border of the module
//! makes a [`Refusal`] of it, which quotes the sentence at that place. A refusal quotes what the
//! caller wrote and plain values, never a secret: no secret is known here.

use serde::Serialize;

/// The stable code of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(non_camel_case_types, reason = "each variant is spelled as it is printed")]
pub enum Code {
    /// A character outside printable ASCII.
    E_CHARSET,
    /// More characters than a sentence may have.
    E_TOO_LONG,
    /// Characters that begin no token, or a quote or brace that is not closed.
    E_TOKEN,
    /// Tokens in an order that the grammar does not have.
    E_PARSE,
    /// More commands, or a longer word, than is allowed.
    E_LIMIT,
    /// A program that is not of the language, or not at this place of a pipeline.
    E_PROGRAM,
    /// An environment name that the program's slot does not have.
    E_ENV_NAME,
    /// Something else than the record's secret in an environment slot.
    E_ENV_VALUE,
    /// A secret outside an environment slot.
    E_SECRET_POSITION,
    /// A host, port, user, database or namespace that the record or the topology does not have.
    E_DESTINATION,
    /// A flag or an argument that the program's row does not have.
    E_ARG,
    /// SQL that is not a read-only probe.
    E_SQL,
    /// A variable that no record of the stack has.
    E_UNKNOWN_VAR,
    /// A variable that this record has no value for.
    E_VAR_UNSET,
    /// A value that may not stand in a command.
    E_VAR_VALUE,
    /// Something that lives in another stack.
    E_EXTERNAL,
    /// A question about a secret field other than whether it exists.
    E_SECRET_FIELD,
    /// An unknown field of a query.
    E_FIELD,
    /// An unknown operator of a query.
    E_OPERATOR,
    /// An unknown source of a query.
    E_SOURCE,
    /// An unknown target of a query.
    E_TARGET,
}

/// A refusal as a caller of the agent reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub code: Code,
    /// The thing, then the fact; no full stop.
    pub message: String,
    /// Characters of the sentence before the place.
    pub position: usize,
    /// The sentence at the place; empty at its end.
    pub token: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?} at {}: {}", self.code, self.position, self.message)
    }
}

impl std::error::Error for Refusal {}

/// A place in a sentence, in characters; the end is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// A refusal before the sentence is quoted.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    code: Code,
    span: Span,
    message: String,
}

impl Mistake {
    pub(super) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
        }
    }

    /// Quote `sentence` at the place.
    pub(super) fn refusal(self, sentence: &str) -> Refusal {
        Refusal {
            code: self.code,
            message: self.message,
            position: self.span.start,
            token: quote(sentence, self.span),
        }
    }
}

/// Longest token that a refusal quotes.
const MAX_TOKEN: usize = 64;

/// The characters of the place; those that are not printable ASCII are spelled out, since a
/// refusal is shown on terminals and to language models.
fn quote(sentence: &str, span: Span) -> String {
    let length = span.end.saturating_sub(span.start).min(MAX_TOKEN);
    let spell = |character: char| match character {
        ' '..='~' => character.to_string(),
        _ => format!("U+{:04X}", u32::from(character)),
    };
    sentence.chars().skip(span.start).take(length).map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_quotes_the_sentence() {
        let refusal = Mistake::new(Code::E_CHARSET, Span::new(3, 4), "`x` is new").refusal("nc \u{202e}z");
        let shown = serde_json::to_string(&refusal).unwrap();
        let expected = r#"{"code":"E_CHARSET","message":"`x` is new","position":3,"token":"U+202E"}"#;
        assert_eq!(shown, expected);
        assert_eq!(refusal.to_string(), "E_CHARSET at 3: `x` is new");
    }

    #[test]
    fn a_place_beyond_the_end_quotes_nothing() {
        assert_eq!(quote("nc", Span::new(2, 9)), "");
        assert_eq!(quote("nc", Span::new(9, 2)), "");
        assert_eq!(quote(&"x".repeat(99), Span::new(0, 99)).len(), MAX_TOKEN);
    }
}
