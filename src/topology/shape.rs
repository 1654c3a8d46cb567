//! The closed schema: compare a document with the JSON Schema of [`StackDocument`].
//!
//! One schema serves editors and this check, so that they cannot disagree. What does not fit is
//! reported and left out of the JSON that comes back, so that the rest can be checked further.

use serde_json::{Map, Value as Json};

use super::document::StackDocument;
use crate::finding::{Code, Finding, suggestion};
use crate::yaml::{Entry, Node, Value};

/// Compare `root` with the schema; the JSON holds what fits.
pub(super) fn check(root: &Node, findings: &mut Vec<Finding>) -> Json {
    let schema = schemars::schema_for!(StackDocument).to_value();
    let definitions = schema.get("$defs").cloned().unwrap_or(Json::Null);
    let mut walk = Walk { definitions, findings };
    walk.value(root, &schema, "the stack")
        .unwrap_or_else(|| Json::Object(Map::new()))
}

struct Walk<'a> {
    definitions: Json,
    findings: &'a mut Vec<Finding>,
}

impl Walk<'_> {
    fn value(&mut self, node: &Node, schema: &Json, at: &str) -> Option<Json> {
        let schema = self.resolve(schema).clone();
        if let Some(expected) = schema.get("const") {
            return self.constant(node, &[expected], at);
        }
        if let Some(choices) = schema.get("oneOf").and_then(Json::as_array) {
            let constants: Vec<&Json> = choices.iter().filter_map(|choice| choice.get("const")).collect();
            return self.constant(node, &constants, at);
        }
        match types(&schema).as_slice() {
            [] => Some(node.to_json()),
            expected if !expected.contains(&json_type(node)) => self.wrong_type(node, expected, &schema, at),
            _ => match &node.value {
                Value::Mapping(mapping) => Some(self.mapping(node, &mapping.entries, &schema, at)),
                Value::Sequence(items) => Some(self.sequence(items, &schema, at)),
                _ => Some(node.to_json()),
            },
        }
    }

    /// Follow `$ref`, and the first branch of an optional value.
    fn resolve<'s>(&'s self, schema: &'s Json) -> &'s Json {
        let inner = schema
            .get("anyOf")
            .and_then(|branches| branches.get(0))
            .unwrap_or(schema);
        match inner.get("$ref").and_then(Json::as_str) {
            Some(reference) => self
                .definitions
                .get(reference.trim_start_matches("#/$defs/"))
                .unwrap_or(inner),
            None => inner,
        }
    }

    fn mapping(&mut self, node: &Node, entries: &[Entry], schema: &Json, at: &str) -> Json {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&empty);
        let additional = schema
            .get("additionalProperties")
            .filter(|inner| **inner != Json::Bool(false));
        let mut object = Map::new();
        for entry in entries {
            let at = format!("`{}`", entry.key);
            let inner = properties.get(&entry.key).or(additional);
            let Some(inner) = inner else {
                self.unknown_key(entry, properties);
                continue;
            };
            if let Some(value) = self.value(&entry.node, inner, &at) {
                object.insert(entry.key.clone(), value);
            }
        }
        self.missing_keys(node, schema, at);
        Json::Object(object)
    }

    fn sequence(&mut self, items: &[Node], schema: &Json, at: &str) -> Json {
        let Some(inner) = schema.get("items") else {
            return Json::Array(items.iter().map(Node::to_json).collect());
        };
        let at = &format!("an entry of {at}");
        // A link that does not fit keeps its place as an empty one, so that positions stay true.
        Json::Array(
            items
                .iter()
                .map(|item| self.value(item, inner, at).unwrap_or_else(|| Json::Object(Map::new())))
                .collect(),
        )
    }

    fn unknown_key(&mut self, entry: &Entry, properties: &Map<String, Json>) {
        let known: Vec<&str> = properties.keys().map(String::as_str).collect();
        let finding = Finding::new(
            Code::E_TOPOLOGY_SCHEMA,
            entry.key_span,
            format!("the key `{}` is not known here", entry.key),
        );
        self.findings.push(finding.maybe_hint(suggestion(&entry.key, &known)));
    }

    fn missing_keys(&mut self, node: &Node, schema: &Json, at: &str) {
        let required = schema
            .get("required")
            .and_then(Json::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        for key in required.iter().filter_map(Json::as_str) {
            let (span, fact) = match node.entry(key) {
                None => (node.span, format!("{at} lacks the key `{key}`")),
                Some(Entry { node, .. }) if matches!(&node.value, Value::String(text) if text.is_empty()) => {
                    (node.span, format!("`{key}` of {at} is empty"))
                }
                Some(_) => continue,
            };
            let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, span, fact);
            self.findings.push(finding.hint(format!("add `{key}:` with a value")));
        }
    }

    fn constant(&mut self, node: &Node, expected: &[&Json], at: &str) -> Option<Json> {
        let value = node.to_json();
        if expected.contains(&&value) {
            return Some(value);
        }
        let choices: Vec<&str> = expected.iter().filter_map(|choice| choice.as_str()).collect();
        let finding = Finding::new(
            Code::E_TOPOLOGY_SCHEMA,
            node.span,
            format!("{at} is not one of its legal values"),
        );
        self.findings
            .push(finding.maybe_hint(suggestion(value.as_str().unwrap_or_default(), &choices)));
        None
    }

    fn wrong_type(&mut self, node: &Node, expected: &[&str], schema: &Json, at: &str) -> Option<Json> {
        let wanted = expected.first().copied().unwrap_or("value");
        let article = match wanted {
            "object" => "a mapping",
            "array" => "a list",
            "boolean" => "`true` or `false`",
            "integer" => "an integer",
            _ => "a string",
        };
        // `links:` with nothing below means no links; `valkey:` with nothing below lacks what a component needs.
        if matches!(node.value, Value::Null) && wanted == "object" {
            self.missing_keys(node, schema, at);
            return Some(Json::Object(Map::new()));
        }
        if matches!(node.value, Value::Null) && wanted == "array" {
            return None;
        }
        let finding = Finding::new(
            Code::E_TOPOLOGY_SCHEMA,
            node.span,
            format!("{at} must be {article}, not {}", node.type_name()),
        );
        let hint = match (wanted, &node.value) {
            ("string", Value::Bool(_) | Value::Integer(_) | Value::Float(_)) => Some("put it in quotes".to_owned()),
            ("boolean", Value::String(_)) => Some("write `true` or `false` without quotes".to_owned()),
            _ => None,
        };
        self.findings.push(finding.maybe_hint(hint));
        None
    }
}

fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

fn json_type(node: &Node) -> &'static str {
    match node.value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Integer(_) => "integer",
        Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::Sequence(_) => "array",
        Value::Mapping(_) => "object",
    }
}
