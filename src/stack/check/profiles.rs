//! Rule: what a sub-component may use of its component's links is linked, and said once.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Checker;
use crate::finding::{Code, Finding};
use crate::stack::{Component, Stack, linked};

pub(super) fn check(checker: &mut Checker<'_>, stack: &Stack) {
    for component in stack.components.values() {
        let known: BTreeSet<&str> = stack.reached(component).collect();
        for (sub, attribute, listed) in component.listed_links() {
            let path = [
                "components",
                component.name.as_str(),
                "sub_components",
                sub.name.as_str(),
                "attributes",
                attribute,
            ];
            self::listed(checker, component, &known, &path, listed);
        }
    }
}

fn listed(checker: &mut Checker<'_>, component: &Component, known: &BTreeSet<&str>, path: &[&str], listed: &[Json]) {
    let mut said = BTreeSet::new();
    for (position, text) in listed.iter().enumerate() {
        let Some((name, _)) = text.as_str().and_then(linked::parse) else {
            continue; // told with its form
        };
        let (fact, hint) = if !known.contains(name) {
            let hint = checker.suggest(name, || known.iter().copied().collect());
            let add = || format!("add `{{from: {}, to: {name}}}` to `links`", component.name);
            (
                format!("`{}` has no link to `{name}` that gives anything", component.name),
                hint.unwrap_or_else(add),
            )
        } else if !said.insert(name) {
            (format!("`{name}` is listed twice"), "remove one of them".to_owned())
        } else {
            continue;
        };
        let position = position.to_string();
        let place: Vec<&str> = path.iter().copied().chain([position.as_str()]).collect();
        let span = checker.topology.place(&place);
        checker
            .findings
            .push(Finding::new(Code::E_TOPOLOGY_LINK, span, fact).hint(hint));
    }
}
