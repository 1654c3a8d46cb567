//! The fields in which two documents differ.
//!
//! In: two values. Out: paths as people write them, `spec.containers[api].env[MODE].value`, each with what became of it. Items of a
//! list belong together by the field that names them, not by their position.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::counted;

/// Fields by which items of a list are known, the first that all of them have.
const NAMES: [&str; 15] = [
    "name",
    "key",
    "id",
    "uid",
    "alert",
    "record",
    "component",
    "file",
    "path",
    "mountPath",
    "host",
    "hostname",
    "title",
    "containerPort",
    "port",
];

/// What became of one field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edit {
    Added(Json),
    Removed(Json),
    Changed(Json, Json),
    /// The same items in another order.
    Reordered,
    /// A text of several lines.
    Lines {
        added: usize,
        removed: usize,
    },
}

/// One field that is otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) path: String,
    pub(super) edit: Edit,
}

/// The differences of two documents, in the order of their fields.
pub(super) fn differences(old: &Json, new: &Json) -> Vec<Field> {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    found
}

fn compare(path: &str, old: &Json, new: &Json, found: &mut Vec<Field>) {
    match (old, new) {
        _ if old == new => {}
        (Json::Object(before), Json::Object(after)) => {
            for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
                one(&joined(path, key), before.get(key), after.get(key), found);
            }
        }
        (Json::Array(before), Json::Array(after)) => lists(path, before, after, found),
        (Json::String(before), Json::String(after)) => texts(path, before, after, found),
        _ => add(path, Edit::Changed(old.clone(), new.clone()), found),
    }
}

fn one(path: &str, old: Option<&Json>, new: Option<&Json>, found: &mut Vec<Field>) {
    match (old, new) {
        (Some(old), Some(new)) => compare(path, old, new, found),
        (Some(old), None) => add(path, Edit::Removed(old.clone()), found),
        (None, Some(new)) => add(path, Edit::Added(new.clone()), found),
        (None, None) => {}
    }
}

fn add(path: &str, edit: Edit, found: &mut Vec<Field>) {
    let path = if path.is_empty() {
        ".".to_owned()
    } else {
        path.to_owned()
    };
    found.push(Field { path, edit });
}

/// A text that is itself a JSON document, as in a ConfigMap, is compared as one; one of several lines by its lines.
fn texts(path: &str, old: &str, new: &str, found: &mut Vec<Field>) {
    let document = |text: &str| {
        serde_json::from_str::<Json>(text)
            .ok()
            .filter(|value| value.is_object() || value.is_array())
    };
    if let (Some(old), Some(new)) = (document(old), document(new))
        && old != new
    {
        compare(path, &old, &new, found);
    } else if old.contains('\n') || new.contains('\n') {
        let (added, removed) = counted(old, new);
        add(path, Edit::Lines { added, removed }, found);
    } else {
        add(path, Edit::Changed(old.into(), new.into()), found);
    }
}

fn lists(path: &str, old: &[Json], new: &[Json], found: &mut Vec<Field>) {
    if let Some((before, after)) = named(old, new) {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let known = found.len();
        for name in names {
            let path = format!("{path}[{name}]");
            one(&path, before.get(name).copied(), after.get(name).copied(), found);
        }
        if found.len() == known {
            add(path, Edit::Reordered, found);
        }
        return;
    }
    let (gone, come) = (without(old, new), without(new, old));
    match (gone.as_slice(), come.as_slice()) {
        ([], []) => add(path, Edit::Reordered, found),
        // One item that is otherwise is told by its fields.
        ([(place, gone)], [(_, come)]) if gone.is_object() && come.is_object() => {
            compare(&format!("{path}[{place}]"), gone, come, found);
        }
        _ => {
            for (_, item) in gone {
                add(&format!("{path}[]"), Edit::Removed(item.clone()), found);
            }
            for (_, item) in come {
                add(&format!("{path}[]"), Edit::Added(item.clone()), found);
            }
        }
    }
}

type Named<'a> = BTreeMap<String, &'a Json>;

/// Both lists by the first field that names every item of both, each once.
fn named<'a>(old: &'a [Json], new: &'a [Json]) -> Option<(Named<'a>, Named<'a>)> {
    NAMES.iter().find_map(|field| Some((by(field, old)?, by(field, new)?)))
}

fn by<'a>(field: &str, items: &'a [Json]) -> Option<Named<'a>> {
    let mut known = Named::new();
    for item in items {
        let name = match &item[field] {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            _ => return None,
        };
        if known.insert(name, item).is_some() {
            return None;
        }
    }
    Some(known)
}

/// The items of `these` beyond those of `those`, each counted as often as it stands there, with their places.
fn without<'a>(these: &'a [Json], those: &[Json]) -> Vec<(usize, &'a Json)> {
    let mut left: Vec<&Json> = those.iter().collect();
    let mut found = Vec::new();
    for (place, item) in these.iter().enumerate() {
        match left.iter().position(|other| *other == item) {
            Some(same) => drop(left.swap_remove(same)),
            None => found.push((place, item)),
        }
    }
    found
}

fn joined(path: &str, key: &str) -> String {
    let is_plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match (path.is_empty(), is_plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{key}]"),
    }
}
