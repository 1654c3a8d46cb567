//! The Stack Agent: what it is asked, what it may run, and the server and executor around that.
//!
//! ```text
//! request ─ serve ─ query ─────────────────────────────► answer
//!                    └─ pipeline (check, every record) ─ exec (process, redaction) ─► outcome
//! ```
//!
//! `query`, `check` and `pipeline` are pure: metadata, a query and sentences go in; answers, refusals and compiled jobs
//! come out. `secrets` alone knows values, `exec` alone starts processes, `serve` alone listens; these three are the
//! feature `agent`.

pub mod check;

pub mod query;

pub mod pipeline;

#[cfg(feature = "agent")]
pub mod secrets;

#[cfg(feature = "agent")]
pub mod exec;

#[cfg(feature = "agent")]
pub mod serve;
