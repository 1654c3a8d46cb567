//! Rule: operators that others bring into the cluster are of types that the stack has.

use std::collections::BTreeSet;

use super::Checker;
use crate::catalog::OperatorSource;
use crate::finding::{Code, Finding};

pub(super) fn check(checker: &mut Checker<'_>) -> anyhow::Result<()> {
    let document = &checker.topology.document;
    let mut needing = BTreeSet::new();
    for component in document.components.values().filter(|one| one.external.is_none()) {
        let entry = checker.catalog.component_type(&component.component_type)?;
        let has_one =
            |install: &crate::catalog::Install| install.operators(|_| true).any(OperatorSource::is_of_cluster);
        if entry.is_some_and(|entry| has_one(&entry.definition.install)) {
            needing.insert(component.component_type.as_str());
        }
    }
    for name in document
        .operators
        .keys()
        .filter(|name| !needing.contains(name.as_str()))
    {
        let span = checker.topology.key_place(&["operators", name]);
        let message = format!("no component of the stack needs operators of `{name}`");
        let hint = checker.suggest(name, || needing.iter().copied().collect());
        let hint = hint.unwrap_or_else(|| "remove it: no component of the stack has one of the cluster".to_owned());
        let finding = Finding::new(Code::E_TOPOLOGY_TYPE, span, message).hint(hint);
        checker.findings.push(finding);
    }
    Ok(())
}
