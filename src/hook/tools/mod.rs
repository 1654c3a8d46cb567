//! Values of `hooks/tools_lock`: what each MCP server offers, and with which means.
//!
//! The definitions beside the links' entries go in. With the topology's closed lists they are what the running server will
//! list: their texts go into the lock that reviewers read, their hashes into the server's, and a page tells people the same.

mod document;
mod grants;
mod page;
mod schema;
mod search;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use serde_json::Value as Json;

use crate::catalog::tools::{Class, Contract, Tool};
use crate::catalog::{Entry, Pair, Role};
use crate::fault::Code;
use crate::name::{ComponentName, SubName};
use crate::stack::{AttributeValue, Component, Connection, Link, Stack};

use document::{CallLimits, HoldLock, LinkLock, ServerLock, ToolHashes, ToolLock};
pub use document::{ServedLock, ToolsLock};
pub use grants::{single as single_grants, told as grants_told};
pub use seen::{SeenHold, SeenLink, SeenLock, SeenServer, SeenTool};

pub(super) fn values(stack: &Stack) -> anyhow::Result<Json> {
    let lock = tools_lock(stack)?;
    let mut servers = Vec::new();
    for (component, server) in &lock.servers {
        servers.push(super::document(
            Some(component),
            serde_json::to_value(ServedLock::of(server))?,
        ));
    }
    let pages = serde_json::to_value(page::pages(&lock))?;
    let locks = Json::Array(vec![super::document(None, serde_json::to_value(lock)?)]);
    // `json!` would copy what is large.
    let lists = [("locks", locks), ("servers", Json::Array(servers)), ("pages", pages)];
    Ok(Json::Object(
        lists.map(|(name, list)| (name.to_owned(), list)).into_iter().collect(),
    ))
}

fn tools_lock(stack: &Stack) -> anyhow::Result<ToolsLock> {
    let mut servers = BTreeMap::new();
    let mut envelope = None;
    for server in stack.of_role(Role::McpServer).filter(|server| server.is_deployed()) {
        let contract = server.entry.contract()?;
        let own: Json = serde_json::from_str(contract.envelope.text())?;
        ensure!(
            *envelope.get_or_insert_with(|| own.clone()) == own,
            Code::E_CATALOG_TOOLS.fault(format!(
                "`{}` answers in another envelope than other MCP servers",
                server.name
            ))
        );
        servers.insert(server.name.to_string(), server_lock(stack, server, &contract)?);
    }
    Ok(ToolsLock {
        version: document::VERSION,
        envelope,
        servers,
        agents: agents(stack),
    })
}

fn agents(stack: &Stack) -> BTreeMap<String, Vec<HoldLock>> {
    let agents = stack.of_role(Role::Agent).filter(|agent| agent.is_deployed());
    let held = |link: &Link| hold(&link.to, link.sub.as_ref(), link, false);
    let links = |agent: &Component| stack.links_from(&agent.name).map(held).collect();
    agents.map(|agent| (agent.name.to_string(), links(agent))).collect()
}

/// Who uses a server; those that deploy or watch it cannot call its tools.
fn callers(stack: &Stack, server: &Component) -> Vec<HoldLock> {
    let gateways: BTreeSet<&ComponentName> = stack.of_role(Role::Gateway).map(|gateway| &gateway.name).collect();
    let links = stack.links_to(&server.name).filter(|link| link.kind.uses());
    links
        .map(|link| hold(&link.from, link.from_sub.as_ref(), link, gateways.contains(&link.from)))
        .collect()
}

fn hold(end: &ComponentName, sub: Option<&SubName>, link: &Link, publishes: bool) -> HoldLock {
    HoldLock {
        component: end.to_string(),
        sub_component: sub.map(ToString::to_string),
        link: link.type_name().to_owned(),
        access: link.level,
        publishes,
        principal: link.principal.clone(),
        credential_keys: credential_keys(link),
    }
}

fn server_lock(stack: &Stack, server: &Component, contract: &Contract) -> anyhow::Result<ServerLock> {
    let (mut links, mut tools) = (Vec::new(), Vec::new());
    for group in stack.connections(server).values() {
        let own = tools_of(group, contract)?;
        let all = group.iter().flat_map(|connection| &connection.links);
        links.extend(all.map(|link| link_lock(stack, link, &own)));
        tools.extend(own);
    }
    if has_search(server) {
        tools.extend(search::tools(contract, &tools)?);
    }
    tools.sort_by(|left: &ToolLock, right| left.hashes.name.cmp(&right.hashes.name));
    links.sort_by(|left: &LinkLock, right| place(left).cmp(&place(right)));
    let limits = serde_json::from_str(&contract.limits)
        .with_context(|| Code::E_CATALOG_TOOLS.fault(format!("the limits of `{}`", server.type_name())))?;
    Ok(ServerLock {
        limits,
        list_ttl_ms: contract.list_ttl_ms,
        callers: callers(stack, server),
        links,
        tools,
    })
}

/// Whether clients search the tools of a server in place of reading them all.
fn has_search(server: &Component) -> bool {
    matches!(
        server.attributes.get("tool_search"),
        Some(AttributeValue::Plain(Json::Bool(true)))
    )
}

/// The order of the stack's links.
fn place(link: &LinkLock) -> (&str, Option<&str>, &str) {
    (&link.component, link.sub_component.as_deref(), &link.link)
}

/// A link beside the tools of its type.
fn link_lock(stack: &Stack, link: &Link, tools: &[ToolLock]) -> LinkLock {
    let component = link.to.to_string();
    let own = tools.iter().filter(|tool| tool.hashes.link.contains(&component));
    let limits = own
        .map(|tool| tool.limits)
        .fold(CallLimits::default(), CallLimits::or_wider);
    LinkLock {
        component,
        sub_component: link.sub.as_ref().map(ToString::to_string),
        link: link.type_name().to_owned(),
        write_access: link.writes(),
        access: link.level,
        principal: link.principal.clone(),
        granted_by: stack.granting(link).to_string(),
        grants: Json::Object(stack.grants_of(link).clone()),
        scope: link.scope.clone(),
        credential_keys: credential_keys(link),
        limits,
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

fn tools_of(connections: &[Connection<'_>], contract: &Contract) -> anyhow::Result<Vec<ToolLock>> {
    let Some(first) = connections.first() else {
        return Ok(Vec::new());
    };
    let all: Vec<&Connection<'_>> = connections.iter().collect();
    let writers: Vec<&Connection<'_>> = connections.iter().filter(|connection| connection.writes()).collect();
    let tools = first.tools.tools()?;
    let offered = tools
        .iter()
        .filter(|tool| tool.class == Class::Read || !writers.is_empty());
    offered.map(|tool| tool_lock(tool, contract, &all, &writers)).collect()
}

fn tool_lock(
    tool: &Tool,
    contract: &Contract,
    all: &[&Connection<'_>],
    writers: &[&Connection<'_>],
) -> anyhow::Result<ToolLock> {
    let is_read = tool.class == Class::Read;
    let reached = if is_read { all } else { writers };
    let gate = |connection: &&Connection<'_>| format!("{}_WRITE_ACCESS", connection.first().env_prefix);
    let input = schema::input(tool, contract, all, reached)?;
    let (data_schema, output_sha256) = schema::output(tool, contract)?;
    let keys: BTreeSet<String> = reached
        .iter()
        .flat_map(|connection| credential_keys(connection.first()))
        .collect();
    Ok(ToolLock {
        hashes: ToolHashes {
            name: tool.name.to_string(),
            class: tool.class.word(),
            link: reached
                .iter()
                .map(|connection| connection.first().to.to_string())
                .collect(),
            gate: (!is_read).then(|| writers.iter().map(gate).collect()),
            title_sha256: tool.title.sha256().to_owned(),
            description_sha256: tool.description.sha256().to_owned(),
            input_sha256: input.sha256,
            output_sha256,
        },
        destructive: tool.destructive,
        title: tool.title.text().to_owned(),
        description: tool.description.text().to_owned(),
        credential_keys: keys.into_iter().collect(),
        limits: CallLimits {
            timeout_ms: tool.limits.timeout_ms,
            result_bytes: tool.limits.result_bytes,
            text_bytes: tool.limits.text_bytes,
            page_items: schema::page_items(&input.schema),
        },
        input_schema: input.schema,
        data_schema,
        output_schema: None,
    })
}

/// What the names of all tools of a pair begin with, `cnpg_`, where they have a first word in common.
pub(super) fn common_prefix(entry: &Entry<Pair>) -> anyhow::Result<Option<String>> {
    let tools = entry.tools()?;
    let words: BTreeSet<Option<&str>> = tools
        .iter()
        .map(|tool| tool.name.split_once('_').map(|(word, _)| word))
        .collect();
    let mut words = words.into_iter();
    Ok(match (words.next(), words.next()) {
        (Some(Some(word)), None) => Some(format!("{word}_")),
        _ => None,
    })
}
