//! Values of `hooks/mcp_registry`: what an MCP server may import, and the facts its tools need.

use serde_json::{Value as Json, json};

use super::tools::by_type;
use crate::name::sha256_hex;
use crate::stack::{Component, Link, Stack};

pub(super) fn values(stack: &Stack) -> anyhow::Result<Json> {
    let mut registries = Vec::new();
    for server in stack.of_type("fastmcp").filter(|server| server.external.is_none()) {
        registries.push(json!({ "component": server.name, "document": registry(stack, server)? }));
    }
    Ok(json!({ "registries": registries }))
}

fn registry(stack: &Stack, server: &Component) -> anyhow::Result<Json> {
    let mut modules = Vec::new();
    for links in by_type(stack, &server.name).values() {
        let Some(first) = links.first() else { continue };
        for (position, file) in first.entry.definition.modules.iter().enumerate() {
            let bytes = first.entry.file(file)?;
            // Only the first file of a link type registers tools; the others are parts of it.
            let facts: Vec<Json> = if position == 0 {
                links.iter().map(|link| self::link(link)).collect()
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

fn link(link: &Link) -> Json {
    let mut facts = json!({
        "component": link.to,
        "type": link.type_name,
        "env": link.env_prefix,
        "write_access": link.write_access,
        "enums": link.enums,
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
