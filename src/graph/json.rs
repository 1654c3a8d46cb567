//! The picture for programs. `version` grows when a reader could not go on.

use serde_json::{Map, Value as Json, json};

use super::model::{Change, Graph, Link, Node};

const VERSION: u32 = 1;

pub(super) fn print(graph: &Graph) -> String {
    let groups: Vec<Json> = graph
        .groups()
        .into_iter()
        .map(|(name, members)| {
            let names: Vec<&str> = members.iter().map(|node| graph.nodes[*node].name.as_str()).collect();
            json!({ "name": name, "components": names })
        })
        .collect();
    let document = json!({
        "version": VERSION,
        "stack": graph.stack,
        "view": graph.view.word(),
        "compared": graph.is_compared,
        "groups": groups,
        "components": graph.nodes.iter().map(|one| component(graph, one)).collect::<Vec<_>>(),
        "links": graph.links.iter().map(|one| link(graph, one)).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn component(graph: &Graph, node: &Node) -> Json {
    let part = |part: &super::model::Part| {
        let told = json!({ "name": part.name, "type": part.kind });
        changed(graph, told, part.change)
    };
    let told = json!({
        "name": node.name,
        "type": node.kind,
        "title": node.title,
        "group": node.group,
        "sub_components": node.parts.iter().map(part).collect::<Vec<_>>(),
        "external": node.external,
        "notes": node.notes,
        "mcp_server": node.is_server,
        "ai_reach": graph.reached(&node.name),
    });
    changed(graph, told, node.change)
}

fn link(graph: &Graph, link: &Link) -> Json {
    let mut told = json!({
        "from": link.from,
        "from_sub_component": link.from_part,
        "to": link.to,
        "to_sub_component": link.to_part,
        "type": link.kind,
        "interface": link.interface,
        "title": link.title,
        "level": link.level,
        "ai": link.is_ai,
        "watches": link.is_watch,
        "account": link.account,
        "settings": link.settings,
        "secrets": link.secrets,
        "makes": link.makes,
    });
    if let Some(before) = link.before {
        told["level_before"] = json!(before);
    }
    changed(graph, told, link.change)
}

/// Where two stacks are shown, what became of it.
fn changed(graph: &Graph, mut told: Json, change: Change) -> Json {
    if graph.is_compared
        && let Some(fields) = told.as_object_mut()
    {
        let own: &mut Map<String, Json> = fields;
        own.insert("change".to_owned(), json!(change.word()));
    }
    told
}
