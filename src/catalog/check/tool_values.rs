//! Rule: what the schemas of a tool ask for can be given: lists that the topology has, patterns that can be read,
//! defaults within their limits, required arguments that there are.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::tools::{Mistake, at};
use crate::catalog::tools::placeholder;
use crate::fault::Code::E_CATALOG_TOOLS;
use crate::finding::suggestion;

/// What is wrong with the values in the schemas of `tools`. `lists` are the closed lists of a link; nothing where the
/// pair makes no link type.
pub(super) fn findings(tools: &[Json], lists: Option<&BTreeSet<String>>) -> Vec<Mistake> {
    let mut found = Vec::new();
    for (position, tool) in tools.iter().enumerate() {
        for key in ["input_schema", "data_schema"] {
            let mut look = Look {
                path: at(position, &[key]),
                name: tool["name"].as_str().unwrap_or_default(),
                lists,
                found: &mut found,
            };
            look.at(&tool[key]);
        }
    }
    found
}

/// A place in a schema.
struct Look<'a> {
    path: Vec<String>,
    name: &'a str,
    lists: Option<&'a BTreeSet<String>>,
    found: &'a mut Vec<Mistake>,
}

impl Look<'_> {
    fn at(&mut self, value: &Json) {
        match value {
            Json::Object(map) => {
                self.schema(value);
                map.iter().for_each(|(key, inner)| self.inside(key, inner));
            }
            Json::Array(items) => {
                self.list(items);
                let numbered = items.iter().enumerate();
                numbered.for_each(|(position, inner)| self.inside(&position.to_string(), inner));
            }
            _ => {}
        }
    }

    fn inside(&mut self, key: &str, value: &Json) {
        self.path.push(key.to_owned());
        self.at(value);
        self.path.pop();
    }

    fn blame(&mut self, key: &str, fact: String, hint: impl Into<String>) {
        let key = Some(key.to_owned()).filter(|key| !key.is_empty());
        self.found.push(Mistake {
            path: self.path.iter().cloned().chain(key).collect(),
            code: E_CATALOG_TOOLS,
            fact,
            hint: hint.into(),
        });
    }

    fn schema(&mut self, schema: &Json) {
        let name = self.name;
        if let Some(elsewhere) = schema["$ref"].as_str().filter(|text| !text.starts_with('#')) {
            let fact = format!("a schema of `{name}` is taken from `{elsewhere}`");
            self.blame("$ref", fact, "write the schema out: nobody fetches it");
        }
        // Classes of Unicode are more than the reader at hand knows.
        if let Some(pattern) = schema["pattern"].as_str().filter(|text| !text.contains("\\p"))
            && let Err(error) = regex_lite::Regex::new(pattern)
        {
            let fact = format!("the pattern `{pattern}` of `{name}` cannot be read: {error}");
            self.blame("pattern", fact, "write a regular expression without look-around");
        }
        if let Some(limit) = broken_limit(schema) {
            let fact = format!(
                "the default `{}` of `{name}` is outside of its `{limit}`",
                schema["default"]
            );
            self.blame(
                "default",
                fact,
                format!("write a default that its `{limit}` lets through"),
            );
        }
        let known: Vec<&str> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        for required in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
        {
            if !known.contains(&required) {
                let fact = format!("`{name}` requires `{required}`, which is not listed");
                self.blame("required", fact, suggestion(required, &known).unwrap_or_default());
            }
        }
    }

    fn list(&mut self, items: &[Json]) {
        let (Some(list), Some(known)) = (placeholder(items), self.lists) else {
            return;
        };
        if !known.contains(list) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let hint = suggestion(list, &known).unwrap_or_else(|| "add it to `scope` of the pair".to_owned());
            self.blame("", format!("no link of the pair has a closed list `{list}`"), hint);
        }
    }
}

/// The limit that a default does not keep.
fn broken_limit(schema: &Json) -> Option<&'static str> {
    let default = schema.get("default").filter(|default| !default.is_null())?;
    let (number, length) = (default.as_f64(), default.as_str().map(|text| text.chars().count()));
    let bound = |key: &str| schema[key].as_f64();
    if number
        .zip(bound("minimum"))
        .is_some_and(|(number, least)| number < least)
    {
        return Some("minimum");
    }
    if number.zip(bound("maximum")).is_some_and(|(number, most)| number > most) {
        return Some("maximum");
    }
    if length
        .zip(schema["maxLength"].as_u64())
        .is_some_and(|(length, most)| length as u64 > most)
    {
        return Some("maxLength");
    }
    let is_listed = schema["enum"]
        .as_array()
        .is_none_or(|items| placeholder(items).is_some() || items.contains(default));
    (!is_listed).then_some("enum")
}
