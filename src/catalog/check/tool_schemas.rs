//! Rule: the schemas of a tool are closed: no argument that is not listed, no text or number without a limit, and each
//! argument says what it is.

use serde_json::Value as Json;

use super::tools::{Mistake, at};
use crate::fault::Code::E_CATALOG_TOOLS;

/// What is wrong with the schemas of `tools`. `is_described` asks for a description of each argument.
pub(super) fn findings(tools: &[Json], is_described: bool) -> Vec<Mistake> {
    let mut found = Vec::new();
    for (position, tool) in tools.iter().enumerate() {
        let name = tool["name"].as_str().unwrap_or_default();
        for key in ["input_schema", "data_schema"] {
            let mut path = at(position, &[key]);
            if !tool[key].is_object() {
                continue; // told where the keys of a tool are
            }
            if key == "input_schema" && tool[key]["type"] != "object" {
                let fact = format!("the `{key}` of `{name}` is no object");
                found.push(mistake(
                    &path,
                    fact,
                    "write `{\"type\": \"object\", \"properties\": {…}, \"additionalProperties\": false}`",
                ));
                continue;
            }
            open(&mut path, &tool[key], name, &mut found);
        }
        let properties = tool["input_schema"]["properties"].as_object();
        for (argument, schema) in properties.into_iter().flatten() {
            let path = at(position, &["input_schema", "properties", argument]);
            if is_described && schema["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
                let fact = format!("the argument `{argument}` of `{name}` is not described");
                found.push(mistake(
                    &path,
                    fact,
                    "add a `description`: a model has nothing else to go by",
                ));
            }
            if let Some(what) = unlimited(schema) {
                let fact = format!("the argument `{argument}` of `{name}` takes {what} of any size");
                found.push(mistake(
                    &path,
                    fact,
                    "give it a limit: `maxLength`, `pattern` or `enum`; `minimum` and `maximum`",
                ));
            }
        }
    }
    found
}

fn mistake(path: &[String], fact: String, hint: &str) -> Mistake {
    Mistake {
        path: path.to_vec(),
        code: E_CATALOG_TOOLS,
        fact,
        hint: hint.to_owned(),
    }
}

/// Objects of named parts that take others too. A map has no names, and says what its values are.
fn open(path: &mut Vec<String>, schema: &Json, name: &str, found: &mut Vec<Mistake>) {
    match schema {
        Json::Object(map) => {
            let others = map.get("additionalProperties");
            let is_object = schema["type"] == "object";
            let is_closed = match map.contains_key("properties") {
                true => others == Some(&Json::Bool(false)),
                false => others.is_some() || map.contains_key("patternProperties"),
            };
            if is_object && !is_closed {
                let fact = format!("a schema of `{name}` takes keys that are not listed");
                found.push(mistake(path, fact, "add `\"additionalProperties\": false`"));
            }
            for (key, inner) in map {
                path.push(key.clone());
                open(path, inner, name, found);
                path.pop();
            }
        }
        Json::Array(items) => {
            for (position, inner) in items.iter().enumerate() {
                path.push(position.to_string());
                open(path, inner, name, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// What an argument takes without a limit.
fn unlimited(schema: &Json) -> Option<&'static str> {
    let branches = schema["anyOf"].as_array().into_iter().flatten();
    let parts = std::iter::once(schema).chain(branches).chain(schema.get("items"));
    parts.into_iter().find_map(|part| {
        let has = |keys: &[&str]| keys.iter().any(|key| part.get(*key).is_some());
        match part["type"].as_str() {
            Some("string") if !has(&["enum", "const", "pattern", "maxLength", "format"]) => Some("a text"),
            Some("integer" | "number") => {
                let is_held = has(&["const", "enum"]) || (has(&["minimum"]) && has(&["maximum"]));
                (!is_held).then_some("a number")
            }
            _ => None,
        }
    })
}
