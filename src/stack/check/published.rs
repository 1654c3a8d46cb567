//! Rule: who gives the host under which it is published is published, and so is a provider that browsers are sent to.

use super::Checker;
use super::links::ResolvedLink;
use crate::catalog::{Role, gives};
use crate::finding::{Code, Finding};
use crate::stack::gateway::HTTP;

pub(super) fn check(checker: &mut Checker<'_>, resolved: &[ResolvedLink]) -> anyhow::Result<()> {
    for link in resolved {
        let position = link.position.to_string();
        let span = checker.topology.place(&["links", &position]);
        if let Some(asked) = asked(link)
            && !is_published(checker, &link.from, resolved)?
        {
            let message = format!(
                "`{}` gives `{}` its {asked}, and no gateway publishes `{}`",
                link.from, link.to, link.from
            );
            let hint = publish(checker, &link.from)?;
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(hint));
        }
        if link.kind.interface.definition.published
            && is_deployed(checker, &link.to)
            && !is_published(checker, &link.to, resolved)?
        {
            let message = format!(
                "`{}` sends browsers to `{}`, which no gateway publishes",
                link.from, link.to
            );
            let hint = publish(checker, &link.to)?;
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(hint));
        }
    }
    Ok(())
}

/// The list that names the published host of the consumer, for people.
fn asked(link: &ResolvedLink) -> Option<String> {
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

fn is_published(checker: &Checker<'_>, name: &str, resolved: &[ResolvedLink]) -> anyhow::Result<bool> {
    let publishing = resolved
        .iter()
        .filter(|link| link.to == name && link.kind.interface_name() == HTTP);
    for link in publishing {
        if is_gateway(checker, &link.from)? {
            return Ok(true);
        }
    }
    Ok(false)
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
