//! What pipelines read: annotations of GitHub, a report of GitLab, SARIF, JUnit and Markdown.
//!
//! In: findings, or what a run would change. Out: the text of one form. All forms print the same notices, so that what one tells
//! all tell; a form is one file here.

mod github;
mod gitlab;
mod junit;
mod markdown;
mod notice;
mod sarif;

pub(super) use markdown::lists as markdown_lists;
pub use markdown::{Preview, preview};
use notice::Weight;
pub use notice::{Notice, of_changes, of_differences, of_findings, of_touched};

/// A form for programs of others; the text for people and our own JSON are printed elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Markdown,
    Github,
    Gitlab,
    Sarif,
    Junit,
}

/// All notices about the files `checked`, in one form.
#[must_use]
pub fn print(form: Form, notices: &[Notice], checked: &[String]) -> String {
    match form {
        Form::Markdown => markdown::print(notices, checked),
        Form::Github => github::print(notices),
        Form::Gitlab => gitlab::print(notices),
        Form::Sarif => sarif::print(notices),
        Form::Junit => junit::print(notices, checked),
    }
}

#[cfg(test)]
mod tests;
