//! The only place that writes files.
//!
//! In: a rendered `Tree` and the output directory. Out: `Changes`, which `apply` carries out. It must not know what the files
//! mean, where the tree comes from, or how changes are printed.
//!
//! Reading order: `output` (what a run does), `decide` (the table), `diff` (its facts and consequences), `apply` (the steps).

mod apply;
mod aside;
mod change;
mod compare;
mod conflict;
mod decide;
mod diff;
mod digest;
mod displaced;
mod dotenv;
mod fresh;
mod hold;
mod journal;
mod leftovers;
mod lock;
mod note;
mod orphans;
mod output;
mod placement;
mod root;
mod skeleton;
mod sops;
mod state;
mod steps;
mod temporary;
mod tracked;
mod values;
mod way;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;

pub use digest::Digest;
pub use fresh::write_new;
pub use lock::{Lock, LockEntry, LockError};
pub use output::{Output, Purpose};
pub(crate) use skeleton::{empty_values, render as seeded};
pub(crate) use values::files as secret_files;
pub use values::{SecretFile, is_encrypted, make_private_folder, values_of, with_values};
pub use way::ensure_no_link_of_a_repository;

/// What to do about an owned file that was edited by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnEdit {
    #[default]
    Fail,
    Keep,
    Overwrite,
}

/// What the user allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub on_edit: OnEdit,
    /// How many files may go; by default 10, or a fifth of the lock's files where that is more.
    pub max_deletes: Option<usize>,
    /// The stack has no components, so that no delete goes unasked.
    pub empty_stack: bool,
}

/// What is asked for is not done, for the user's own sake (exit 3).
#[derive(Debug)]
pub struct Refusal(String);

impl Refusal {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// The lock of the output directory `out`; empty where there is none.
#[cfg(test)]
pub(crate) fn load_lock(out: &std::path::Path) -> anyhow::Result<Lock> {
    let state = root::Root::open(out)?.as_mut().map(state::State::load).transpose()?;
    Ok(state.unwrap_or_default().lock)
}
