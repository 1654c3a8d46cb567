//! What stops `dev`, told so that a person can do something about it.
//!
//! It must not know how it is printed.

use std::fmt;

/// A fact, what was last said about it, and the next step.
#[derive(Debug, Default)]
pub struct Problem {
    pub message: String,
    /// Last lines of a program that failed.
    pub detail: Vec<String>,
    pub hint: Option<String>,
}

impl Problem {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn detail(mut self, lines: Vec<String>) -> Self {
        self.detail = lines;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
