//! Which MCP server of a stack `dev` runs, and how that server knows its Stack Agents.
//!
//! In: the checked stack and the name a person gave. Out: a server with its links to agents, or the link
//! that is to be added. It must not know processes.

use super::problem::Problem;
use crate::catalog::{Catalog, Role};
use crate::clients::ClientServer;
use crate::finding::suggestion;
use crate::hook::client_name;
use crate::stack::{Component, Link, Stack};

/// An MCP server with at least one Stack Agent.
pub struct Target<'a> {
    pub server: &'a Component,
    /// Prefixes of the settings by which it finds its agents: `MCP_STACK_AGENT`.
    pub agents: Vec<&'a str>,
    /// Its name in the files of clients.
    pub client_name: String,
}

impl Target<'_> {
    /// The server as clients reach it at `url`.
    pub(super) fn client_server(&self, url: &str) -> ClientServer {
        ClientServer {
            name: self.client_name.clone(),
            url: url.to_owned(),
        }
    }
}

/// Whether there is a server that can be run without a name.
#[must_use]
pub fn is_runnable(stack: &Stack) -> bool {
    let mut servers = stack.of_role(Role::McpServer).filter(|server| server.is_deployed());
    servers.any(|server| agents(stack, server).next().is_some())
}

/// The server called `wanted`, or the first by name that has an agent.
///
/// # Errors
/// The stack has no such server, or no agent is linked from it.
pub fn choose<'a>(stack: &'a Stack, catalog: &Catalog, wanted: Option<&str>) -> Result<Target<'a>, Problem> {
    let servers: Vec<&Component> = stack
        .of_role(Role::McpServer)
        .filter(|server| server.is_deployed())
        .collect();
    let candidates = match wanted {
        None => servers.clone(),
        Some(name) => vec![named(&servers, name)?],
    };
    let found = candidates.iter().find(|server| agents(stack, server).next().is_some());
    let Some(server) = found else {
        return Err(missing(stack, catalog, candidates.first().copied()));
    };
    Ok(Target {
        server,
        agents: agents(stack, server).map(|link| link.env_prefix.as_str()).collect(),
        client_name: client_name(stack, server),
    })
}

fn named<'a>(servers: &[&'a Component], name: &str) -> Result<&'a Component, Problem> {
    let found = servers.iter().find(|server| server.name.as_str() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        let problem = Problem::new(format!("the stack has no MCP server `{name}`"));
        match suggestion(name, &names) {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    })
}

fn agents<'a>(stack: &'a Stack, server: &'a Component) -> impl Iterator<Item = &'a Link> {
    stack
        .links_from(&server.name)
        .filter(|link| stack.component(&link.to).has_role(Role::Agent))
}

fn missing(stack: &Stack, catalog: &Catalog, server: Option<&Component>) -> Problem {
    let (server_type, agent_type) = (type_of(catalog, Role::McpServer), type_of(catalog, Role::Agent));
    let agent = stack.of_role(Role::Agent).next();
    let named = |component: Option<&Component>, kind: &str| match component {
        Some(component) => component.name.to_string(),
        None => kind.replace('_', "-"),
    };
    let (server_name, agent_name) = (named(server, &server_type), named(agent, &agent_type));
    let message = match server {
        None => format!("`dev` runs an MCP server, and the stack has no component of type `{server_type}`"),
        Some(_) => format!("the MCP server `{server_name}` has no link to a Stack Agent, which `dev` runs beside it"),
    };
    let mut wanted = Vec::new();
    if server.is_none() {
        wanted.push(format!("the component `{server_name}: {{type: {server_type}}}`"));
    }
    if agent.is_none() {
        wanted.push(format!("the component `{agent_name}: {{type: {agent_type}}}`"));
    }
    wanted.push(format!("the link `{{from: {server_name}, to: {agent_name}}}`"));
    Problem::new(message).hint(format!("add {}", wanted.join(" and ")))
}

/// The first type of a role, which a person without a component of it is told to add.
fn type_of(catalog: &Catalog, role: Role) -> String {
    let entries = catalog.type_names().into_iter();
    let mut entries = entries.filter_map(|name| catalog.component_type(name).ok().flatten());
    let found = entries.find(|entry| entry.definition.roles.contains(&role));
    found.map_or_else(String::new, |entry| entry.definition.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog, stack, topology};

    fn catalog() -> Catalog {
        catalog::load(&[]).unwrap()
    }

    fn stack(components: &str, links: &str) -> Stack {
        let head = "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\n";
        let text = format!("{head}components: {{{components}}}\nlinks: [{links}]\n");
        let source = topology::Source {
            name: "stack.yaml".to_owned(),
            text,
        };
        let (topology, shape) = topology::parse(&source).unwrap();
        let catalog = catalog();
        stack::check::check(&topology, &catalog, shape, None).unwrap().unwrap()
    }

    const BOTH: &str = "a: {type: fastmcp, namespace: a}, b: {type: fastmcp, namespace: b}, agent: {type: stack_agent}";

    #[test]
    fn the_first_with_an_agent_is_taken() {
        let stack = stack(BOTH, "{from: b, to: agent}");
        let target = choose(&stack, &catalog(), None).unwrap();
        assert_eq!(target.server.name.as_str(), "b");
        assert_eq!(target.agents, ["MCP_STACK_AGENT"]);
        assert_eq!(target.client_name, "shop-b");
    }

    #[test]
    fn a_name_decides() {
        let stack = stack(BOTH, "{from: a, to: agent}, {from: b, to: agent}");
        assert_eq!(choose(&stack, &catalog(), None).unwrap().server.name.as_str(), "a");
        assert_eq!(choose(&stack, &catalog(), Some("b")).unwrap().server.name.as_str(), "b");
        assert!(
            choose(&stack, &catalog(), Some("agent"))
                .is_err_and(|problem| problem.message.contains("no MCP server `agent`"))
        );
    }

    #[test]
    fn two_agents_are_two_prefixes() {
        let components = "m: {type: fastmcp}, one: {type: stack_agent}, two: {type: stack_agent, namespace: two}";
        let stack = stack(components, "{from: m, to: one}, {from: m, to: two, env: TWO}");
        assert_eq!(
            choose(&stack, &catalog(), None).unwrap().agents,
            ["MCP_STACK_AGENT", "MCP_TWO"]
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        for (components, links, hint) in [
            (
                "a: {type: fastmcp}, guide: {type: stack_agent}",
                "",
                "add the link `{from: a, to: guide}`",
            ),
            (
                "a: {type: fastmcp}",
                "",
                "add the component `stack-agent: {type: stack_agent}` and the link `{from: a, to: stack-agent}`",
            ),
            (
                "loki: {type: loki}",
                "",
                "add the component `fastmcp: {type: fastmcp}` and the component `stack-agent: {type: stack_agent}` \
                 and the link `{from: fastmcp, to: stack-agent}`",
            ),
        ] {
            let stack = stack(components, links);
            let problem = choose(&stack, &catalog(), None).err().unwrap();
            assert_eq!(problem.hint.as_deref(), Some(hint));
        }
    }
}
