//! The configuration of AI clients: what each of them is told so that it reaches MCP servers.
//!
//! In: names and addresses of servers, and a key or the wish that the client asks for one. Out: one
//! JSON document a client, in the form of its own documentation (sources in hooks/mcp_clients/hook.yaml).
//! It must not know stacks: files of the output and `stacktic dev` share it.

use serde_json::{Map, Value as Json, json};

/// The proxy that Claude Desktop starts, at the version these arguments were tried with.
const MCP_REMOTE: &str = "mcp-remote@0.15.1";
/// What a person replaces where a client has no way to ask.
const REMINDER: &str = "<API key>";

/// A client that can be configured by a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    ClaudeDesktop,
    Cursor,
    VsCode,
}

/// A server as clients reach it.
#[derive(Clone, Debug)]
pub struct ClientServer {
    /// The entry's name in the file.
    pub name: String,
    pub url: String,
}

/// Where the key of a server comes from.
#[derive(Clone, Copy)]
pub enum ClientKey<'a> {
    /// The client asks, in the way it has for that.
    Asked,
    /// The key itself, for a file that a person pastes and nobody commits.
    Given(&'a str),
}

impl Client {
    pub const ALL: [Self; 3] = [Self::ClaudeDesktop, Self::Cursor, Self::VsCode];

    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::VsCode => "VS Code",
        }
    }

    /// The file of the client that takes the document.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude_desktop_config.json",
            Self::Cursor => "~/.cursor/mcp.json",
            Self::VsCode => ".vscode/mcp.json",
        }
    }

    /// Short name, for keys and file names.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude_desktop",
            Self::Cursor => "cursor",
            Self::VsCode => "vscode",
        }
    }

    /// The entry of a server for people who sign in as users of the client `id` of its provider; none where no file has it.
    #[must_use]
    pub fn signing_in(self, server: &ClientServer, id: &str) -> Option<Json> {
        let secret = format!("${{env:{}}}", server.secret_variable());
        match self {
            Self::ClaudeDesktop => None,
            Self::Cursor => Some(json!({ "url": server.url, "auth": { "CLIENT_ID": id, "CLIENT_SECRET": secret } })),
            Self::VsCode => Some(json!({ "type": "http", "url": server.url })),
        }
    }

    /// Where a browser comes back to, as the client's maker says.
    #[must_use]
    pub fn comes_back_to(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "https://claude.ai/api/mcp/auth_callback",
            Self::Cursor => "http://localhost:8787/callback",
            Self::VsCode => "http://127.0.0.1:33418/",
        }
    }

    /// What goes into that file for `servers`.
    #[must_use]
    pub fn document(self, servers: &[ClientServer], key: ClientKey<'_>) -> Json {
        let entry = match self {
            Self::ClaudeDesktop => claude_desktop,
            Self::Cursor => cursor,
            Self::VsCode => vscode,
        };
        let entries: Map<String, Json> = servers
            .iter()
            .map(|server| (server.name.clone(), entry(server, key)))
            .collect();
        match (self, key) {
            (Self::VsCode, ClientKey::Asked) => {
                let inputs: Vec<Json> = servers.iter().map(input).collect();
                json!({ "inputs": inputs, "servers": entries })
            }
            (Self::VsCode, ClientKey::Given(_)) => json!({ "servers": entries }),
            _ => json!({ "mcpServers": entries }),
        }
    }
}

impl ClientServer {
    /// The variable from which Cursor takes the key.
    #[must_use]
    pub fn variable(&self) -> String {
        self.variable_of("KEY")
    }

    /// The variable from which Cursor takes the secret of the client that people sign in with.
    #[must_use]
    pub fn secret_variable(&self) -> String {
        self.variable_of("CLIENT_SECRET")
    }

    fn variable_of(&self, what: &str) -> String {
        format!("{}_{what}", self.name.to_uppercase().replace(['-', '.'], "_"))
    }

    fn input_id(&self) -> String {
        format!("{}-key", self.name)
    }
}

fn claude_desktop(server: &ClientServer, key: ClientKey<'_>) -> Json {
    let key = match key {
        ClientKey::Asked => REMINDER,
        ClientKey::Given(key) => key,
    };
    let words = ["-y", MCP_REMOTE, &server.url, "--transport", "http-only", "--header"];
    let args: Vec<&str> = words.into_iter().chain(["Authorization:${AUTHORIZATION}"]).collect();
    json!({ "command": "npx", "args": args, "env": { "AUTHORIZATION": bearer(key) } })
}

fn cursor(server: &ClientServer, key: ClientKey<'_>) -> Json {
    let key = match key {
        ClientKey::Asked => format!("${{env:{}}}", server.variable()),
        ClientKey::Given(key) => key.to_owned(),
    };
    json!({ "url": server.url, "headers": { "Authorization": bearer(&key) } })
}

fn vscode(server: &ClientServer, key: ClientKey<'_>) -> Json {
    let key = match key {
        ClientKey::Asked => format!("${{input:{}}}", server.input_id()),
        ClientKey::Given(key) => key.to_owned(),
    };
    json!({ "type": "http", "url": server.url, "headers": { "Authorization": bearer(&key) } })
}

fn input(server: &ClientServer) -> Json {
    json!({
        "type": "promptString",
        "id": server.input_id(),
        "description": format!("API key of the MCP server {}", server.name),
        "password": true,
    })
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers() -> Vec<ClientServer> {
        let server = |name: &str| ClientServer {
            name: format!("shop-{name}"),
            url: format!("https://{name}.shop.example.com/mcp"),
        };
        vec![server("fastmcp"), server("second")]
    }

    #[test]
    fn asked_documents_have_every_server_and_no_key() {
        for client in Client::ALL {
            let document = client.document(&servers(), ClientKey::Asked);
            let list = if client == Client::VsCode {
                "servers"
            } else {
                "mcpServers"
            };
            let names: Vec<&String> = document[list].as_object().unwrap().keys().collect();
            assert_eq!(names, ["shop-fastmcp", "shop-second"], "{client:?}");
            let text = document.to_string();
            assert!(text.contains("https://second.shop.example.com/mcp"), "{text}");
            // Whatever follows `Bearer` is a mark, never a value.
            for part in text.split("Bearer ").skip(1) {
                assert!(part.starts_with("${") || part.starts_with(REMINDER), "{part}");
            }
        }
    }

    #[test]
    fn a_client_asks_in_its_own_way() {
        let one = &servers()[..1];
        let asked = |client: Client| client.document(one, ClientKey::Asked);
        assert_eq!(
            asked(Client::Cursor)["mcpServers"]["shop-fastmcp"]["headers"]["Authorization"],
            "Bearer ${env:SHOP_FASTMCP_KEY}"
        );
        let vscode = asked(Client::VsCode);
        assert_eq!(vscode["inputs"][0]["password"], true);
        assert_eq!(
            vscode["servers"]["shop-fastmcp"]["headers"]["Authorization"],
            format!("Bearer ${{input:{}}}", vscode["inputs"][0]["id"].as_str().unwrap())
        );
        let claude = asked(Client::ClaudeDesktop);
        let args = claude["mcpServers"]["shop-fastmcp"]["args"].as_array().unwrap();
        assert!(
            args.iter().all(|word| !word.as_str().unwrap().contains(' ')),
            "{args:?}"
        );
    }

    #[test]
    fn who_signs_in_has_no_key_and_no_secret_in_a_file() {
        let [server, _] = &servers()[..] else { unreachable!() };
        for client in Client::ALL {
            assert!(client.comes_back_to().contains("://"), "{client:?}");
            let Some(entry) = client.signing_in(server, "shop-sign-in") else {
                continue;
            };
            assert_eq!(entry["url"], server.url, "{client:?}");
            assert!(entry.get("headers").is_none(), "{client:?}");
        }
        let entry = Client::Cursor.signing_in(server, "shop-sign-in").unwrap();
        assert_eq!(
            entry["auth"],
            json!({ "CLIENT_ID": "shop-sign-in", "CLIENT_SECRET": "${env:SHOP_FASTMCP_CLIENT_SECRET}" })
        );
    }

    #[test]
    fn a_given_key_stands_where_the_client_sends_it_from() {
        for client in Client::ALL {
            let document = client.document(&servers()[..1], ClientKey::Given("k1"));
            assert_eq!(document.to_string().matches("Bearer k1").count(), 1, "{client:?}");
            assert!(document.get("inputs").is_none(), "{client:?}");
        }
    }
}
