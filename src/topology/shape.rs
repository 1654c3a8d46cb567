//! The closed schema: compare a document with its JSON Schema, that of [`StackDocument`] or of an entry of the catalog.
//!
//! One schema serves editors and this check, so that they cannot disagree. What does not fit is
//! reported and left out of the JSON that comes back, so that the rest can be checked further: names
//! survive without their values, and a key that is a slip of the pen counts as the one that was meant.

use serde_json::{Map, Value as Json};

use super::document::StackDocument;
use super::forms;
use super::variants::{constants, exclusive, fitting};
use crate::finding::{Code, Finding, suggestion};
use crate::name::slip;
use crate::yaml::{Entry, Node, Span, Value};

/// What came of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) findings: Vec<Finding>,
    /// Keys that the schema does not have; what they could mean is for those to say who know the catalog.
    pub(crate) unknown: Vec<UnknownKey>,
    /// Places of mistyped keys, with the keys that were meant.
    pub(crate) renamed: Vec<(Span, String)>,
    /// Paths of what was refused as a whole.
    pub(super) refused: Vec<Vec<String>>,
}

/// In what the words about one kind of file differ from those about another.
pub(crate) struct Dialect {
    pub(crate) code: Code,
    /// The whole document.
    pub(crate) root: &'static str,
    /// Whether others know what a missing key may be.
    pub(crate) is_left_to_others: fn(&[String], &str) -> bool,
    /// The fact of a section that is indented into another.
    pub(crate) misplaced: fn(&[String]) -> Option<String>,
    /// Whether a missing key is told with what the schema says of it.
    pub(crate) describes: bool,
    /// What to write in place of a value of the wrong type.
    pub(crate) hint: fn(&[String], &str, &Node) -> Option<String>,
}

const STACK: Dialect = Dialect {
    code: Code::E_TOPOLOGY_SCHEMA,
    root: "the stack",
    is_left_to_others: forms::is_of_the_catalog,
    misplaced: forms::misplaced_section,
    describes: false,
    hint: forms::hint,
};

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
    /// `help: one, two`, where the key is what stands behind a comma of a text.
    pub cut_from: Option<String>,
}

impl UnknownKey {
    /// The finding of who knows the schema alone.
    #[must_use]
    pub fn finding(&self) -> Finding {
        self.finding_as(Code::E_TOPOLOGY_SCHEMA)
    }

    pub(crate) fn finding_as(&self, code: Code) -> Finding {
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        let finding = match self.key.split_once(':') {
            Some((key, _)) => {
                let fact = format!("the colon of `{key}` has no space behind it");
                return Finding::new(code, self.span, fact).hint(format!("write `{key}: …`"));
            }
            None => format!("the key `{}` is not known here", self.key),
        };
        let quoted = |whole: &String| format!("put a text that has a comma in quotes: `{whole}`");
        let hint = self.cut_from.as_ref().map(quoted);
        Finding::new(code, self.span, finding).maybe_hint(hint.or_else(|| suggestion(&self.key, &known)))
    }
}

/// Compare a stack with its schema; the JSON holds what fits.
pub(super) fn check(root: &Node) -> (Json, Shape) {
    compare(root, &schemars::schema_for!(StackDocument).to_value(), &STACK)
}

/// Compare `root` with `schema`; the JSON holds what fits.
pub(crate) fn compare(root: &Node, schema: &Json, dialect: &Dialect) -> (Json, Shape) {
    let mut walk = Walk {
        definitions: schema.get("$defs").unwrap_or(&Json::Null),
        dialect,
        path: Vec::new(),
        shape: Shape::default(),
    };
    let json = walk
        .value(root, schema, dialect.root)
        .unwrap_or_else(|| Json::Object(Map::new()));
    (json, walk.shape)
}

struct Walk<'a> {
    definitions: &'a Json,
    dialect: &'a Dialect,
    /// Of the value that is looked at.
    path: Vec<String>,
    shape: Shape,
}

impl<'a> Walk<'a> {
    fn value(&mut self, node: &Node, schema: &'a Json, at: &str) -> Option<Json> {
        let schema = fitting(self.definitions, schema, node);
        if let Some(legal) = constants(schema) {
            return self.constant(node, &legal, at);
        }
        match types(schema).as_slice() {
            [] => Some(node.to_json()),
            expected if !expected.contains(&json_type(node)) => self.wrong_type(node, expected, schema, at),
            _ => match &node.value {
                Value::Mapping(mapping) => Some(self.mapping(node, &mapping.entries, schema, at)),
                Value::Sequence(items) => self.sequence(node, items, schema, at),
                Value::Integer(number) => self.number(node, *number, schema, at),
                _ => Some(node.to_json()),
            },
        }
    }

    /// Follow `$ref`, and the first branch of an optional value.
    fn resolve<'s>(&self, schema: &'s Json) -> &'s Json
    where
        'a: 's,
    {
        super::variants::resolve(self.definitions, schema)
    }

    fn mapping(&mut self, node: &Node, entries: &[Entry], schema: &'a Json, at: &str) -> Json {
        let properties = schema.get("properties").and_then(Json::as_object);
        let property = |key: &str| properties.and_then(|known| known.get(key));
        let additional = schema
            .get("additionalProperties")
            .filter(|inner| **inner != Json::Bool(false));
        let mut object = Map::new();
        for entry in entries {
            let inner = property(&entry.key).or(additional);
            let known = match inner {
                Some(inner) => Some((entry.key.as_str(), inner)),
                None => self.meant(node, entry, properties),
            };
            let Some((key, inner)) = known else { continue };
            self.path.push(key.to_owned());
            let value = self.value(&entry.node, inner, &format!("`{key}`"));
            let is_named = property(key).is_none() && types(self.resolve(inner)).contains(&"object");
            // A name survives without its value, so that what mentions it is not blamed as well.
            if let Some(value) = value.or_else(|| is_named.then(|| Json::Object(Map::new()))) {
                object.insert(key.to_owned(), value);
            }
            self.path.pop();
        }
        self.missing_keys(node, &object, schema, at);
        self.exclusive_keys(node, schema, at);
        Json::Object(object)
    }

    /// Keys of which there must be exactly one.
    fn exclusive_keys(&mut self, node: &Node, schema: &Json, at: &str) {
        let keys = exclusive(schema);
        let given: Vec<&str> = keys.iter().copied().filter(|key| node.get(key).is_some()).collect();
        let (span, fact) = match given.as_slice() {
            _ if keys.is_empty() => return,
            [_] => return,
            [] => (node.span, format!("{at} has none of `{}`", keys.join("`, `"))),
            [.., last] => (node.key_place(&[last]), format!("{at} has `{}`", given.join("` and `"))),
        };
        let hint = format!("write exactly one of `{}`", keys.join("`, `"));
        self.blame(span, fact, Some(hint));
    }

    fn blame(&mut self, span: Span, fact: String, hint: Option<String>) {
        let finding = Finding::new(self.dialect.code, span, fact).maybe_hint(hint);
        self.shape.findings.push(finding);
    }

    fn number(&mut self, node: &Node, number: i64, schema: &Json, at: &str) -> Option<Json> {
        let (least, most) = (schema.get("minimum"), schema.get("maximum"));
        let (least, most) = (least.and_then(Json::as_i64), most.and_then(Json::as_i64));
        if least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most) {
            return Some(node.to_json());
        }
        let bounds = match (least, most) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("{least} or more"),
            (None, most) => format!("{} or less", most.unwrap_or_default()),
        };
        self.blame(node.span, format!("{at} must be {bounds}"), None);
        None
    }

    /// The property that a key of another name must be a slip of; any other is kept for later.
    fn meant(
        &mut self,
        node: &Node,
        entry: &Entry,
        properties: Option<&'a Map<String, Json>>,
    ) -> Option<(&'a str, &'a Json)> {
        let known = || properties.into_iter().flat_map(Map::keys).map(String::as_str);
        let absent = known().filter(|key| node.get(key).is_none());
        let unknown = UnknownKey {
            path: self.path.clone(),
            key: entry.key.clone(),
            span: entry.key_span,
            value: entry.node.to_json(),
            known: known().map(str::to_owned).collect(),
            cut_from: cut_from(node, entry),
        };
        let Some(meant) = slip(&entry.key, absent).filter(|_| !entry.key.contains(':')) else {
            self.shape.unknown.push(unknown);
            return None;
        };
        let hint = format!("did you mean `{meant}`?");
        self.shape
            .findings
            .push(unknown.finding_as(self.dialect.code).hint(hint));
        self.shape.renamed.push((entry.key_span, meant.to_owned()));
        Some((meant, properties?.get(meant)?))
    }

    fn sequence(&mut self, node: &Node, items: &[Node], schema: &'a Json, at: &str) -> Option<Json> {
        let fixed = schema.get("prefixItems").and_then(Json::as_array);
        if let Some(fixed) = fixed.filter(|fixed| fixed.len() != items.len()) {
            let fact = format!("{at} must be a list of {}, not of {}", fixed.len(), items.len());
            self.blame(node.span, fact, None);
            return None;
        }
        let each = schema.get("items").filter(|each| !each.is_boolean());
        let inner = |position: usize| fixed.map_or(each, |fixed| fixed.get(position));
        let at = &format!("an entry of {at}");
        let mut item = |(position, item): (usize, &Node)| {
            let Some(inner) = inner(position) else {
                return item.to_json();
            };
            self.path.push(position.to_string());
            let value = self.value(item, inner, at);
            if forms::is_target(&self.path) && value == Some(Json::String(String::new())) {
                self.blame(
                    item.span,
                    format!("{at} is empty"),
                    Some("name a component, or remove it".to_owned()),
                );
            }
            self.path.pop();
            // What does not fit keeps its place as an empty one, so that positions stay true.
            value.unwrap_or_else(|| match types(inner).as_slice() {
                ["string"] => Json::String(String::new()),
                _ => Json::Object(Map::new()),
            })
        };
        Some(Json::Array(items.iter().enumerate().map(&mut item).collect()))
    }

    fn missing_keys(&mut self, node: &Node, found: &Map<String, Json>, schema: &Json, at: &str) {
        let required = schema
            .get("required")
            .and_then(Json::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        for key in required.iter().filter_map(Json::as_str) {
            if (self.dialect.is_left_to_others)(&self.path, key) || self.is_of_another_form() {
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
                None => match self.described(schema, key) {
                    Some(what) => format!("add `{key}:`: {what}"),
                    None => format!("add `{key}:` with a value"),
                },
            };
            self.blame(span, fact, Some(hint));
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

    /// What the schema says of a key.
    fn described(&self, schema: &Json, key: &str) -> Option<String> {
        let text = schema.get("properties")?.get(key)?.get("description")?.as_str()?;
        let sentence = text.split(['.', ';', '\n']).next().unwrap_or_default();
        let (first, rest) = sentence.split_at_checked(1)?;
        self.dialect.describes.then(|| first.to_ascii_lowercase() + rest)
    }

    fn constant(&mut self, node: &Node, expected: &[&Json], at: &str) -> Option<Json> {
        let value = node.to_json();
        if expected.contains(&&value) {
            return Some(value);
        }
        let choices: Vec<&str> = expected.iter().filter_map(|choice| choice.as_str()).collect();
        let hint = match choices.as_slice() {
            [one] => Some(format!("write `{}: {one}`", at.trim_matches('`'))),
            several => suggestion(value.as_str().unwrap_or_default(), several),
        };
        self.blame(node.span, format!("{at} is not one of its legal values"), hint);
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
        let fact = match (self.dialect.misplaced)(&self.path) {
            Some(fact) => fact,
            None => format!("{at} must be {}, not {}", forms::article(wanted), node.type_name()),
        };
        let hint = (self.dialect.hint)(&self.path, wanted, node);
        self.blame(node.span, fact, hint);
        None
    }
}

/// What a key without a value was a part of: the text before it in the same line, whose comma ended it.
fn cut_from(node: &Node, entry: &Entry) -> Option<String> {
    let Value::Mapping(mapping) = &node.value else {
        return None;
    };
    let position = mapping
        .entries
        .iter()
        .position(|held| held.key_span == entry.key_span)?;
    let before = &mapping.entries[position.checked_sub(1)?];
    match (&before.node.value, &entry.node.value) {
        (Value::String(text), Value::Null)
            if before.key_span.line == entry.key_span.line
                && [text, &entry.key].iter().any(|part| part.contains(' ')) =>
        {
            Some(format!("{}: \"{text}, {}\"", before.key, entry.key))
        }
        _ => None,
    }
}

pub(super) fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn json_type(node: &Node) -> &'static str {
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
