//! The picture as a Mermaid flowchart, for pages that draw one.

use std::fmt::Write as _;

use super::drawn::{Line, lines, rows};
use super::escape::mermaid as safe;
use super::model::{Change, Graph, Node};

/// Colours that can be told apart on light and on dark.
const STYLES: [(&str, &str); 4] = [
    ("ai", "#ea580c"),
    ("added", "#16a34a"),
    ("removed", "#dc2626"),
    ("changed", "#9333ea"),
];

pub(super) fn print(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR\n");
    for (name, members) in graph.groups() {
        let _ = writeln!(text, "  subgraph g_{}[\"{}\"]", id(name), safe(name));
        for node in members {
            let node = &graph.nodes[node];
            let _ = writeln!(text, "    c_{}[\"{}\"]", id(&node.name), label(graph, node));
        }
        text.push_str("  end\n");
    }
    let lines = lines(graph);
    for line in &lines {
        let arrow = match (line.change, line.level.writes()) {
            (Change::Gone, _) => "-.->",
            (_, true) => "==>",
            (_, false) => "-->",
        };
        let (from, to) = (&graph.nodes[line.from].name, &graph.nodes[line.to].name);
        let label = safe(&format!("{}{}", line.change.sign(), line.label));
        let _ = writeln!(text, "  c_{} {arrow}|\"{label}\"| c_{}", id(from), id(to));
    }
    for (class, color) in STYLES {
        let nodes: Vec<String> = graph
            .nodes
            .iter()
            .filter(|node| node_class(graph, node) == class)
            .map(|node| format!("c_{}", id(&node.name)))
            .collect();
        if !nodes.is_empty() {
            let _ = writeln!(text, "  classDef {class} stroke:{color},stroke-width:2px");
            let _ = writeln!(text, "  class {} {class}", nodes.join(","));
        }
        let numbers: Vec<String> = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line_class(line) == class)
            .map(|(number, _)| number.to_string())
            .collect();
        if !numbers.is_empty() {
            let _ = writeln!(text, "  linkStyle {} stroke:{color}", numbers.join(","));
        }
    }
    text
}

fn label(graph: &Graph, node: &Node) -> String {
    let safe_rows: Vec<String> = rows(graph, node).iter().map(|row| safe(row)).collect();
    safe_rows.join("<br/>")
}

fn node_class(graph: &Graph, node: &Node) -> &'static str {
    match node.change {
        Change::Same if node.is_server || graph.reached(&node.name).is_some() => "ai",
        other => other.word(),
    }
}

fn line_class(line: &Line) -> &'static str {
    match line.change {
        Change::Same if line.is_ai => "ai",
        other => other.word(),
    }
}

/// A name as the id of a node; names have no `_` of their own.
fn id(name: &str) -> String {
    let plain = |next: char| if next.is_ascii_alphanumeric() { next } else { '_' };
    name.chars().map(plain).collect()
}
