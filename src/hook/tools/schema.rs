//! Input and output schemas as the running server lists them.
//!
//! A definition and the links of its server go in, a schema with its hash comes out. What is the same in every stack was
//! hashed at build time.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::catalog::tools::{Contract, Hashed, Input, Tool, placeholder};
use crate::stack::Connection;

/// A schema, and the hash of its canonical form.
pub(super) struct Listed {
    pub(super) schema: Json,
    pub(super) sha256: String,
}

/// The input schema of a tool that offers the `reached` of all links of its service.
///
/// Where there are several the instance is named even if one alone can be written to: a write never guesses its target.
pub(super) fn input(
    tool: &Tool,
    contract: &Contract,
    all: &[&Connection<'_>],
    reached: &[&Connection<'_>],
) -> serde_json::Result<Listed> {
    let several = all.len() > 1;
    match &tool.input {
        Input::Fixed(schema) if !several => Ok(Listed {
            schema: serde_json::from_str(schema.text())?,
            sha256: schema.sha256().to_owned(),
        }),
        Input::Fixed(_) | Input::Open(_) => {
            let mut schema = template(&tool.input)?;
            fill(&mut schema, &|name| closed_list(name, reached));
            if several {
                let names: BTreeSet<&str> = reached.iter().map(|link| link.first().to.as_str()).collect();
                add_instance(&mut schema, tool, contract, &names)?;
            }
            let sha256 = Hashed::of_schema(&schema).sha256().to_owned();
            Ok(Listed { schema, sha256 })
        }
    }
}

/// The hash of a tool's output schema, and what it says beside the envelope.
pub(super) fn output(tool: &Tool, contract: &Contract) -> serde_json::Result<(Option<Json>, String)> {
    let Some(data) = &tool.data else {
        return Ok((None, contract.envelope.sha256().to_owned()));
    };
    let data: Json = serde_json::from_str(data)?;
    let mut envelope: Json = serde_json::from_str(contract.envelope.text())?;
    envelope["properties"]["data"] = data.clone();
    let sha256 = Hashed::of_schema(&envelope).sha256().to_owned();
    Ok((Some(data), sha256))
}

fn template(input: &Input) -> serde_json::Result<Json> {
    match input {
        Input::Fixed(schema) => serde_json::from_str(schema.text()),
        Input::Open(schema) => serde_json::from_str(schema),
    }
}

/// The argument that chooses among several instances comes in front, and is required.
fn add_instance(schema: &mut Json, tool: &Tool, contract: &Contract, names: &BTreeSet<&str>) -> serde_json::Result<()> {
    let argument = &*tool.instance_argument;
    let mut instance: Json = serde_json::from_str(&contract.instance)?;
    instance["enum"] = json!(names);
    schema["properties"][argument] = instance;
    let others = schema
        .get("required")
        .and_then(Json::as_array)
        .cloned()
        .unwrap_or_default();
    schema["required"] = [Json::from(argument)].into_iter().chain(others).collect();
    Ok(())
}

/// Put the topology's lists where a definition says `["<topology:NAME>"]`.
fn fill(schema: &mut Json, list: &dyn Fn(&str) -> Vec<Json>) {
    match schema {
        Json::Array(items) => match placeholder(items).map(list) {
            Some(values) => *items = values,
            None => items.iter_mut().for_each(|item| fill(item, list)),
        },
        Json::Object(map) => map.values_mut().for_each(|value| fill(value, list)),
        _ => {}
    }
}

fn closed_list(name: &str, links: &[&Connection<'_>]) -> Vec<Json> {
    let lists = links.iter().filter_map(|link| link.scope.get(name));
    let values: BTreeSet<&str> = lists.flatten().map(String::as_str).collect();
    values.into_iter().map(Json::from).collect()
}

/// The greatest `limit` that an input schema takes: the most items of a page.
pub(super) fn page_items(schema: &Json) -> Option<u64> {
    let limit = &schema["properties"]["limit"];
    let forms = limit["anyOf"].as_array().into_iter().flatten().chain([limit]);
    forms.filter_map(|form| form["maximum"].as_u64()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_filled_in_wherever_they_stand() {
        let mut schema = json!({"a": {"enum": ["<topology:databases>"]}, "b": [{"items": {"enum": ["<topology:none>"]}}], "c": ["x"]});
        fill(&mut schema, &|name| match name {
            "databases" => vec![json!("hr"), json!("shop")],
            _ => Vec::new(),
        });
        assert_eq!(
            schema,
            json!({"a": {"enum": ["hr", "shop"]}, "b": [{"items": {"enum": []}}], "c": ["x"]})
        );
    }

    #[test]
    fn pages() {
        for (limit, expected) in [
            (json!({"type": "integer", "maximum": 100}), Some(100)),
            (
                json!({"anyOf": [{"type": "integer", "maximum": 500}, {"type": "null"}]}),
                Some(500),
            ),
            (json!({"type": "integer"}), None),
        ] {
            assert_eq!(page_items(&json!({"properties": {"limit": limit}})), expected);
        }
        assert_eq!(page_items(&json!({"properties": {}})), None);
    }
}
