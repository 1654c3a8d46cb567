//! Rule: the type of an attribute says what its values may be, and does not contradict itself.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Held;
use super::names::is_word;
use crate::catalog::value::whole;
use crate::catalog::{AttributeKind, AttributeType, Choice, ComponentType};
use crate::fault::Code::E_CATALOG_ATTRIBUTE;

/// Variables that every component has; an attribute of such a name would never be seen by a pattern.
pub(super) const OF_EVERY_COMPONENT: [&str; 7] = ["name", "type", "namespace", "group", "stack", "domain", "object"];

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    for (name, kind) in &definition.attributes {
        let path = ["attributes", name];
        if OF_EVERY_COMPONENT.contains(&name.as_str()) {
            let fact = format!("`{name}` is a variable of every component already");
            held.blame_key(E_CATALOG_ATTRIBUTE, &path, fact, "give the attribute another name");
        }
        if kind.unique {
            let fact = format!("`unique` of `{name}` says nothing: only sub-components are compared");
            held.blame(E_CATALOG_ATTRIBUTE, &[path[0], path[1], "unique"], fact, "remove it");
        }
        if let Some(slot) = &kind.needs {
            let slots: Vec<&str> = definition.consumes.iter().map(|slot| slot.name.as_str()).collect();
            held.known(E_CATALOG_ATTRIBUTE, &[path[0], path[1], "needs"], slot, &slots, "slot");
        }
        attribute(held, definition, &path, name, kind);
    }
    for (sub, sub_type) in &definition.sub_components {
        if !is_word(sub) {
            let hint = "write a-z, 0-9 and _, and begin with a letter";
            let fact = format!("the name `{sub}` is outside its grammar");
            held.blame_key(E_CATALOG_ATTRIBUTE, &["sub_components", sub], fact, hint);
        }
        for (name, kind) in &sub_type.attributes {
            let path = ["sub_components", sub, "attributes", name];
            if ["sub", "sub_object", "name", "namespace", "object"].contains(&name.as_str()) {
                let fact = format!("`{name}` is a variable of every sub-component already");
                held.blame_key(E_CATALOG_ATTRIBUTE, &path, fact, "give the attribute another name");
            }
            if kind.needs.is_some() {
                let fact =
                    format!("`needs` of `{name}` says nothing: only links that begin at a component are asked for");
                held.blame(
                    E_CATALOG_ATTRIBUTE,
                    &[&path[..], &["needs"]].concat(),
                    fact,
                    "remove it",
                );
            }
            attribute(held, definition, &path, name, kind);
        }
    }
}

/// What people are told of attributes, and what a stack file may give.
pub(super) fn manners(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    for (name, kind) in &definition.attributes {
        of_people(held, &["attributes", name], name, kind);
    }
    for (sub, sub_type) in &definition.sub_components {
        for (name, kind) in &sub_type.attributes {
            of_people(held, &["sub_components", sub, "attributes", name], name, kind);
        }
    }
}

fn of_people(held: &mut Held<'_, ComponentType>, path: &[&str], name: &str, kind: &AttributeType) {
    if kind.help.trim().is_empty() {
        let fact = format!("nobody is told what `{name}` is");
        held.blame_key(E_CATALOG_ATTRIBUTE, path, fact, "add `help:`, one line for people");
    }
    grammar(held, path, name, kind);
}

fn attribute(
    held: &mut Held<'_, ComponentType>,
    owner: &ComponentType,
    path: &[&str],
    name: &str,
    kind: &AttributeType,
) {
    if !is_word(name) {
        let fact = format!("the name `{name}` is outside its grammar");
        held.blame_key(
            E_CATALOG_ATTRIBUTE,
            path,
            fact,
            "write a-z, 0-9 and _, and begin with a letter",
        );
    }
    for (field, fact) in contradictions(kind) {
        held.blame(
            E_CATALOG_ATTRIBUTE,
            &[path, &[field]].concat(),
            format!("`{name}` {fact}"),
            format!("remove `{field}`"),
        );
    }
    choices(held, path, name, kind);
    expressions(held, path, name, kind);
    bounds(held, path, name, kind);
    if let Some(declared) = &kind.declared {
        self::declared(held, &owner.sub_components, path, name, declared);
    }
}

/// A field, whether it contradicts the others, and what is then said.
type Case = (&'static str, bool, &'static str);

/// Fields that mean nothing beside the others.
fn contradictions(kind: &AttributeType) -> impl Iterator<Item = (&'static str, &'static str)> {
    let both = kind.required && kind.default.is_some();
    let cases = [
        ("default", both, "must be given, and has a default"),
        (
            "needs",
            kind.needs.is_some() && kind.default.is_none(),
            "needs a link but for its default, and has none",
        ),
    ];
    let cases = cases.into_iter().chain(of_another_kind(kind)).chain(of_a_secret(kind));
    cases
        .filter(|(_, is_wrong, _)| *is_wrong)
        .map(|(field, _, fact)| (field, fact))
}

fn of_another_kind(kind: &AttributeType) -> [Case; 6] {
    let is_number = kind.kind == AttributeKind::Integer;
    let is_boolean = kind.kind == AttributeKind::Boolean;
    let is_text = !is_number && !is_boolean;
    let (listed, reserved) = (kind.choices.is_some(), !kind.reserved.is_empty());
    [
        (
            "range",
            kind.range.is_some() && !is_number,
            "is no number, and has a range",
        ),
        (
            "unit",
            kind.unit.is_some() && !is_number,
            "is no number, and has a unit",
        ),
        (
            "pattern",
            kind.pattern.is_some() && !is_text,
            "is no text, and has a pattern",
        ),
        ("enum", listed && is_boolean, "is true or false, and lists its values"),
        (
            "range",
            listed && is_number && kind.range.is_some(),
            "lists its values, and has a range",
        ),
        (
            "reserved",
            reserved && !is_text,
            "is no text, and keeps names for itself",
        ),
    ]
}

fn of_a_secret(kind: &AttributeType) -> [Case; 5] {
    let is_plain = kind.kind == AttributeKind::String;
    let cases = [
        ("secret", !is_plain, "is a secret, and not of the type string"),
        (
            "default",
            kind.default.is_some(),
            "is a secret, and has a default for everybody to read",
        ),
        ("required", kind.required, "is a secret, which no stack file may give"),
        (
            "pattern",
            kind.pattern.is_some(),
            "is a secret, which nobody can compare with a pattern",
        ),
        (
            "enum",
            kind.choices.is_some(),
            "is a secret out of a list that everybody can read",
        ),
    ];
    cases.map(|(field, is_wrong, fact)| (field, kind.secret && is_wrong, fact))
}

/// Text that a person writes reaches templates, so each attribute says what it may hold.
fn grammar(held: &mut Held<'_, ComponentType>, path: &[&str], name: &str, kind: &AttributeType) {
    let is_text = kind.kind == AttributeKind::String && !kind.secret;
    if is_text && kind.pattern.is_none() && kind.choices.is_none() {
        let fact = format!("`{name}` takes any text, which reaches templates");
        held.blame_key(E_CATALOG_ATTRIBUTE, path, fact, "give it a `pattern` or an `enum`");
    }
}

/// Values that are listed are of the attribute's own type.
fn choices(held: &mut Held<'_, ComponentType>, path: &[&str], name: &str, kind: &AttributeType) {
    let place = [path, &["enum"]].concat();
    let is_number = match kind.kind {
        AttributeKind::Boolean => return,
        AttributeKind::Integer => true,
        _ => false,
    };
    let choices = kind.choices.iter().flatten();
    let other = choices
        .clone()
        .find(|choice| matches!(choice, Choice::Number(_)) != is_number);
    match (other, is_number) {
        (Some(other), true) => {
            let fact = format!("`{name}` is an integer, and one of its values is the text `{other}`");
            held.blame(
                E_CATALOG_ATTRIBUTE,
                &place,
                fact,
                "write numbers without quotes, or a `range`",
            );
        }
        (Some(other), false) => {
            let fact = format!("`{name}` is a text, and one of its values is the number {other}");
            held.blame(
                E_CATALOG_ATTRIBUTE,
                &place,
                fact,
                "put it in quotes, or write `type: integer`",
            );
        }
        (None, _) if kind.choices.is_some() && choices.count() == 0 => {
            let fact = format!("`{name}` has no legal value");
            held.blame(E_CATALOG_ATTRIBUTE, &place, fact, "list its values");
        }
        (None, _) => {}
    }
}

fn expressions(held: &mut Held<'_, ComponentType>, path: &[&str], name: &str, kind: &AttributeType) {
    let mut broken = Vec::new();
    if let Some(Err(error)) = kind.pattern.as_ref().map(|pattern| whole(pattern)) {
        broken.push(([path, &["pattern"]].concat(), "pattern", error));
    }
    let positions: Vec<String> = (0..kind.reserved.len()).map(|position| position.to_string()).collect();
    for (position, expression) in positions.iter().zip(&kind.reserved) {
        if let Err(error) = whole(expression) {
            broken.push(([path, &["reserved", position]].concat(), "reserved", error));
        }
    }
    for (path, field, error) in broken {
        let fact = format!("`{field}` of `{name}` is no regular expression: {error}");
        held.blame(
            E_CATALOG_ATTRIBUTE,
            &path,
            fact,
            "it is matched as a whole, without `^` and `$`",
        );
    }
}

fn bounds(held: &mut Held<'_, ComponentType>, path: &[&str], name: &str, kind: &AttributeType) {
    if let Some((least, greatest)) = kind.range.filter(|(least, greatest)| least > greatest) {
        let fact = format!("no number is at least {least} and at most {greatest}");
        held.blame(
            E_CATALOG_ATTRIBUTE,
            &[path, &["range"]].concat(),
            fact,
            "write the lesser first",
        );
    }
    // What a pattern makes of a default shows when a stack is made.
    let default = kind
        .default
        .as_ref()
        .filter(|default| !is_pattern(default) && !kind.secret);
    if let Some(fact) = default
        .filter(|_| !is_broken(kind))
        .and_then(|default| kind.mismatch(default))
    {
        let fact = format!("the default of `{name}` {fact}");
        held.blame(
            E_CATALOG_ATTRIBUTE,
            &[path, &["default"]].concat(),
            fact,
            "give a default that a stack file could give",
        );
    }
}

/// Whether no value can fit, which is told once.
pub(super) fn is_broken(kind: &AttributeType) -> bool {
    let is_of_kind = |choice: &Choice| matches!(choice, Choice::Number(_)) == (kind.kind == AttributeKind::Integer);
    kind.choices.iter().flatten().any(|choice| !is_of_kind(choice))
        || kind.pattern.as_ref().is_some_and(|pattern| whole(pattern).is_err())
        || kind.range.is_some_and(|(least, greatest)| least > greatest)
}

fn is_pattern(default: &Json) -> bool {
    default.as_str().is_some_and(|text| text.contains('{'))
}

/// The sub-component type whose values this attribute repeats, and its attribute of the same name.
fn declared(
    held: &mut Held<'_, ComponentType>,
    subs: &BTreeMap<String, crate::catalog::SubComponentType>,
    path: &[&str],
    name: &str,
    declared: &str,
) {
    let place = [path, &["declared"]].concat();
    let known: Vec<&str> = subs.keys().map(String::as_str).collect();
    let Some(sub) = subs.get(declared) else {
        held.known(E_CATALOG_ATTRIBUTE, &place, declared, &known, "sub-component type");
        return;
    };
    if !sub.attributes.contains_key(name) {
        let fact = format!("`{declared}` has no attribute `{name}` whose values could be repeated");
        held.blame(
            E_CATALOG_ATTRIBUTE,
            &place,
            fact,
            format!("give `{declared}` an attribute `{name}`"),
        );
    }
}
