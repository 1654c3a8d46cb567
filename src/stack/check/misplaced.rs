//! Rule: keys stand where they belong; one that is an attribute, a sub-component or a component is told
//! its place.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Checker;
use crate::catalog::{AttributeType, ComponentType};
use crate::finding::{Code, Finding};
use crate::name::nearest;
use crate::topology::{UnknownKey, forms};

/// Keys of a component.
const OF_COMPONENT: [&str; 6] = ["type", "namespace", "group", "attributes", "sub_components", "external"];

/// What a key is, and where it belongs.
pub(super) struct Place {
    fact: String,
    hint: String,
    /// Whether its value is one that must not be shown.
    is_secret: bool,
}

impl Place {
    fn new(fact: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            fact: fact.into(),
            hint: hint.into(),
            is_secret: false,
        }
    }

    pub(super) fn finding(self, span: crate::yaml::Span) -> Finding {
        let code = if self.is_secret {
            Code::E_TOPOLOGY_SECRET
        } else {
            Code::E_TOPOLOGY_SCHEMA
        };
        Finding::new(code, span, self.fact).hint(self.hint)
    }
}

pub(super) fn check(checker: &mut Checker<'_>) -> anyhow::Result<()> {
    for unknown in &checker.topology.unknown {
        let finding = match place(checker, unknown)? {
            Some(place) => place.finding(unknown.span),
            None => unknown.finding(),
        };
        checker.findings.push(finding);
    }
    Ok(())
}

fn place(checker: &Checker<'_>, unknown: &UnknownKey) -> anyhow::Result<Option<Place>> {
    let path: Vec<&str> = unknown.path.iter().map(String::as_str).collect();
    let components = &checker.topology.document.components;
    let key = unknown.key.as_str();
    Ok(match path.as_slice() {
        [] => beside_components(unknown),
        ["components", name] => match type_of(checker, name)? {
            Some(kind) => of_component(unknown, &kind.definition),
            None => section(key),
        },
        ["components", name, "sub_components", sub] => {
            let document = components
                .get(*name)
                .and_then(|component| component.sub_components.get(*sub));
            let kind = type_of(checker, name)?;
            let sub_kind = kind
                .as_ref()
                .zip(document)
                .and_then(|(kind, sub)| kind.definition.sub_components.get(&sub.sub_type));
            sub_kind.and_then(|sub_kind| attribute(unknown, &sub_kind.attributes, sub))
        }
        ["environments", _] if components.contains_key(key) => Some(Place::new(
            format!("the component `{key}` stands beside `components`, not below it"),
            format!("write `components: {{{key}: {{attributes: {{…}}}}}}`"),
        )),
        ["environments", _, "components", name] => match type_of(checker, name)? {
            Some(kind) => attribute(unknown, &kind.definition.attributes, name),
            None => None,
        },
        ["links", _] if components.contains_key(key) => Some(Place::new(
            "a link names its ends with `from` and `to`".to_owned(),
            format!("write `{{from: {key}, to: <component>}}`"),
        )),
        _ => None,
    })
}

fn type_of(
    checker: &Checker<'_>,
    component: &str,
) -> anyhow::Result<Option<std::rc::Rc<crate::catalog::Entry<ComponentType>>>> {
    match checker.topology.document.components.get(component) {
        Some(component) => checker.catalog.component_type(&component.component_type),
        None => Ok(None),
    }
}

/// A component at the left margin, or what only a component or a link has.
fn beside_components(unknown: &UnknownKey) -> Option<Place> {
    let key = &unknown.key;
    if unknown.value.get("type").is_some() {
        return Some(Place::new(
            format!("`{key}` looks like a component, and stands beside `components`"),
            "indent it, so that it stands below `components:`",
        ));
    }
    if OF_COMPONENT.contains(&key.as_str()) {
        return Some(Place::new(
            format!("`{key}` is a key of a component"),
            format!("write it below its component: `components: {{<name>: {{{key}: …}}}}`"),
        ));
    }
    ["from", "to"].contains(&key.as_str()).then(|| {
        Place::new(
            format!("`{key}` is a key of a link"),
            "write the link below `links:`: `- {from: <component>, to: <component>}`",
        )
    })
}

fn of_component(unknown: &UnknownKey, kind: &ComponentType) -> Option<Place> {
    let key = &unknown.key;
    if let Some(place) = section(key).or_else(|| attribute(unknown, &kind.attributes, &kind.name)) {
        return Some(place);
    }
    sub_component(key, &unknown.value, kind)
}

/// A section of the stack that is indented into a component.
fn section(key: &str) -> Option<Place> {
    forms::SECTIONS.contains(&key).then(|| {
        Place::new(
            format!("`{key}` is a key of the stack, not of a component"),
            format!("move `{key}` to the left margin"),
        )
    })
}

/// An attribute that stands one level too high.
fn attribute(unknown: &UnknownKey, types: &BTreeMap<String, AttributeType>, owner: &str) -> Option<Place> {
    let key = unknown.key.as_str();
    let near = || nearest(key, types.keys().map(String::as_str));
    // What could be anything else is no attribute with a slip in it.
    let near = || near().filter(|_| !unknown.value.is_object() && nearest(key, known(unknown)).is_none());
    let name = types.get_key_value(key).map(|(name, _)| name.as_str()).or_else(near)?;
    let fact = if name == key {
        format!("`{key}` is an attribute of `{owner}`, and stands one level too high")
    } else {
        format!("the key `{key}` is not known here")
    };
    if types[name].secret {
        let hint = format!("remove it: `{name}` is a secret and takes no value in the stack file");
        return Some(Place {
            is_secret: true,
            ..Place::new(fact, hint)
        });
    }
    let value = match &unknown.value {
        Json::Number(number) => number.to_string(),
        Json::Bool(value) => value.to_string(),
        _ => "…".to_owned(),
    };
    let meant = if name == key { "" } else { "if the attribute is meant: " };
    Some(Place::new(
        fact,
        format!("{meant}write `attributes: {{{name}: {value}}}`"),
    ))
}

fn known(unknown: &UnknownKey) -> impl Iterator<Item = &str> {
    unknown.known.iter().map(String::as_str)
}

/// A sub-component that stands one level too high, or the name of its type in its place.
fn sub_component(key: &str, value: &Json, kind: &ComponentType) -> Option<Place> {
    let types = &kind.sub_components;
    let given = value.get("type").and_then(Json::as_str);
    let given = given.filter(|name| types.contains_key(*name));
    let named = types
        .keys()
        .find(|name| key == *name || key.strip_suffix('s') == Some(name.as_str()));
    match (given, named) {
        (Some(sub_type), _) => Some(Place::new(
            format!("`{key}` is a sub-component, and stands one level too high"),
            format!("write `sub_components: {{{key}: {{type: {sub_type}}}}}`"),
        )),
        (None, Some(sub_type)) => Some(Place::new(
            format!("the key `{key}` is not known here: a {sub_type} is a sub-component"),
            format!("write `sub_components: {{<name>: {{type: {sub_type}}}}}`"),
        )),
        (None, None) => None,
    }
}

/// Where a name among the attributes at `path` belongs, when it is none.
pub(super) fn among_attributes(
    checker: &Checker<'_>,
    path: &[&str],
    name: &str,
    value: &Json,
) -> anyhow::Result<Option<Place>> {
    let component = match path {
        ["components", component, ..] => component,
        ["environments", _, "components", component] => component,
        _ => return Ok(None),
    };
    let Some(kind) = type_of(checker, component)? else {
        return Ok(None);
    };
    if path[0] == "components" && OF_COMPONENT.contains(&name) {
        return Ok(Some(Place::new(
            format!("`{name}` is no attribute, and stands one level too deep"),
            format!("write `{name}:` beside `attributes:`"),
        )));
    }
    if path.len() > 2 && path[0] == "components" {
        let belongs = kind.definition.attributes.contains_key(name);
        return Ok(belongs.then(|| {
            Place::new(
                format!("`{name}` is an attribute of `{component}` itself"),
                format!("write it below `components.{component}.attributes`"),
            )
        }));
    }
    let mut subs = kind.definition.sub_components.iter();
    let owner = subs
        .find(|(_, sub)| sub.attributes.contains_key(name))
        .map(|(name, _)| name);
    let of_sub = owner.map(|owner| {
        Place::new(
            format!("`{name}` is an attribute of a {owner}, not of `{component}`"),
            format!("write `sub_components: {{<name>: {{type: {owner}, attributes: {{{name}: …}}}}}}`"),
        )
    });
    Ok(of_sub.or_else(|| sub_component(name, value, &kind.definition)))
}
