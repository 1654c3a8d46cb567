//! The command line as a user meets it: exit code, stdout and stderr in one snapshot.
//!
//! In: arguments, a stack file, edits. Out: what was said, with paths of this machine left out. What is
//! generated is the business of `tests/golden.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and starts, writes and deletes by itself"
)]

mod access;
mod builder;
mod catalog;
mod catalog_check;
mod check;
mod client_docs;
mod diff;
mod dna;
mod explain;
mod faults;
mod first_run;
mod forms;
mod freeze;
mod generate;
mod granted;
mod graph;
mod hooks;
mod keys;
mod output;
mod query;
mod secrets;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod templates;
mod together;
mod tool_files;
mod upkeep;
mod verify_audit;
mod verify_controls;
mod why;

/// Compare what a run said with the text that stands in the test.
macro_rules! assert_said {
    ($run:expr, @$expected:literal) => {
        insta::assert_snapshot!($run, @$expected)
    };
}
pub(crate) use assert_said;
