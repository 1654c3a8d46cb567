//! Rule: attributes are known, fit their types, are there when required, and are never secret values.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Checker;
use crate::catalog::{AttributeKind, AttributeType};
use crate::finding::{Code, Finding, suggestion};
use crate::name::nearest;
use crate::stack::attributes::mismatch;

/// Check the attributes given at `path`, and that none is missing.
pub(super) fn check(
    checker: &mut Checker<'_>,
    path: &[&str],
    types: &BTreeMap<String, AttributeType>,
    given: &BTreeMap<String, Json>,
    owner: &str,
) {
    given_values(checker, path, types, given, owner);
    for (name, _) in types
        .iter()
        .filter(|(name, kind)| kind.required && !given.contains_key(*name))
    {
        let message = format!("the attribute `{name}` of {owner} has no value");
        let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, checker.topology.key_place(path), message);
        checker
            .findings
            .push(finding.hint(format!("add `attributes: {{{name}: …}}`: {}", types[name].help)));
    }
}

/// Check only what is given: an override leaves the rest as it is.
pub(super) fn given_values(
    checker: &mut Checker<'_>,
    path: &[&str],
    types: &BTreeMap<String, AttributeType>,
    given: &BTreeMap<String, Json>,
    owner: &str,
) {
    for (name, value) in given {
        let mut place: Vec<&str> = path.to_vec();
        place.extend(["attributes", name]);
        let Some(kind) = types.get(name) else {
            let finding = unknown(checker, &place, types, name, owner);
            checker.findings.push(finding);
            continue;
        };
        if kind.secret {
            // The value itself must not reach a message.
            let finding = Finding::new(
                Code::E_TOPOLOGY_SECRET,
                checker.topology.key_place(&place),
                format!("the attribute `{name}` is a secret and takes no value here"),
            );
            checker.findings.push(finding.hint(
                "remove the value and change it where it was used; `gen` seeds a `secret/` file that names the key",
            ));
        } else if let Some(fact) = mismatch(kind, value) {
            let finding = Finding::new(
                Code::E_TOPOLOGY_SCHEMA,
                checker.topology.place(&place),
                format!("the attribute `{name}` {fact}"),
            );
            checker.findings.push(finding.maybe_hint(quotes(kind.kind, value)));
        }
    }
}

/// What a value needs to be of the right type.
fn quotes(kind: AttributeKind, value: &Json) -> Option<String> {
    match (kind, value) {
        (AttributeKind::Integer | AttributeKind::Boolean, Json::String(_)) => {
            Some("write it without quotes".to_owned())
        }
        (AttributeKind::Integer | AttributeKind::Boolean, _) => None,
        (_, Json::Number(_) | Json::Bool(_)) => Some("put it in quotes".to_owned()),
        _ => None,
    }
}

/// A name that the type does not have; one that is meant for a secret is treated as the secret, so
/// that its value is not shown.
fn unknown(
    checker: &Checker<'_>,
    place: &[&str],
    types: &BTreeMap<String, AttributeType>,
    name: &str,
    owner: &str,
) -> Finding {
    let span = checker.topology.key_place(place);
    let message = format!("{owner} has no attribute `{name}`");
    let meant = nearest(name, types.keys().map(String::as_str));
    if let Some(secret) = meant.filter(|meant| types[*meant].secret) {
        let hint = format!(
            "if `{secret}` is meant: it is a secret and takes no value here; remove the value and change it where it was used"
        );
        return Finding::new(Code::E_TOPOLOGY_SECRET, span, message).hint(hint);
    }
    let known: Vec<&str> = types
        .iter()
        .filter(|(_, kind)| !kind.secret)
        .map(|(name, _)| name.as_str())
        .collect();
    Finding::new(Code::E_TOPOLOGY_SCHEMA, span, message).maybe_hint(suggestion(name, &known))
}
