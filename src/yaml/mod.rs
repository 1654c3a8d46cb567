//! The one place that knows the YAML crates: reading with places, and writing.
//!
//! `read` stands alone, because the build reads the catalog with it.

mod read;
mod write;

pub use read::{Entry, MAX_DEPTH, Mapping, Node, Problem, ProblemKind, Span, Value, parse};
pub use write::{documents, to_text};
