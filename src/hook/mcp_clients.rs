//! Values of `hooks/mcp_clients`: how AI clients reach the MCP servers. Item shapes stand in its hook.yaml.

use serde_json::{Map, Value as Json, json};

use crate::catalog::Role;
use crate::clients::{Client, ClientKey, ClientServer};
use crate::stack::{Component, Endpoint, Fact, Link, Stack};

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
    let signing: Vec<Json> = reached.iter().filter_map(|one| signing(stack, one)).collect();
    let come_back: Map<String, Json> = Client::ALL
        .into_iter()
        .map(|client| (client.slug().to_owned(), client.comes_back_to().into()))
        .collect();
    let readme = json!({ "stack": stack.name, "servers": items, "signing": signing, "come_back": come_back });
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
    /// The links by which gateways publish the server, all of them at one address.
    Gateways(Vec<&'a Link>),
    /// A command of the person, on this port of their machine.
    Forward(usize),
}

impl Reached<'_> {
    fn item(&self) -> Json {
        let (forward, gateway_secrets) = match &self.way {
            Way::Gateways(links) => (
                String::new(),
                links.iter().filter_map(|link| gateway_secret(link)).collect(),
            ),
            Way::Forward(port) => (port_forward(self.component, *port), Vec::new()),
        };
        json!({
            "name": self.server.name,
            "url": self.server.url,
            "variable": self.server.variable(),
            "secret": own_secret(self.component),
            "gateway_secrets": gateway_secrets,
            "forward": forward,
        })
    }
}

/// How people sign in to a server, where it has a link for that.
fn signing(stack: &Stack, reached: &Reached<'_>) -> Option<Json> {
    let link = super::mcp_registry::sign_in(stack, reached.component)?;
    let fact = |name: &str| match link.facts.get(name) {
        Some(Fact::Plain(text)) => text.as_str(),
        _ => "",
    };
    let redirects = stack.reach_of(link).get("redirect_uris");
    let secret = link.env.iter().find(|value| value.value.is_none());
    let entry = |client: Client| {
        let entry = client.signing_in(&reached.server, fact("client_id"))?;
        Some(format!("{}: {entry:#}", Json::from(reached.server.name.as_str())))
    };
    Some(json!({
        "name": reached.server.name,
        "provider": link.to,
        "issuer": fact("issuer"),
        "client_id": fact("client_id"),
        "secret": own_secret(reached.component),
        "secret_key": secret.map_or("", |value| value.key.as_str()),
        "secret_variable": reached.server.secret_variable(),
        "redirects": redirects.into_iter().flatten().collect::<Vec<_>>(),
        "cursor": entry(Client::Cursor),
        "vscode": entry(Client::VsCode),
    }))
}

/// The file that is seeded for the secrets of a server.
fn own_secret(server: &Component) -> String {
    format!("k8s/deploy/base/{}/secret/cloud.env", server.name)
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
            let links = publishing_links(stack, component);
            let way = match links.is_empty() {
                true => Way::Forward(ports.next().unwrap_or(FIRST_FORWARDED_PORT)),
                false => Way::Gateways(links),
            };
            let url = match way {
                Way::Gateways(_) => format!("https://{}/mcp", stack.published_host(component)),
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

/// The links by which gateways of this stack have a route to `server`.
fn publishing_links<'a>(stack: &'a Stack, server: &Component) -> Vec<&'a Link> {
    let gateways = stack.of_role(Role::Gateway).filter(|gateway| gateway.is_deployed());
    let published = gateways.flat_map(|gateway| stack.published(gateway));
    published.filter(|link| link.to == server.name).collect()
}

/// The file that is seeded for the key of the gateway's consumer, where the gateway asks for one.
fn gateway_secret(link: &Link) -> Option<String> {
    let secret = link.delivered.as_ref()?;
    Some(format!("k8s/deploy/base/{}/secret/{}", link.from, secret.file))
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
