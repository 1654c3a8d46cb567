//! Rule: objects that hold data are named in `holds_data`, and every kind that is named there is made.
//!
//! Templates are looked at as text: a kind stands at the left margin of its document, whatever a stack makes of the rest.

use std::collections::BTreeSet;

use super::Held;
use crate::catalog::{ComponentType, FileSpec};
use crate::fault::Code::E_CATALOG_DATA;
use crate::finding::suggestion;

/// Kinds of Kubernetes that are volumes themselves.
const VOLUMES: [&str; 2] = ["PersistentVolumeClaim", "PersistentVolume"];

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let mut made = BTreeSet::new();
    for file in definition.files.iter().filter(|file| file.resource) {
        let Some(text) = template(held, file) else {
            return; // told where the file is missed
        };
        for document in text.split("\n---") {
            let kinds = document.lines().filter_map(|line| line.strip_prefix("kind:"));
            for kind in kinds.map(str::trim) {
                made.insert(kind.to_owned());
                volumes(held, kind, document, &file.path);
            }
        }
    }
    let known: Vec<&str> = made.iter().map(String::as_str).collect();
    for (position, kind) in definition.holds_data.iter().enumerate() {
        if !made.contains(kind) {
            let fact = format!("no template of the type makes a `{kind}`");
            let hint = suggestion(kind, &known)
                .unwrap_or_else(|| "values of a chart say it by `component.keep`; remove it here".to_owned());
            held.blame(E_CATALOG_DATA, &["holds_data", &position.to_string()], fact, hint);
        }
    }
}

/// What a file is made from: a file beside the entry, or a text in it.
fn template(held: &Held<'_, ComponentType>, file: &FileSpec) -> Option<String> {
    let beside = |name: &String| held.entry.file(name).ok();
    match (&file.template, &file.text) {
        (Some(name), _) => beside(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        (None, text) => text.clone(),
    }
}

fn volumes(held: &mut Held<'_, ComponentType>, kind: &str, document: &str, file: &str) {
    let claims = kind == "StatefulSet" && document.lines().any(|line| line.trim() == "volumeClaimTemplates:");
    let is_named = held.definition().holds_data.iter().any(|held| held == kind);
    if (VOLUMES.contains(&kind) || claims) && !is_named {
        let fact = format!("the `{kind}` in `{file}` holds data, and would go with its file");
        held.blame_key(
            E_CATALOG_DATA,
            &["holds_data"],
            fact,
            format!("add `holds_data: [{kind}]`"),
        );
    }
}
