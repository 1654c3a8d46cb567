//! Who comes in: public names, what an AI reaches by which tools, and operations of applications.

use std::collections::BTreeMap;

use super::components::counts;
use super::document::{Form, Section};
use super::words::{NONE, cell, counted, line, list, one_line, value};
use crate::catalog::Role;
use crate::catalog::tools::{Class, Tool};
use crate::stack::{AttributeValue, Component, Connection, Stack, SubComponent};

/// Parts with these two are calls that an application answers.
const METHOD: &str = "method";
const PATH: &str = "path";

/// Most names of a list in the smallest size.
const MOST_NAMES: usize = 8;

pub(super) fn sections(stack: &Stack) -> anyhow::Result<Vec<Section>> {
    Ok(vec![public(stack), tools(stack)?, operations(stack)])
}

fn public(stack: &Stack) -> Section {
    let mut lines = Vec::new();
    let mut gateways: BTreeMap<&str, usize> = BTreeMap::new();
    for gateway in stack.of_role(Role::Gateway) {
        let reach = stack.reach(gateway);
        for link in stack.published(gateway) {
            let host = stack.published_host(stack.component(&link.to));
            lines.push(line(&[&host, link.to.as_str(), gateway.name.as_str(), &cell(&reach)]));
            *gateways.entry(gateway.name.as_str()).or_default() += 1;
        }
    }
    lines.sort_unstable();
    let counts = gateways.iter().map(|(name, count)| format!("{name} publishes {count}"));
    let counts: Vec<String> = counts.collect();
    Section {
        title: "Public",
        starts: [0, 0, 0],
        forms: vec![
            Form {
                columns: "host | component | gateway | reached from",
                lines,
                without: "",
            },
            Form {
                columns: "hosts are <subdomain, else name>.<domain>",
                lines: one_line(counts.len(), list(&counts)),
                without: "hosts",
            },
            Form {
                columns: "",
                lines: one_line(gateways.len(), counted(gateways.values().sum(), "host")),
                without: "gateways",
            },
        ],
    }
}

/// One connection of an MCP server.
struct Reach {
    /// `fastmcp -> cnpg`.
    arrow: String,
    level: &'static str,
    account: String,
    lists: String,
    short_lists: String,
    reads: Vec<String>,
    writes: Vec<String>,
    writable: bool,
}

fn tools(stack: &Stack) -> anyhow::Result<Section> {
    let mut all = Vec::new();
    for server in stack.of_role(Role::McpServer) {
        for connection in stack.connections(server).into_values().flatten() {
            all.push(reach(stack, server, &connection)?);
        }
    }
    all.sort_by(|left, right| left.arrow.cmp(&right.arrow));
    let common = |one: &Reach| line(&[&one.arrow, one.level, &one.account, &one.lists]);
    let full = |one: &Reach| line(&[&common(one), &list(&one.reads), &list(&one.writes)]);
    let normal = |one: &Reach| line(&[&common(one), &shortened(&one.reads), &list(&one.writes)]);
    let brief = |one: &Reach| line(&[&one.arrow, one.level, &one.short_lists, &list(&one.writes)]);
    let total = |kind: fn(&Reach) -> &Vec<String>| all.iter().map(|one| kind(one).len()).sum::<usize>();
    let writable = all.iter().filter(|one| one.writable).count();
    let summary = format!(
        "{}, {writable} with write access; {}, {}",
        counted(all.len(), "connection"),
        counted(total(|one| &one.reads), "read tool"),
        counted(total(|one| &one.writes), "write tool"),
    );
    Ok(Section {
        title: "AI reach",
        starts: [2, 1, 0],
        forms: vec![
            Form {
                columns: "server -> component | level | account | held to | read tools | write tools",
                lines: all.iter().map(full).collect(),
                without: "",
            },
            Form {
                columns: "server -> component | level | account | held to | read tools | write tools",
                lines: all.iter().map(normal).collect(),
                without: "names of read tools",
            },
            Form {
                columns: "server -> component | level | held to | write tools",
                lines: all.iter().map(brief).collect(),
                without: "account, read tools, long lists",
            },
            Form {
                columns: "",
                lines: one_line(all.len(), summary),
                without: "names",
            },
        ],
    })
}

fn reach(stack: &Stack, server: &Component, connection: &Connection<'_>) -> anyhow::Result<Reach> {
    let link = connection.first();
    let tools = connection.tools.tools()?;
    let named = |is_wanted: &dyn Fn(&Tool) -> bool| {
        let own = tools.iter().filter(|tool| is_wanted(tool));
        own.map(|tool| tool.name.to_string()).collect::<Vec<String>>()
    };
    let lists: Vec<(&String, &Vec<String>)> = connection
        .scope
        .iter()
        .filter(|(_, names)| !names.is_empty() && !pairs_facts(names, &connection.scope))
        .collect();
    let named_lists = lists.iter().map(|(name, names)| format!("{name} {}", names.join(" ")));
    let short_lists = lists.iter().map(|(name, names)| match names.len() {
        0..=MOST_NAMES => format!("{name} {}", names.join(" ")),
        more => format!("{more} {name}"),
    });
    // Checks of an agent are links of its own.
    let is_agent = stack.component(&link.to).has_role(Role::Agent);
    let shown = |lists: String| if is_agent { NONE.to_owned() } else { lists };
    Ok(Reach {
        arrow: format!("{} -> {}", server.name, link.to),
        level: link.level.word(),
        account: cell(link.principal.as_deref().unwrap_or_default()),
        lists: shown(list(named_lists)),
        short_lists: shown(list(short_lists)),
        reads: named(&|tool| tool.class == Class::Read),
        writes: named(&|tool| tool.class != Class::Read && connection.writes()),
        writable: connection.writes(),
    })
}

/// Whether a list says something of the names of another one, as `GET.get_order` does of the operation `get_order`: what
/// these are is told elsewhere.
fn pairs_facts(names: &[String], lists: &BTreeMap<String, Vec<String>>) -> bool {
    let of = |name: &String| Some(name.rsplit_once('.')?.1.to_owned());
    let ends: Option<Vec<String>> = names.iter().map(of).collect();
    ends.is_some_and(|ends| {
        lists
            .values()
            .any(|others| ends.iter().all(|end| others.binary_search(end).is_ok()))
    })
}

/// `9 cnpg_*`, where all begin with one word.
fn shortened(tools: &[String]) -> String {
    let words: std::collections::BTreeSet<&str> =
        tools.iter().filter_map(|name| Some(name.split_once('_')?.0)).collect();
    match (words.len(), words.first()) {
        (1, Some(word)) => format!("{} {word}_*", tools.len()),
        _ => format!("{}", tools.len()),
    }
}

fn operations(stack: &Stack) -> Section {
    let all: Vec<(&Component, &SubComponent)> = stack
        .components
        .values()
        .flat_map(|one| one.sub_components.values().map(move |sub| (one, sub)))
        .filter(|(_, sub)| [METHOD, PATH].iter().all(|name| sub.attributes.contains_key(*name)))
        .collect();
    let operation = |(one, sub): &(&Component, &SubComponent)| {
        let text = |name: &str| {
            sub.attributes
                .get(name)
                .and_then(AttributeValue::shown)
                .map(|given| value(&given))
        };
        let told = |name: &str| text(name).unwrap_or_else(|| NONE.to_owned());
        let others = sub
            .attributes
            .keys()
            .filter(|name| ![METHOD, PATH].contains(&name.as_str()));
        let others = others.map(|name| format!("{name}={}", told(name)));
        line(&[
            one.name.as_str(),
            sub.name.as_str(),
            &told(METHOD),
            &told(PATH),
            &list(others),
        ])
    };
    let counts = counts(all.iter().map(|(one, _)| one.name.as_str()));
    Section {
        title: "Operations",
        starts: [1, 0, 0],
        forms: vec![
            Form {
                columns: "component | operation | method | path | more",
                lines: all.iter().map(operation).collect(),
                without: "",
            },
            Form {
                columns: "how many of each component",
                lines: counts,
                without: "method and path",
            },
            Form {
                columns: "",
                lines: one_line(all.len(), counted(all.len(), "operation")),
                without: "components",
            },
        ],
    }
}
