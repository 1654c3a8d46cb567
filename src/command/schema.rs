//! `stacktic schema`: the JSON Schemas of what is read and written, made from the types and the
//! catalog.

use std::collections::BTreeSet;

use schemars::schema_for;
use serde_json::{Map, Value as Json, json};

use super::Streams;
use crate::catalog::{
    AttributeKind, AttributeType, Catalog, ComponentType, Convention, HookType, Interface, Pair, variable,
};
use crate::cli::SchemaArg;
use crate::exit::Exit;
use crate::hook::{ServedLock, ToolsLock};
use crate::metadata::StackMetadata;
use crate::topology::StackDocument;

pub(super) fn run(which: SchemaArg, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let schema = match which {
        SchemaArg::Stack => stack_schema(catalog)?,
        SchemaArg::Component => component_schema(),
        SchemaArg::Interface => schema_for!(Interface).to_value(),
        SchemaArg::Convention => schema_for!(Convention).to_value(),
        SchemaArg::Pair => schema_for!(Pair).to_value(),
        SchemaArg::Hook => schema_for!(HookType).to_value(),
        SchemaArg::Metadata => schema_for!(StackMetadata).to_value(),
        SchemaArg::ToolsLock => schema_for!(ToolsLock).to_value(),
        SchemaArg::ServerToolsLock => schema_for!(ServedLock).to_value(),
    };
    writeln!(streams.out, "{schema:#}")?;
    Ok(Exit::Done)
}

/// The schema of component.yaml. Presets may give whatever an entry needs, so only its name is asked for.
fn component_schema() -> Json {
    let mut schema = schema_for!(ComponentType).to_value();
    schema["required"] = json!(["type"]);
    for part in ["AttributeType", "SubComponentType", "Workload", "Probe", "Cpu"] {
        if let Some(part) = schema["$defs"][part].as_object_mut() {
            part.remove("required");
        }
    }
    schema
}

/// The schema of stack.yaml with the catalog's types, attributes and link types, so that an editor
/// completes and refuses what `check` would.
///
/// # Errors
/// An entry of the catalog is broken.
pub(super) fn stack_schema(catalog: &Catalog) -> anyhow::Result<Json> {
    let mut schema = schema_for!(StackDocument).to_value();
    let names = catalog.type_names();
    let types = catalog.all_types()?;
    let branches: Vec<Json> = types.iter().map(|entry| branch(&entry.definition)).collect();
    let component = &mut schema["$defs"]["ComponentDocument"];
    component["properties"]["type"]["enum"] = json!(names);
    component["allOf"] = Json::Array(branches);
    let mut links = BTreeSet::new();
    for from in &types {
        for to in &types {
            let kinds = catalog.link_kinds(&from.definition, &to.definition)?;
            links.extend(
                kinds
                    .iter()
                    .flat_map(|kind| [kind.name.clone(), kind.slot_name.clone()]),
            );
        }
    }
    schema["$defs"]["LinkDocument"]["properties"]["type"]["enum"] =
        links.into_iter().map(Json::from).chain([Json::Null]).collect();
    Ok(schema)
}

/// What a component of one type may say.
fn branch(kind: &ComponentType) -> Json {
    let mut properties = Map::new();
    properties.insert("attributes".to_owned(), attributes(&kind.attributes));
    let subs: Vec<Json> = kind
        .sub_components
        .iter()
        .map(|(name, sub)| {
            json!({
                "if": { "properties": { "type": { "const": name } } },
                "then": { "properties": { "attributes": attributes(&sub.attributes) } },
            })
        })
        .collect();
    let sub_types: Vec<&String> = kind.sub_components.keys().collect();
    let sub = json!({ "properties": { "type": { "enum": sub_types } }, "allOf": subs });
    let sub = if sub_types.is_empty() {
        json!({ "maxProperties": 0 })
    } else {
        json!({ "additionalProperties": sub })
    };
    properties.insert("sub_components".to_owned(), sub);
    if let Some(deprecated) = &kind.deprecated {
        let told = json!({ "deprecated": true, "description": format!("Deprecated: {deprecated}.") });
        properties.insert("type".to_owned(), told);
    }
    json!({ "if": { "properties": { "type": { "const": kind.name } } }, "then": { "properties": properties } })
}

/// Secrets are left out: they take no value.
fn attributes(types: &std::collections::BTreeMap<String, AttributeType>) -> Json {
    let plain = types.iter().filter(|(_, kind)| !kind.secret);
    let properties: Map<String, Json> = plain.map(|(name, kind)| (name.clone(), attribute(kind))).collect();
    let required: Vec<&String> = types
        .iter()
        .filter(|(_, kind)| kind.required)
        .map(|(name, _)| name)
        .collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn attribute(kind: &AttributeType) -> Json {
    let mut schema = form(kind.kind);
    schema.insert("description".to_owned(), json!(kind.help));
    if let Some(default) = &kind.default {
        schema.insert("default".to_owned(), default.clone());
    }
    if let Some(choices) = &kind.choices {
        schema.insert("enum".to_owned(), json!(choices));
    }
    if let Some((least, greatest)) = kind.range {
        schema.insert("minimum".to_owned(), json!(least));
        schema.insert("maximum".to_owned(), json!(greatest));
    }
    if let Some(pattern) = &kind.pattern {
        schema.insert("pattern".to_owned(), json!(format!("^(?:{pattern})$")));
    }
    Json::Object(schema)
}

/// What a value is, whatever the attribute.
fn form(kind: AttributeKind) -> Map<String, Json> {
    let name = json!({ "pattern": format!("^{}$", variable::NAME) });
    let value = json!({ "type": "string", "maxLength": variable::MAX_VALUE });
    let form = match kind {
        AttributeKind::Integer => json!({ "type": "integer" }),
        AttributeKind::Boolean => json!({ "type": "boolean" }),
        AttributeKind::Settings => json!({ "type": "object", "propertyNames": name, "additionalProperties": value }),
        AttributeKind::SecretNames => {
            json!({ "type": "array", "items": { "type": "string", "pattern": name["pattern"] }, "uniqueItems": true })
        }
        AttributeKind::Ends => json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true }),
        AttributeKind::Linked => json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true }),
        AttributeKind::Date => json!({ "type": "string", "format": "date" }),
        _ => json!({ "type": "string" }),
    };
    form.as_object().cloned().unwrap_or_default()
}
