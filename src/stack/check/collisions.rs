//! Rule: names stay unique after every normalisation: object names, sub-component objects and link objects.

use std::collections::BTreeMap;

use super::Checker;
use crate::catalog::Role;
use crate::finding::{Code, Finding};
use crate::name::MAX_LABEL;
use crate::stack::{AttributeValue, Component, Stack};

pub(super) fn check(checker: &mut Checker<'_>, stack: &Stack) {
    objects(checker, stack);
    sub_components(checker, stack);
    link_objects(checker, stack);
    unique_values(checker, stack);
    reserved_values(checker, stack);
    declared_values(checker, stack);
    published_hosts(checker, stack);
}

/// Two routes of one host would send the keys of one service to the other, and a name leads to one gateway of those that are
/// reached from the same place.
fn published_hosts(checker: &mut Checker<'_>, stack: &Stack) {
    let mut seen: BTreeMap<(String, String), (&Component, &Component)> = BTreeMap::new();
    for gateway in stack.of_role(Role::Gateway) {
        for published in stack.published(gateway).map(|link| stack.component(&link.to)) {
            let host = stack.published_host(published);
            let key = (host.clone(), stack.reach(gateway));
            let Some((at, first)) = seen.insert(key, (gateway, published)) else {
                continue;
            };
            let (own, other, done, hint) = if first.name == published.name {
                let hint = "remove one of the two links; a gateway of the cluster's own clients may publish it too, with `reach: inside`";
                (&gateway.name, &at.name, format!("both publish `{host}`"), hint)
            } else {
                let hint = "give one of them another `subdomain`";
                (
                    &published.name,
                    &first.name,
                    format!("are both published as `{host}`"),
                    hint,
                )
            };
            let span = checker.topology.key_place(&["components", own.as_str()]);
            let other = checker.on_line(&["components", other.as_str()]);
            let message = format!("`{own}` and {other} {done}");
            let finding = Finding::new(Code::E_TOPOLOGY_COLLISION, span, message);
            checker.findings.push(finding.hint(hint));
        }
    }
}

/// A table lies in a database that the stack declares, or nothing would make that database.
fn declared_values(checker: &mut Checker<'_>, stack: &Stack) {
    for component in stack.components.values() {
        for sub in component.sub_components.values() {
            for (name, kind) in &component.entry.definition.sub_components[&sub.sub_type].attributes {
                let (Some(wanted), Some(value)) = (&kind.declared, sub.attributes.get(name)) else {
                    continue;
                };
                let mut others = component
                    .sub_components
                    .values()
                    .filter(|other| other.sub_type == *wanted);
                if others.any(|other| other.attributes.get(name) == Some(value)) {
                    continue;
                }
                let path = [
                    "components",
                    component.name.as_str(),
                    "sub_components",
                    sub.name.as_str(),
                ];
                let text = value.text().unwrap_or_default();
                let message = format!("the {name} `{text}` of `{}` is not declared", sub.name);
                let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, checker.topology.key_place(&path), message);
                checker
                    .findings
                    .push(finding.hint(format!("add a sub-component of type `{wanted}` for it")));
            }
        }
    }
}

/// Names that a service keeps for itself, also where they come from a default.
fn reserved_values(checker: &mut Checker<'_>, stack: &Stack) {
    for component in stack.components.values() {
        for sub in component.sub_components.values() {
            for (name, kind) in &component.entry.definition.sub_components[&sub.sub_type].attributes {
                let Some(value) = sub.attributes.get(name).and_then(AttributeValue::text) else {
                    continue;
                };
                if kind.is_reserved(&value) {
                    let path = [
                        "components",
                        component.name.as_str(),
                        "sub_components",
                        sub.name.as_str(),
                    ];
                    let message = format!(
                        "the {name} `{value}` of `{}` is a name that the service keeps for itself",
                        sub.name
                    );
                    let finding = Finding::new(Code::E_TOPOLOGY_NAME, checker.topology.key_place(&path), message);
                    checker
                        .findings
                        .push(finding.hint(format!("give it another `{name}`; kept are {}", kind.told_reserved())));
                }
            }
        }
    }
}

/// The names that a service knows its parts by: two parts of one name are one part with two owners.
fn unique_values(checker: &mut Checker<'_>, stack: &Stack) {
    for component in stack.components.values() {
        let mut seen = BTreeMap::new();
        for sub in component.sub_components.values() {
            let types = &component.entry.definition.sub_components[&sub.sub_type].attributes;
            for name in types.iter().filter(|(_, kind)| kind.unique).map(|(name, _)| name) {
                let Some(value) = sub.attributes.get(name).and_then(AttributeValue::text) else {
                    continue;
                };
                if let Some(first) = seen.insert((name, value.clone()), &sub.name) {
                    let path = [
                        "components",
                        component.name.as_str(),
                        "sub_components",
                        sub.name.as_str(),
                    ];
                    let first = checker.on_line(&[path[0], path[1], path[2], first.as_str()]);
                    let message = format!("`{}` and {first} both have the {name} `{value}`", sub.name);
                    let finding = Finding::new(Code::E_TOPOLOGY_COLLISION, checker.topology.key_place(&path), message);
                    checker
                        .findings
                        .push(finding.hint(format!("give one of them another `{name}`")));
                }
            }
        }
    }
}

/// Two components of one namespace whose objects have the same name would overwrite each other.
fn objects(checker: &mut Checker<'_>, stack: &Stack) {
    let mut seen = BTreeMap::new();
    for component in stack.deployed() {
        let most = component.entry.definition.max_object.unwrap_or(MAX_LABEL);
        if component.object.len() > most {
            let span = checker.topology.key_place(&["components", component.name.as_str()]);
            let message = format!(
                "`{}` becomes the object `{}`, which is longer than {most} characters",
                component.name, component.object
            );
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_NAME, span, message).hint("use a shorter name or namespace"));
        }
        let key = (component.namespace.as_str(), component.object.as_str());
        if let Some(first) = seen.insert(key, &component.name) {
            let span = checker.topology.key_place(&["components", component.name.as_str()]);
            let first = checker.on_line(&["components", first.as_str()]);
            let message = format!(
                "`{}` and {first} both become the object `{}` in namespace `{}`",
                component.name, key.1, key.0
            );
            checker.findings.push(
                Finding::new(Code::E_TOPOLOGY_COLLISION, span, message).hint("give one of them another `namespace`"),
            );
        }
    }
}

fn sub_components(checker: &mut Checker<'_>, stack: &Stack) {
    for component in stack.components.values() {
        let mut seen = BTreeMap::new();
        for sub in component.sub_components.values() {
            let path = [
                "components",
                component.name.as_str(),
                "sub_components",
                sub.name.as_str(),
            ];
            if sub.object.is_empty() {
                let message = format!("`{}` has no letter or digit left as an object name", sub.name);
                checker.findings.push(Finding::new(
                    Code::E_TOPOLOGY_NAME,
                    checker.topology.key_place(&path),
                    message,
                ));
            }
            if let Some(first) = seen.insert(sub.object.as_str(), &sub.name) {
                let first = checker.on_line(&[path[0], path[1], path[2], first.as_str()]);
                let message = format!("`{}` and {first} both become the object `{}`", sub.name, sub.object);
                let finding = Finding::new(Code::E_TOPOLOGY_COLLISION, checker.topology.key_place(&path), message);
                checker
                    .findings
                    .push(finding.hint("rename one: letter case, `_`, `.` and `-` do not tell names apart"));
            }
        }
    }
}

fn link_objects(checker: &mut Checker<'_>, stack: &Stack) {
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for link in &stack.links {
        if let Some(first) = seen.insert(&link.object, link.arrow()) {
            let message = format!(
                "the links `{}` and `{first}` both become `{}`",
                link.arrow(),
                link.object
            );
            let span = checker.topology.key_place(&["components", link.from.as_str()]);
            checker.findings.push(
                Finding::new(Code::E_TOPOLOGY_COLLISION, span, message)
                    .hint("rename one of the components or sub-components"),
            );
        }
    }
}
