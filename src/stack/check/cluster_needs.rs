//! Rule: what a type needs in the cluster is in the stack: deployed with it, or there already; a component lies where its
//! operator serves it; and what brings kinds into the cluster is there once.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use super::links::ResolvedLink;
use crate::catalog::{Catalog, ComponentType, OperatorSource};
use crate::finding::{Code, Finding};
use crate::topology::ComponentDocument;
use crate::yaml::Span;

/// The types that clusters have, whoever brought them there: some type needs them.
pub(super) fn of_clusters(catalog: &Catalog) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for name in catalog.type_names() {
        let entry = catalog.component_type(name)?;
        found.extend(entry.iter().flat_map(|entry| entry.definition.all_needs()).cloned());
    }
    Ok(found)
}

pub(super) fn check(checker: &mut Checker<'_>) -> anyhow::Result<()> {
    let topology = checker.topology;
    let components = &topology.document.components;
    let mut first: BTreeMap<String, &str> = BTreeMap::new();
    for (name, component) in components.iter().filter(|(_, component)| component.external.is_none()) {
        let Some(entry) = checker.catalog.component_type(&component.component_type)? else {
            continue;
        };
        served(checker, name, component, &entry.definition);
        once(checker, name, &entry.definition, &mut first);
        let span = topology.key_place(&["components", name]);
        for needed in &entry.definition.needs {
            missing(checker, span, &format!("`{name}`"), needed);
        }
    }
    Ok(())
}

/// The same of what components need because of their links.
pub(super) fn check_links(checker: &mut Checker<'_>, resolved: &[ResolvedLink]) {
    for link in resolved {
        for needed in &link.kind.slot.needs {
            let span = checker.topology.place(&["links", &link.position.to_string()]);
            missing(
                checker,
                span,
                &format!("the link from `{}` to `{}`", link.from, link.to),
                needed,
            );
        }
    }
}

/// Tell of a type that nothing of the stack has.
fn missing(checker: &mut Checker<'_>, span: Span, who: &str, needed: &str) {
    let mut components = checker.topology.document.components.values();
    if components.any(|other| other.component_type == needed) {
        return;
    }
    let message = format!("{who} needs {needed} in its cluster, and the stack has none");
    let name = needed.replace('_', "-");
    let hint = format!(
        "add the component `{name}: {{type: {needed}}}`; where the cluster has it already: `{name}: {{type: {needed}, external: {{}}}}`"
    );
    checker
        .findings
        .push(Finding::new(Code::E_TOPOLOGY_TYPE, span, message).hint(hint));
}

fn served(checker: &mut Checker<'_>, name: &str, component: &ComponentDocument, kind: &ComponentType) {
    let Some(namespace) = component.namespace.as_deref() else {
        return;
    };
    let mut operators = kind.install.operators(|_| true).filter_map(OperatorSource::git);
    let Some(git) = operators.find(|git| git.own_namespace && git.namespace != namespace) else {
        return;
    };
    let span = checker.topology.place(&["components", name, "namespace"]);
    let message = format!(
        "the operator of {} serves the namespace `{}` alone",
        kind.name, git.namespace
    );
    let hint = format!("leave `namespace` out, or write `namespace: {}`", git.namespace);
    checker
        .findings
        .push(Finding::new(Code::E_TOPOLOGY_NAMESPACE, span, message).hint(hint));
}

/// Two charts with the same kinds would each take them from the other.
fn once<'a>(checker: &mut Checker<'_>, name: &'a str, kind: &ComponentType, first: &mut BTreeMap<String, &'a str>) {
    // Of deliveries another rule tells.
    if !kind.is_once() || kind.excludes(kind) {
        return;
    }
    let Some(other) = first.insert(kind.name.clone(), name) else {
        return;
    };
    let message = format!(
        "`{name}` and {} would both bring the kinds of {}",
        checker.on_line(&["components", other]),
        kind.name
    );
    let span = checker.topology.key_place(&["components", name]);
    let finding = Finding::new(Code::E_TOPOLOGY_COLLISION, span, message);
    checker
        .findings
        .push(finding.hint("remove one of the two: it serves the whole cluster"));
}
