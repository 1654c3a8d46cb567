//! Rule: who gives the host under which it is published is published, and so is a provider that browsers are sent to.

use std::collections::BTreeSet;

use super::Checker;
use super::links::ResolvedLink;
use crate::catalog::{Role, gives};
use crate::finding::{Code, Finding};
use crate::stack::gateway::HTTP;

pub(super) fn check(checker: &mut Checker<'_>, resolved: &[ResolvedLink]) -> anyhow::Result<()> {
    let published = published(checker, resolved)?;
    for link in resolved {
        let asked = asked(link).filter(|_| !published.contains(link.from.as_str()));
        if let Some(asked) = asked {
            let fact = format!(
                "`{}` gives `{}` its {asked}, and no gateway publishes `{}`",
                link.from, link.to, link.from
            );
            blame(checker, link, fact, &link.from)?;
        }
        let sends = link.kind.interface.definition.published && is_deployed(checker, &link.to);
        if sends && !published.contains(link.to.as_str()) {
            let fact = format!(
                "`{}` sends browsers to `{}`, which no gateway publishes",
                link.from, link.to
            );
            blame(checker, link, fact, &link.to)?;
        }
    }
    Ok(())
}

/// What some gateway publishes.
fn published<'a>(checker: &Checker<'_>, resolved: &'a [ResolvedLink]) -> anyhow::Result<BTreeSet<&'a str>> {
    let mut found = BTreeSet::new();
    for link in resolved.iter().filter(|link| link.kind.interface_name() == HTTP) {
        if is_gateway(checker, &link.from)? {
            found.insert(link.to.as_str());
        }
    }
    Ok(found)
}

fn blame(checker: &mut Checker<'_>, link: &ResolvedLink, fact: String, unpublished: &str) -> anyhow::Result<()> {
    let span = checker.topology.place(&["links", &link.position.to_string()]);
    let hint = publish(checker, unpublished)?;
    checker
        .findings
        .push(Finding::new(Code::E_TOPOLOGY_LINK, span, fact).hint(hint));
    Ok(())
}

/// The list that names the published host of the consumer, for people.
fn asked(link: &ResolvedLink) -> Option<String> {
    // Most interfaces ask nothing, and consumers give what is asked.
    if link.kind.interface.definition.asks.is_empty() {
        return None;
    }
    let given = link.kind.may_give();
    if !gives::names_published(&given) {
        return None;
    }
    given.keys().next().map(|name| name.replace('_', " "))
}

fn is_deployed(checker: &Checker<'_>, name: &str) -> bool {
    let component = checker.topology.document.components.get(name);
    component.is_some_and(|component| component.external.is_none())
}

fn is_gateway(checker: &Checker<'_>, name: &str) -> anyhow::Result<bool> {
    let Some(component) = checker.topology.document.components.get(name) else {
        return Ok(false);
    };
    let entry = checker.catalog.component_type(&component.component_type)?;
    Ok(entry.is_some_and(|entry| entry.definition.roles.contains(&Role::Gateway)))
}

/// What to add: a link from the first gateway of the stack.
fn publish(checker: &Checker<'_>, name: &str) -> anyhow::Result<String> {
    for gateway in checker.topology.document.components.keys() {
        if is_gateway(checker, gateway)? {
            return Ok(format!("add `{{from: {gateway}, to: {name}}}`"));
        }
    }
    Ok(format!("add a gateway, and a link from it to `{name}`"))
}
