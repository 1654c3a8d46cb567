//! What is wrong with a query, as data.
//!
//! In: a code and a fact. Out: a value that a handler prints as `{"error": …}`. It must not know HTTP.

use std::fmt;

use serde::Serialize;

/// The stable code of a refusal; clients may rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(non_camel_case_types, reason = "each variant is spelled as it is printed")]
pub enum Code {
    /// The body is no query: not JSON, a wrong type, or a cursor of another query.
    E_PARSE,
    /// A cap on size or count.
    E_LIMIT,
    /// A field that no record of this target has.
    E_FIELD,
    /// An unknown operator, or a value that it cannot take.
    E_OPERATOR,
    /// A secret was asked for more than its existence.
    E_SECRET_FIELD,
    /// An unknown source.
    E_SOURCE,
    /// An unknown target, or one that lacks what it needs.
    E_TARGET,
}

/// Longest text of a caller that an error repeats, in characters.
const MAX_TOKEN: usize = 80;

/// Most candidates that an error lists.
const MAX_CANDIDATES: usize = 20;

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueryError {
    pub code: Code,
    /// The thing, then the fact, then the nearest legal name; no full stop.
    pub message: String,
    /// Byte offset of the fault: in `token`, or in the body when there is no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// The caller's text that is at fault, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The legal name that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
}

impl QueryError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            position: None,
            token: None,
            nearest: None,
        }
    }

    /// Name the caller's text and the place in it.
    pub(super) fn at(mut self, token: &str, position: usize) -> Self {
        self.token = Some(shown(token));
        self.position = Some(position);
        self
    }

    /// Add what else is known to the message.
    pub(super) fn because(mut self, fact: &str) -> Self {
        self.message.push_str("; ");
        self.message.push_str(fact);
        self
    }

    /// Add the candidate nearest to `name`, or the few candidates that there are.
    pub(super) fn suggest<'a>(mut self, name: &str, candidates: impl Iterator<Item = &'a str>) -> Self {
        let candidates: Vec<&str> = candidates.collect();
        if let Some(nearest) = crate::name::nearest(name, candidates.iter().copied()) {
            self.nearest = Some(nearest.to_owned());
            return self.because(&format!("did you mean `{nearest}`?"));
        }
        if candidates.is_empty() || candidates.len() > MAX_CANDIDATES {
            return self;
        }
        self.because(&format!("one of `{}`", candidates.join("`, `")))
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.code, self.message)
    }
}

impl std::error::Error for QueryError {}

/// A caller's text as a message may repeat it: printable and short.
pub(super) fn shown(text: &str) -> String {
    let printable = |character: char| {
        if character.is_ascii_graphic() || character == ' ' {
            character
        } else {
            '?'
        }
    };
    text.chars().take(MAX_TOKEN).map(printable).collect()
}
