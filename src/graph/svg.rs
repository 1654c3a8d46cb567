//! The picture as SVG: boxes, lines, and a legend. In a page it comes without its own style and legend, which the page has.

use std::fmt::Write as _;

use super::drawn::{Line, lines};
use super::escape::{cut, xml};
use super::layout::{Join, LABEL, Layout, Rect, Size, Way, lay_out};
use super::model::{Change, Graph, Node};
use crate::level::Level;

/// The style of the picture, light and dark.
pub(super) const STYLE: &str = include_str!("page/picture.css");

/// Width of a character of names, of rows and of labels, on the safe side.
const NAME_CHARACTER: f64 = 7.9;
const ROW_CHARACTER: f64 = 6.4;
const LABEL_CHARACTER: f64 = 6.0;
/// Bounds of the width of boxes, and the room beside their text.
const WIDTHS: (f64, f64) = (150.0, 290.0);
const INSET: f64 = 10.0;
/// Height of a box without rows, and of a row.
const HEAD: f64 = 44.0;
const ROW: f64 = 15.0;
/// Most sub-components that a box lists.
const MOST_PARTS: usize = 10;
/// Around the picture, and above it for title and legend.
const MARGIN: f64 = 20.0;
const TITLE: f64 = 76.0;

/// A file of its own.
pub(super) fn file(graph: &Graph) -> String {
    let picture = Picture::new(graph, false);
    let (width, height) = (picture.layout.width.max(760.0), picture.layout.height);
    let mut text = String::new();
    let _ = write!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{:.0} {:.0} {:.0} {:.0}\" width=\"{2:.0}\" height=\"{3:.0}\" \
         role=\"img\" aria-labelledby=\"title\">\n<title id=\"title\">{}: {}</title>\n<style>\n{STYLE}</style>\n",
        -MARGIN,
        -MARGIN - TITLE,
        width + 2.0 * MARGIN,
        height + 2.0 * MARGIN + TITLE,
        xml(&graph.stack),
        graph.view.title(),
    );
    let _ = writeln!(
        text,
        "<rect class=\"paper\" x=\"{:.0}\" y=\"{:.0}\" width=\"{:.0}\" height=\"{:.0}\"/>",
        -MARGIN,
        -MARGIN - TITLE,
        width + 2.0 * MARGIN,
        height + 2.0 * MARGIN + TITLE,
    );
    let _ = writeln!(
        text,
        "<text class=\"title\" x=\"0\" y=\"-62\">{}</text><text class=\"kind\" x=\"0\" y=\"-44\">{}: {}</text>",
        xml(&graph.stack),
        graph.view.title(),
        graph.counts()
    );
    legend(graph, &mut text);
    picture.draw(&mut text);
    text.push_str("</svg>\n");
    text
}

/// The picture for a page, which can be moved about and worked with.
pub(super) fn inline(graph: &Graph) -> String {
    let picture = Picture::new(graph, true);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "<svg id=\"picture\" viewBox=\"{:.0} {:.0} {:.0} {:.0}\" role=\"group\" aria-label=\"Picture of {}: {}\">",
        -MARGIN,
        -MARGIN,
        picture.layout.width + 2.0 * MARGIN,
        picture.layout.height + 2.0 * MARGIN,
        xml(&graph.stack),
        graph.view.title(),
    );
    picture.draw(&mut text);
    text.push_str("</svg>\n");
    text
}

/// What stands in a legend: the class of a line, and what it means.
pub(super) fn meanings(graph: &Graph) -> Vec<(&'static str, &'static str)> {
    let lines = lines(graph);
    let has = |is_ai: bool, writes: bool| {
        lines
            .iter()
            .any(|line| line.is_ai == is_ai && line.level.writes() == writes)
    };
    let known = [
        (has(true, false), "line ai", "an AI reads"),
        (has(true, true), "line ai write", "an AI writes"),
        (has(false, false), "line", "others read"),
        (has(false, true), "line write", "others write"),
        (graph.is_compared, "line added", "added"),
        (graph.is_compared, "line removed", "removed"),
        (graph.is_compared, "line changed", "changed"),
    ];
    let told = known.into_iter().filter(|(is_there, ..)| *is_there);
    told.map(|(_, class, meaning)| (class, meaning)).collect()
}

fn legend(graph: &Graph, text: &mut String) {
    let mut x = 0.0;
    for (class, meaning) in meanings(graph) {
        let _ = writeln!(
            text,
            "<path class=\"{class}\" d=\"M{x:.0} -22H{:.0}\"/><text class=\"row\" x=\"{:.0}\" y=\"-18\">{meaning}</text>",
            x + 26.0,
            x + 32.0
        );
        x += 46.0 + f64::from(u32::try_from(meaning.len()).unwrap_or(0)) * ROW_CHARACTER;
    }
}

/// A picture with places.
struct Picture<'a> {
    graph: &'a Graph,
    groups: Vec<(&'a str, Vec<usize>)>,
    lines: Vec<Line>,
    rows: Vec<Vec<Row>>,
    layout: Layout,
    /// Whether its boxes can be worked with.
    is_in_page: bool,
}

/// A row of a box: a sub-component, or what watches it.
struct Row {
    class: &'static str,
    text: String,
    change: Change,
}

impl<'a> Picture<'a> {
    fn new(graph: &'a Graph, is_in_page: bool) -> Self {
        let groups = graph.groups();
        let lines = lines(graph);
        let rows: Vec<Vec<Row>> = graph.nodes.iter().map(|node| rows(graph, node)).collect();
        let mut group_of = vec![0; graph.nodes.len()];
        for (group, (_, members)) in groups.iter().enumerate() {
            for member in members {
                group_of[*member] = group;
            }
        }
        let high = |rows: &Vec<Row>| HEAD + ROW * number(rows.len()) + if rows.is_empty() { 0.0 } else { 6.0 };
        let sizes: Vec<Size> = rows
            .iter()
            .zip(group_of)
            .map(|(rows, group)| Size {
                group,
                height: high(rows),
            })
            .collect();
        let joins: Vec<Join> = lines
            .iter()
            .map(|line| Join {
                from: line.from,
                to: line.to,
            })
            .collect();
        let layout = lay_out(&sizes, groups.len(), &joins, width(graph, &rows));
        Self {
            graph,
            groups,
            lines,
            rows,
            layout,
            is_in_page,
        }
    }

    fn draw(&self, text: &mut String) {
        text.push_str("<defs>");
        for name in ["plain", "ai", "added", "removed", "changed"] {
            let _ = write!(
                text,
                "<marker id=\"arrow-{name}\" class=\"head {name}\" viewBox=\"0 0 8 8\" refX=\"0\" refY=\"4\" markerWidth=\"8\" \
                 markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0.5L8 4L0 7.5z\"/></marker>"
            );
        }
        text.push_str("</defs>\n");
        for ((name, _), place) in self.groups.iter().zip(&self.layout.groups) {
            let Rect { x, y, width, height } = *place;
            let most = fitting(width - 2.0 * INSET, ROW_CHARACTER);
            let _ = writeln!(
                text,
                "<rect class=\"group\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" rx=\"10\"/>\
                 <text class=\"group-name\" x=\"{:.0}\" y=\"{:.0}\">{}</text>",
                x + INSET,
                y + 18.0,
                xml(&cut(name, most))
            );
        }
        // Those of an AI lie on top.
        let mut drawn: Vec<(&Line, &Way)> = self.lines.iter().zip(&self.layout.ways).collect();
        drawn.sort_by_key(|(line, _)| line.is_ai);
        for (line, way) in drawn {
            self.draw_line(line, way, text);
        }
        for position in self.in_reading_order() {
            self.draw_node(position, text);
        }
    }

    /// From the left, and from the top.
    fn in_reading_order(&self) -> Vec<usize> {
        let place = |node: &usize| self.layout.nodes[*node];
        let mut order: Vec<usize> = (0..self.graph.nodes.len()).collect();
        order.sort_by(|one, other| {
            let (one, other) = (place(one), place(other));
            one.x.total_cmp(&other.x).then(one.y.total_cmp(&other.y))
        });
        order
    }

    fn draw_line(&self, line: &Line, way: &Way, text: &mut String) {
        let (from, to) = (&self.graph.nodes[line.from].name, &self.graph.nodes[line.to].name);
        let ai = if line.is_ai { " ai" } else { "" };
        let write = if line.level.writes() { " write" } else { "" };
        let (change, head) = match (line.change, line.is_ai) {
            (Change::Same, true) => (String::new(), "ai"),
            (Change::Same, false) => (String::new(), "plain"),
            (change, _) => (format!(" {}", change.word()), change.word()),
        };
        let links: Vec<String> = line.links.iter().map(ToString::to_string).collect();
        let (from, to) = (xml(from), xml(to));
        let label = format!("{}{}", line.change.sign(), line.label);
        let _ = write!(
            text,
            "<g class=\"edge\" data-from=\"{from}\" data-to=\"{to}\" data-links=\"{}\"><title>{from} \u{2192} {to}: {}</title>\
             <path class=\"line{ai}{write}{change}\" marker-end=\"url(#arrow-{head})\" d=\"{}\"/>",
            links.join(" "),
            xml(&label),
            way.path
        );
        if !way.is_tight {
            let (x, y) = way.label;
            let anchor = if way.ends { " end" } else { "" };
            let shown = cut(&label, fitting(LABEL, LABEL_CHARACTER));
            let _ = write!(
                text,
                "<text class=\"label{ai}{change}{anchor}\" x=\"{x:.0}\" y=\"{y:.0}\">{}</text>",
                xml(&shown)
            );
        }
        text.push_str("</g>\n");
    }

    fn draw_node(&self, position: usize, text: &mut String) {
        let node = &self.graph.nodes[position];
        let Rect { x, y, width, height } = self.layout.nodes[position];
        let reached = self.graph.reached(&node.name);
        let mut class = String::from("node");
        class.push_str(if node.is_server { " server" } else { "" });
        class.push_str(if reached.is_some() { " reached" } else { "" });
        class.push_str(if node.external.is_some() { " external" } else { "" });
        if node.change != Change::Same {
            let _ = write!(class, " {}", node.change.word());
        }
        // In a page, the name of a button is what stands in it.
        let name = xml(&node.name);
        let opening = match self.is_in_page {
            true => format!("<g class=\"{class}\" data-name=\"{name}\" tabindex=\"0\" role=\"button\">"),
            false => format!("<g class=\"{class}\"><title>{name}: {}</title>", xml(&node.title)),
        };
        let _ = write!(
            text,
            "{opening}<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" rx=\"6\"/>"
        );
        let kind = kind(self.graph, node);
        let x = x + INSET;
        let room = width - 2.0 * INSET;
        let shown = format!("{}{}", node.change.sign(), node.name);
        let _ = write!(
            text,
            "<text class=\"name\" x=\"{x:.0}\" y=\"{:.0}\">{}</text><text class=\"kind\" x=\"{x:.0}\" y=\"{:.0}\">{}</text>",
            y + 19.0,
            xml(&cut(&shown, fitting(room, NAME_CHARACTER))),
            y + 34.0,
            xml(&cut(&kind, fitting(room, ROW_CHARACTER)))
        );
        for (place, row) in self.rows[position].iter().enumerate() {
            let change = match row.change {
                Change::Same => String::new(),
                change => format!(" {}", change.word()),
            };
            let _ = write!(
                text,
                "<text class=\"{}{change}\" x=\"{x:.0}\" y=\"{:.0}\">{}</text>",
                row.class,
                y + HEAD + 8.0 + ROW * number(place),
                xml(&cut(&row.text, fitting(room, ROW_CHARACTER)))
            );
        }
        text.push_str("</g>\n");
    }
}

/// The type, who deploys it when it is not this stack, and what an AI does with it.
fn kind(graph: &Graph, node: &Node) -> String {
    let external = node
        .external
        .as_ref()
        .map_or_else(String::new, |external| format!(", of {external}"));
    let ai = match graph.reached(&node.name) {
        _ if node.is_server => " \u{b7} MCP server",
        Some(level) if level.writes() => " \u{b7} AI writes",
        Some(Level::Probe) => " \u{b7} AI checks",
        Some(_) => " \u{b7} AI reads",
        None => "",
    };
    format!("{}{external}{ai}", node.kind)
}

/// Sub-components, then what watches.
fn rows(graph: &Graph, node: &Node) -> Vec<Row> {
    let shown = if node.parts.len() > MOST_PARTS {
        MOST_PARTS - 1
    } else {
        node.parts.len()
    };
    let part = |part: &super::model::Part| Row {
        class: "row",
        text: format!("{}{} \u{b7} {}", part.change.sign(), part.name, part.kind),
        change: part.change,
    };
    let mut rows: Vec<Row> = node.parts.iter().take(shown).map(part).collect();
    if shown < node.parts.len() {
        rows.push(Row {
            class: "row watch",
            text: format!("and {} more", node.parts.len() - shown),
            change: Change::Same,
        });
    }
    let watchers = graph.watchers(&node.name).into_iter();
    let watching = watchers.map(|own| Row {
        class: "row watch",
        text: own.text(),
        change: own.change,
    });
    let notes = node.notes.iter().map(|note| Row {
        class: "row watch",
        text: note.clone(),
        change: Change::Same,
    });
    rows.extend(watching.chain(notes));
    rows
}

/// The width of all boxes: that of the longest text, within bounds.
fn width(graph: &Graph, rows: &[Vec<Row>]) -> f64 {
    let long = |text: &str, character: f64| number(text.chars().count()) * character + 2.0 * INSET;
    let names = graph.nodes.iter().map(|node| long(&node.name, NAME_CHARACTER));
    let rows = rows.iter().flatten().map(|row| long(&row.text, ROW_CHARACTER));
    let kinds = graph.nodes.iter().map(|node| long(&kind(graph, node), ROW_CHARACTER));
    let widest = names.chain(kinds).chain(rows).max_by(f64::total_cmp).unwrap_or(0.0);
    widest.clamp(WIDTHS.0, WIDTHS.1).ceil()
}

/// How many characters fit.
fn fitting(room: f64, character: f64) -> usize {
    let mut count = 0_u32;
    while f64::from(count + 1) * character <= room {
        count += 1;
    }
    usize::try_from(count).unwrap_or(0)
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
