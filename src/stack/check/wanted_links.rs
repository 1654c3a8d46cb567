//! Rule: a value that needs a link has it, whoever gives it: the component, an environment, or its profile.

use super::Checker;
use super::given::{given, written_at};
use super::links::ResolvedLink;
use crate::catalog::AttributeType;
use crate::finding::{Code, Finding};

/// An attribute whose values but for the default need a link that is not there.
struct Wanting<'a> {
    component: &'a str,
    name: &'a str,
    kind: &'a AttributeType,
    slot: &'a str,
}

pub(super) fn check(checker: &mut Checker<'_>, resolved: &[ResolvedLink]) -> anyhow::Result<()> {
    let document = &checker.topology.document;
    let deployed = document.components.iter().filter(|(_, one)| one.external.is_none());
    for (component, written) in deployed {
        let Some(entry) = checker.catalog.component_type(&written.component_type)? else {
            continue;
        };
        let has = |slot: &str| {
            let mut links = resolved.iter().filter(|link| link.from == *component);
            links.any(|link| link.kind.slot_name == slot)
        };
        let kinds = entry.definition.attributes.iter();
        let wanting = kinds.filter_map(|(name, kind)| {
            let slot = kind.needs.as_deref().filter(|slot| !has(slot))?;
            Some(Wanting {
                component,
                name,
                kind,
                slot,
            })
        });
        for wanting in wanting {
            let environments = document.environments.keys().map(|name| Some(name.as_str()));
            for environment in [None].into_iter().chain(environments) {
                let given = given(document, environment, component, written, &entry.definition);
                let value = given.get(wanting.name);
                if value.is_some() && value != wanting.kind.default.as_ref() {
                    let finding = finding(checker, &wanting, environment);
                    checker.findings.push(finding);
                }
            }
        }
    }
    Ok(())
}

/// Settings of links that say something only beside another link of the same component.
pub(super) fn check_settings(checker: &mut Checker<'_>, resolved: &[ResolvedLink]) {
    for link in resolved {
        for (name, value) in &link.with {
            let Some(kind) = link.kind.slot.with.get(name) else {
                continue;
            };
            let has = |slot: &String| {
                let mut own = resolved.iter().filter(|own| own.from == link.from);
                own.any(|own| own.kind.slot_name == *slot)
            };
            let Some(slot) = kind.needs.as_ref().filter(|slot| !has(slot)) else {
                continue;
            };
            if Some(value) != kind.default.as_ref() {
                let span = checker
                    .topology
                    .place(&["links", &link.position.to_string(), "with", name]);
                let fact = format!(
                    "`{}` has no link `{slot}`, without which `{name}` says nothing",
                    link.from
                );
                let finding = Finding::new(Code::E_TOPOLOGY_LINK, span, fact);
                checker
                    .findings
                    .push(finding.hint(format!("add the link, or remove `{name}`")));
            }
        }
    }
}

/// At who gives the value: the environment, else the component, else the profile.
fn finding(checker: &Checker<'_>, wanting: &Wanting<'_>, environment: Option<&str>) -> Finding {
    let topology = checker.topology;
    let Wanting {
        component, name, slot, ..
    } = wanting;
    let default = wanting
        .kind
        .default
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let (span, way) = match written_at(topology, environment, component, name) {
        Some(path) => (topology.place(&path), format!("`{name}: {default}`")),
        None => {
            let path = ["environments", environment.unwrap_or_default(), "profile"];
            let own = format!("`components: {{{component}: {{attributes: {{{name}: {default}}}}}}}` beside it");
            (topology.place(&path), own)
        }
    };
    let fact = format!("`{component}` has no link `{slot}`, without which `{name}` must be {default}");
    Finding::new(Code::E_TOPOLOGY_ENV, span, fact).hint(format!("add the link, or write {way}"))
}
