//! Which links a file, or a line of it, is due to: the stack is made again without each of them, and compared.
//!
//! In: a file as it is made. Out: the links without which it would be another, and how many were not tried or cannot be left
//! out alone. Links that have to do with the file are tried first; that changes what is tried, never what is told.

use serde::Serialize;
use similar::{DiffOp, TextDiff};

use super::Subject;
use super::without::{Left, without};
use crate::command::assemble::assemble_with;
use crate::name::RelPath;
use crate::render::Renderer;
use crate::stack::Link;
use crate::tree::Tree;

/// Most links that are left out in turn: each costs a whole run.
const MOST_TRIED: usize = 40;

/// A file, or a line of it, as it is made with all links.
pub(super) struct Wanted<'a> {
    pub(super) path: &'a RelPath,
    pub(super) text: &'a str,
    /// From 1.
    pub(super) line: Option<usize>,
    /// The component whose folder holds the file.
    pub(super) component: Option<&'a str>,
}

/// What is missing without a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Effect {
    NoFile,
    OtherFile,
    NoLine,
}

/// What came of all trials.
#[derive(Default)]
pub(super) struct Trials<'a> {
    pub(super) links: Vec<(&'a Link, Effect)>,
    pub(super) untried: usize,
    /// Links without which there is no such stack to compare with.
    pub(super) inseparable: usize,
}

/// Try the links of the stack.
///
/// # Errors
/// A mistake in the catalog.
pub(super) fn trials<'a>(
    subject: &Subject<'a>,
    wanted: &Wanted<'_>,
    renderer: &mut Renderer,
) -> anyhow::Result<Trials<'a>> {
    let mut links: Vec<&Link> = subject.stack.links.iter().collect();
    links.sort_by_key(|link| distance(link, wanted));
    let mut trials = Trials {
        untried: links.len().saturating_sub(MOST_TRIED),
        ..Trials::default()
    };
    for link in links.into_iter().take(MOST_TRIED) {
        match without(subject, &[link])? {
            Left::Stack(left) => {
                let (topology, stack) = *left;
                let tree = assemble_with(renderer, &topology, &stack, subject.catalog)?;
                trials.links.extend(effect(wanted, &tree).map(|effect| (link, effect)));
            }
            Left::Refused(_) | Left::Otherwise => trials.inseparable += 1,
        }
    }
    Ok(trials)
}

/// How far a link seems from what is asked: it is named by the line, ends at the component, or neither.
fn distance(link: &Link, wanted: &Wanted<'_>) -> usize {
    let line = wanted
        .line
        .and_then(|line| wanted.text.lines().nth(line - 1))
        .unwrap_or_default();
    let ends = [link.from.as_str(), link.to.as_str()];
    let near = ends.iter().filter(|end| wanted.component == Some(**end)).count();
    let named = ends
        .iter()
        .filter(|end| line.contains(**end) || wanted.path.as_str().contains(**end));
    4 - near - named.count()
}

fn effect(wanted: &Wanted<'_>, tree: &Tree) -> Option<Effect> {
    let Some(file) = tree.get(wanted.path) else {
        return Some(Effect::NoFile);
    };
    let text = super::file::text(file);
    match wanted.line {
        _ if text == wanted.text => None,
        None => Some(Effect::OtherFile),
        Some(line) => (!keeps(wanted.text, &text, line)).then_some(Effect::NoLine),
    }
}

/// Whether the line of `before` is still there in `after`.
fn keeps(before: &str, after: &str, line: usize) -> bool {
    let diff = TextDiff::from_lines(before, after);
    diff.ops().iter().any(|op| match *op {
        DiffOp::Equal { old_index, len, .. } => (old_index..old_index + len).contains(&(line - 1)),
        _ => false,
    })
}
