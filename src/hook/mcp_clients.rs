//! Values of `hooks/mcp_clients`: how AI clients reach the MCP servers. Item shapes stand in its hook.yaml.

use serde_json::{Map, Value as Json, json};

use crate::catalog::Role;
use crate::clients::{Client, ClientKey, ClientServer};
use crate::stack::{Component, Endpoint, Link, Stack};

/// Local port of the first server that no gateway publishes.
const FIRST_FORWARDED_PORT: usize = 8000;

pub(super) fn values(stack: &Stack) -> Json {
    let reached = reached(stack);
    let servers: Vec<ClientServer> = reached.iter().map(|reached| reached.server.clone()).collect();
    let present = !servers.is_empty();
    let documents = Client::ALL.into_iter().map(|client| {
        let document = super::document(None, client.document(&servers, ClientKey::Asked));
        (client.slug().to_owned(), list(present, document))
    });
    let items: Vec<Json> = reached.iter().map(Reached::item).collect();
    let readme = json!({ "stack": stack.name, "servers": items });
    let readmes = [("readmes".to_owned(), list(present, readme))];
    Json::Object(documents.chain(readmes).collect::<Map<_, _>>())
}

/// The name of a server in the files of clients, where servers of other stacks may stand beside it.
#[must_use]
pub fn client_name(stack: &Stack, server: &Component) -> String {
    format!("{}-{}", stack.name, server.name)
}

struct Reached<'a> {
    component: &'a Component,
    server: ClientServer,
    way: Way<'a>,
}

/// What stands between a client and a server.
enum Way<'a> {
    /// The gateway, and the link that publishes the server there.
    Gateway(&'a Link),
    /// A command of the person, on this port of their machine.
    Forward(usize),
}

impl Reached<'_> {
    fn item(&self) -> Json {
        let (forward, gateway_secret) = match self.way {
            Way::Gateway(link) => (String::new(), gateway_secret(link)),
            Way::Forward(port) => (port_forward(self.component, port), String::new()),
        };
        json!({
            "name": self.server.name,
            "url": self.server.url,
            "variable": self.server.variable(),
            "secret": format!("k8s/deploy/base/{}/secret/cloud.env", self.component.name),
            "gateway_secret": gateway_secret,
            "forward": forward,
        })
    }
}

fn list(present: bool, item: Json) -> Json {
    Json::Array(if present { vec![item] } else { Vec::new() })
}

/// Every server of this stack; those without a gateway get local ports one after the other.
fn reached(stack: &Stack) -> Vec<Reached<'_>> {
    let servers = stack.of_role(Role::McpServer).filter(|server| server.is_deployed());
    let mut ports = FIRST_FORWARDED_PORT..;
    servers
        .map(|component| {
            let way = match publishing_link(stack, component) {
                Some(link) => Way::Gateway(link),
                None => Way::Forward(ports.next().unwrap_or(FIRST_FORWARDED_PORT)),
            };
            let url = match way {
                Way::Gateway(_) => format!("https://{}/mcp", stack.published_host(component)),
                Way::Forward(port) => format!("http://127.0.0.1:{port}/mcp"),
            };
            let name = client_name(stack, component);
            Reached {
                component,
                server: ClientServer { name, url },
                way,
            }
        })
        .collect()
}

/// The link by which a gateway of this stack has a route to `server`.
fn publishing_link<'a>(stack: &'a Stack, server: &Component) -> Option<&'a Link> {
    let mut gateways = stack.of_role(Role::Gateway).filter(|gateway| gateway.is_deployed());
    gateways.find_map(|gateway| stack.published(gateway).find(|link| link.to == server.name))
}

/// The file that is seeded for the key of the gateway's consumer; empty where the gateway asks for none.
fn gateway_secret(link: &Link) -> String {
    let file = link.delivered.as_ref().map(|secret| secret.file.as_str());
    file.map_or_else(String::new, |file| {
        format!("k8s/deploy/base/{}/secret/{file}", link.from)
    })
}

fn port_forward(server: &Component, port: usize) -> String {
    let endpoint = server.primary_endpoint();
    let service = endpoint.map_or(server.object.as_str(), Endpoint::service);
    let target = endpoint.map_or(FIRST_FORWARDED_PORT, |endpoint| usize::from(endpoint.port));
    format!(
        "kubectl port-forward -n {} service/{service} {port}:{target}",
        server.namespace
    )
}
