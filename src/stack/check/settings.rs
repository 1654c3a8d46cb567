//! Rule: `with:` of a link holds settings that its link type declares, and they fit.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Checker;
use crate::catalog::AttributeType;
use crate::finding::{Code, Finding, suggestion};

pub(super) fn check(
    checker: &mut Checker<'_>,
    position: &str,
    types: &BTreeMap<String, AttributeType>,
    given: &BTreeMap<String, Json>,
    owner: &str,
) {
    for (name, value) in given {
        let path = ["links", position, "with", name];
        let Some(kind) = types.get(name) else {
            let known: Vec<&str> = types.keys().map(String::as_str).collect();
            let hint =
                suggestion(name, &known).unwrap_or_else(|| "remove it: the link type has no settings".to_owned());
            let message = format!("{owner} has no setting `{name}`");
            let span = checker.topology.key_place(&path);
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_SCHEMA, span, message).hint(hint));
            continue;
        };
        if let Some(fact) = kind.mismatch(value) {
            let message = format!("the setting `{name}` of {owner} {fact}");
            let span = checker.topology.place(&path);
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_SCHEMA, span, message));
        }
    }
    let missing = types
        .iter()
        .filter(|(name, kind)| kind.required && !given.contains_key(*name));
    for (name, kind) in missing {
        let message = format!("the setting `{name}` of {owner} has no value");
        let span = checker.topology.place(&["links", position]);
        let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, span, message);
        checker
            .findings
            .push(finding.hint(format!("add `with: {{{name}: …}}`: {}", kind.help)));
    }
}
