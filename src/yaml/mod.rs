//! The one place that knows the YAML crates: reading with places, and writing.
//!
//! `read` stands alone with `scalar`, because the build reads the catalog with it.

mod brackets;
mod explain;
mod lines;
mod places;
mod read;
mod write;

pub use read::{Entry, MAX_DEPTH, Mapping, Node, Problem, ProblemKind, Span, Value};
pub use write::{documents, to_text};

/// Read one document; what is no YAML is told in the words of the mistake that was probably made.
///
/// # Errors
/// Every problem that could be found; a syntax error ends the search.
pub fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    read::parse(text).map_err(|problems| explain::explain(text, problems))
}
