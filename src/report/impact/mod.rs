//! Who is touched by a change: consumers, tools of an AI and accounts, as text, as JSON and for pipelines.
//!
//! In: what differs, and what that touches. Out: text. It must not know how consumers and accounts are found.

mod tools;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::forms::{Form, Notice, markdown_lists, of_touched, print};
use super::{Style, difference_json, differences_text};
use crate::report::changes::visible;
use crate::stack::difference::{AccountTouch, Consumer, Difference, How};

pub use tools::{ServerTouch, ToolTouch, tools_touched};

/// Most names of one kind that a line has.
const MOST_NAMES: usize = 12;

/// What a change touches.
pub struct Impact<'a> {
    pub differences: &'a [Difference],
    pub consumers: Vec<Consumer>,
    pub servers: Vec<ServerTouch>,
    pub accounts: Vec<AccountTouch>,
}

impl Impact<'_> {
    /// Whether nothing is touched, whatever differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.consumers.is_empty() && self.servers.is_empty() && self.accounts.is_empty()
    }
}

/// Changes first, then who is touched by them, nearest first.
#[must_use]
pub fn impact_text(impact: &Impact<'_>, style: Style) -> String {
    let mut text = differences_text(impact.differences, style);
    if text.is_empty() {
        text.push_str("nothing differs\n");
    }
    text.push('\n');
    if impact.is_empty() {
        text.push_str("no consumer, AI tool or account is touched\n");
        return text;
    }
    for (title, lines) in lists(impact) {
        let _ = writeln!(text, "{title}: {}", lines.len());
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

/// The lines of each part, under its title.
fn lists(impact: &Impact<'_>) -> [(&'static str, Vec<String>); 3] {
    [
        ("consumers", impact.consumers.iter().map(consumer).collect()),
        ("AI tools", impact.servers.iter().flat_map(server).collect()),
        ("accounts", impact.accounts.iter().map(account).collect()),
    ]
}

fn consumer(consumer: &Consumer) -> String {
    let ends: Vec<&str> = consumer.reaches.iter().map(String::as_str).collect();
    let mut told = match consumer.path.len() {
        // Its own links say it; a way of more steps is one of several.
        0..=2 => format!("{} → {}", consumer.name, ends.join(", ")),
        _ => consumer.path.join(" → "),
    };
    if consumer.by_link {
        told += match ends.len() {
            1 => " (its link)",
            _ => " (its links)",
        };
    }
    visible(&told)
}

/// A line for each way in which tools of a server are touched.
fn server(server: &ServerTouch) -> Vec<String> {
    let mut by_how: BTreeMap<(How, String), Vec<&ToolTouch>> = BTreeMap::new();
    for tool in &server.tools {
        by_how
            .entry((tool.how, tool.reaches.join(", ")))
            .or_default()
            .push(tool);
    }
    let lines = by_how.into_iter().map(|((how, reaches), tools)| {
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        let (told, more) = names.split_at(MOST_NAMES.min(names.len()));
        let more = if more.is_empty() {
            String::new()
        } else {
            format!(" and {} more", more.len())
        };
        let noun = if names.len() == 1 { "tool" } else { "tools" };
        let count = names.len();
        visible(&format!(
            "{}: {count} {noun} of {reaches} {}: {}{more}",
            server.told(),
            word(how).unwrap_or(if count == 1 {
                "reaches what changes"
            } else {
                "reach what changes"
            }),
            told.join(", ")
        ))
    });
    lines.collect()
}

fn account(touch: &AccountTouch) -> String {
    let environment = touch
        .environment
        .iter()
        .map(|name| format!(" in {name}"))
        .collect::<String>();
    let holders: Vec<&str> = touch.holders.iter().map(String::as_str).collect();
    visible(&format!(
        "{} at {}{environment} ({}, of {}) {}",
        touch.account,
        touch.component,
        touch.level,
        holders.join(", "),
        word(touch.how).unwrap_or("is at what changes")
    ))
}

/// What becomes of it; nothing where it stays.
fn word(how: How) -> Option<&'static str> {
    match how {
        How::Gained => Some("gained"),
        How::Lost => Some("lost"),
        How::Changed => Some("changed"),
        How::Reached => None,
    }
}

/// `{"touched": …, "topology": […], "consumers": […], "servers": […], "accounts": […]}`.
#[must_use]
pub fn impact_json(impact: &Impact<'_>) -> Json {
    json!({
        "touched": !impact.is_empty(),
        "topology": impact.differences.iter().map(difference_json).collect::<Vec<_>>(),
        "consumers": impact.consumers,
        "servers": impact.servers,
        "accounts": impact.accounts,
    })
}

/// What pipelines read: `of` is the stack and its file.
#[must_use]
pub fn impact_in(form: Form, impact: &Impact<'_>, (stack, file): (&str, &str), notes: &[String]) -> String {
    if form == Form::Markdown {
        let plain = Style { colors: false };
        let changes = differences_text(impact.differences, plain);
        let changes: Vec<String> = changes.lines().map(str::to_owned).collect();
        let [consumers, tools, accounts] = lists(impact);
        let lists = [("changes", changes), consumers, tools, accounts];
        return markdown_lists(stack, "touches no consumer, AI tool or account", &lists, notes);
    }
    let rules = ["IMPACT_CONSUMER", "IMPACT_TOOL", "IMPACT_ACCOUNT"];
    let lists = rules.into_iter().zip(lists(impact));
    let notices: Vec<Notice> = lists
        .flat_map(|(rule, (_, lines))| lines.into_iter().map(move |line| of_touched(rule, &line, file)))
        .collect();
    print(form, &notices, &[file.to_owned()])
}
