//! Values of `hooks/mcp_registry`: what an MCP server may import, and the facts its tools need.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use super::tools::common_prefix;
use crate::catalog::tools::Class;
use crate::catalog::{AttributeKind, Catalog, Entry, Pair, Role};
use crate::stack::{AttributeValue, Component, Connection, Link, Stack, SubComponent};
use crate::view::object;

/// The interface of who issues the tokens of callers.
const TOKENS: &str = "oauth";
/// The attribute of a server with a page for people.
pub(super) const WEBSITE: &str = "website";

pub(super) fn values(stack: &Stack, catalog: &Catalog) -> anyhow::Result<Json> {
    let mut registries = Vec::new();
    for server in stack.of_role(Role::McpServer).filter(|server| server.is_deployed()) {
        registries.push(object! { "component": &server.name, "document": registry(stack, catalog, server)? });
    }
    Ok(object! { "registries": registries })
}

/// The link by which callers of `server` sign in.
pub(super) fn sign_in<'a>(stack: &'a Stack, server: &'a Component) -> Option<&'a Link> {
    let mut links = stack.links_from(&server.name);
    links.find(|link| link.kind.interface_name() == TOKENS)
}

fn registry(stack: &Stack, catalog: &Catalog, server: &Component) -> anyhow::Result<Json> {
    let mut modules = Vec::new();
    for connections in stack.connections(server).values() {
        modules.extend(self::modules(server, connections)?);
    }
    let mut registry = object! {
        "stack": &stack.name,
        "domain": &stack.domain,
        "server": &server.name,
        "offers": offers(catalog, server)?,
        "modules": modules,
        "components": stack.components.values().map(component).collect::<Vec<_>>(),
    };
    if let Some(link) = sign_in(stack, server) {
        let resource = format!("https://{}/mcp", stack.published_host(server));
        registry["sign_in"] = json!({ "env": link.env_prefix, "resource": resource });
    }
    let website = server.text(WEBSITE);
    if !website.is_empty() {
        registry["website"] = Json::from(website);
    }
    let clients = clients(stack, server);
    if !clients.is_empty() {
        registry["clients"] = Json::Array(clients);
    }
    Ok(registry)
}

/// The AI clients of a server: what each may reach, all where it has no list, and the day with which it ends.
fn clients(stack: &Stack, server: &Component) -> Vec<Json> {
    let kinds = &server.entry.definition.sub_components;
    let is_client = |sub: &&SubComponent| {
        let kind = kinds.get(&sub.sub_type);
        kind.is_some_and(|kind| kind.attributes.values().any(|one| one.kind == AttributeKind::Linked))
    };
    let client = |sub: &SubComponent| {
        let expires = sub.attributes.get("expires").and_then(AttributeValue::text);
        json!({ "name": sub.name, "links": stack.usable(server, sub), "expires": expires })
    };
    server.sub_components.values().filter(is_client).map(client).collect()
}

/// The tool files of one service.
fn modules(server: &Component, connections: &[Connection<'_>]) -> anyhow::Result<Vec<Json>> {
    let Some(first) = connections.first() else {
        return Ok(Vec::new());
    };
    let mut modules = Vec::new();
    for (position, file) in first.tools.definition.tool_files()?.into_iter().enumerate() {
        let sha256 = first.tools.tool_file_sha256(&server.entry, file)?;
        // Only the first file of a service registers tools; the others are parts of it.
        let facts: Vec<Json> = if position == 0 {
            connections.iter().map(link).collect()
        } else {
            Vec::new()
        };
        modules.push(object! { "service": file.service, "file": file.name, "sha256": sha256, "links": facts });
    }
    Ok(modules)
}

/// The types that a link from the server would give tools for, drawn or not, with what the names of these begin with and
/// those among them that write.
///
/// Definitions that cannot be read offer nothing: as long as no link is of their type, they are in nobody's way.
fn offers(catalog: &Catalog, server: &Component) -> anyhow::Result<Vec<Json>> {
    let mut offers = BTreeSet::new();
    for pair in catalog.pairs_from(server.type_name())? {
        let tools = match &pair.definition.tools_of {
            Some(other) => catalog.pair(other)?,
            None => Some(Rc::clone(&pair)),
        };
        if let Some(tools) = tools.filter(|tools| tools.definition.service().is_some())
            && let Ok(prefix) = common_prefix(&tools)
        {
            offers.insert((pair.definition.to.clone(), prefix, writes(&tools)?));
        }
    }
    let offers = offers.into_iter();
    Ok(offers
        .map(|(target, prefix, writes)| json!({ "type": target, "prefix": prefix, "writes": writes }))
        .collect())
}

/// The tools of a pair that are there only where the link may write.
fn writes(tools: &Entry<Pair>) -> anyhow::Result<Vec<String>> {
    let tools = tools.tools()?;
    let writing = tools.iter().filter(|tool| tool.class != Class::Read);
    Ok(writing.map(|tool| tool.name.to_string()).collect())
}

fn link(connection: &Connection<'_>) -> Json {
    let link = connection.first();
    let mut facts = json!({
        "component": link.to,
        "type": connection.tools.name(),
        "env": link.env_prefix,
        "write_access": connection.writes(),
        "enums": connection.scope,
        "data": link.data,
    });
    if let Some(given) = &link.given_env {
        facts["given_env"] = json!(given);
    }
    facts
}

fn component(component: &Component) -> Json {
    object! {
        "name": &component.name,
        "type": component.type_name(),
        "namespace": &component.namespace,
        "group": &component.group,
        "endpoints": component.endpoints.keys().collect::<Vec<_>>(),
    }
}
