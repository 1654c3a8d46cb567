//! The picture for Graphviz.

use std::fmt::Write as _;

use super::drawn::{Line, lines, rows};
use super::escape::dot as safe;
use super::model::{Change, Graph, Node};

pub(super) fn print(graph: &Graph) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "digraph \"{}\" {{", safe(&graph.stack));
    text.push_str("  graph [rankdir=LR, fontname=\"sans-serif\"]\n");
    text.push_str("  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11]\n");
    text.push_str("  edge [fontname=\"sans-serif\", fontsize=9, color=\"#64748b\"]\n");
    for (name, members) in graph.groups() {
        let name = safe(name);
        let _ = writeln!(text, "  subgraph \"cluster_{name}\" {{\n    label=\"{name}\"");
        for node in members {
            let node = &graph.nodes[node];
            let color = node_color(graph, node).map_or_else(String::new, |color| format!(", color=\"{color}\""));
            let name = safe(&node.name);
            let _ = writeln!(text, "    \"{name}\" [label=\"{}\"{color}]", label(graph, node));
        }
        text.push_str("  }\n");
    }
    for line in lines(graph) {
        let (from, to) = (&graph.nodes[line.from].name, &graph.nodes[line.to].name);
        let color = line_color(&line).map_or_else(String::new, |color| format!(", color=\"{color}\""));
        let style = match (line.change, line.level.writes()) {
            (Change::Gone, _) => ", style=dashed",
            (_, true) => ", penwidth=2",
            (_, false) => "",
        };
        let label = safe(&format!("{}{}", line.change.sign(), line.label));
        let (from, to) = (safe(from), safe(to));
        let _ = writeln!(text, "  \"{from}\" -> \"{to}\" [label=\"{label}\"{color}{style}]");
    }
    text.push_str("}\n");
    text
}

fn label(graph: &Graph, node: &Node) -> String {
    let safe_rows: Vec<String> = rows(graph, node).iter().map(|row| safe(row)).collect();
    safe_rows.join("\\n")
}

fn node_color(graph: &Graph, node: &Node) -> Option<&'static str> {
    let is_ai = node.is_server || graph.reached(&node.name).is_some();
    color(node.change).or(is_ai.then_some("#c2410c"))
}

fn line_color(line: &Line) -> Option<&'static str> {
    color(line.change).or(line.is_ai.then_some("#c2410c"))
}

fn color(change: Change) -> Option<&'static str> {
    match change {
        Change::Same => None,
        Change::New => Some("#15803d"),
        Change::Gone => Some("#b91c1c"),
        Change::Other => Some("#7e22ce"),
    }
}
