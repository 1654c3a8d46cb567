//! Forms of a picture that was made by hand, with names that no checked stack has.

use super::model::{Change, Graph, Link, Node, Part, View};
use super::{Form, compare, print};
use crate::level::Level;

const EVIL: &str =
    "</title></script><script>alert('1')</script><img src=x onerror=\"alert(2)\">&amp;\"];\n\\ --> `x` #quot; \u{202e}";

fn node(name: &str, group: &str) -> Node {
    Node {
        name: name.to_owned(),
        kind: "kind".to_owned(),
        title: "a title".to_owned(),
        group: group.to_owned(),
        parts: Vec::new(),
        external: None,
        notes: Vec::new(),
        is_server: false,
        change: Change::Same,
    }
}

fn link(from: &str, to: &str, level: Level) -> Link {
    Link {
        from: from.to_owned(),
        from_part: None,
        to: to.to_owned(),
        to_part: None,
        kind: format!("{from}-{to}"),
        interface: "reading".to_owned(),
        title: "what it reaches".to_owned(),
        level,
        is_ai: false,
        is_watch: false,
        account: None,
        settings: Vec::new(),
        secrets: Vec::new(),
        makes: vec!["network edge".to_owned()],
        before: None,
        change: Change::Same,
    }
}

fn graph(nodes: Vec<Node>, links: Vec<Link>) -> Graph {
    Graph {
        stack: "shop".to_owned(),
        view: View::All,
        nodes,
        links,
        is_compared: false,
    }
}

/// A server that writes to a store, an application that reads it, and what watches both.
fn shop() -> Graph {
    let part = Part {
        name: "orders".to_owned(),
        kind: "table".to_owned(),
        change: Change::Same,
    };
    let store = Node {
        parts: vec![part],
        ..node("store", "data")
    };
    let server = Node {
        is_server: true,
        ..node("server", "front")
    };
    let by_ai = Link {
        is_ai: true,
        to_part: Some("orders".to_owned()),
        secrets: vec!["STORE_PASSWORD".to_owned()],
        ..link("server", "store", Level::Write)
    };
    let watch = Link {
        is_watch: true,
        ..link("watch", "store", Level::Probe)
    };
    let nodes = vec![node("app", "front"), server, store, node("watch", "back")];
    graph(nodes, vec![link("app", "store", Level::Read), by_ai, watch])
}

fn hostile() -> Graph {
    let evil = || EVIL.to_owned();
    let part = Part {
        name: evil(),
        kind: evil(),
        change: Change::Same,
    };
    let own = Node {
        kind: evil(),
        title: evil(),
        parts: vec![part],
        external: Some(evil()),
        notes: vec![evil()],
        ..node(EVIL, EVIL)
    };
    let worst = Link {
        from_part: Some(evil()),
        to_part: Some(evil()),
        kind: evil(),
        interface: evil(),
        title: evil(),
        account: Some(evil()),
        settings: vec![evil()],
        secrets: vec![evil()],
        makes: vec![evil()],
        ..link(EVIL, EVIL, Level::Read)
    };
    let watch = Link {
        is_watch: true,
        to_part: None,
        ..worst.clone()
    };
    let mut shown = graph(vec![own], vec![worst, watch]);
    shown.stack = evil();
    shown
}

/// Names of the elements of a text, each of which is closed; everything else is text or an attribute in quotes.
fn elements(text: &str) -> Vec<String> {
    const ALONE: [&str; 3] = ["meta", "input", "!doctype"];
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let tag = &rest[start + 1..];
        let mut quoted = false;
        let end = tag
            .find(|next: char| {
                quoted ^= next == '"';
                next == '>' && !quoted
            })
            .unwrap();
        let inner = &tag[..end];
        rest = &tag[end + 1..];
        let name = inner.split_whitespace().next().unwrap().trim_end_matches('/');
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{inner}");
            continue;
        }
        seen.push(name.to_owned());
        if !inner.ends_with('/') && !ALONE.contains(&name) {
            open.push(name.to_owned());
        }
        // The only two that hold no markup.
        if name == "style" || name == "script" {
            rest = &rest[rest.find("</").unwrap()..];
        }
    }
    assert!(open.is_empty(), "{open:?}");
    seen
}

/// Whatever names say, a page has the elements of a page whose names say nothing, and so has a picture.
#[test]
fn hostile_names_are_text() {
    for form in [Form::Svg, Form::Html] {
        let text = print(&hostile(), form);
        let found = elements(&text);
        let scripts = found.iter().filter(|name| *name == "script").count();
        assert_eq!(scripts, usize::from(form == Form::Html));
        assert!(!found.iter().any(|name| name == "img"), "{text}");
        assert!(
            !text.contains("<script>alert") && !text.contains("onerror=\""),
            "{text}"
        );
        assert!(!text.contains('\u{202e}'), "{text}");
        elements(&print(&shop(), form));
    }
}

/// Style and script stand in the page byte for byte as its policy names them, and nothing has a style or handler of its own.
#[test]
fn a_page_keeps_its_own_policy() {
    let page = print(&shop(), Form::Html);
    let between = |start: &str, end: &str| {
        let from = page.find(start).unwrap() + start.len();
        &page[from..from + page[from..].find(end).unwrap()]
    };
    let policy = between("http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    for own in [between("<style>", "</style>"), between("<script>", "</script>")] {
        let digest = super::html::digest(own);
        assert!(policy.contains(&format!("'sha256-{digest}'")), "{policy}");
    }
    let body = &page[page.find("<body>").unwrap()..page.find("<script>").unwrap()];
    for forbidden in [" style=", " onclick=", "javascript:", "http://", "https://", "src="] {
        assert!(!body.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_page_says_in_words_what_it_shows() {
    let page = print(&shop(), Form::Html);
    for told in [
        "<g class=\"node reached\" data-name=\"store\" tabindex=\"0\" role=\"button\">",
        "kind \u{b7} AI writes</text>",
        "<th scope=\"row\">server</th><td>store/orders</td><td>write</td><td>what it reaches</td>",
        "secrets STORE_PASSWORD",
        "<td>network edge</td>",
        "<tr data-links=\"2\" data-from=\"watch\" data-to=\"store\">",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
}

/// Lines of Mermaid: groups, boxes and lines with quoted texts that end where they should.
fn check_mermaid(text: &str) {
    let line = regex_lite::Regex::new(concat!(
        r#"^(flowchart LR|  subgraph g_\w+\["[^"\[\]<>`]*"\]|    c_\w+\["([^"\[\]<>`]|<br/>)*"\]|  end"#,
        r#"|  c_\w+ (-->|==>|-\.->)\|"[^"|<>`]*"\| c_\w+|  classDef \w+ stroke:#\w+,stroke-width:2px"#,
        r"|  class [\w,]+ \w+|  linkStyle [\d,]+ stroke:#\w+)$"
    ));
    let line = line.unwrap();
    for own in text.lines() {
        assert!(line.is_match(own), "{own}");
    }
}

/// Quotes, brackets and braces of DOT.
fn check_dot(text: &str) {
    let (mut open, mut characters) = (Vec::new(), text.chars());
    while let Some(next) = characters.next() {
        match next {
            '"' => {
                while let Some(quoted) = characters.next() {
                    match quoted {
                        '\\' => drop(characters.next()),
                        '"' => break,
                        other => assert!(other != '\n', "{text}"),
                    }
                }
            }
            '{' | '[' => open.push(next),
            '}' => assert_eq!(open.pop(), Some('{')),
            ']' => assert_eq!(open.pop(), Some('[')),
            plain => assert!(plain.is_ascii_alphanumeric() || "_ ,=->\n#".contains(plain), "{plain}"),
        }
    }
    assert!(open.is_empty());
}

#[test]
fn forms_keep_their_grammar() {
    let before = graph(vec![node("app", "front")], Vec::new());
    for shown in [
        shop(),
        hostile(),
        compare(before, shop()),
        graph(Vec::new(), Vec::new()),
    ] {
        check_mermaid(&print(&shown, Form::Mermaid));
        check_dot(&print(&shown, Form::Dot));
        let document: serde_json::Value = serde_json::from_str(&print(&shown, Form::Json)).unwrap();
        assert_eq!(document["stack"], shown.stack);
        assert_eq!(document["links"].as_array().unwrap().len(), shown.links.len());
        elements(&print(&shown, Form::Svg));
        elements(&print(&shown, Form::Html));
    }
}

#[test]
fn a_line_stands_for_all_links_of_its_ends() {
    let mut shown = shop();
    let more = Link {
        to_part: Some("orders".to_owned()),
        ..link("app", "store", Level::Own)
    };
    shown.links.push(more);
    let text = print(&shown, Form::Mermaid);
    assert!(text.contains("c_app ==>|\"own orders +1\"| c_store"), "{text}");
    assert!(!text.contains("c_watch --"), "what only watches has no line: {text}");
    assert!(text.contains("reading \u{2190} watch"), "{text}");
}

#[test]
fn two_stacks_in_one_picture() {
    let before = shop();
    let mut after = shop();
    after.nodes.retain(|node| node.name != "app");
    after.nodes.insert(0, node("api", "front"));
    after.links[0].from = "api".to_owned();
    after.links[1].level = Level::Read;
    after.nodes[2].parts[0].name = "bills".to_owned();
    let shown = compare(before, after);
    let changes = |name: &str| shown.nodes[shown.position(name).unwrap()].change;
    assert_eq!(
        ["api", "app", "server", "store", "watch"].map(changes),
        [Change::New, Change::Gone, Change::Same, Change::Other, Change::Same]
    );
    let told: Vec<String> = shown
        .links
        .iter()
        .map(|link| format!("{}{} {}", link.change.sign(), link.arrow(), link.level_word()))
        .collect();
    assert_eq!(
        told,
        [
            "+ api \u{2192} store read",
            "\u{2212} app \u{2192} store read",
            "~ server \u{2192} store/orders write \u{2192} read",
            "watch \u{2192} store probe"
        ]
    );
    let text = print(&shown, Form::Svg);
    for told in [
        "node added",
        "node removed",
        "line removed",
        "changed",
        "~ write \u{2192} read",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

/// What the same input gives does not depend on the run.
#[test]
fn same_graph_same_bytes() {
    for form in [Form::Svg, Form::Html, Form::Mermaid, Form::Dot, Form::Json] {
        assert_eq!(print(&shop(), form), print(&shop(), form));
    }
}
