//! The smallest stacks: one component alone, one with a sub-component of each kind, and two that are linked.
//!
//! Types go in, the text of a stack file comes out, so that what follows is what a person's stack goes through.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::example::matching;
use crate::catalog::{AttributeKind, AttributeType, ComponentType, LegalLink, Level, Role};
use crate::topology::Source;

/// The one component of the stack.
pub(super) const NAME: &str = "trial";
/// The two components of a link.
pub(super) const CONSUMER: &str = "consumer";
pub(super) const PROVIDER: &str = "provider";
/// Others of the same types beside them.
const SECOND: &str = "second";
const OTHER: &str = "other";
/// What a link of the provider ends at.
const CHANGING: &str = "changing";
/// What publishes the two.
const GATEWAY: &str = "gateway";

/// How a link is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn<'a> {
    pub(super) level: Level,
    /// Whether its keys have a prefix of their own.
    pub(super) has_env: bool,
    pub(super) provider: Provider,
    /// A link of the provider that changes what it provides.
    pub(super) change: Option<&'a LegalLink>,
    /// The links by which gateways publish the consumer and the provider, where the link needs that.
    pub(super) gateways: [Option<&'a LegalLink>; 2],
}

/// What a link ends at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    /// A component with a sub-component of each kind.
    Whole,
    /// A component without any.
    Bare,
    /// A component of another stack.
    External,
    /// The same as a whole one, which a second consumer uses as well, beside another provider where it can use two.
    Shared,
}

impl Drawn<'_> {
    pub(super) fn with(self, provider: Provider) -> Self {
        Self { provider, ..self }
    }
}

/// The stacks to try a type with, the smaller first.
pub(super) fn alone(kind: &ComponentType) -> Vec<Source> {
    let mut components = vec![component(kind, Map::new())];
    if !kind.sub_components.is_empty() {
        components.push(component(kind, subs(kind)));
    }
    let name = format!("the smallest stack of `{}`", kind.name);
    let sources = components.into_iter();
    sources
        .map(|component| stack(&name, json!({ NAME: component }), &[], &[kind]))
        .collect()
}

/// The stack of a component that lives in another stack.
pub(super) fn elsewhere(kind: &ComponentType) -> Source {
    let name = format!("the smallest stack of an external `{}`", kind.name);
    stack(&name, json!({ NAME: external(kind) }), &[], &[])
}

/// The stack of a link.
pub(super) fn linked(link: &LegalLink, drawn: Drawn<'_>) -> Source {
    let (components, links, types) = drawn_stack(link, drawn);
    let name = format!("the smallest stack of a link `{}`", link.kind.name);
    stack(&name, components, &links, &types)
}

/// The same stack without the link.
pub(super) fn unlinked(link: &LegalLink, drawn: Drawn<'_>) -> Source {
    let (components, links, types) = drawn_stack(link, drawn);
    let name = format!("the smallest stack without a link `{}`", link.kind.name);
    stack(&name, components, links.get(1..).unwrap_or_default(), &types)
}

/// Components, links (the one that it is about first), and types.
fn drawn_stack<'a>(link: &'a LegalLink, drawn: Drawn<'a>) -> (Json, Vec<Json>, Vec<&'a ComponentType>) {
    let (from, to, kind) = (&link.from.definition, &link.to.definition, &link.kind);
    let begins_at = kind.slot.begins_at.as_deref();
    let consumer = component(from, begins_at.map(|_| subs(from)).unwrap_or_default());
    let mut provider = match drawn.provider {
        Provider::Whole | Provider::Shared => component(to, subs(to)),
        Provider::Bare => component(to, Map::new()),
        Provider::External => external(to),
    };
    if from.name == to.name {
        provider = in_namespace(provider, PROVIDER);
    }
    let drawing = |from: &str, to: &str, env: Option<&str>| {
        let mut drawing = json!({
            "from": end(from, begins_at),
            "to": end(to, kind.sub_component.as_deref()),
            "type": kind.name,
            "access": drawn.level,
            "with": attributes(&kind.slot.with, &link.from.definition),
        });
        if let Some(env) = env {
            drawing["env"] = json!(env);
        }
        drawing
    };
    let mut components = json!({ CONSUMER: &consumer, PROVIDER: &provider });
    let mut links = vec![drawing(CONSUMER, PROVIDER, drawn.has_env.then_some("TRIAL"))];
    if drawn.provider == Provider::Shared {
        components[SECOND] = in_namespace(consumer, SECOND);
        links.push(drawing(SECOND, PROVIDER, None));
        if !kind.slot.single {
            components[OTHER] = in_namespace(provider, OTHER);
            links.push(drawing(SECOND, OTHER, kind.has_keys().then_some("OTHER")));
        }
    }
    let mut types = vec![from, to];
    if let Some(change) = drawn.change {
        let (target, kind) = (&change.to.definition, &change.kind);
        components[CHANGING] = component(target, subs(target));
        let to = end(CHANGING, kind.sub_component.as_deref());
        links.push(json!({ "from": PROVIDER, "to": to, "type": kind.name }));
        types.push(target);
    }
    for (publishing, end) in drawn.gateways.iter().zip([CONSUMER, PROVIDER]) {
        let Some(publishing) = publishing else { continue };
        // What lives in another stack is published there.
        if end == PROVIDER && drawn.provider == Provider::External {
            continue;
        }
        let (gateway, kind) = (&publishing.from.definition, &publishing.kind);
        components[GATEWAY] = component(gateway, Map::new());
        types.push(gateway);
        let beside = if end == CONSUMER { SECOND } else { OTHER };
        for name in [end, beside].into_iter().filter(|name| components.get(name).is_some()) {
            links.push(json!({ "from": GATEWAY, "to": name, "type": kind.name, "access": kind.default_level() }));
        }
    }
    (components, links, types)
}

/// Several of a type whose objects have fixed names live apart.
fn in_namespace(mut component: Json, name: &str) -> Json {
    component["namespace"] = json!(name);
    component
}

/// What the types need the cluster has already; a delivery gets something to read.
fn stack(name: &str, mut components: Json, links: &[Json], types: &[&ComponentType]) -> Source {
    for needed in types.iter().flat_map(|kind| kind.all_needs()) {
        components[format!("needed-{}", needed.replace('_', "-"))] = json!({ "type": needed, "external": {} });
    }
    let mut stack = json!({
        "apiVersion": "stacktic.io/v1",
        "kind": "Stack",
        "name": "trial",
        "domain": "trial.example.com",
        "components": components,
        "links": links,
    });
    if types.iter().any(|kind| kind.roles.contains(&Role::Delivery)) {
        stack["gitops"] = json!({ "repository": "https://git.example.com/trial.git" });
    }
    Source {
        name: name.to_owned(),
        text: format!("{stack:#}\n"),
    }
}

fn component(kind: &ComponentType, subs: Map<String, Json>) -> Json {
    json!({
        "type": kind.name,
        "attributes": attributes(&kind.attributes, kind),
        "sub_components": subs,
    })
}

fn external(kind: &ComponentType) -> Json {
    let mut component = component(kind, subs(kind));
    component["external"] = json!({ "stack": "elsewhere", "host": "provider.example.com" });
    component
}

/// A sub-component of each kind.
fn subs(kind: &ComponentType) -> Map<String, Json> {
    let subs = kind.sub_components.iter().map(|(name, sub)| {
        let attributes = attributes(&sub.attributes, kind);
        (sub_name(name), json!({ "type": name, "attributes": attributes }))
    });
    subs.collect()
}

fn sub_name(kind: &str) -> String {
    kind.replace('_', "-")
}

/// An end of a link, as a stack file has it.
fn end(component: &str, sub: Option<&str>) -> String {
    match sub {
        Some(kind) => format!("{component}/{}", sub_name(kind)),
        None => component.to_owned(),
    }
}

/// Values of what must be given, and of what others repeat.
fn attributes(types: &BTreeMap<String, AttributeType>, kind: &ComponentType) -> Map<String, Json> {
    let wanted = types
        .iter()
        .filter(|(name, one)| !one.secret && (one.required || one.kind.is_of_variables() || is_repeated(name, kind)));
    wanted
        .map(|(name, one)| (name.clone(), value(name, one, kind)))
        .collect()
}

/// Whether an attribute repeats the values of others of this name, or is repeated by them.
fn is_repeated(name: &str, kind: &ComponentType) -> bool {
    kind.sub_components
        .values()
        .any(|sub| sub.attributes.get(name).is_some_and(|one| one.declared.is_some()))
}

fn value(name: &str, one: &AttributeType, kind: &ComponentType) -> Json {
    // A value that is repeated is that of the first, whatever the second would let in.
    let first = one
        .declared
        .as_ref()
        .and_then(|sub| kind.sub_components.get(sub)?.attributes.get(name));
    let one = first.unwrap_or(one);
    match one.kind {
        AttributeKind::Integer => match one.choices.iter().flatten().next() {
            Some(first) => json!(first),
            None => json!(one.range.map_or(1, |(least, _)| least)),
        },
        AttributeKind::Boolean => json!(true),
        AttributeKind::Settings => json!({ "TRIAL": "trial" }),
        AttributeKind::SecretNames => json!(["TRIAL_TOKEN"]),
        AttributeKind::Ends | AttributeKind::Linked => json!([]),
        _ => json!(text(one)),
    }
}

fn text(one: &AttributeType) -> String {
    let listed = one.choices.iter().flatten().next().map(ToString::to_string);
    let made = one.pattern.as_ref().map(|pattern| matching(pattern));
    let usual = match one.kind {
        AttributeKind::Quantity => "1Gi",
        AttributeKind::Duration => "30s",
        AttributeKind::Hostname => "host.example.com",
        AttributeKind::Date => "2030-12-31",
        AttributeKind::Image => "registry.example.com/trial:1.0.0",
        _ => "trial",
    };
    let candidates = listed.into_iter().chain([usual.to_owned()]).chain(made.clone());
    let fitting = candidates.into_iter().find(|text| one.mismatch(&json!(text)).is_none());
    fitting.or(made).unwrap_or_else(|| usual.to_owned())
}
