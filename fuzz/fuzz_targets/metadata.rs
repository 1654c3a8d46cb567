//! Fuzz target `metadata`: any bytes as a `stack-metadata.json`.
//!
//! In: bytes, cut or another program's. A broken law is a crash: what is refused is refused in one sentence, and what is
//! loaded answers every target, is the same when it is written and loaded again, and is refused when it is cut.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value as Json, json};
use stacktic::agent::query::{Index, Query, answer, fields, structure};

/// Targets that need nothing but a source.
const TARGETS: [&str; 6] = [
    "component",
    "sub_components",
    "links_to",
    "links_from",
    "attributes",
    "blast_radius",
];

fuzz_target!(|bytes: &[u8]| {
    let index = match Index::load(bytes) {
        Ok(index) => index,
        Err(error) => return refused(&error.to_string()),
    };
    refers_to_itself(&index);
    let found = ask(&index);
    let again = serde_json::to_vec(index.metadata()).unwrap();
    let again = Index::load(&again).unwrap_or_else(|error| panic!("what was written is refused: it {error}"));
    if !has_fraction(&json!(index.metadata())) {
        assert_eq!(found, ask(&again));
    }
    let last = bytes.iter().rposition(|byte| *byte == b'}').unwrap();
    for end in [last, last / 2] {
        assert!(Index::load(&bytes[..end]).is_err(), "cut at {end}");
    }
});

fn refused(sentence: &str) {
    assert!(
        sentence.starts_with("is ") || sentence.starts_with("has "),
        "{sentence}"
    );
    assert!(!sentence.chars().any(char::is_control), "{sentence}");
}

/// Names stand once, and whatever names a component or a sub-component names one of the stack.
fn refers_to_itself(index: &Index) {
    let stack = index.metadata();
    let mut names = BTreeSet::new();
    for component in &stack.components {
        assert!(
            names.insert(component.name.as_str()),
            "`{}` stands twice",
            component.name
        );
        let ports = component.endpoints.values().map(|endpoint| endpoint.port);
        assert!(
            ports.chain(component.port).all(|port| port > 0),
            "`{}` has port 0",
            component.name
        );
    }
    let subs = || stack.components.iter().flat_map(|component| &component.sub_components);
    let consumers = subs().flat_map(|sub| &sub.consumers);
    let ends = stack.links.iter().flat_map(|link| [&link.from, &link.to]);
    assert!(consumers.chain(ends).all(|name| names.contains(name.as_str())));
    for wanted in stack.links.iter().filter_map(|link| link.sub_component.as_ref()) {
        assert!(subs().any(|sub| sub.name == *wanted), "`{wanted}` is nowhere");
    }
}

/// Everything that can be asked of a stack without knowing it, as JSON.
fn ask(index: &Index) -> Vec<Json> {
    let mut found: Vec<Json> = TARGETS
        .iter()
        .map(|target| one(index, &Query::new("all", target)))
        .collect();
    for component in &index.metadata().components {
        let Ok(fields) = fields(index, &component.name) else {
            panic!("`{}` is in the stack and has no fields", component.name);
        };
        found.push(json!(fields));
        found.push(one(index, &Query::new(&component.name, "blast_radius")));
        let mut path = Query::new("all", "path");
        path.conditions.insert("to".to_owned(), json!(component.name));
        found.push(one(index, &path));
    }
    found.push(json!(structure(index)));
    found
}

fn one(index: &Index, query: &Query) -> Json {
    match answer(index, query) {
        Ok(page) => {
            assert!(page.records.len() <= 100);
            let page = json!(page);
            // A cursor is bound to the bytes of its metadata, so it differs between two files of one stack.
            page["results"].clone()
        }
        Err(error) => panic!("{query:?}: {error}"),
    }
}

/// Whether a number is no whole one: its last digit may change when it is written and read.
fn has_fraction(value: &Json) -> bool {
    match value {
        Json::Number(number) => number.is_f64(),
        Json::Array(items) => items.iter().any(has_fraction),
        Json::Object(fields) => fields.values().any(has_fraction),
        _ => false,
    }
}
