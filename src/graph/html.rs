//! The picture as one page that asks the network for nothing: picture, search, what each link makes, and all of it as tables.
//!
//! The page says by a policy of its own which style and script it has, by their digests: text of a stack that would be taken
//! for markup, which escaping does not let through, would still not run.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::escape::xml;
use super::model::{Change, Graph};
use super::svg;
use super::table::{Row, rows};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

pub(super) fn print(graph: &Graph) -> String {
    let style = format!("{}{STYLE}", svg::STYLE);
    let mut text = String::new();
    let stack = xml(&graph.stack);
    let title = graph.view.title();
    let _ = write!(
        text,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{stack}: {title}</title>\n<style>{style}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#links\">Skip to the links as text</a>\n\
         <header><h1>{stack}: {title}</h1><p>{}</p>\n",
        digest(&style),
        digest(SCRIPT),
        graph.counts()
    );
    controls(graph, &mut text);
    text.push_str("</header>\n<main>\n<div id=\"stage\">\n");
    text.push_str(&svg::inline(graph));
    text.push_str(
        "</div>\n<section id=\"panel\" aria-label=\"What is chosen\" aria-live=\"polite\" tabindex=\"-1\">\
         <p>Choose a component or a line to see what its links make. With the keyboard: Tab to the picture, arrow keys from box \
         to box, Enter to choose, + and - to zoom, 0 to see all.</p></section>\n",
    );
    components(graph, &mut text);
    links(graph, &mut text);
    let _ = writeln!(text, "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>");
    text
}

fn controls(graph: &Graph, text: &mut String) {
    text.push_str(
        "<div class=\"controls\"><label for=\"search\">Search</label> <input id=\"search\" type=\"search\" autocomplete=\"off\"> \
         <output id=\"found\" for=\"search\"></output> \
         <button type=\"button\" id=\"closer\" aria-label=\"Zoom in\">+</button> \
         <button type=\"button\" id=\"further\" aria-label=\"Zoom out\">\u{2212}</button> \
         <button type=\"button\" id=\"whole\">See all</button></div>\n<ul class=\"legend\">",
    );
    for (class, meaning) in svg::meanings(graph) {
        let _ = write!(
            text,
            "<li><svg width=\"28\" height=\"10\" aria-hidden=\"true\"><path class=\"{class}\" d=\"M0 5H28\"/></svg> {meaning}</li>"
        );
    }
    text.push_str("</ul>\n");
}

fn components(graph: &Graph, text: &mut String) {
    text.push_str(
        "<h2 id=\"components\">Components</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"components\"><table>\
         <thead><tr><th scope=\"col\">Component</th><th scope=\"col\">Type</th><th scope=\"col\">Group</th>\
         <th scope=\"col\">Sub-components</th><th scope=\"col\">By an AI</th></tr></thead>\n<tbody>\n",
    );
    for node in &graph.nodes {
        let parts: Vec<String> = node
            .parts
            .iter()
            .map(|part| format!("{}{} ({})", part.change.sign(), part.name, part.kind))
            .collect();
        let reach = match graph.reached(&node.name) {
            Some(level) => format!("to {level}"),
            None if node.is_server => "AI clients come in by it".to_owned(),
            None => "no".to_owned(),
        };
        let external = node
            .external
            .as_ref()
            .map_or_else(String::new, |external| format!(", of {external}"));
        let _ = writeln!(
            text,
            "<tr data-component=\"{0}\"><th scope=\"row\">{1}{0}</th><td>{2}{3}</td><td>{4}</td><td>{5}</td><td>{reach}</td></tr>",
            xml(&node.name),
            node.change.sign(),
            xml(&node.kind),
            xml(&external),
            xml(&node.group),
            xml(&parts.join(", "))
        );
    }
    text.push_str("</tbody></table></div>\n");
}

fn links(graph: &Graph, text: &mut String) {
    text.push_str(
        "<h2 id=\"links\">Links</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"links\"><table>\
         <thead><tr><th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">Level</th><th scope=\"col\">What</th>\
         <th scope=\"col\">By an AI</th><th scope=\"col\">Holds</th><th scope=\"col\">Makes</th></tr></thead>\n<tbody>\n",
    );
    for row in rows(graph) {
        link(&row, text);
    }
    text.push_str("</tbody></table></div>\n");
}

fn link(row: &Row, text: &mut String) {
    let numbers: Vec<String> = row.links.iter().map(ToString::to_string).collect();
    let from = row.from.split('/').next().unwrap_or_default();
    let class = match row.change {
        Change::Same => String::new(),
        change => format!(" class=\"{}\"", change.word()),
    };
    let _ = writeln!(
        text,
        "<tr{class} data-links=\"{}\" data-from=\"{}\" data-to=\"{}\"><th scope=\"row\">{}{}</th><td>{}</td><td>{}</td><td>{}</td>\
         <td>{}</td><td>{}</td><td>{}</td></tr>",
        numbers.join(" "),
        xml(from),
        xml(&row.to.join(" ")),
        row.change.sign(),
        xml(&row.from),
        xml(&row.ends.join(", ")),
        xml(&row.level),
        xml(&row.what),
        if row.is_ai { "yes" } else { "no" },
        xml(&row.holds.join("; ")),
        xml(&row.makes.join(", "))
    );
}

/// SHA-256 in base64, as a policy writes it.
pub(super) fn digest(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = Sha256::digest(text.as_bytes());
    let mut coded = String::new();
    for three in bytes.chunks(3) {
        let of = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let number = of(0) << 16 | of(1) << 8 | of(2);
        for place in 0..4 {
            let letter = LETTERS[usize::try_from(number >> (18 - 6 * place) & 63).unwrap_or(0)];
            coded.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    coded
}

#[cfg(test)]
mod digests {
    /// `printf abc | openssl dgst -sha256 -binary | base64`
    #[test]
    fn of_a_known_text() {
        assert_eq!(super::digest("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }
}
