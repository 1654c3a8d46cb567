//! Rule: a number that a link sets is not above the one that bounds it; where nobody sets it, the component's own counts, in the
//! stack and in each environment.

use serde_json::Value as Json;

use super::Checker;
use super::given::{given, written_at};
use super::links::ResolvedLink;
use crate::catalog::AttributeType;
use crate::finding::{Code, Finding};
use crate::yaml::Span;

/// A setting of a link that another one bounds.
struct Bounded<'a> {
    link: &'a ResolvedLink,
    name: &'a str,
    kind: &'a AttributeType,
    limit: &'a str,
    most: i64,
}

pub(super) fn check(checker: &mut Checker<'_>, resolved: &[ResolvedLink]) -> anyhow::Result<()> {
    for link in resolved {
        for (name, kind) in &link.kind.slot.with {
            let Some(limit) = kind.at_most.as_deref() else { continue };
            let Some(most) = number(link, limit) else { continue };
            let bounded = Bounded {
                link,
                name,
                kind,
                limit,
                most,
            };
            match number(link, name) {
                Some(given) => setting(checker, &bounded, given),
                None => attribute(checker, &bounded)?,
            }
        }
    }
    Ok(())
}

/// What the link sets, or the default.
fn number(link: &ResolvedLink, name: &str) -> Option<i64> {
    let default = || link.kind.slot.with.get(name)?.default.as_ref();
    link.with.get(name).or_else(default).and_then(Json::as_i64)
}

fn setting(checker: &mut Checker<'_>, bounded: &Bounded<'_>, given: i64) {
    let Bounded {
        link,
        name,
        limit,
        most,
        ..
    } = bounded;
    if given > *most {
        let span = checker
            .topology
            .place(&["links", &link.position.to_string(), "with", name]);
        let message = format!("`{name}` is {given}, above `{limit}: {most}`");
        let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, span, message);
        let hint = format!("write `{limit}: {given}` or more, or `{name}: {most}` or less");
        checker.findings.push(finding.hint(hint));
    }
}

/// The attribute that counts instead, whoever gives it.
fn attribute(checker: &mut Checker<'_>, bounded: &Bounded<'_>) -> anyhow::Result<()> {
    let topology = checker.topology;
    let Some(attribute) = bounded.kind.otherwise.as_deref() else {
        return Ok(());
    };
    let component = bounded.link.from.as_str();
    let written = &topology.document.components[component];
    let Some(entry) = checker.catalog.component_type(&written.component_type)? else {
        return Ok(());
    };
    let Some(kind) = entry.definition.attributes.get(attribute) else {
        return Ok(());
    };
    let environments = topology.document.environments.keys().map(|name| Some(name.as_str()));
    for environment in [None].into_iter().chain(environments) {
        let given = given(&topology.document, environment, component, written, &entry.definition);
        let value = given.get(attribute);
        let pods = value.or(kind.default.as_ref()).and_then(Json::as_i64);
        let Some(pods) = pods.filter(|pods| *pods > bounded.most) else {
            continue;
        };
        let position = bounded.link.position.to_string();
        let profile = ["environments", environment.unwrap_or_default(), "profile"];
        let span = match written_at(topology, environment, component, attribute) {
            Some(path) => topology.place(&path),
            None if value.is_some() => topology.place(&profile),
            None => topology.place(&["links", &position, "with", bounded.limit]),
        };
        checker.findings.push(finding(bounded, attribute, pods, span));
    }
    Ok(())
}

fn finding(bounded: &Bounded<'_>, attribute: &str, value: i64, span: Span) -> Finding {
    let Bounded {
        link,
        name,
        limit,
        most,
        ..
    } = bounded;
    let message = format!(
        "`{attribute}` of `{}` is {value}, above `{limit}: {most}` of its link to `{}`",
        link.from,
        link.end()
    );
    let hint = format!("write `{limit}: {value}` or more on the link, or add `{name}: {most}` or less to it");
    Finding::new(Code::E_TOPOLOGY_SCHEMA, span, message).hint(hint)
}
