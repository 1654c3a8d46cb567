//! Rule: an environment overrides attributes of components that exist, and nothing else.

use super::{Checker, values, variables};
use crate::finding::{Code, Finding};

pub(super) fn check(checker: &mut Checker<'_>) -> anyhow::Result<()> {
    let topology = checker.topology;
    let known: Vec<&str> = topology.document.components.keys().map(String::as_str).collect();
    for (environment, overrides) in &topology.document.environments {
        for (name, change) in &overrides.components {
            let path = ["environments", environment, "components", name];
            let Some(component) = topology.document.components.get(name) else {
                if topology.is_refused(&["components"]) {
                    continue;
                }
                let finding = Finding::new(
                    Code::E_TOPOLOGY_ENV,
                    topology.key_place(&path),
                    format!("the component `{name}` is not in the stack"),
                );
                let hint = checker.suggest(name, || known.clone());
                checker.findings.push(finding.maybe_hint(hint));
                continue;
            };
            if component.external.is_some() {
                let finding = Finding::new(
                    Code::E_TOPOLOGY_ENV,
                    topology.key_place(&path),
                    format!("the component `{name}` is external"),
                );
                checker
                    .findings
                    .push(finding.hint("nothing is deployed for it here; override it in its own stack"));
                continue;
            }
            if let Some(entry) = checker.catalog.component_type(&component.component_type)? {
                let owner = format!("type `{}`", component.component_type);
                variables::no_overrides(checker, &path, &entry.definition);
                values::given_values(checker, &path, &entry.definition.attributes, &change.attributes, &owner)?;
            }
        }
    }
    Ok(())
}
