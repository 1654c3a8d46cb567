//! Values of `hooks/mcp_cards`: who each MCP server is, for clients and registries. Item shapes stand in its hook.yaml.
//!
//! The identity of the contract goes in, with name, address and way in of a server. It must not know tools or what is linked:
//! these documents are for those who have no key.

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::mcp_registry::{WEBSITE, sign_in};
use crate::catalog::Role;
use crate::fault::Code;
use crate::stack::{Component, Stack};

/// The forms of the two documents; tests hold what is written to the schemas that these name.
const CARD_SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json";
const ENTRY_SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";
/// Most characters of a name, in both. A title may have 100, which the names of a stack and a component never fill.
const LONGEST_NAME: usize = 200;

/// What servers of a type say of themselves in every stack.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    version: String,
    description: String,
    icons: Json,
    /// Revisions of the protocol, the oldest first.
    protocols: Vec<String>,
}

pub(super) fn values(stack: &Stack) -> anyhow::Result<Json> {
    let (mut cards, mut entries, mut served) = (Vec::new(), Vec::new(), Vec::new());
    for server in stack.of_role(Role::McpServer).filter(|server| server.is_deployed()) {
        let Some(identity) = identity(server)? else { continue };
        let name = Some(server.name.as_str());
        let remote = remote(stack, server);
        let card = card(stack, server, &identity, remote.as_ref());
        if remote.is_some() {
            served.push(super::document(name, card.clone()));
        }
        cards.push(super::document(name, card));
        let entry = entry(stack, server, &identity, remote.as_ref());
        entries.push(super::document(name, entry));
    }
    Ok(json!({ "cards": cards, "entries": entries, "served": served }))
}

/// Servers of a type whose contract names no identity have neither card nor entry.
fn identity(server: &Component) -> anyhow::Result<Option<Identity>> {
    let contract = server.entry.contract()?;
    serde_json::from_str(&contract.identity)
        .with_context(|| Code::E_CATALOG_TOOLS.fault(format!("the identity of `{}`", server.type_name())))
}

fn card(stack: &Stack, server: &Component, identity: &Identity, remote: Option<&Json>) -> Json {
    let mut card = told(stack, server, identity, CARD_SCHEMA);
    card["icons"] = identity.icons.clone();
    if let Some(remote) = remote {
        let mut remote = remote.clone();
        remote["supportedProtocolVersions"] = json!(identity.protocols);
        card["remotes"] = json!([remote]);
    }
    card
}

fn entry(stack: &Stack, server: &Component, identity: &Identity, remote: Option<&Json>) -> Json {
    let mut entry = told(stack, server, identity, ENTRY_SCHEMA);
    if let Some(remote) = remote {
        entry["remotes"] = json!([remote]);
    }
    entry
}

/// What both documents say.
fn told(stack: &Stack, server: &Component, identity: &Identity, schema: &str) -> Json {
    let mut told = json!({
        "$schema": schema,
        "name": registered_name(&stack.domain, server.name.as_str()),
        "version": identity.version,
        "description": identity.description,
        // As the running server calls itself in `serverInfo`.
        "title": format!("{} {}", stack.name, server.name),
    });
    let website = server.text(WEBSITE);
    if !website.is_empty() {
        told["websiteUrl"] = Json::from(website);
    }
    told
}

/// The address of a server that a gateway of the stack publishes, and the header by which callers are known there.
fn remote(stack: &Stack, server: &Component) -> Option<Json> {
    let mut gateways = stack.publishing(&server.name).map(|link| stack.component(&link.from));
    gateways.find(|gateway| gateway.is_deployed())?;
    let signs_in = sign_in(stack, server).is_some();
    let description = if signs_in {
        "A key of this server, for clients that do not sign in."
    } else {
        "A key of this server, as the people who run the stack give it out."
    };
    Some(json!({
        "type": "streamable-http",
        "url": format!("https://{}/mcp", stack.published_host(server)),
        "headers": [{
            "name": "Authorization",
            "description": description,
            "isRequired": !signs_in,
            "isSecret": true,
            "value": "Bearer {key}",
            "variables": {
                "key": { "description": "the key itself", "isRequired": !signs_in, "isSecret": true },
            },
        }],
    }))
}

/// The domain backwards, and the server: whoever has a domain has those above it that are theirs, so the nearest labels go first.
fn registered_name(domain: &str, server: &str) -> String {
    let mut labels: Vec<&str> = domain.rsplit('.').collect();
    loop {
        let name = format!("{}/{server}", labels.join("."));
        if name.len() <= LONGEST_NAME || labels.pop().is_none() {
            return name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_domains_backwards() {
        assert_eq!(
            registered_name("shop.example.com", "fastmcp"),
            "com.example.shop/fastmcp"
        );
    }

    #[test]
    fn what_is_too_long_is_named_by_the_domain_above_it() {
        let (long, server) = ("a".repeat(60), "s".repeat(60));
        let domain = format!("{long}.b{long}.c{long}.com");
        let name = registered_name(&domain, &server);
        assert_eq!(name, format!("com.c{long}.b{long}/{server}"));
        assert!(name.len() <= LONGEST_NAME);
    }
}
