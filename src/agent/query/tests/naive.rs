//! The same questions answered the slow way: every record of the stack is made as plain JSON, then filtered and sorted.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

/// A record: each field with its value; a secret is the JSON of its mark.
pub(super) type Flat = Map<String, Json>;

/// All records of a query that meet its conditions, in order.
pub(super) fn records(metadata: &Json, source: &str, target: &str, conditions: &Flat) -> Vec<Flat> {
    let mut found = Vec::new();
    for component in sorted(&metadata["components"]) {
        if is_source(&component, source) {
            found.extend(records_of(metadata, &component, target));
        }
    }
    found.retain(|record| conditions.iter().all(|(key, value)| holds(record, key, value)));
    found
}

fn is_source(component: &Json, source: &str) -> bool {
    match source.split_once(':') {
        Some((kind, name)) => component[kind] == name,
        None => source == "all" || component["name"] == source,
    }
}

fn records_of(metadata: &Json, component: &Json, target: &str) -> Vec<Flat> {
    let end = |link: &Json, side: &str| link[side] == component["name"];
    let linked = |side: &str, far: &str| {
        let mut links = sorted_links(metadata);
        links.retain(|link| end(link, side));
        links.into_iter().map(|link| over(metadata, &link, far)).collect()
    };
    match target {
        "sub_components" => sorted(&component["sub_components"])
            .iter()
            .map(|sub| sub_record(component, sub))
            .collect(),
        "links_to" => linked("from", "to"),
        "links_from" => linked("to", "from"),
        _ => vec![component_record(component)],
    }
}

fn component_record(component: &Json) -> Flat {
    let mut record = component["attributes"].as_object().unwrap().clone();
    for key in ["name", "type", "namespace", "group", "host", "port", "is_external"] {
        record.insert(key.to_owned(), component[key].clone());
    }
    record.insert("component".to_owned(), component["name"].clone());
    record
}

fn sub_record(component: &Json, sub: &Json) -> Flat {
    let mut record = component_record(component);
    for (name, value) in sub["attributes"].as_object().unwrap() {
        record.insert(name.clone(), value.clone());
    }
    for key in ["name", "type", "consumers"] {
        record.insert(key.to_owned(), sub[key].clone());
    }
    record
}

fn over(metadata: &Json, link: &Json, far: &str) -> Flat {
    let find = |name: &Json| {
        let all = metadata["components"].as_array().unwrap();
        all.iter().find(|component| component["name"] == *name).unwrap()
    };
    let component = find(&link[far]);
    let subs = component["sub_components"].as_array().unwrap();
    let sub = subs
        .iter()
        .find(|sub| far == "to" && sub["name"] == link["sub_component"]);
    let mut record = component_record(component);
    for (name, value) in sub.iter().flat_map(|sub| sub["attributes"].as_object().unwrap()) {
        record.insert(name.clone(), value.clone());
    }
    for key in ["from", "to", "sub_component", "write_access"] {
        record.insert(key.to_owned(), link[key].clone());
    }
    record.insert("link".to_owned(), link["type"].clone());
    record.retain(|_, value| !value.is_null());
    record
}

fn holds(record: &Flat, key: &str, value: &Json) -> bool {
    let (field, operator) = key.split_once("__").unwrap_or((key, ""));
    let found = record.get(field);
    let number = |test: fn(f64, f64) -> bool| match (found.and_then(Json::as_f64), value.as_f64()) {
        (Some(left), Some(right)) => test(left, right),
        _ => false,
    };
    let text = |test: fn(&str, &str) -> bool| match (found.and_then(Json::as_str), value.as_str()) {
        (Some(left), Some(right)) => test(left, right),
        _ => false,
    };
    match operator {
        "" => found == Some(value),
        "not" => found != Some(value),
        "exists" => json!(found.is_some()) == *value,
        "in" => found.is_some_and(|found| value.as_array().unwrap().contains(found)),
        "contains" if found.is_some_and(Json::is_array) => found.unwrap().as_array().unwrap().contains(value),
        "contains" => text(|left, right| left.contains(right)),
        "startswith" => text(|left, right| left.starts_with(right)),
        "gt" => number(|left, right| left > right),
        "gte" => number(|left, right| left >= right),
        "lt" => number(|left, right| left < right),
        "lte" => number(|left, right| left <= right),
        other => panic!("{other}"),
    }
}

fn sorted(list: &Json) -> Vec<Json> {
    let mut list = list.as_array().unwrap().clone();
    list.sort_by_key(|item| item["name"].as_str().unwrap().to_owned());
    list
}

fn sorted_links(metadata: &Json) -> Vec<Json> {
    let mut links = metadata["links"].as_array().unwrap().clone();
    let text = |link: &Json, key: &str| link[key].as_str().unwrap_or_default().to_owned();
    links.sort_by_key(|link| {
        (
            text(link, "from"),
            text(link, "to"),
            text(link, "sub_component"),
            text(link, "type"),
        )
    });
    links
}

/// Everything that depends on a component, by repeating over all links until nothing is added.
pub(super) fn dependants(metadata: &Json, start: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([start.to_owned()]);
    loop {
        let before = found.len();
        for link in metadata["links"].as_array().unwrap() {
            if found.contains(link["to"].as_str().unwrap()) {
                found.insert(link["from"].as_str().unwrap().to_owned());
            }
        }
        if found.len() == before {
            found.remove(start);
            return found;
        }
    }
}
