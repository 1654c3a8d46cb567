//! What a person is told once both servers answer: the address, the key, and what to paste where.
//!
//! In: a server as clients reach it, and its key. Out: text, or one JSON document. It must not know
//! processes. This is the one place that shows a key.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::keys::Key;
use crate::clients::{Client, ClientKey, ClientServer};

pub(super) fn text(server: &ClientServer, key: &Key) -> String {
    let mut text = format!("MCP server  {}\nAPI key     {}\n", server.url, key.text());
    for client in Client::ALL {
        let document = document(client, server, key);
        let _ = write!(text, "\n{} ({}):\n{document:#}\n", client.title(), client.file());
    }
    text.push_str("\nCtrl-C stops it; the key is of no use after that.\n");
    text
}

pub(super) fn json(server: &ClientServer, key: &Key) -> String {
    let clients: Map<String, Json> = Client::ALL
        .into_iter()
        .map(|client| (client.slug().to_owned(), document(client, server, key)))
        .collect();
    let document = json!({ "name": server.name, "url": server.url, "key": key.text(), "clients": clients });
    format!("{document:#}\n")
}

fn document(client: Client, server: &ClientServer, key: &Key) -> Json {
    client.document(std::slice::from_ref(server), ClientKey::Given(key.text()))
}
