//! Values of `hooks/mcp_registry`: what an MCP server may import, and the facts its tools need.

use serde_json::{Value as Json, json};

use crate::catalog::Role;
use crate::name::sha256_hex;
use crate::stack::{Component, Connection, Stack};

pub(super) fn values(stack: &Stack) -> anyhow::Result<Json> {
    let mut registries = Vec::new();
    for server in stack.of_role(Role::McpServer).filter(|server| server.is_deployed()) {
        registries.push(json!({ "component": server.name, "document": registry(stack, server)? }));
    }
    Ok(json!({ "registries": registries }))
}

fn registry(stack: &Stack, server: &Component) -> anyhow::Result<Json> {
    let mut modules = Vec::new();
    for connections in stack.connections(server).values() {
        let Some(first) = connections.first() else { continue };
        for (position, file) in first.first().kind.modules().iter().enumerate() {
            let bytes = first.tools.file(file)?;
            // Only the first file of a link type registers tools; the others are parts of it.
            let facts: Vec<Json> = if position == 0 {
                connections.iter().map(link).collect()
            } else {
                Vec::new()
            };
            modules.push(json!({ "file": file, "sha256": sha256_hex(&bytes), "links": facts }));
        }
    }
    Ok(json!({
        "stack": stack.name,
        "domain": stack.domain,
        "modules": modules,
        "components": stack.components.values().map(component).collect::<Vec<_>>(),
    }))
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
    json!({ "name": component.name, "type": component.type_name(), "namespace": component.namespace, "group": component.group })
}
