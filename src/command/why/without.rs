//! A stack without some of its links, as if nobody had drawn them.
//!
//! In: a topology with its checked stack, and links of it. Out: the stack without them, or why there is none. Whether nothing
//! else changed is compared, not assumed.

use std::collections::BTreeSet;

use super::Subject;
use crate::finding::Finding;
use crate::stack::{self, Link, Stack};
use crate::topology::{LinkDocument, Targets, Topology};

/// The target that stands for every component that provides an interface for all.
const ALL: &str = "*";

/// What is left of a stack.
pub(super) enum Left {
    Stack(Box<(Topology, Stack)>),
    /// The stack needs the link.
    Refused(Vec<Finding>),
    /// Other links are not what they were, so that a comparison would tell of those.
    Otherwise,
}

/// What tells links apart.
type Key<'a> = (String, String, &'a str);

fn key(link: &Link) -> Key<'_> {
    (link.start(), link.end(), link.type_name())
}

/// The stack of `subject` without the links `gone`.
///
/// # Errors
/// A mistake in the catalog.
pub(super) fn without(subject: &Subject<'_>, gone: &[&Link]) -> anyhow::Result<Left> {
    let topology = topology(subject, gone);
    let stack = match stack::check::check(&topology, subject.catalog, Vec::new(), None)? {
        Ok(stack) => stack,
        Err(findings) => return Ok(Left::Refused(findings)),
    };
    let gone: BTreeSet<Key<'_>> = gone.iter().map(|link| key(link)).collect();
    let expected: BTreeSet<Key<'_>> = subject.stack.links.iter().map(key).collect();
    let is_as_expected = stack.links.iter().map(key).collect::<BTreeSet<_>>() == &expected - &gone;
    Ok(match is_as_expected {
        true => Left::Stack(Box::new((topology, stack))),
        false => Left::Otherwise,
    })
}

/// The file with the links left out. Entries keep their positions, by which places are found.
fn topology(subject: &Subject<'_>, gone: &[&Link]) -> Topology {
    let mut left = subject.topology.clone();
    for (position, document) in subject.topology.document.links.iter().enumerate() {
        let is_all = document.to.iter().any(|(_, target)| target == ALL);
        // A target for all would draw the link again.
        let concerns = |link: &&&Link| link.position == position || is_all && link.start() == document.from;
        let gone: Vec<&Link> = gone.iter().filter(concerns).copied().collect();
        if !gone.is_empty() {
            leave_out(subject.stack, &mut left, position, &gone);
        }
    }
    left
}

fn leave_out(stack: &Stack, left: &mut Topology, position: usize, gone: &[&Link]) {
    let document = left.document.links[position].clone();
    let is_gone = |end: &str| gone.iter().any(|link| link.end() == end);
    let targets = document.to.iter().map(|(_, target)| target.to_owned());
    let (all, named): (Vec<String>, Vec<String>) = targets.partition(|target| target == ALL);
    // What stands for all is written out, each with the type that it has.
    let drawn = stack.links.iter().filter(|link| link.position == position);
    let by_all = drawn.filter(|link| !all.is_empty() && !named.contains(&link.end()) && !is_gone(&link.end()));
    let written = by_all.map(|link| LinkDocument {
        to: Targets::One(link.end()),
        link_type: Some(link.type_name().to_owned()),
        ..document.clone()
    });
    left.document.links.extend(written);
    let kept: Vec<String> = named.into_iter().filter(|target| !is_gone(target)).collect();
    if kept.is_empty() {
        left.refuse(&["links", &position.to_string(), "to"]);
    }
    left.document.links[position].to = Targets::Many(kept);
}
