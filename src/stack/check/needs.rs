//! Rule: what a type needs in the cluster is in the stack: deployed with it, or there already; and a component lies where
//! its operator serves it.

use super::Checker;
use crate::catalog::{ComponentType, OperatorSource};
use crate::finding::{Code, Finding};
use crate::topology::ComponentDocument;

/// Whether a type is one that clusters have, whoever brought it there: some type needs it.
pub(super) fn is_of_clusters(checker: &Checker<'_>, kind: &str) -> anyhow::Result<bool> {
    for name in checker.catalog.type_names() {
        let entry = checker.catalog.component_type(name)?;
        if entry.is_some_and(|entry| entry.definition.needs.iter().any(|needed| needed == kind)) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn check(checker: &mut Checker<'_>) -> anyhow::Result<()> {
    let topology = checker.topology;
    let components = &topology.document.components;
    for (name, component) in components.iter().filter(|(_, component)| component.external.is_none()) {
        let Some(entry) = checker.catalog.component_type(&component.component_type)? else {
            continue;
        };
        served(checker, name, component, &entry.definition);
        for needed in &entry.definition.needs {
            if components.values().any(|other| other.component_type == *needed) {
                continue;
            }
            let span = topology.key_place(&["components", name]);
            let message = format!("`{name}` needs {needed} in its cluster, and the stack has none");
            let name = needed.replace('_', "-");
            let hint = format!(
                "add the component `{name}: {{type: {needed}}}`; where the cluster has it already: `{name}: {{type: {needed}, external: {{}}}}`"
            );
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_TYPE, span, message).hint(hint));
        }
    }
    Ok(())
}

fn served(checker: &mut Checker<'_>, name: &str, component: &ComponentDocument, kind: &ComponentType) {
    let Some(namespace) = component.namespace.as_deref() else { return };
    let mut operators = kind.install.operators().filter_map(OperatorSource::git);
    let Some(git) = operators.find(|git| git.own_namespace && git.namespace != namespace) else {
        return;
    };
    let span = checker.topology.place(&["components", name, "namespace"]);
    let message = format!("the operator of {} serves the namespace `{}` alone", kind.name, git.namespace);
    let hint = format!("leave `namespace` out, or write `namespace: {}`", git.namespace);
    checker
        .findings
        .push(Finding::new(Code::E_TOPOLOGY_NAMESPACE, span, message).hint(hint));
}
