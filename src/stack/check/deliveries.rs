//! Rule: what a stack may have one of stands in it once.
//!
//! Two deliveries that read the same files would both own every object; the second would be left without any.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Checker;
use crate::catalog::{ComponentType, Entry};
use crate::finding::{Code, Finding};

pub(super) fn check(checker: &mut Checker<'_>) -> anyhow::Result<()> {
    let topology = checker.topology;
    let mut seen: BTreeMap<&str, Rc<Entry<ComponentType>>> = BTreeMap::new();
    for (name, component) in &topology.document.components {
        let Some(entry) = checker.catalog.component_type(&component.component_type)? else {
            continue;
        };
        let first = seen
            .iter()
            .find(|(_, other)| entry.definition.excludes(&other.definition));
        let Some((first, _)) = first else {
            seen.insert(name, entry);
            continue;
        };
        let first = checker.on_line(&["components", first]);
        let message = format!("`{name}` and {first} would both deliver this stack");
        let span = topology.key_place(&["components", name]);
        let finding = Finding::new(Code::E_TOPOLOGY_COLLISION, span, message);
        checker
            .findings
            .push(finding.hint("remove one of the two: every object belongs to one delivery"));
    }
    Ok(())
}
