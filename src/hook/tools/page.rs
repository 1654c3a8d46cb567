//! `docs/tools.md`: the lock as a page for people. Item shapes stand in the hook's hook.yaml.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use super::document::{CallLimits, KeyLimits, LinkLock, ServerLock, ToolLock, ToolsLock};
use super::grants;
use crate::hook::markdown::{code, text};

/// Most names of a closed list on the page; the lock has them all.
const MOST_NAMES: usize = 12;
/// Most values of a choice that are told with an argument.
const MOST_CHOICES: usize = 6;

type Scope = BTreeMap<String, Vec<String>>;

/// The whole page.
#[derive(Serialize)]
pub(super) struct Page {
    servers: Vec<Server>,
}

#[derive(Serialize)]
struct Server {
    name: String,
    limits: String,
    links: Vec<Section>,
}

/// A link with the tools that reach its target.
#[derive(Serialize)]
struct Section {
    server: String,
    end: String,
    facts: Vec<Fact>,
    tools: Vec<Row>,
}

#[derive(Serialize)]
struct Fact {
    name: String,
    text: String,
}

#[derive(Serialize)]
struct Row {
    name: String,
    class: String,
    does: String,
    arguments: String,
}

/// One page, or none where no server offers anything.
pub(super) fn pages(lock: &ToolsLock) -> Vec<Page> {
    let servers: Vec<Server> = lock
        .servers
        .iter()
        .map(|(name, server)| self::server(name, server))
        .collect();
    if servers.is_empty() {
        Vec::new()
    } else {
        vec![Page { servers }]
    }
}

fn server(name: &str, server: &ServerLock) -> Server {
    Server {
        name: name.to_owned(),
        limits: key_limits(&server.limits),
        links: server
            .links
            .iter()
            .map(|link| section(name, link, &server.tools))
            .collect(),
    }
}

fn key_limits(limits: &KeyLimits) -> String {
    let KeyLimits {
        calls_per_second,
        calls_in_a_burst,
        calls_at_once,
        streams_at_once,
        sessions_at_once,
        request_bytes,
        answer_ms,
    } = *limits;
    format!(
        "{calls_per_second} calls a second and {calls_in_a_burst} in a burst; at once {calls_at_once} calls, {streams_at_once} streams \
         and {sessions_at_once} sessions; {} a request; an answer within {}",
        bytes(request_bytes),
        time(answer_ms)
    )
}

fn section(server: &str, link: &LinkLock, tools: &[ToolLock]) -> Section {
    let own = tools.iter().filter(|tool| tool.hashes.link.contains(&link.component));
    let end = link
        .sub_component
        .iter()
        .fold(link.component.clone(), |end, sub| format!("{end}/{sub}"));
    Section {
        server: server.to_owned(),
        end,
        facts: facts(link),
        tools: own.map(|tool| row(tool, &link.scope)).collect(),
    }
}

/// What the account of a link may do, and the means, without those that it has not.
fn facts(link: &LinkLock) -> Vec<Fact> {
    let names = |names: &[String]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    let mut facts = vec![("Level".to_owned(), link.access.word().to_owned())];
    facts.extend(link.principal.as_ref().map(|name| ("Account".to_owned(), code(name))));
    facts.push(("Granted by".to_owned(), text(&link.granted_by)));
    facts.push(("Keys".to_owned(), names(&link.credential_keys)));
    facts.extend(
        link.scope
            .iter()
            .map(|(list, names)| (format!("Scope: {}", text(list)), some(names))),
    );
    let grants: Vec<String> = grants::told(&link.grants).iter().map(|grant| text(grant)).collect();
    facts.push(("Grants".to_owned(), grants.join("; ")));
    facts.push(("Limits of a call".to_owned(), call_limits(&link.limits)));
    let given = facts.into_iter().filter(|(_, text)| !text.is_empty());
    given.map(|(name, text)| Fact { name, text }).collect()
}

fn some(names: &[String]) -> String {
    let (told, rest) = names.split_at(MOST_NAMES.min(names.len()));
    let told: Vec<String> = told.iter().map(|name| code(name)).collect();
    match rest.len() {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

fn call_limits(limits: &CallLimits) -> String {
    let pages = limits
        .page_items
        .map(|items| format!(", pages of {items}"))
        .unwrap_or_default();
    let (time, data, texts) = (
        time(limits.timeout_ms),
        bytes(limits.result_bytes),
        bytes(limits.text_bytes),
    );
    format!("{time}, {data} of data, {texts} a text{pages}")
}

fn row(tool: &ToolLock, scope: &Scope) -> Row {
    let class = match tool.hashes.class {
        _ if tool.destructive => "write, may destroy".to_owned(),
        class => class.replace('_', " "),
    };
    Row {
        name: code(&tool.hashes.name),
        class,
        does: text(first_sentence(&tool.description)),
        arguments: arguments(&tool.input_schema, scope),
    }
}

/// Up to the first full stop that a new sentence or nothing comes behind.
fn first_sentence(description: &str) -> &str {
    let paragraph = description.split("\n\n").next().unwrap_or_default();
    let begins = |rest: &str| rest.trim_start().starts_with(|next: char| next.is_uppercase());
    let mut stops = paragraph.match_indices(". ");
    let end = stops.find(|(position, _)| begins(&paragraph[position + 1..]));
    end.map_or(paragraph, |(position, _)| &paragraph[..=position])
}

/// `database` (databases), `sql`; optional `limit` 1–200
fn arguments(schema: &Json, scope: &Scope) -> String {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let (needed, optional): (Vec<_>, Vec<_>) = properties.partition(|(name, _)| required.contains(&name.as_str()));
    let told = |list: Vec<(&String, &Json)>| {
        let items = list.into_iter().map(|(name, schema)| argument(name, schema, scope));
        items.collect::<Vec<_>>().join(", ")
    };
    match (told(needed), told(optional)) {
        (needed, optional) if optional.is_empty() => needed,
        (needed, optional) if needed.is_empty() => format!("optional {optional}"),
        (needed, optional) => format!("{needed}; optional {optional}"),
    }
}

/// The name, and what bounds the value where a few characters say it: `limit` 1–200, `state` (up, down).
fn argument(name: &str, schema: &Json, scope: &Scope) -> String {
    let forms = schema["anyOf"]
        .as_array()
        .into_iter()
        .flatten()
        .chain([schema, &schema["items"]]);
    let bounds = forms.filter_map(|form| bounds(form, scope)).next().unwrap_or_default();
    format!("{}{bounds}", code(name))
}

fn bounds(schema: &Json, scope: &Scope) -> Option<String> {
    if let (Json::Number(least), Json::Number(greatest)) = (&schema["minimum"], &schema["maximum"]) {
        return Some(format!(" {least}–{greatest}"));
    }
    let choices = schema["enum"].as_array()?;
    let words: Vec<&str> = choices.iter().filter_map(Json::as_str).collect();
    // The scope of the link lists them already.
    if let Some((list, _)) = scope.iter().find(|(_, names)| **names == words) {
        return Some(format!(" ({})", text(list)));
    }
    let is_short = words.len() <= MOST_CHOICES && words.len() == choices.len();
    let told = || words.iter().map(|word| text(word)).collect::<Vec<_>>().join(", ");
    Some(if is_short {
        format!(" ({})", told())
    } else {
        format!(" (one of {})", choices.len())
    })
}

fn bytes(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        0 => "0 B".to_owned(),
        _ if bytes.is_multiple_of(KIB * KIB) => format!("{} MiB", bytes / (KIB * KIB)),
        _ if bytes.is_multiple_of(KIB) => format!("{} KiB", bytes / KIB),
        _ => format!("{bytes} B"),
    }
}

fn time(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(1000) {
        format!("{} s", milliseconds / 1000)
    } else {
        format!("{milliseconds} ms")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sentences() {
        for (description, expected) in [
            ("Run one SELECT.", "Run one SELECT."),
            ("Run one SELECT. It may wait 20 s.", "Run one SELECT."),
            ("Find rows, e.g. by name. More.", "Find rows, e.g. by name."),
            ("Describe a table\n\nIts columns.", "Describe a table"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(description), expected);
        }
    }

    #[test]
    fn arguments_are_told_with_their_bounds() {
        let whole = json!({"type": "integer", "minimum": 1, "maximum": 200});
        let optional = json!({"anyOf": [whole, {"type": "null"}], "default": 50});
        let state = json!({"anyOf": [{"enum": ["up", "a|b"]}, {"type": "null"}]});
        let scope = Scope::from([("databases".to_owned(), vec!["hr".to_owned(), "shop".to_owned()])]);
        let table = json!({"enum": ["1", "2", "3", "4", "5", "6", "7"]});
        for (properties, required, expected) in [
            (json!({}), json!(null), ""),
            (
                json!({"sql": {"type": "string"}, "limit": optional}),
                json!(["sql"]),
                "`sql`; optional `limit` 1–200",
            ),
            (json!({"state": state}), json!(null), "optional `state` (up, a\\|b)"),
            (json!({"table": table}), json!(["table"]), "`table` (one of 7)"),
            (
                json!({"names": {"type": "array", "items": {"enum": ["hr", "shop"]}}}),
                json!(["names"]),
                "`names` (databases)",
            ),
        ] {
            assert_eq!(
                arguments(&json!({"properties": properties, "required": required}), &scope),
                expected
            );
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(
            [bytes(2048), bytes(1024 * 1024), bytes(1500)],
            ["2 KiB", "1 MiB", "1500 B"]
        );
        assert_eq!([time(20_000), time(1500)], ["20 s", "1500 ms"]);
    }
}
