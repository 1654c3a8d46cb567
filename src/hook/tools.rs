//! Values of `hooks/tools_lock`: what each MCP server offers, and with which means.
//!
//! A link type's `tools.json` holds the definitions with placeholders for the topology's closed
//! lists; here they become what the running server will list, and their hashes go into the lock.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::fault::Code;
use crate::name::{ComponentName, sha256_hex};
use crate::stack::{Component, Link, Stack};

/// File beside link.yaml that holds the tool definitions.
const DEFINITIONS: &str = "tools.json";

/// `tools.lock.json`: every tool that an AI can call, by MCP server.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct ToolsLock {
    pub version: u32,
    pub servers: BTreeMap<String, ServerLock>,
}

/// What one MCP server offers.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct ServerLock {
    pub version: u32,
    pub links: Vec<LinkLock>,
    pub tools: Vec<ToolLock>,
}

/// One link of the server: its principal and keys.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct LinkLock {
    /// Component at the other end.
    pub component: String,
    /// Link type.
    pub link: String,
    pub write_access: bool,
    /// What the principal may do, in one word: `read`, `read and write`, `own` …
    #[serde(default)]
    pub access: String,
    pub principal: Option<String>,
    pub grants: Vec<String>,
    /// The closed lists that the tools of the link are held to: databases, topics, buckets …
    #[serde(default)]
    pub scope: BTreeMap<String, Vec<String>>,
    pub credential_keys: Vec<String>,
}

/// One tool.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct ToolLock {
    pub name: String,
    /// `read`, `side_effect` or `write`.
    pub class: String,
    /// Components that it reaches.
    pub link: Vec<String>,
    /// Environment keys that must be `true`; one of them is enough.
    pub gate: Option<Vec<String>>,
    pub description_sha256: String,
    pub input_sha256: String,
    pub output_sha256: String,
    pub grants: Vec<String>,
    pub credential_keys: Vec<String>,
}

/// The tools of one link type.
#[derive(Deserialize)]
struct Definitions {
    tools: Vec<Definition>,
}

#[derive(Deserialize)]
struct Definition {
    name: String,
    class: String,
    instance_argument: Option<String>,
    description: String,
    input_schema: Json,
    output_schema: Json,
}

pub(super) fn values(stack: &Stack) -> anyhow::Result<Json> {
    let lock = tools_lock(stack)?;
    let servers: Vec<Json> = lock
        .servers
        .iter()
        .map(|(component, server)| json!({ "component": component, "document": server }))
        .collect();
    Ok(json!({ "locks": [{ "document": lock }], "servers": servers }))
}

fn tools_lock(stack: &Stack) -> anyhow::Result<ToolsLock> {
    let mut servers = BTreeMap::new();
    for server in stack.of_type("fastmcp").filter(|server| server.external.is_none()) {
        servers.insert(server.name.to_string(), server_lock(stack, server)?);
    }
    Ok(ToolsLock { version: 1, servers })
}

fn server_lock(stack: &Stack, server: &Component) -> anyhow::Result<ServerLock> {
    let mut tools = Vec::new();
    for links in by_type(stack, &server.name).values() {
        tools.extend(link_type_tools(links)?);
    }
    tools.sort_by(|left: &ToolLock, right| left.name.cmp(&right.name));
    let links = stack
        .links_from(&server.name)
        .filter(|link| !link.entry.definition.modules.is_empty())
        .map(link_lock)
        .collect();
    Ok(ServerLock {
        version: 1,
        links,
        tools,
    })
}

/// A server's links that bring tools, by link type.
pub(super) fn by_type<'a>(stack: &'a Stack, server: &'a ComponentName) -> BTreeMap<&'a str, Vec<&'a Link>> {
    let mut groups: BTreeMap<&str, Vec<&Link>> = BTreeMap::new();
    for link in stack
        .links_from(server)
        .filter(|link| !link.entry.definition.modules.is_empty())
    {
        groups.entry(&link.type_name).or_default().push(link);
    }
    groups
}

fn link_lock(link: &Link) -> LinkLock {
    LinkLock {
        component: link.to.to_string(),
        link: link.type_name.clone(),
        write_access: link.write_access,
        access: link.access().word().to_owned(),
        principal: link.principal.clone(),
        grants: link.grants.clone(),
        scope: link.enums.clone(),
        credential_keys: credential_keys(link),
    }
}

fn credential_keys(link: &Link) -> Vec<String> {
    let keys: BTreeSet<&str> = link
        .env
        .iter()
        .filter(|value| value.value.is_none())
        .map(|value| value.key.as_str())
        .collect();
    keys.into_iter().map(str::to_owned).collect()
}

fn link_type_tools(links: &[&Link]) -> anyhow::Result<Vec<ToolLock>> {
    let Some(first) = links.first() else {
        return Ok(Vec::new());
    };
    let bytes = first.entry.file(DEFINITIONS)?;
    let definitions: Definitions = serde_json::from_slice(&bytes)
        .with_context(|| Code::E_CATALOG_TOOLS.fault(format!("`{DEFINITIONS}` of link type `{}`", first.type_name)))?;
    let writers: Vec<&Link> = links.iter().copied().filter(|link| link.write_access).collect();
    let offered = definitions
        .tools
        .into_iter()
        .filter(|tool| tool.class == "read" || !writers.is_empty());
    Ok(offered.map(|tool| tool_lock(&tool, links, &writers)).collect())
}

fn tool_lock(tool: &Definition, links: &[&Link], writers: &[&Link]) -> ToolLock {
    let is_read = tool.class == "read";
    let reached = if is_read { links } else { writers };
    let gates: Vec<String> = writers
        .iter()
        .map(|link| format!("{}_WRITE_ACCESS", link.env_prefix))
        .collect();
    let mut input = tool.input_schema.clone();
    fit_instance_argument(&mut input, tool.instance_argument.as_deref(), links);
    fill(&mut input, links);
    let keys: BTreeSet<String> = reached.iter().flat_map(|link| credential_keys(link)).collect();
    let grants: BTreeSet<&String> = reached.iter().flat_map(|link| &link.grants).collect();
    ToolLock {
        name: tool.name.clone(),
        class: tool.class.clone(),
        link: reached.iter().map(|link| link.to.to_string()).collect(),
        gate: if is_read { None } else { Some(gates) },
        description_sha256: sha256_hex(tool.description.as_bytes()),
        input_sha256: schema_sha256(&input),
        output_sha256: schema_sha256(&tool.output_schema),
        grants: grants.into_iter().cloned().collect(),
        credential_keys: keys.into_iter().collect(),
    }
}

/// serde_json writes maps sorted and without spaces: the canonical form that the server hashes too.
fn schema_sha256(schema: &Json) -> String {
    sha256_hex(schema.to_string().as_bytes())
}

/// The argument that chooses an instance lists the linked components; with one there is no choice.
fn fit_instance_argument(schema: &mut Json, argument: Option<&str>, links: &[&Link]) {
    let (Some(argument), Some(schema)) = (argument, schema.as_object_mut()) else {
        return;
    };
    let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) else {
        return;
    };
    if links.len() > 1 {
        let names: BTreeSet<&str> = links.iter().map(|link| link.to.as_str()).collect();
        properties[argument]["enum"] = json!(names);
        return;
    }
    properties.remove(argument);
    if let Some(required) = schema.get_mut("required").and_then(Json::as_array_mut) {
        required.retain(|name| name != argument);
        if required.is_empty() {
            schema.remove("required");
        }
    }
}

/// Put the topology's lists where the definitions say `["<topology:NAME>"]`.
fn fill(schema: &mut Json, links: &[&Link]) {
    match schema {
        Json::Array(items) => match placeholder(items) {
            Some(name) => *items = closed_list(&name, links),
            None => items.iter_mut().for_each(|item| fill(item, links)),
        },
        Json::Object(map) => map.values_mut().for_each(|value| fill(value, links)),
        _ => {}
    }
}

fn placeholder(items: &[Json]) -> Option<String> {
    let [Json::String(only)] = items else { return None };
    only.strip_prefix("<topology:")?.strip_suffix('>').map(str::to_owned)
}

fn closed_list(name: &str, links: &[&Link]) -> Vec<Json> {
    let values: BTreeSet<&str> = links
        .iter()
        .filter_map(|link| link.enums.get(name))
        .flatten()
        .map(String::as_str)
        .collect();
    values.into_iter().map(Json::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argument_of_a_single_instance_is_dropped() {
        let mut schema = json!({"properties": {"component": {}, "limit": {}}, "required": ["component"]});
        fit_instance_argument(&mut schema, Some("component"), &[]);
        assert_eq!(schema, json!({"properties": {"limit": {}}}));
    }

    #[test]
    fn placeholders_are_found() {
        assert_eq!(
            placeholder(&[json!("<topology:databases>")]).as_deref(),
            Some("databases")
        );
        assert_eq!(placeholder(&[json!("a"), json!("b")]), None);
    }

    #[test]
    fn canonical_form_is_sorted_and_dense() {
        assert_eq!(
            json!({"b": [1, "é"], "a": null}).to_string(),
            r#"{"a":null,"b":[1,"é"]}"#
        );
    }
}
