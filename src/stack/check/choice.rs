//! Which of the link types that fit the two ends of a link is meant.
//!
//! `type` says it. Without it, an order that somebody wrote down does: the slots of a type, the provisions of an interface.
//! Where a role takes several interfaces there is no such order, and an alphabet would choose what a link may do.

use std::rc::Rc;

use crate::catalog::LinkKind;

pub(super) enum Choice<'a> {
    One(&'a Rc<LinkKind>),
    /// None of them has the name that `type` gives.
    Unknown,
    Several(Rivals<'a>),
}

/// Link types of which each could be meant.
pub(super) struct Rivals<'a>(Vec<&'a LinkKind>);

pub(super) fn choice<'a>(fitting: &'a [Rc<LinkKind>], name: Option<&str>) -> Choice<'a> {
    let Some(name) = name else {
        return unnamed(fitting);
    };
    let named = |kind: &&Rc<LinkKind>| kind.name == name || kind.slot_name == name;
    fitting.iter().find(named).map_or(Choice::Unknown, Choice::One)
}

fn unnamed(fitting: &[Rc<LinkKind>]) -> Choice<'_> {
    let Some(first) = fitting.first() else {
        return Choice::Unknown;
    };
    let mut rivals: Vec<&LinkKind> = fitting.iter().filter(|kind| kind.by_role).map(Rc::as_ref).collect();
    rivals.dedup_by_key(|kind| &kind.slot_name);
    match first.by_role && rivals.len() > 1 {
        true => Choice::Several(Rivals(rivals)),
        false => Choice::One(first),
    }
}

impl Rivals<'_> {
    /// What the link could be, for people.
    pub(super) fn meanings(&self) -> String {
        let words = self.0.iter();
        let words: Vec<String> = words
            .map(|kind| format!("`{}` ({})", kind.slot_name, kind.interface.definition.title))
            .collect();
        either(&words)
    }

    pub(super) fn hint(&self) -> String {
        let words: Vec<String> = self
            .0
            .iter()
            .map(|kind| format!("`type: {}`", kind.slot_name))
            .collect();
        format!("write {}; a link for each that is meant", either(&words))
    }
}

/// `a`, `b` or `c`.
fn either(words: &[String]) -> String {
    match words {
        [first @ .., second, last] => {
            let first: String = first.iter().map(|word| format!("{word}, ")).collect();
            format!("{first}{second} or {last}")
        }
        _ => words.concat(),
    }
}
