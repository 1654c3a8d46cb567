//! Random stacks and queries for the properties.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

use super::support::{component, link, stack, sub};

const TYPES: [&str; 3] = ["kafka", "cnpg", "web"];
const NAMESPACES: [&str; 3] = ["db", "app", "ai"];
const GROUPS: [&str; 2] = ["backend", "data"];
pub(super) const FIELDS: [&str; 10] = [
    "name",
    "type",
    "component",
    "namespace",
    "group",
    "port",
    "is_external",
    "replicas",
    "label",
    "open",
];
pub(super) const LINK_FIELDS: [&str; 4] = ["link", "from", "to", "write_access"];
pub(super) const TARGETS: [&str; 5] = ["component", "attributes", "sub_components", "links_to", "links_from"];

/// A stack in which every attribute of the queries stands somewhere.
pub(super) fn stacks() -> impl Strategy<Value = Json> {
    (1_usize..12)
        .prop_flat_map(|count| {
            let links = prop::collection::vec((0..count, 0..count, any::<bool>()), 0..20);
            (prop::collection::vec(components(), count), links)
        })
        .prop_map(|(parts, ends)| {
            let components: Vec<Json> = parts
                .iter()
                .enumerate()
                .map(|(number, part)| named(number, part))
                .collect();
            let links: Vec<Json> = ends
                .iter()
                .map(|(from, to, sub)| joined(&components, *from, *to, *sub))
                .collect();
            let mut known = component("zz", "web", "app", "backend", json!({}));
            known["attributes"] = json!({"replicas": 1, "label": "l", "open": true, "token": {"secret": true}});
            known["sub_components"] = json!([sub("s", "topic", &[], json!({"label": "x", "token": {"secret": true}}))]);
            stack(&[components, vec![known]].concat(), &links)
        })
}

/// Type, namespace, group, attributes, names of sub-components.
type Part = (&'static str, &'static str, &'static str, Json, Vec<String>);

fn components() -> impl Strategy<Value = Part> {
    let subs = prop::collection::btree_set("[a-c]{1,2}", 0..4).prop_map(|names| names.into_iter().collect());
    (
        select(&TYPES[..]),
        select(&NAMESPACES[..]),
        select(&GROUPS[..]),
        attributes(),
        subs,
    )
}

fn attributes() -> impl Strategy<Value = Json> {
    let replicas = prop::option::of(0_u64..4);
    let label = prop::option::of("[ab]{0,3}");
    (replicas, label, prop::option::of(any::<bool>()), any::<bool>()).prop_map(|(replicas, label, open, token)| {
        let mut found = Map::new();
        found.extend(replicas.map(|value| ("replicas".to_owned(), json!(value))));
        found.extend(label.map(|value| ("label".to_owned(), json!(value))));
        found.extend(open.map(|value| ("open".to_owned(), json!(value))));
        found.extend(token.then(|| ("token".to_owned(), json!({"secret": true}))));
        found.into()
    })
}

fn named(number: usize, (kind, namespace, group, attributes, subs): &Part) -> Json {
    let subs: Vec<Json> = subs
        .iter()
        .map(|name| sub(name, "topic", &[], json!({"label": name, "token": {"secret": true}})))
        .collect();
    let more = json!({"attributes": attributes, "sub_components": subs, "port": 80 + number});
    component(&format!("c{number}"), kind, namespace, group, more)
}

fn joined(components: &[Json], from: usize, to: usize, with_sub: bool) -> Json {
    let sub = components[to]["sub_components"][0]["name"]
        .as_str()
        .filter(|_| with_sub);
    let name = |id: usize| components[id]["name"].as_str().unwrap();
    link(
        name(from),
        name(to),
        if with_sub { "web-kafka_topic" } else { "web-kafka" },
        sub,
    )
}

pub(super) fn sources() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("all".to_owned()),
        1 => Just("zz".to_owned()),
        1 => Just("c0".to_owned()),
        1 => Just("type:web".to_owned()),
        1 => Just("namespace:app".to_owned()),
        1 => Just("group:backend".to_owned()),
    ]
}

/// Conditions that are legal for a target; a name of a stack stands in most of them.
pub(super) fn conditions(target: &'static str) -> impl Strategy<Value = Map<String, Json>> {
    let mut fields = FIELDS.to_vec();
    if target.starts_with("links") {
        fields.extend(LINK_FIELDS);
    }
    let condition =
        (select(fields), operators()).prop_map(|(field, (operator, value))| (format!("{field}{operator}"), value));
    prop::collection::vec(condition, 0..3).prop_map(|conditions| conditions.into_iter().collect())
}

fn operators() -> impl Strategy<Value = (&'static str, Json)> {
    prop_oneof![
        4 => scalars().prop_map(|value| ("", value)),
        1 => scalars().prop_map(|value| ("__not", value)),
        1 => any::<bool>().prop_map(|value| ("__exists", json!(value))),
        1 => prop::collection::vec(scalars(), 0..4).prop_map(|values| ("__in", json!(values))),
        1 => "[abc]{0,2}".prop_map(|text| ("__contains", json!(text))),
        1 => "[abc]{0,2}".prop_map(|text| ("__startswith", json!(text))),
        1 => (select(&["__gt", "__gte", "__lt", "__lte"][..]), 0_u64..90).prop_map(|(operator, number)| (operator, json!(number))),
    ]
}

const WORDS: [&str; 12] = [
    "c0",
    "c1",
    "c2",
    "zz",
    "web",
    "kafka",
    "app",
    "db",
    "backend",
    "a",
    "topic",
    "web-kafka",
];

fn scalars() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => select(&WORDS[..]).prop_map(|word| json!(word)),
        1 => (0_u64..4).prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|flag| json!(flag)),
    ]
}
