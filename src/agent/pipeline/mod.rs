//! A query with a check, made ready to run: every sentence bound to every record, or one refusal.
//!
//! ```text
//! Query ─ answer ─► records ─┬─ bind ─► check::Record ─ compile ─► Job, one for each record
//! Query ─ Check::parse ──────┘
//! ```
//!
//! Pure: nothing runs before all of it has compiled. Secrets are names here; who runs a job finds their values.

mod bind;
mod context;
mod job;
#[cfg(test)]
mod tests;

pub use context::context;
pub use job::{Command, Job, Jobs, PipelineError, SecretRef, Shown, jobs};
