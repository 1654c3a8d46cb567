//! What holds for every stack and every query.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};

use super::naive::{self, Flat};
use super::random::{FIELDS, LINK_FIELDS, TARGETS, conditions, sources, stacks};
use super::support::{ask, index, page_stack, rows};
use crate::agent::query::{Index, Query, answer};

fn targets_and_conditions() -> impl Strategy<Value = (&'static str, Map<String, Json>)> {
    select(&TARGETS[..]).prop_flat_map(|target| (Just(target), conditions(target)))
}

/// The fields that both ways of answering know.
fn fields(target: &str) -> Vec<&'static str> {
    let mut fields = FIELDS.to_vec();
    if target.starts_with("links") {
        fields.extend(LINK_FIELDS);
    }
    fields
}

fn selected(records: Vec<Flat>, fields: &[&str]) -> Json {
    let row = |record: Flat| -> Json {
        let value = |field: &&str| ((*field).to_owned(), record.get(*field).cloned().unwrap_or(Json::Null));
        fields.iter().map(value).collect::<Flat>().into()
    };
    records.into_iter().map(row).collect()
}

fn exists(metadata: &Json, source: &str) -> bool {
    let all = metadata["components"].as_array().unwrap();
    match source.split_once(':') {
        Some((kind, name)) => all.iter().any(|component| component[kind] == name),
        None => source == "all" || all.iter().any(|component| component["name"] == source),
    }
}

proptest! {
    #[test]
    fn the_index_answers_as_a_scan_does(metadata in stacks(), source in sources(), (target, conditions) in targets_and_conditions()) {
        prop_assume!(exists(&metadata, &source));
        let fields = fields(target);
        let body = json!({"source": source, "target": target, "where": conditions, "select": fields, "limit": 500});
        let expected = selected(naive::records(&metadata, &source, target, &conditions), &fields);
        prop_assert_eq!(rows(&index(&metadata), &body), expected);
    }

    #[test]
    fn pages_join_to_the_whole_answer(
        metadata in stacks(),
        source in sources(),
        (target, conditions) in targets_and_conditions(),
        limits in prop::collection::vec(1_u32..5, 1..4),
    ) {
        prop_assume!(exists(&metadata, &source));
        let index = index(&metadata);
        let whole = rows(&index, &json!({"source": source, "target": target, "where": conditions, "limit": 500}));
        let mut joined = Vec::new();
        let mut body = json!({"source": source, "target": target, "where": conditions});
        for limit in limits.iter().cycle().take(500) {
            body["limit"] = json!(limit);
            let reply = ask(&index, &body).unwrap();
            let page = reply["results"].as_array().unwrap();
            prop_assert!(page.len() <= *limit as usize);
            prop_assert!(reply["next_cursor"].is_null() || page.len() == *limit as usize, "a short page is the last");
            joined.extend(page.iter().cloned());
            body["cursor"] = reply["next_cursor"].clone();
            if body["cursor"].is_null() {
                break;
            }
        }
        prop_assert_eq!(Json::Array(joined), whole);
    }

    #[test]
    fn a_radius_is_everything_that_depends_on_it(metadata in stacks()) {
        let index = index(&metadata);
        let found = rows(&index, &json!({"source": "c0", "target": "blast_radius", "limit": 500}));
        let names = found.as_array().unwrap().iter().map(|row| row["component"].as_str().unwrap().to_owned());
        prop_assert_eq!(names.collect::<std::collections::BTreeSet<_>>(), naive::dependants(&metadata, "c0"));
    }

    #[test]
    fn a_path_is_a_chain_as_long_as_the_radius_is_deep(metadata in stacks()) {
        let index = index(&metadata);
        for row in rows(&index, &json!({"source": "c0", "target": "blast_radius", "limit": 500})).as_array().unwrap() {
            let body = json!({"source": row["component"], "target": "path", "where": {"to": "c0"}});
            let path = rows(&index, &body);
            let hops = path.as_array().unwrap();
            prop_assert_eq!(json!(hops.len()), row["depth"].clone());
            let mut at = row["component"].clone();
            for hop in hops {
                prop_assert_eq!(&hop["from"], &at);
                at = hop["to"].clone();
            }
            prop_assert_eq!(at, json!("c0"));
        }
    }

    #[test]
    fn no_secret_is_ever_shown(metadata in stacks(), target in select(&TARGETS[..])) {
        let index = index(&metadata);
        let body = json!({"source": "all", "target": target, "select": ["name", "token"], "limit": 500});
        for row in rows(&index, &body).as_array().unwrap() {
            prop_assert!(row["token"].is_null() || row["token"] == "[secret]", "{}", row);
        }
    }

    #[test]
    fn no_query_panics(source in ".{0,20}", target in ".{0,20}", key in ".{0,20}", text in ".{0,20}", select in ".{0,20}", cursor in ".{0,20}") {
        let index = index(&page_stack());
        for (source, target, key) in [
            (source.as_str(), target.as_str(), key.as_str()),
            ("all", "component", key.as_str()),
            ("all", "links_to", "name__regex"),
            (source.as_str(), "path", "to"),
        ] {
            let _ = ask(&index, &json!({"source": source, "target": target, "where": {key: text}, "cursor": cursor}));
            let _ = ask(&index, &json!({"source": "all", "target": target, "select": [select]}));
        }
        let record = answer(&index, &Query::new("all", "links_to")).unwrap().records[0];
        let _ = record.variable(&text);
    }

    #[test]
    fn no_body_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), body in "\\PC{0,60}") {
        let _ = Query::parse(&bytes);
        let _ = Query::parse(body.as_bytes());
    }

    #[test]
    fn no_changed_file_panics(place in 0_usize..5000, byte in any::<u8>()) {
        let mut bytes = page_stack().to_string().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(index) = Index::load(&bytes) {
            for target in TARGETS {
                let _ = answer(&index, &Query::new("all", target)).map(|answer| serde_json::to_string(&answer).unwrap());
            }
        }
    }
}
