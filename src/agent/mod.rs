//! The Stack Agent's pure half: what it is asked, and what it may run.
//!
//! Metadata, a query and the sentence of a check go in; answers, refusals and compiled checks come
//! out. No file but the metadata, no socket, no process: those belong to the server around it.

pub mod check;
pub mod query;
