//! Values of `hooks/tools_lock`: what each MCP server offers, and with which means.
//!
//! A link type's `tools.json` holds the definitions with placeholders for the topology's closed
//! lists; here they become what the running server will list, and their hashes go into the lock.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::catalog::{Entry, Pair, Role};
use crate::fault::{Code, Fault};
use crate::name::sha256_hex;
use crate::stack::{Component, Connection, Link, Stack};

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
    /// What it may do, in one word: `probe`, `read`, `write` or `own`.
    #[serde(default)]
    pub access: String,
    pub principal: Option<String>,
    /// What the level grants, as data of the provider.
    #[serde(default)]
    pub grants: Json,
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
    for server in stack.of_role(Role::McpServer).filter(|server| server.is_deployed()) {
        servers.insert(server.name.to_string(), server_lock(stack, server)?);
    }
    Ok(ToolsLock { version: 2, servers })
}

fn server_lock(stack: &Stack, server: &Component) -> anyhow::Result<ServerLock> {
    let mut tools = Vec::new();
    for connections in stack.connections(server).values() {
        tools.extend(pair_tools(connections)?);
    }
    tools.sort_by(|left: &ToolLock, right| left.name.cmp(&right.name));
    let links = stack
        .links_from(&server.name)
        .filter(|link| link.kind.tools.is_some())
        .map(link_lock)
        .collect();
    Ok(ServerLock {
        version: 2,
        links,
        tools,
    })
}

fn link_lock(link: &Link) -> LinkLock {
    LinkLock {
        component: link.to.to_string(),
        link: link.type_name().to_owned(),
        write_access: link.writes(),
        access: link.level.word().to_owned(),
        principal: link.principal.clone(),
        grants: Json::Object(link.grants.clone()),
        scope: link.scope.clone(),
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

fn pair_tools(connections: &[Connection<'_>]) -> anyhow::Result<Vec<ToolLock>> {
    let Some(first) = connections.first() else {
        return Ok(Vec::new());
    };
    let bytes = first.tools.file(DEFINITIONS)?;
    let definitions: Definitions = serde_json::from_slice(&bytes).with_context(|| broken(first.tools))?;
    let all: Vec<&Connection<'_>> = connections.iter().collect();
    let writers: Vec<&Connection<'_>> = connections.iter().filter(|connection| connection.writes()).collect();
    let tools = definitions.tools.into_iter();
    let offered = tools.filter(|tool| tool.class == "read" || !writers.is_empty());
    Ok(offered.map(|tool| tool_lock(&tool, &all, &writers)).collect())
}

fn tool_lock(tool: &Definition, all: &[&Connection<'_>], writers: &[&Connection<'_>]) -> ToolLock {
    let is_read = tool.class == "read";
    let reached = if is_read { all } else { writers };
    let gate = |connection: &&Connection<'_>| format!("{}_WRITE_ACCESS", connection.first().env_prefix);
    let mut input = tool.input_schema.clone();
    fit_instance_argument(&mut input, tool.instance_argument.as_deref(), all);
    fill(&mut input, all);
    let keys: BTreeSet<String> = reached
        .iter()
        .flat_map(|connection| credential_keys(connection.first()))
        .collect();
    ToolLock {
        name: tool.name.clone(),
        class: tool.class.clone(),
        link: reached
            .iter()
            .map(|connection| connection.first().to.to_string())
            .collect(),
        gate: (!is_read).then(|| writers.iter().map(gate).collect()),
        description_sha256: sha256_hex(tool.description.as_bytes()),
        input_sha256: schema_sha256(&input),
        output_sha256: schema_sha256(&tool.output_schema),
        credential_keys: keys.into_iter().collect(),
    }
}

/// What the names of all tools of a pair begin with, `cnpg_`, where they have a first word in common.
pub(super) fn common_prefix(entry: &Entry<Pair>) -> anyhow::Result<Option<String>> {
    #[derive(Deserialize)]
    struct Names {
        tools: Vec<Name>,
    }
    #[derive(Deserialize)]
    struct Name {
        name: String,
    }
    let bytes = entry.file(DEFINITIONS)?;
    let names: Names = serde_json::from_slice(&bytes).with_context(|| broken(entry))?;
    let words: BTreeSet<Option<&str>> = names
        .tools
        .iter()
        .map(|tool| tool.name.split_once('_').map(|(word, _)| word))
        .collect();
    let mut words = words.into_iter();
    Ok(match (words.next(), words.next()) {
        (Some(Some(word)), None) => Some(format!("{word}_")),
        _ => None,
    })
}

fn broken(entry: &Entry<Pair>) -> Fault {
    Code::E_CATALOG_TOOLS.fault(format!("`{}`", entry.place(DEFINITIONS)))
}

/// serde_json writes maps sorted and without spaces: the canonical form that the server hashes too.
fn schema_sha256(schema: &Json) -> String {
    sha256_hex(schema.to_string().as_bytes())
}

/// The argument that chooses an instance lists the linked components; with one there is no choice.
fn fit_instance_argument(schema: &mut Json, argument: Option<&str>, links: &[&Connection<'_>]) {
    let (Some(argument), Some(schema)) = (argument, schema.as_object_mut()) else {
        return;
    };
    let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) else {
        return;
    };
    if links.len() > 1 {
        let names: BTreeSet<&str> = links.iter().map(|link| link.first().to.as_str()).collect();
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
fn fill(schema: &mut Json, links: &[&Connection<'_>]) {
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

fn closed_list(name: &str, links: &[&Connection<'_>]) -> Vec<Json> {
    let values: BTreeSet<&str> = links
        .iter()
        .filter_map(|link| link.scope.get(name))
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
