//! A picture of a checked stack.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::model::{Change, Graph, Link, Node, Part, View};
use super::view::{Choice, watches};
use crate::catalog::{ComponentType, Entry, Role};
use crate::stack::{Component, Link as StackLink, Stack};

/// The view of a stack; `types` are all of the catalog, and `makes` tells what a link makes.
#[must_use]
pub fn of(
    stack: &Stack,
    view: View,
    types: &[Rc<Entry<ComponentType>>],
    makes: &mut dyn FnMut(&StackLink) -> Vec<String>,
) -> Graph {
    let choice = Choice::new(stack, view, types);
    let shown: Vec<&StackLink> = stack.links.iter().filter(|link| choice.has(link)).collect();
    let ends: BTreeSet<_> = shown.iter().flat_map(|link| [&link.from, &link.to]).collect();
    let components = stack.components.values();
    let nodes = components.filter(|component| ends.contains(&component.name) || choice.keeps(component));
    let nodes = nodes.map(|component| node(stack, component)).collect();
    let links = shown.into_iter().map(|one| link(stack, one, makes(one)));
    Graph {
        stack: stack.name.to_string(),
        view,
        nodes,
        links: links.collect(),
        is_compared: false,
    }
}

fn node(stack: &Stack, component: &Component) -> Node {
    let parts = component.sub_components.values().map(|sub| Part {
        name: sub.name.to_string(),
        kind: sub.sub_type.clone(),
        change: Change::Same,
    });
    let external = component.external.as_ref().map(|external| match external.stack() {
        Some(stack) => format!("stack {stack}"),
        None => "the cluster".to_owned(),
    });
    Node {
        name: component.name.to_string(),
        kind: component.type_name().to_owned(),
        title: component.entry.definition.title.clone(),
        group: component.group.clone(),
        parts: parts.collect(),
        external,
        notes: notes(stack, component),
        is_server: component.has_role(Role::McpServer),
        change: Change::Same,
    }
}

/// An agent runs checks for whoever may ask it: how far these reach no view of an AI's links shows.
fn notes(stack: &Stack, component: &Component) -> Vec<String> {
    let checked: BTreeSet<_> = stack.links_from(&component.name).map(|link| &link.to).collect();
    let noun = if checked.len() == 1 { "component" } else { "components" };
    let note = format!("its checks reach {} {noun}", checked.len());
    let is_agent = component.has_role(Role::Agent) && !checked.is_empty();
    is_agent.then_some(note).into_iter().collect()
}

fn link(stack: &Stack, link: &StackLink, makes: Vec<String>) -> Link {
    let named = |is_secret: bool| {
        let own = link.env.iter().filter(move |key| key.value.is_none() == is_secret);
        own.map(|key| key.key.clone())
    };
    let delivered = link.delivered.iter().map(|secret| format!("Secret {}", secret.name));
    let secrets: BTreeSet<String> = named(true).chain(delivered).collect();
    let is_server = stack.component(&link.from).has_role(Role::McpServer);
    Link {
        from: link.from.to_string(),
        from_part: link.from_sub.as_ref().map(ToString::to_string),
        to: link.to.to_string(),
        to_part: link.sub.as_ref().map(ToString::to_string),
        kind: link.type_name().to_owned(),
        interface: link.kind.interface_name().to_owned(),
        title: link.kind.title.clone(),
        level: link.level,
        is_ai: is_server && link.kind.tools.is_some(),
        is_watch: watches(link),
        account: link.principal.clone(),
        settings: named(false).collect::<BTreeSet<_>>().into_iter().collect(),
        secrets: secrets.into_iter().collect(),
        makes,
        before: None,
        change: Change::Same,
    }
}
