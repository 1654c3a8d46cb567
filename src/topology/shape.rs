//! The closed schema: compare a document with the JSON Schema of [`StackDocument`].
//!
//! One schema serves editors and this check, so that they cannot disagree. What does not fit is
//! reported and left out of the JSON that comes back, so that the rest can be checked further: names
//! survive without their values, and a key that is a slip of the pen counts as the one that was meant.

use serde_json::{Map, Value as Json};

use super::document::StackDocument;
use super::forms;
use crate::finding::{Code, Finding, suggestion};
use crate::name::slip;
use crate::yaml::{Entry, Node, Span, Value};

/// What came of a comparison.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) findings: Vec<Finding>,
    /// Keys that the schema does not have; what they could mean is for those to say who know the catalog.
    pub(super) unknown: Vec<UnknownKey>,
    /// Places of mistyped keys, with the keys that were meant.
    pub(super) renamed: Vec<(Span, String)>,
    /// Paths of what was refused as a whole.
    pub(super) refused: Vec<Vec<String>>,
}

/// A key where the schema has none of its name.
#[derive(Clone, Debug)]
pub struct UnknownKey {
    /// Of the mapping that holds it: `["components", "kafka"]`.
    pub path: Vec<String>,
    pub key: String,
    pub span: Span,
    pub value: Json,
    /// The keys that the mapping may have.
    pub known: Vec<String>,
}

impl UnknownKey {
    /// The finding of who knows the schema alone.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        let finding = match self.key.split_once(':') {
            Some((key, _)) => {
                let fact = format!("the colon of `{key}` has no space behind it");
                return Finding::new(Code::E_TOPOLOGY_SCHEMA, self.span, fact).hint(format!("write `{key}: …`"));
            }
            None => format!("the key `{}` is not known here", self.key),
        };
        Finding::new(Code::E_TOPOLOGY_SCHEMA, self.span, finding).maybe_hint(suggestion(&self.key, &known))
    }
}

/// Compare `root` with the schema; the JSON holds what fits.
pub(super) fn check(root: &Node) -> (Json, Shape) {
    let schema = schemars::schema_for!(StackDocument).to_value();
    let definitions = schema.get("$defs").cloned().unwrap_or(Json::Null);
    let mut walk = Walk {
        definitions,
        path: Vec::new(),
        shape: Shape::default(),
    };
    let json = walk
        .value(root, &schema, "the stack")
        .unwrap_or_else(|| Json::Object(Map::new()));
    (json, walk.shape)
}

struct Walk {
    definitions: Json,
    /// Of the value that is looked at.
    path: Vec<String>,
    shape: Shape,
}

impl Walk {
    fn value(&mut self, node: &Node, schema: &Json, at: &str) -> Option<Json> {
        let schema = self.resolve(schema).clone();
        if let Some(forms) = schema.get("anyOf").and_then(Json::as_array) {
            return self.one_of_forms(node, forms, at);
        }
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

    /// A value that may have several forms, such as a text or a list of texts: the one that it has is looked at.
    fn one_of_forms(&mut self, node: &Node, forms: &[Json], at: &str) -> Option<Json> {
        let own = json_type(node);
        let fitting = forms.iter().find(|form| types(self.resolve(form)).contains(&own));
        match fitting.or(forms.first()).cloned() {
            Some(form) => self.value(node, &form, at),
            None => Some(node.to_json()),
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
            let inner = properties.get(&entry.key).or(additional);
            let (key, inner) = match inner {
                Some(inner) => (entry.key.as_str(), inner),
                None => match self.meant(node, entry, properties) {
                    Some(meant) => (meant, &properties[meant]),
                    None => continue,
                },
            };
            self.path.push(key.to_owned());
            let value = self.value(&entry.node, inner, &format!("`{key}`"));
            let is_named = !properties.contains_key(key) && types(self.resolve(inner)).contains(&"object");
            // A name survives without its value, so that what mentions it is not blamed as well.
            if let Some(value) = value.or_else(|| is_named.then(|| Json::Object(Map::new()))) {
                object.insert(key.to_owned(), value);
            }
            self.path.pop();
        }
        self.missing_keys(node, &object, schema, at);
        Json::Object(object)
    }

    /// The key that a key of another name must be a slip of; any other is kept for later.
    fn meant<'p>(&mut self, node: &Node, entry: &Entry, properties: &'p Map<String, Json>) -> Option<&'p str> {
        let absent = properties
            .keys()
            .map(String::as_str)
            .filter(|key| node.get(key).is_none());
        let unknown = UnknownKey {
            path: self.path.clone(),
            key: entry.key.clone(),
            span: entry.key_span,
            value: entry.node.to_json(),
            known: properties.keys().cloned().collect(),
        };
        let Some(meant) = slip(&entry.key, absent).filter(|_| !entry.key.contains(':')) else {
            self.shape.unknown.push(unknown);
            return None;
        };
        let hint = format!("did you mean `{meant}`?");
        self.shape.findings.push(unknown.finding().hint(hint));
        self.shape.renamed.push((entry.key_span, meant.to_owned()));
        Some(meant)
    }

    fn sequence(&mut self, items: &[Node], schema: &Json, at: &str) -> Json {
        let Some(inner) = schema.get("items") else {
            return Json::Array(items.iter().map(Node::to_json).collect());
        };
        let at = &format!("an entry of {at}");
        let mut item = |(position, item): (usize, &Node)| {
            self.path.push(position.to_string());
            let value = self.value(item, inner, at);
            self.path.pop();
            // A link that does not fit keeps its place as an empty one, so that positions stay true.
            value.unwrap_or_else(|| Json::Object(Map::new()))
        };
        Json::Array(items.iter().enumerate().map(&mut item).collect())
    }

    fn missing_keys(&mut self, node: &Node, found: &Map<String, Json>, schema: &Json, at: &str) {
        let required = schema
            .get("required")
            .and_then(Json::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        for key in required.iter().filter_map(Json::as_str) {
            if forms::is_of_the_catalog(&self.path, key) || self.is_of_another_form() {
                continue;
            }
            let held = node.get(key);
            let (span, fact) = match found.get(key) {
                None if held.is_some() => continue, // refused already
                None => (node.span, format!("{at} lacks the key `{key}`")),
                Some(Json::String(text)) if text.is_empty() => {
                    (held.unwrap_or(node).span, format!("`{key}` of {at} is empty"))
                }
                Some(_) => continue,
            };
            let hint = match self.legal(schema, key) {
                Some(value) => format!("add `{key}: {value}`"),
                None => format!("add `{key}:` with a value"),
            };
            let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, span, fact);
            self.shape.findings.push(finding.hint(hint));
        }
    }

    /// A link that is written as `a: b` lacks nothing but its form, which is told once.
    fn is_of_another_form(&self) -> bool {
        self.path.first().is_some_and(|first| first == "links")
            && self
                .shape
                .unknown
                .last()
                .is_some_and(|unknown| unknown.path == self.path)
    }

    /// The one value that a key may have.
    fn legal(&self, schema: &Json, key: &str) -> Option<String> {
        let inner = self.resolve(schema.get("properties")?.get(key)?);
        inner.get("const")?.as_str().map(str::to_owned)
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
        let hint = match choices.as_slice() {
            [one] => Some(format!("write `{}: {one}`", at.trim_matches('`'))),
            several => suggestion(value.as_str().unwrap_or_default(), several),
        };
        self.shape.findings.push(finding.maybe_hint(hint));
        None
    }

    fn wrong_type(&mut self, node: &Node, expected: &[&str], schema: &Json, at: &str) -> Option<Json> {
        let wanted = expected.first().copied().unwrap_or("value");
        // `links:` with nothing below means no links; `valkey:` with nothing below lacks what a component needs.
        if matches!(node.value, Value::Null) && wanted == "object" {
            self.missing_keys(node, &Map::new(), schema, at);
            return Some(Json::Object(Map::new()));
        }
        if matches!(node.value, Value::Null) && wanted == "array" {
            return None;
        }
        self.shape.refused.push(self.path.clone());
        let fact = match forms::misplaced_section(&self.path) {
            Some(fact) => fact,
            None => format!("{at} must be {}, not {}", forms::article(wanted), node.type_name()),
        };
        let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, node.span, fact);
        let hint = forms::hint(&self.path, wanted, node);
        self.shape.findings.push(finding.maybe_hint(hint));
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
