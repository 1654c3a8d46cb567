//! Fuzz target `query`: any bytes as the body of a query, answered on the committed example.
//!
//! In: bytes. A broken law is a crash: sizes of a page, cursors, and secrets, whose values stand in the metadata of
//! this target on purpose and must come out nowhere.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stacktic::agent::query::{Answer, Index, MAX_CHECKED, Query, QueryError, Variable, answer, fields};
use stacktic::hook::AttributeMetadata;

const EXAMPLE: &str = include_str!("../../generated-example/out/stack-metadata.json");

const CANARY: &str = "kanarienvogel";

/// The example, with a value left beside every mark of a secret.
static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mark = "\"secret\": true";
    assert!(EXAMPLE.contains(mark), "the example has no secret");
    let leaking = EXAMPLE.replace(mark, &format!("{mark}, \"value\": \"{CANARY}\""));
    Index::load(leaking.as_bytes()).unwrap()
});

static SECRETS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let components = &INDEX.metadata().components;
    let subs = components.iter().flat_map(|component| &component.sub_components);
    let attributes = components.iter().map(|component| &component.attributes);
    let attributes = attributes.chain(subs.map(|sub| &sub.attributes)).flatten();
    let secret = attributes.filter(|(_, value)| matches!(value, AttributeMetadata::Secret { .. }));
    secret.map(|(name, _)| name.as_str()).collect()
});

fuzz_target!(|body: &[u8]| {
    let query = match Query::parse(body) {
        Ok(query) => query,
        Err(error) => return refused(body, &error),
    };
    let _ = fields(&INDEX, &query.source).map(|fields| no_canary(&serde_json::to_string(&fields).unwrap()));
    match answer(&INDEX, &query) {
        Ok(page) => {
            answered(&query, &page);
            next_page(&query, &page);
        }
        Err(error) => refused(body, &error),
    }
});

fn no_canary(text: &str) {
    assert!(!text.contains(CANARY), "{text}");
}

fn refused(body: &[u8], error: &QueryError) {
    let printed = serde_json::to_string(error).unwrap();
    // A body may say the word by itself, also in JSON's own escapes.
    let body = String::from_utf8_lossy(body);
    if !body.contains(CANARY) && !body.contains('\\') {
        no_canary(&printed);
    }
    assert!(
        !error.message.is_empty() && !error.message.chars().any(char::is_control),
        "{printed}"
    );
    let token = error.token.as_deref().unwrap_or_default();
    assert!(token.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{printed}");
}

fn answered(query: &Query, page: &Answer<'_>) {
    assert!(page.records.len() <= page_length(query));
    no_canary(&serde_json::to_string(page).unwrap());
    for record in &page.records {
        let selected = query.select.iter().flatten().map(String::as_str);
        for name in selected.chain(SECRETS.iter().copied()) {
            variable(name, &record.variable(name));
        }
    }
    for condition in query.conditions.keys() {
        asks_for_no_secret(condition, query);
    }
}

fn variable(name: &str, variable: &Variable<'_>) {
    match variable {
        Variable::Text(text) => no_canary(text),
        Variable::Secret(secret) => assert!(SECRETS.contains(secret.attribute), "{name}"),
        Variable::NoText | Variable::Unset | Variable::Unknown => {}
    }
}

/// A secret is asked for nothing but its existence.
fn asks_for_no_secret(condition: &str, query: &Query) {
    let (field, operator) = condition.split_once("__").unwrap_or((condition, ""));
    let attribute = field.strip_prefix("attribute_").unwrap_or(field);
    let is_secret = SECRETS.contains(field) || SECRETS.contains(attribute);
    assert!(!is_secret || operator == "exists", "{query:?}");
}

/// A page that has a next one is full, and the next one is answered and not the same.
fn next_page(query: &Query, page: &Answer<'_>) {
    let Some(cursor) = &page.next_cursor else {
        return;
    };
    assert_eq!(page.records.len(), page_length(query));
    assert_ne!(query.cursor.as_ref(), Some(cursor));
    let next = Query {
        cursor: Some(cursor.clone()),
        ..query.clone()
    };
    let Ok(next) = answer(&INDEX, &next) else {
        panic!("the agent's own cursor is refused: {query:?}");
    };
    assert!(!next.records.is_empty(), "{query:?}");
}

fn page_length(query: &Query) -> usize {
    let most = if query.command.is_some() { MAX_CHECKED } else { 500 };
    query.limit.unwrap_or(100).min(most) as usize
}
