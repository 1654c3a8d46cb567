//! The check language: sentences that look like shell and are none.
//!
//! ```text
//! text ─ lexer ─ parser ─► Sentence ─ typing ─► Check ─ bind, destination, compile ─► Compiled
//!                                    (adapter)         (one record)                  arguments, environment,
//!                                                                                    filters, test, dry run
//! ```
//!
//! A sentence is parsed once and compiled for each record. Every word has its meaning before a variable
//! has its value, and what runs is built from the table in `programs`, so neither the one nor the other
//! can bring a flag, a program or a destination of its own. No secret's value is known here; `redact`
//! alone is given some, to take them out of text. No process, no clock, no file.

mod adapter;
mod address;
mod bind;
mod compile;
mod destination;
mod filter;
mod forms;
mod lexer;
mod outcome;
mod parser;
mod programs;
mod record;
mod redact;
mod refusal;
mod sentence;
mod sql;
mod sql_catalog;
#[cfg(test)]
mod tests;
mod typing;
mod unfit;

pub use bind::MASK;
pub use compile::{Compiled, EnvironmentValue, Step};
pub use filter::Filter;
pub use lexer::MAX_CHARACTERS;
pub use outcome::{Outcome, shape};
pub use parser::MAX_COMMANDS;
pub use record::{Context, Endpoint, Record, Value};
pub use redact::Redactor;
pub use refusal::{Code, Refusal};
pub use sentence::Test;
pub use typing::SECRET as PASSWORD;
pub use unfit::{Unfit, unfit};

/// A sentence that is well formed and whose words all have a meaning.
#[derive(Clone, Debug)]
pub struct Check {
    text: String,
    sentence: sentence::Sentence,
    typed: typing::Typed,
}

impl Check {
    /// Read a sentence; this needs no record.
    ///
    /// # Errors
    /// The first thing that the language does not have.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let sentence = parser::parse(text)?;
            let typed = typing::assign(&sentence)?;
            Ok((sentence, typed))
        };
        let (sentence, typed) = read().map_err(|mistake: refusal::Mistake| mistake.refusal(text))?;
        Ok(Self {
            text: text.to_owned(),
            sentence,
            typed,
        })
    }

    /// The variables that it names, in the order of the sentence.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.sentence.variables().filter_map(|piece| match &piece.part {
            sentence::Part::Variable(name) => Some(name.as_str()),
            sentence::Part::Text(_) => None,
        })
    }

    /// A refusal of the whole sentence, for a reason that lies outside of it.
    #[must_use]
    pub fn refuse(&self, code: Code, message: impl Into<String>) -> Refusal {
        refusal::Mistake::new(code, self.typed.source.span, message).refusal(&self.text)
    }

    /// Bind it to a record.
    ///
    /// # Errors
    /// The first variable, secret or destination that this record may not have there.
    pub fn compile(&self, record: &Record, context: &Context) -> Result<Compiled, Refusal> {
        compile::compile(&self.text, &self.sentence, &self.typed, record, context)
            .map_err(|mistake| mistake.refusal(&self.text))
    }
}

/// The variables that rows of the table pass on from the agent's own environment.
#[must_use]
pub fn inherited() -> std::collections::BTreeSet<&'static str> {
    let rows = programs::PROGRAMS.iter();
    rows.flat_map(|row| row.inherited).copied().collect()
}

/// The programs that a [`Step`] may name.
#[must_use]
pub fn programs() -> Vec<&'static str> {
    adapter::programs(adapter::Role::Source)
}
