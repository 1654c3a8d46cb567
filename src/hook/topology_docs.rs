//! Values of `hooks/topology_docs`: the stack on one page. Item shapes stand in its hook.yaml.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::markdown::{code, text};
use crate::catalog::Level;
use crate::name::ComponentName;
use crate::stack::{Component, Granting, Link, Stack, SubComponent};
use crate::view::{self, object};

pub(super) fn values(stack: &Stack) -> Json {
    // By name, not by number: a component that comes or goes changes its own lines alone.
    let ids: BTreeMap<&ComponentName, String> = stack
        .components
        .keys()
        .map(|name| (name, format!("c_{}", id(name.as_str()))))
        .collect();
    let links = stack.links.iter();
    let links = links.map(|link| object! { "from": &ids[&link.from], "to": &ids[&link.to], "label": label(link) });
    let components = || stack.components.values();
    let document = object! {
        "stack": &stack.name,
        "domain": &stack.domain,
        "groups": groups(stack, &ids),
        "links": links.collect::<Vec<_>>(),
        "components": components().map(component).collect::<Vec<_>>(),
        "sub_components": components().flat_map(|component| sub_components(stack, component)).collect::<Vec<_>>(),
        "edges": stack.links.iter().map(|link| edge(stack, link)).collect::<Vec<_>>(),
    };
    object! { "documents": vec![document] }
}

fn groups(stack: &Stack, ids: &BTreeMap<&ComponentName, String>) -> Vec<Json> {
    let mut groups: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    for component in stack.components.values() {
        let label = format!("{} ({})", component.name, component.type_name());
        groups
            .entry(&component.group)
            .or_default()
            .push(object! { "id": &ids[&component.name], "label": label });
    }
    let item = |(name, components)| object! { "id": format!("g_{}", id(name)), "name": name, "components": components };
    groups.into_iter().map(item).collect()
}

/// A name as Mermaid takes it for the id of a node; names have no `_` of their own.
fn id(name: &str) -> String {
    name.replace('-', "_")
}

/// The level, and what the link ends at or is for: `read`, `write app_db`, `write bridge`.
fn label(link: &Link) -> String {
    let what = link
        .sub
        .as_ref()
        .map(ToString::to_string)
        .or_else(|| link.kind.suffix.clone());
    let words = [Some(link.level.word().to_owned()), what];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn component(component: &Component) -> Json {
    object! {
        "name": &component.name,
        "type": component.type_name(),
        "namespace": &component.namespace,
        "group": &component.group,
        "endpoint": component.primary_endpoint().map(|endpoint| format!("{}:{}", endpoint.host, endpoint.port)).unwrap_or_default(),
        "deployed": deployed(component),
    }
}

fn deployed(component: &Component) -> String {
    if let Some(external) = &component.external {
        return format!("external: {}", external.stack().unwrap_or("the cluster"));
    }
    component.entry.definition.install.to_string()
}

fn sub_components(stack: &Stack, component: &Component) -> Vec<Json> {
    let users = |name: &crate::name::SubName| {
        let links = stack.uses_of(&component.name, name);
        links.map(|link| link.from.to_string()).collect::<Vec<_>>().join(", ")
    };
    let subs = component.sub_components.values();
    let item = |sub: &SubComponent| {
        object! {
            "component": &component.name,
            "name": &sub.name,
            "type": &sub.sub_type,
            "consumers": users(&sub.name),
        }
    };
    subs.map(item).collect()
}

fn edge(stack: &Stack, link: &Link) -> Json {
    let to = link
        .sub
        .as_ref()
        .map_or_else(|| link.to.to_string(), |sub| format!("{}/{sub}", link.to));
    object! {
        "from": &link.from,
        "to": to,
        "type": link.type_name(),
        "access": link.level.word(),
        "principal": link.principal.clone().unwrap_or_default(),
        "grants": grants(stack, link).iter().map(|line| text(line)).collect::<Vec<_>>().join("<br>"),
        "reaches": reaches(stack, link).join("<br>"),
    }
}

/// Most characters of a line within a cell, and of a word that stands in a line with others.
const LINE: usize = 80;
const WORD: usize = 20;

/// What the link has by its level, in lines; where no data says it, what the level means. By what else than an account of
/// its own stands in front.
fn grants(stack: &Stack, link: &Link) -> Vec<String> {
    let by = match stack.granting(link) {
        Granting::Account | Granting::Deed => None,
        other => Some(other.to_string()),
    };
    let granted = stack.grants_of(link);
    let told = if granted.is_empty() {
        let meanings = &link.kind.interface.definition.levels;
        vec![meanings.get(&link.level).cloned().unwrap_or_default()]
    } else {
        lines(granted)
    };
    by.into_iter().chain(told).collect()
}

/// The closed lists of what the link reaches; one that asks for nothing but an answer reaches none of it.
fn reaches(stack: &Stack, link: &Link) -> Vec<String> {
    if link.level == Level::Probe {
        return Vec::new();
    }
    stack.reach_of(link).iter().filter_map(reached).collect()
}

/// One closed list: ``prefixes `app:`, `adm:` ``.
fn reached((list, names): (&String, &Vec<String>)) -> Option<String> {
    let told: Vec<String> = names.iter().map(|name| code(name)).collect();
    (!told.is_empty()).then(|| format!("{} {}", text(list), told.join(", ")))
}

/// Level data in one line, or in one for each of its values, or for each word where these are long.
fn lines(grants: &Map<String, Json>) -> Vec<String> {
    let whole = view::grants_text(grants);
    if whole.chars().count() <= LINE {
        return vec![whole];
    }
    let of_value = |(name, value): (&String, &Json)| {
        let words = view::grant_words(value);
        let line = format!("{name}: {}", words.join(" "));
        let is_long = line.chars().count() > LINE && words.iter().any(|word| word.chars().count() > WORD);
        match is_long && words.len() > 1 {
            true => {
                let items = words.into_iter().map(|word| format!("- {word}"));
                std::iter::once(format!("{name}:")).chain(items).collect()
            }
            false => vec![line],
        }
    };
    grants.iter().flat_map(of_value).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_level_data_has_lines() {
        for (grants, expected) in [
            (
                json!({ "commands": ["+ping", "+info"], "keys": "read" }),
                vec!["commands: +ping +info; keys: read"],
            ),
            (
                json!({ "allow": vec!["+get"; 20], "keys": "read" }),
                vec![
                    "allow: +get +get +get +get +get +get +get +get +get +get +get +get +get +get +get +get +get +get +get +get",
                    "keys: read",
                ],
            ),
            (
                json!({ "publish": vec!["$JS.API.STREAM.INFO.orders"; 3], "subscribe": ["_INBOX.>"] }),
                vec![
                    "publish:",
                    "- $JS.API.STREAM.INFO.orders",
                    "- $JS.API.STREAM.INFO.orders",
                    "- $JS.API.STREAM.INFO.orders",
                    "subscribe: _INBOX.>",
                ],
            ),
        ] {
            assert_eq!(lines(grants.as_object().unwrap()), expected);
        }
    }
}
