//! Rules of links: what types provide and consume, what pairs have of their own, and how conventions deliver it.
//!
//! `variables` knows the vocabulary of their patterns, which is that of `stack/scope.rs`; `keys` what may stand in an
//! environment.

mod accounts;
pub(super) mod asks;
pub(super) mod consumes;
pub(super) mod conventions;
pub(super) mod follows;
pub(super) mod interfaces;
mod keys;
pub(super) mod kinds;
pub(super) mod pairs;
pub(super) mod provides;
mod scopes;
pub(super) mod tool_files;
pub(super) mod with;

use crate::catalog::check::Held;

/// A path of owned words, for places that are put together.
pub(super) type Path = Vec<String>;

/// `base` and what lies below it.
fn below(base: &[String], words: &[&str]) -> Path {
    base.iter()
        .cloned()
        .chain(words.iter().map(|word| (*word).to_owned()))
        .collect()
}

/// `base` as the laws take it.
fn borrowed(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// The place of one of several values that may be written as one: `endpoint: a`, `endpoints: [a, b]`.
fn one_of_many<T>(held: &Held<'_, T>, base: &[String], words: &[&str], position: usize) -> Path {
    let is_there = |word: &&&str| held.document.at(&borrowed(&below(base, &[**word]))).is_some();
    let word = words.iter().find(is_there).copied().unwrap_or(words[0]);
    let path = below(base, &[word]);
    let item = below(&path, &[&position.to_string()]);
    match held.document.at(&borrowed(&item)) {
        Some(_) => item,
        None => path,
    }
}
