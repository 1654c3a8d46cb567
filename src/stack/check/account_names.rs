//! Rule: an account of a provider belongs to one owner: a link or those that share it, a sub-component, or the whole.
//!
//! A link's account has a name made of the link, an owner's account one that a person gives. Real names are compared, since
//! a prefix kept for links would take names away from people that no link ever has.

use std::collections::BTreeMap;

use super::Checker;
use crate::catalog::Per;
use crate::catalog::pattern::variables;
use crate::finding::{Code, Finding};
use crate::stack::accounts::{Standing, standing};
use crate::stack::{Account, Component, Link, Stack};
use crate::yaml::Span;

pub(super) fn check(checker: &mut Checker<'_>, stack: &Stack) -> anyhow::Result<()> {
    for component in stack.components.values() {
        let standing = standing(component)?;
        let own = standing.iter().map(|one| (one.name.as_str(), Owner::standing(one)));
        let linked = stack.accounts_at(&component.name);
        let linked = linked.filter_map(|account| Some((account.name.as_str(), Owner::linked(account, stack)?)));
        let mut seen: BTreeMap<&str, Owner<'_>> = BTreeMap::new();
        for (name, owner) in own.chain(linked) {
            match seen.get(name) {
                Some(first) if first.belongs != owner.belongs => {
                    let finding = finding(checker, component, name, first, &owner);
                    checker.findings.push(finding);
                }
                Some(_) => {}
                None => drop(seen.insert(name, owner)),
            }
        }
    }
    Ok(())
}

/// Whose an account is.
struct Owner<'a> {
    /// Two of the same are one owner.
    belongs: (Per, &'a str),
    held: Held<'a>,
}

enum Held<'a> {
    Part(&'a Standing<'a>),
    /// The first link that has it.
    Link(&'a Link),
}

impl<'a> Owner<'a> {
    fn standing(one: &'a Standing<'a>) -> Self {
        Self {
            belongs: (one.per, one.object),
            held: Held::Part(one),
        }
    }

    fn linked(account: &'a Account, stack: &'a Stack) -> Option<Self> {
        let link = stack.links_of(account).next()?;
        Some(Self {
            belongs: (account.per, &account.object),
            held: Held::Link(link),
        })
    }

    fn words(&self, component: &Component) -> String {
        match &self.held {
            Held::Link(link) => format!("the link `{}`", link.arrow()),
            Held::Part(one) => match one.sub {
                Some(sub) => format!("`{}/{}`", component.name, sub.name),
                None => format!("`{}`", component.name),
            },
        }
    }

    fn place(&self, checker: &Checker<'_>, component: &Component) -> Span {
        let component = component.name.as_str();
        match &self.held {
            Held::Link(link) => checker.topology.place(&["links", &link.position.to_string()]),
            Held::Part(one) => match one.sub {
                Some(sub) => {
                    let path = ["components", component, "sub_components", sub.name.as_str()];
                    checker.topology.key_place(&path)
                }
                None => checker.topology.key_place(&["components", component]),
            },
        }
    }

    /// What a person may change so that the name is another one.
    fn fix(&self, component: &Component) -> Option<String> {
        let Held::Part(one) = &self.held else { return None };
        variables(one.pattern).find_map(|variable| match (variable.split_once('.')?, one.sub) {
            (("sub", name), Some(sub)) if sub.attributes.contains_key(name) => {
                Some(format!("give `{}` another `{name}`", sub.name))
            }
            (("sub", _), Some(sub)) => Some(format!("rename `{}`", sub.name)),
            (("to", name), _) if component.attributes.contains_key(name) => {
                Some(format!("give `{}` another `{name}`", component.name))
            }
            _ => None,
        })
    }
}

fn finding(checker: &Checker<'_>, component: &Component, name: &str, first: &Owner<'_>, second: &Owner<'_>) -> Finding {
    // The place of the name that a person chose, else that of what came second.
    let (blamed, other) = match second.fix(component) {
        None if first.fix(component).is_some() => (first, second),
        _ => (second, first),
    };
    let message = format!(
        "{} and {} (line {}) would share the account `{name}` at `{}`",
        blamed.words(component),
        other.words(component),
        other.place(checker, component).line,
        component.name
    );
    let hint = blamed.fix(component).unwrap_or_else(|| {
        format!(
            "remove one of them, or let type `{}` name the accounts of links by `{{link.id}}`, which no two share",
            component.type_name()
        )
    });
    let span = blamed.place(checker, component);
    Finding::new(Code::E_TOPOLOGY_COLLISION, span, message).hint(hint)
}
