//! The text of an entry: YAML, held to the schema of its kind, decoded.
//!
//! A text goes in; the document with its places and the definition come out, or the findings that say why not: each
//! unknown key, missing key and wrong type with its line.

use serde_json::Value as Json;

use super::ComponentType;
use super::findings::Report;
use super::presets::Presets;
use super::store::Definition;
use super::taken;
use crate::fault::Code;
use crate::finding::Finding;
use crate::topology::Source;
use crate::topology::forms;
use crate::topology::shape::{Dialect, compare};
use crate::yaml::{self, Node, Value};

const ENTRY: Dialect = Dialect {
    code: crate::finding::Code::Catalog(Code::E_CATALOG_SCHEMA),
    root: "the entry",
    is_left_to_others: |_, _| false,
    misplaced: |_| None,
    describes: true,
    hint,
};

/// Read a definition. Without one there is at least one finding.
pub(super) fn definition<T: Definition>(source: &Source, presets: &Presets, report: &mut Report) -> Option<(Node, T)> {
    let mut document = document(source, report)?;
    if !presets.is_empty() {
        match taken::with_presets(document, presets) {
            Ok(whole) => document = whole,
            Err(finding) => {
                report.add(source, finding);
                return None;
            }
        }
    }
    let schema = schemars::schema_for!(T).to_value();
    let (json, shape) = compare(&document, &schema, &ENTRY);
    let unknown = shape.unknown.iter().map(|unknown| unknown.finding_as(ENTRY.code));
    let findings: Vec<Finding> = shape.findings.into_iter().chain(unknown).collect();
    if !findings.is_empty() {
        findings.into_iter().for_each(|finding| report.add(source, finding));
        return None;
    }
    match decoded(json) {
        Ok(definition) => Some((document, definition)),
        Err(fact) => {
            report.add(source, Finding::new(Code::E_CATALOG_SCHEMA, document.span, fact));
            None
        }
    }
}

const PIECE: Dialect = Dialect {
    root: "the preset",
    is_left_to_others: |_, _| true,
    ..ENTRY
};

/// A piece of a component type with the keys that there are, and a finding for each other one. What a preset brings must
/// fit where it is taken; `null` fits everywhere, as it takes a part away.
pub(super) fn piece(node: &Node) -> (Json, Vec<Finding>) {
    let (json, shape) = compare(node, &schemars::schema_for!(ComponentType).to_value(), &PIECE);
    let is_slip = |finding: &Finding| shape.renamed.iter().any(|(span, _)| *span == finding.span);
    let slips = shape.findings.into_iter().filter(is_slip);
    let unknown = shape.unknown.iter().map(|unknown| unknown.finding_as(PIECE.code));
    let findings: Vec<Finding> = slips.chain(unknown).collect();
    match findings.is_empty() {
        true => (node.to_json(), findings),
        false => (json, findings),
    }
}

/// Read the YAML of a file of the catalog. Without a document there is at least one finding.
pub(super) fn document(source: &Source, report: &mut Report) -> Option<Node> {
    match yaml::parse(&source.text) {
        Ok(document) => Some(document),
        Err(problems) => {
            for problem in problems {
                let finding = Finding::new(Code::E_CATALOG_YAML, problem.span, problem.message);
                report.add(source, finding.maybe_hint(problem.hint));
            }
            None
        }
    }
}

fn decoded<T: Definition>(json: Json) -> Result<T, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

/// What to write in place of `node`.
fn hint(path: &[String], wanted: &str, node: &Node) -> Option<String> {
    let key = path.last().map(String::as_str).unwrap_or_default();
    match (wanted, &node.value) {
        ("string", Value::Bool(_) | Value::Integer(_) | Value::Float(_)) => Some("put it in quotes".to_owned()),
        ("boolean", Value::String(text)) => Some(forms::boolean(text)),
        ("boolean", _) => Some("write `true` or `false`".to_owned()),
        ("integer", _) => Some("write a whole number in digits, without quotes".to_owned()),
        ("object", _) => Some(format!("write it as `{key}: {{<key>: <value>}}`")),
        ("array", _) => Some(format!("write it as `{key}: [<value>]`")),
        _ => None,
    }
}
