//! Documents by what they are: a Kubernetes object by kind, namespace and name, anything else by its file.
//!
//! In: texts of YAML and JSON, before and after. Out: what was added, removed, moved, renamed or changed. Patches of an environment
//! are told apart from the objects that they patch.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::fields::{self, Field};
use crate::yaml;

/// Where and what a document is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Environment whose overlay it stands in; empty elsewhere.
    area: String,
    group: String,
    /// Empty where it is no object.
    kind: String,
    namespace: String,
    name: String,
    pub(super) file: String,
}

/// A document and its place.
#[derive(Clone, Debug)]
pub(super) struct Document {
    place: Place,
    body: Json,
}

/// What became of one document.
#[derive(Debug)]
pub(super) enum Difference {
    Added { place: Place },
    Removed { place: Place },
    Moved { place: Place, to: Place },
    Renamed { place: Place, to: Place },
    Changed { place: Place, fields: Vec<Field> },
}

impl Place {
    fn of(file: &str, position: usize, body: &Json) -> Self {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text(&body["apiVersion"]), text(&body["kind"]));
        let name = text(&body["metadata"]["name"]);
        let is_object = !version.is_empty() && !kind.is_empty() && !name.is_empty();
        let of_object = |text: String| if is_object { text } else { String::new() };
        Self {
            area: area(file),
            group: of_object(
                version
                    .rsplit_once('/')
                    .map_or(String::new(), |(group, _)| group.to_owned()),
            ),
            kind: of_object(kind),
            namespace: of_object(text(&body["metadata"]["namespace"])),
            name: if is_object { name } else { format!("{file} {position}") },
            file: file.to_owned(),
        }
    }

    /// It is no object, and known by its file alone.
    pub(super) fn is_file(&self) -> bool {
        self.kind.is_empty()
    }

    /// `Deployment mcp/fastmcp`, with the environment whose patch it is.
    pub(super) fn told(&self) -> String {
        if self.is_file() {
            return self.file.clone();
        }
        let namespace = if self.namespace.is_empty() {
            String::new()
        } else {
            format!("{}/", self.namespace)
        };
        let area = if self.area.is_empty() {
            String::new()
        } else {
            format!(" of {}", self.area)
        };
        format!("{} {namespace}{}{area}", self.kind, self.name)
    }

    /// What it is, wherever it lies.
    fn identity(&self) -> [&str; 5] {
        [&self.area, &self.group, &self.kind, &self.namespace, &self.name]
    }
}

/// The environment of an overlay or of its Applications.
fn area(file: &str) -> String {
    let segments: Vec<&str> = file.split('/').collect();
    let environment = match segments.as_slice() {
        ["k8s", _, "overlays", environment, ..] | ["argocd", environment, _, ..] => environment,
        _ => "",
    };
    environment.to_owned()
}

/// The documents of a file; nothing where it is neither YAML nor JSON of fields or items.
pub(super) fn documents(file: &str, text: &str) -> Option<Vec<Document>> {
    let bodies = match file.rsplit_once('.')?.1 {
        "json" => vec![serde_json::from_str(text).ok()?],
        "yaml" | "yml" => yaml::documents(text).ok()?,
        _ => return None,
    };
    let is_structured = bodies.iter().all(|body: &Json| body.is_object() || body.is_array());
    let placed = bodies.into_iter().enumerate().map(|(position, body)| Document {
        place: Place::of(file, position, &body),
        body,
    });
    is_structured.then(|| placed.collect())
}

/// Everything in which two sets of documents differ, by identity.
pub(super) fn differences(before: Vec<Document>, after: Vec<Document>) -> Vec<Difference> {
    let (before, after) = (by_identity(before), by_identity(after));
    let mut found = Vec::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for identity in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        match (before.get(identity), after.get(identity)) {
            (Some(old), Some(new)) => found.extend(changed(old, new)),
            (Some(old), None) => gone.push(old),
            (None, Some(new)) => come.push(new),
            (None, None) => {}
        }
    }
    for old in gone {
        match come.iter().position(|new| is_renamed(old, new)) {
            Some(new) => found.push(Difference::Renamed {
                place: old.place.clone(),
                to: come.swap_remove(new).place.clone(),
            }),
            None => found.push(Difference::Removed {
                place: old.place.clone(),
            }),
        }
    }
    found.extend(come.into_iter().map(|new| Difference::Added {
        place: new.place.clone(),
    }));
    // Objects first, then what is known by its file alone.
    found.sort_by_key(|difference| (difference.place().is_file(), difference.place().clone()));
    found
}

impl Difference {
    fn place(&self) -> &Place {
        match self {
            Self::Added { place }
            | Self::Removed { place }
            | Self::Moved { place, .. }
            | Self::Renamed { place, .. }
            | Self::Changed { place, .. } => place,
        }
    }
}

/// Objects of one identity in one tree are told apart by how many stand before them.
fn by_identity(documents: Vec<Document>) -> BTreeMap<(Vec<String>, usize), Document> {
    let mut found = BTreeMap::new();
    for document in documents {
        let identity: Vec<String> = document.place.identity().map(str::to_owned).into();
        let before = (0..).find(|number| !found.contains_key(&(identity.clone(), *number)));
        found.insert((identity, before.unwrap_or_default()), document);
    }
    found
}

fn changed(old: &Document, new: &Document) -> Option<Difference> {
    let fields = fields::differences(&old.body, &new.body);
    let place = old.place.clone();
    match (fields.is_empty(), old.place.file == new.place.file) {
        (true, true) => None,
        (true, false) => Some(Difference::Moved {
            place,
            to: new.place.clone(),
        }),
        (false, _) => Some(Difference::Changed {
            place: new.place.clone(),
            fields,
        }),
    }
}

/// The same but for its name and its namespace, wherever they stand in it.
fn is_renamed(old: &Document, new: &Document) -> bool {
    let (from, to) = (&old.place, &new.place);
    if from.is_file() || from.kind != to.kind || from.group != to.group || from.area != to.area {
        return false;
    }
    let unnamed = |document: &Document| {
        let place = &document.place;
        unnamed(&document.body, &[&place.name, &place.namespace])
    };
    unnamed(old) == unnamed(new)
}

/// The document with a mark in place of each of `names`, where it stands as a word of its own.
fn unnamed(value: &Json, names: &[&str]) -> Json {
    match value {
        Json::String(text) => Json::String(names.iter().fold(text.clone(), |text, name| without_word(&text, name))),
        Json::Array(items) => items.iter().map(|item| unnamed(item, names)).collect(),
        Json::Object(fields) => {
            let inner = fields.iter().map(|(key, value)| (key.clone(), unnamed(value, names)));
            Json::Object(inner.collect())
        }
        plain => plain.clone(),
    }
}

fn without_word(text: &str, word: &str) -> String {
    if word.is_empty() {
        return text.to_owned();
    }
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let mut left = String::new();
    let mut from = 0;
    for (at, _) in text.match_indices(word) {
        let end = at + word.len();
        let stands_alone = !is_part(text[..at].chars().next_back()) && !is_part(text[end..].chars().next());
        if stands_alone {
            left.push_str(&text[from..at]);
            left.push('\u{0}');
            from = end;
        }
    }
    left.push_str(&text[from..]);
    left
}
