//! Who uses whom, what flows where, and what a failure reaches.

use std::collections::{BTreeMap, BTreeSet};

use super::components::counts;
use super::document::{Form, Section};
use super::words::{cell, counted, line, list, one_line, transport};
use crate::catalog::{Level, gives::HTTP};
use crate::name::ComponentName;
use crate::stack::{AttributeValue, Link, Stack, SubComponent};
use crate::view;

/// Most components of which it is told what the failure of each reaches: the lists grow with the square.
const MOST_FAILURES: usize = 300;

pub(super) fn sections(stack: &Stack) -> Vec<Section> {
    let (uses, watches): (Vec<&Link>, Vec<&Link>) = stack.links.iter().partition(|link| link.kind.uses());
    vec![
        links(stack, "Links", &uses, [2, 1, 0]),
        links(stack, "Watching", &watches, [3, 1, 0]),
        flows(stack, &uses),
        failures(stack, &uses),
    ]
}

/// Links that work with their end, or those that scrape, check, deploy, back up or read logs: without these nothing else breaks.
fn links(stack: &Stack, title: &'static str, links: &[&Link], starts: [usize; 3]) -> Section {
    let grants = |link: &Link| cell(&view::grants_text(stack.grants_of(link)));
    let made = |link: &Link| line(&[&columns(stack, link), &keys(link), &network(stack, link), &grants(link)]);
    let interfaces = counts(links.iter().map(|link| link.kind.interface_name()));
    Section {
        title,
        starts,
        forms: vec![
            Form {
                columns: "from -> to, to | level | interface | account | transport | settings | secrets | network | grants",
                lines: merged(links, &made),
                without: "",
            },
            Form {
                columns: "from -> to, to | level | interface | account | transport",
                lines: merged(links, &|link| columns(stack, link)),
                without: "settings, names of secrets, ports, grants",
            },
            Form {
                columns: "from -> to level, to level",
                lines: adjacent(links),
                without: "interface, account, transport",
            },
            Form {
                columns: "how many by interface",
                lines: interfaces,
                without: "ends",
            },
            Form {
                columns: "",
                lines: one_line(links.len(), counted(links.len(), "link")),
                without: "interfaces",
            },
        ],
    }
}

fn columns(stack: &Stack, link: &Link) -> String {
    line(&[
        link.level.word(),
        link.kind.interface_name(),
        &cell(link.principal.as_deref().unwrap_or_default()),
        transport(stack, link),
    ])
}

/// Links of one start that differ in their ends alone share a line.
fn merged(links: &[&Link], told: &dyn Fn(&Link) -> String) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>, String)> = Vec::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for link in links {
        let (start, told) = (link.start(), told(link));
        let place = *places.entry((start.clone(), told.clone())).or_insert(lines.len());
        match lines.get_mut(place) {
            Some((_, ends, _)) => ends.push(link.end()),
            None => lines.push((start, vec![link.end()], told)),
        }
    }
    let lines = lines.into_iter();
    lines
        .map(|(start, ends, told)| line(&[&format!("{start} -> {}", list(ends)), &told]))
        .collect()
}

fn adjacent(links: &[&Link]) -> Vec<String> {
    let mut starts: Vec<(String, Vec<String>)> = Vec::new();
    for link in links {
        let (start, end) = (link.start(), format!("{} {}", link.end(), link.level));
        match starts.last_mut() {
            Some((last, ends)) if *last == start => ends.push(end),
            _ => starts.push((start, vec![end])),
        }
    }
    starts
        .into_iter()
        .map(|(start, ends)| format!("{start} -> {}", list(ends)))
        .collect()
}

/// Names of what the consumer gets: plain settings, and secrets.
fn keys(link: &Link) -> String {
    let names = |secret: bool| {
        let own = link.env.iter().filter(move |key| key.value.is_none() == secret);
        own.map(|key| key.key.clone()).collect::<BTreeSet<String>>()
    };
    let delivered = link.delivered.as_ref();
    let delivered = delivered.map(|secret| format!("Secret {} ({})", secret.name, list(secret.keys.keys())));
    let secrets = names(true).into_iter().chain(delivered);
    line(&[&list(names(false)), &list(secrets)])
}

/// The ports that are opened for it.
fn network(stack: &Stack, link: &Link) -> String {
    let to = stack.component(&link.to);
    let port = |name: &String| match to.endpoints.get(name) {
        Some(endpoint) => format!("{name} {}", endpoint.port),
        None => name.clone(),
    };
    list(link.endpoints.iter().map(port))
}

/// What data an end holds of whom: who writes to it, and who only reads it.
#[derive(Default)]
struct Flow {
    writers: BTreeSet<String>,
    readers: BTreeSet<String>,
}

impl Flow {
    fn add(&mut self, link: &Link) {
        let own = if link.writes() {
            &mut self.writers
        } else {
            &mut self.readers
        };
        own.insert(link.start());
    }

    fn readers(&self) -> impl Iterator<Item = &String> {
        self.readers.difference(&self.writers)
    }
}

/// The parts of its end that a link reaches, though it ends at the whole: those that its closed lists name.
fn reached(stack: &Stack, link: &Link) -> Vec<String> {
    if link.sub.is_some() {
        return Vec::new();
    }
    let names: BTreeSet<&str> = stack.reach_of(link).values().flatten().map(String::as_str).collect();
    let is_named = |sub: &&SubComponent| {
        let own = sub.attributes.values().filter_map(AttributeValue::text);
        own.chain([sub.name.to_string()])
            .any(|name| names.contains(name.as_str()))
    };
    let parts = stack.component(&link.to).sub_components.values().filter(is_named);
    parts.map(|sub| format!("{}/{}", link.to, sub.name)).collect()
}

fn flows(stack: &Stack, uses: &[&Link]) -> Section {
    let mut ends: BTreeMap<String, Flow> = BTreeMap::new();
    let carries = |link: &&&Link| link.kind.interface_name() != HTTP && link.level != Level::Probe;
    for link in uses.iter().filter(carries) {
        for end in reached(stack, link).into_iter().chain([link.end()]) {
            ends.entry(end).or_default().add(link);
        }
    }
    let order = downstream(&ends);
    let told = |end: &String| line(&[end, &list(&ends[end].writers), &list(ends[end].readers())]);
    let written = |end: &&String| !ends[*end].writers.is_empty();
    let writers = |end: &String| line(&[end, &list(&ends[end].writers)]);
    let total = format!("{} with readers or writers", counted(ends.len(), "end"));
    Section {
        title: "Data flows",
        starts: [1, 0, 0],
        forms: vec![
            Form {
                columns: "what | written by, who may read it too | only read by; data runs down, but for circles",
                lines: order.iter().map(told).collect(),
                without: "",
            },
            Form {
                columns: "what | written by",
                lines: order.iter().filter(written).map(writers).collect(),
                without: "readers",
            },
            Form {
                columns: "",
                lines: one_line(ends.len(), total),
                without: "names",
            },
        ],
    }
}

/// Ends so that data runs down: one that a writer feeds stands below what that writer reads. Of a circle, the first by name
/// comes first.
fn downstream(ends: &BTreeMap<String, Flow>) -> Vec<String> {
    // What each reader reads; a link that begins at a part reads that part.
    let mut read: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (end, flow) in ends {
        for reader in flow.readers() {
            read.entry(reader).or_default().insert(end);
        }
    }
    let mut feeds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut waits: BTreeMap<&str, usize> = ends.keys().map(|end| (end.as_str(), 0)).collect();
    for (end, flow) in ends {
        let direct = flow.writers.iter().filter_map(|writer| ends.get_key_value(writer));
        let direct = direct.map(|(writer, _)| writer.as_str());
        let through = flow
            .writers
            .iter()
            .filter_map(|writer| read.get(writer.as_str()))
            .flatten()
            .copied();
        let sources: BTreeSet<&str> = direct.chain(through).filter(|source| *source != end).collect();
        *waits.entry(end).or_default() += sources.len();
        for source in sources {
            feeds.entry(source).or_default().insert(end);
        }
    }
    let mut ready: BTreeSet<&str> = free(&waits);
    let mut order = Vec::new();
    while !waits.is_empty() {
        let next = ready.pop_first().or_else(|| waits.keys().next().copied());
        let Some(next) = next else { break };
        waits.remove(next);
        order.push(next.to_owned());
        for fed in feeds.remove(next).unwrap_or_default() {
            if let Some(count) = waits.get_mut(fed) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.insert(fed);
                }
            }
        }
        ready.remove(next);
    }
    order
}

fn free<'a>(waits: &BTreeMap<&'a str, usize>) -> BTreeSet<&'a str> {
    let free = waits.iter().filter(|(_, count)| **count == 0);
    free.map(|(end, _)| *end).collect()
}

fn failures(stack: &Stack, uses: &[&Link]) -> Section {
    let users = users(uses);
    let count = users.len();
    let direct = |name: &ComponentName| line(&[name.as_str(), &list(users[name].iter().map(|user| user.as_str()))]);
    let whole = |name: &&ComponentName| line(&[&direct(name), &beyond(name, &users)]);
    let mut forms = vec![
        Form {
            columns: "component | breaks its users",
            lines: users.keys().map(|name| direct(name)).collect(),
            without: "what breaks through users",
        },
        Form {
            lines: vec![format!("{} used by others", counted(count, "component"))],
            without: "names",
            ..Form::default()
        },
        Form {
            without: "all; follow Links from right to left",
            ..Form::default()
        },
    ];
    let is_small = stack.components.len() <= MOST_FAILURES;
    if is_small {
        let lines = users.keys().map(whole).collect();
        let columns = "component | breaks its users | and through these";
        forms.insert(
            0,
            Form {
                columns,
                lines,
                without: "",
            },
        );
    }
    if users.is_empty() {
        forms.iter_mut().for_each(|form| form.lines.clear());
    }
    Section {
        title: "If it fails",
        starts: [usize::from(is_small), 0, 0],
        forms,
    }
}

/// Who uses each component.
fn users<'a>(uses: &[&'a Link]) -> BTreeMap<&'a ComponentName, BTreeSet<&'a ComponentName>> {
    let mut users: BTreeMap<&ComponentName, BTreeSet<&ComponentName>> = BTreeMap::new();
    for link in uses.iter().filter(|link| link.from != link.to) {
        users.entry(&link.to).or_default().insert(&link.from);
    }
    users
}

/// Users of users, and so on: none of those that use it themselves.
fn beyond(name: &ComponentName, users: &BTreeMap<&ComponentName, BTreeSet<&ComponentName>>) -> String {
    let direct = &users[name];
    let mut seen: BTreeSet<&ComponentName> = direct.clone();
    seen.insert(name);
    let mut waiting: Vec<&ComponentName> = direct.iter().copied().collect();
    while let Some(next) = waiting.pop() {
        let more = users.get(next).into_iter().flatten();
        waiting.extend(more.filter(|user| seen.insert(user)));
    }
    seen.remove(name);
    list(seen.difference(direct).map(|user| user.as_str()))
}
