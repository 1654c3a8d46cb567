//! Rule: attributes are known, fit their types, are there when required, and are never secret values.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::variables::{self, Given};
use super::{Checker, misplaced};
use crate::catalog::{AttributeKind, AttributeType};
use crate::finding::{Code, Finding, suggestion};
use crate::name::{nearest, slip};
use crate::topology::forms;
use crate::yaml::Span;

/// Check the attributes given at `path`, and that none is missing.
pub(super) fn check(
    checker: &mut Checker<'_>,
    path: &[&str],
    types: &BTreeMap<String, AttributeType>,
    given: &BTreeMap<String, Json>,
    owner: &str,
) -> anyhow::Result<()> {
    given_values(checker, path, types, given, owner)?;
    for (name, _) in types
        .iter()
        .filter(|(name, kind)| kind.required && !given.contains_key(*name))
    {
        // A mistyped name, or one at the wrong level, is told already.
        let is_there = given
            .keys()
            .any(|given| !types.contains_key(given) && slip(given, [name.as_str()]).is_some());
        let mut unknown = checker.topology.unknown.iter();
        if is_there || unknown.any(|unknown| unknown.key == *name && unknown.path.iter().eq(path)) {
            continue;
        }
        let message = format!("the attribute `{name}` of {owner} has no value");
        let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, checker.topology.key_place(path), message);
        checker
            .findings
            .push(finding.hint(format!("add `attributes: {{{name}: …}}`: {}", types[name].help)));
    }
    Ok(())
}

/// Check only what is given: an override leaves the rest as it is.
pub(super) fn given_values(
    checker: &mut Checker<'_>,
    path: &[&str],
    types: &BTreeMap<String, AttributeType>,
    given: &BTreeMap<String, Json>,
    owner: &str,
) -> anyhow::Result<()> {
    for (name, value) in given {
        let mut place: Vec<&str> = path.to_vec();
        place.extend(["attributes", name]);
        let Some(kind) = types.get(name) else {
            let span = checker.topology.key_place(&place);
            let finding = match misplaced::among_attributes(checker, path, name, value)? {
                Some(place) => place.finding(span),
                None => unknown(span, types, name, owner),
            };
            checker.findings.push(finding);
            continue;
        };
        let variables = Given {
            path: &place,
            name,
            of_secrets: of_secrets(types),
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
        } else if let (AttributeKind::Settings, Some(settings)) = (kind.kind, value.as_object()) {
            variables::settings(checker, &variables, settings);
        } else if let (AttributeKind::SecretNames, Some(names)) = (kind.kind, value.as_array()) {
            variables::secret_names(checker, &variables, names);
        } else if kind.kind == AttributeKind::SecretNames && !value.is_null() {
            variables::values_of_secrets(checker, &variables);
        } else if let Some(fact) = kind.mismatch(value) {
            let finding = Finding::new(
                Code::E_TOPOLOGY_SCHEMA,
                checker.topology.place(&place),
                format!("the attribute `{name}` {fact}"),
            );
            checker.findings.push(finding.maybe_hint(advice(kind, value)));
        }
    }
    Ok(())
}

/// The attribute that takes names of secrets.
fn of_secrets(types: &BTreeMap<String, AttributeType>) -> Option<&str> {
    let mut names = types.iter().filter(|(_, kind)| kind.kind == AttributeKind::SecretNames);
    names.next().map(|(name, _)| name.as_str())
}

/// What to write so that a value is of the right type; no value is repeated but a number.
fn advice(kind: &AttributeType, value: &Json) -> Option<String> {
    match (kind.kind, value) {
        (_, Json::Null) => Some("write a value behind the colon, or remove the key".to_owned()),
        (AttributeKind::Integer, value) if value.is_i64() => None,
        (AttributeKind::Integer, value) => Some(number(kind, value)),
        (AttributeKind::Boolean, Json::String(text)) => Some(forms::boolean(text)),
        (AttributeKind::Boolean, Json::Bool(_)) => None,
        (AttributeKind::Boolean, _) => Some("write `true` or `false`".to_owned()),
        (AttributeKind::Quantity, Json::Number(_)) => {
            Some("put it in quotes, with its unit where it has one: `\"512Mi\"`".to_owned())
        }
        (AttributeKind::Duration, Json::Number(_)) => Some("put it in quotes, with its unit: `\"30s\"`".to_owned()),
        (_, Json::Number(_) | Json::Bool(_)) => Some("put it in quotes".to_owned()),
        _ => None,
    }
}

fn number(kind: &AttributeType, value: &Json) -> String {
    let in_range = |number: &i64| {
        kind.range
            .is_none_or(|(least, greatest)| (least..=greatest).contains(number))
    };
    let quoted = value.as_str().is_some_and(|text| text.parse::<i64>().is_ok());
    // `3.0` and `1e2` are whole, and written in another way.
    let whole = value.as_f64().filter(|number| number.fract() == 0.0);
    let whole = whole
        .and_then(|number| format!("{number:.0}").parse().ok())
        .filter(in_range);
    match (whole, kind.range) {
        _ if quoted => "write it without quotes".to_owned(),
        (Some(whole), _) => format!("write `{whole}`"),
        (None, Some((least, greatest))) => format!("write a whole number from {least} to {greatest} in digits"),
        (None, None) => "write a whole number in digits".to_owned(),
    }
}

/// A name that the type does not have; one that is meant for a secret is treated as the secret, so
/// that its value is not shown.
fn unknown(span: Span, types: &BTreeMap<String, AttributeType>, name: &str, owner: &str) -> Finding {
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
