//! Rule: variables that a stack file gives a program have names that it can read, steer no process, and show nobody a secret.
//!
//! Who else sets one of them is known when the stack is built: `taken_variables`.

use serde_json::Value as Json;

use super::Checker;
use crate::catalog::check::steered;
use crate::catalog::{AttributeKind, AttributeType, ComponentType, variable};
use crate::finding::{Code, Finding};

/// An attribute of the type whose value is variables.
pub(super) struct Given<'a> {
    /// Where its value stands.
    pub(super) path: &'a [&'a str],
    pub(super) name: &'a str,
    /// The attribute that takes names of secrets, where the type has one.
    pub(super) of_secrets: Option<&'a str>,
}

/// Check the settings of `given`, which are a map.
pub(super) fn settings(checker: &mut Checker<'_>, given: &Given<'_>, settings: &serde_json::Map<String, Json>) {
    for (variable, value) in settings {
        let path = [given.path, &[variable]].concat();
        let (key, place) = (checker.topology.key_place(&path), checker.topology.place(&path));
        let finding = if variable::is_secret(variable, value) {
            Finding::new(
                Code::E_TOPOLOGY_SECRET,
                key,
                format!("`{variable}` has a value that everybody would read"),
            )
            .hint(given.way_of_secrets(variable))
        } else if !variable::is_name(variable) {
            Finding::new(
                Code::E_TOPOLOGY_NAME,
                key,
                format!("`{variable}` is no name of a variable"),
            )
            .hint(format!("write letters, digits and _: `{}`", legal(variable)))
        } else if let Some(finding) = steering(key, variable) {
            finding
        } else if let Some(fact) = variable::value_mismatch(value) {
            Finding::new(Code::E_TOPOLOGY_SCHEMA, place, format!("`{variable}` {fact}")).maybe_hint(advice(value))
        } else {
            continue;
        };
        checker.findings.push(finding);
    }
}

/// Check the names of secrets of `given`, which are a list.
pub(super) fn secret_names(checker: &mut Checker<'_>, given: &Given<'_>, names: &[Json]) {
    let names: Vec<&str> = names.iter().map(|name| name.as_str().unwrap_or_default()).collect();
    if let Some(position) = names.iter().position(|name| !variable::is_name(name)) {
        // It may be a value: no more is shown of the list.
        let span = checker.topology.key_place(given.path);
        let fact = format!("item {} of `{}` is no name of a variable", position + 1, given.name);
        let hint = "write the name alone, of letters, digits and _; a value that stood here is to be changed where it was used";
        checker
            .findings
            .push(Finding::new(Code::E_TOPOLOGY_SECRET, span, fact).hint(hint));
        return;
    }
    for (position, name) in names.iter().enumerate() {
        let place = checker.topology.place(&[given.path, &[&position.to_string()]].concat());
        let twice = || {
            let fact = format!("`{name}` stands twice in `{}`", given.name);
            Finding::new(Code::E_TOPOLOGY_COLLISION, place, fact).hint("remove one of the two")
        };
        let finding = steering(place, name).or_else(|| names[..position].contains(name).then(twice));
        checker.findings.extend(finding);
    }
}

/// Names of secrets with something behind them, which is not shown.
pub(super) fn values_of_secrets(checker: &mut Checker<'_>, given: &Given<'_>) {
    let span = checker.topology.key_place(given.path);
    let fact = format!("`{}` lists names, and takes no values", given.name);
    let hint = format!(
        "write `{}: [NAME]`; `gen` seeds a `secret/` file that names the key, and a value that stood here is to be changed \
         where it was used",
        given.name
    );
    checker
        .findings
        .push(Finding::new(Code::E_TOPOLOGY_SECRET, span, fact).hint(hint));
}

/// An environment has no names of secrets of its own: its pods read the Secret of all environments. Nor has it a convention,
/// which the names of keys follow.
pub(super) fn no_overrides(checker: &mut Checker<'_>, path: &[&str], kind: &ComponentType) {
    let names_keys =
        |name: &str, one: &AttributeType| one.kind == AttributeKind::SecretNames || kind.choosing() == Some(name);
    for (name, _) in kind.attributes.iter().filter(|(name, one)| names_keys(name, one)) {
        let place = [path, &["attributes", name]].concat();
        if checker.topology.holds(&place) {
            let fact = format!("`{name}` is the same in all environments");
            let span = checker.topology.key_place(&place);
            let finding = Finding::new(Code::E_TOPOLOGY_ENV, span, fact);
            checker
                .findings
                .push(finding.hint("write it at the component: one file has the keys of all environments"));
        }
    }
}

/// What a program loads and runs is for its image to say, where a scanner looks.
fn steering(span: crate::yaml::Span, variable: &str) -> Option<Finding> {
    let who = steered(variable)?;
    let fact = format!("`{variable}` steers {who}: what is loaded or run, or where traffic goes");
    let hint = "set it in the image, where a scanner looks, or take a name that only the application reads";
    Some(Finding::new(Code::E_TOPOLOGY_NAME, span, fact).hint(hint))
}

impl Given<'_> {
    fn way_of_secrets(&self, variable: &str) -> String {
        let way = match self.of_secrets {
            Some(attribute) => format!("write `{attribute}: [{variable}]` in its place"),
            None => "remove it".to_owned(),
        };
        format!("{way}, and change the value where it was used; what is no secret takes another name")
    }
}

fn advice(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some("write a value behind the colon, or remove the key".to_owned()),
        Json::Number(_) | Json::Bool(_) => Some("put it in quotes".to_owned()),
        _ => None,
    }
}

/// The name that was meant.
fn legal(name: &str) -> String {
    let legal = name
        .chars()
        .map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '_' });
    let name: String = legal.take(128).collect();
    match name.starts_with(|first: char| first.is_ascii_digit()) || name.is_empty() {
        true => format!("_{name}"),
        false => name,
    }
}
