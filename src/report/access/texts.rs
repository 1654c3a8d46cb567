//! Reviewed texts that are others: descriptions and schemas that a model sees, limits that it is held to.
//!
//! What a closed list gained or lost is told of its link; a schema that differs in such a list alone is no other text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use similar::TextDiff;

use super::{AccessChange, Gain, Way};
use crate::hook::{SeenLock, SeenServer, SeenTool};

/// The texts of tools that are in both locks, and what all of them share.
#[must_use]
pub fn text_changes(before: &SeenLock, after: &SeenLock) -> Vec<AccessChange> {
    let mut changes: Vec<AccessChange> = envelope(before, after).into_iter().collect();
    for (name, old) in &before.servers {
        let Some(new) = after.servers.get(name) else { continue };
        if let (Some(old), Some(new)) = (&old.limits, &new.limits) {
            changes.extend(compared(
                format!("{name}: limits of a key changed"),
                &pretty(old),
                &pretty(new),
            ));
        }
        let known: BTreeMap<&str, &SeenTool> = new.tools.iter().map(|tool| (tool.name.as_str(), tool)).collect();
        for tool in &old.tools {
            if let Some(now) = known.get(tool.name.as_str()) {
                let (old, new) = (Seen { server: old, tool }, Seen { server: new, tool: now });
                changes.extend(text(name, &old, &new));
                changes.extend(limits(name, &old, &new));
            }
        }
    }
    changes
}

/// A tool among the links of its server.
struct Seen<'a> {
    server: &'a SeenServer,
    tool: &'a SeenTool,
}

/// The schema of every answer. A document without it has the hashes of whole output schemas.
fn envelope(before: &SeenLock, after: &SeenLock) -> Option<AccessChange> {
    let label = || "schema of every answer changed".to_owned();
    match (&before.envelope, &after.envelope) {
        (Some(old), Some(new)) => compared(label(), &pretty(old), &pretty(new)),
        (None, Some(_)) if is_another_output(before, after) => Some(changed(label(), None)),
        _ => None,
    }
}

fn is_another_output(before: &SeenLock, after: &SeenLock) -> bool {
    let hashes = |lock: &SeenLock| -> BTreeMap<(String, String), String> {
        let servers = lock.servers.iter();
        let tools = servers.flat_map(|(name, server)| server.tools.iter().map(move |tool| (name, tool)));
        tools
            .map(|(name, tool)| ((name.clone(), tool.name.clone()), tool.output_sha256.clone()))
            .collect()
    };
    let (before, after) = (hashes(before), hashes(after));
    before
        .iter()
        .any(|(tool, hash)| after.get(tool).is_some_and(|now| now != hash))
}

fn text(server: &str, old: &Seen<'_>, new: &Seen<'_>) -> Option<AccessChange> {
    let label = || format!("{server}: text of tool {} changed", new.tool.name);
    let (Some(before), Some(after)) = (&old.tool.description, &new.tool.description) else {
        return old.has_another_hash(new).then(|| changed(label(), None));
    };
    let lists = (old.lists(), new.lists());
    let (old_title, new_title) = titles(old.tool, new.tool);
    let same = before == after
        && old_title == new_title
        && is_same(&old.schemas(), &new.schemas(), &|old, new| {
            is_list_of_both(&lists, old, new)
        });
    if same {
        return None;
    }
    let whole = |title: &str, description: &str, seen: &Seen<'_>| {
        let title = if title.is_empty() {
            String::new()
        } else {
            format!("{title}\n")
        };
        format!("{title}{description}\n{}", pretty(&seen.schemas()))
    };
    compared(label(), &whole(old_title, before, old), &whole(new_title, after, new))
}

/// The titles that people see; none where one of two documents has none.
fn titles<'a>(old: &'a SeenTool, new: &'a SeenTool) -> (&'a str, &'a str) {
    old.title.as_deref().zip(new.title.as_deref()).unwrap_or_default()
}

fn limits(server: &str, old: &Seen<'_>, new: &Seen<'_>) -> Option<AccessChange> {
    let (old, name, new) = (old.tool.limits.as_ref()?, &new.tool.name, new.tool.limits.as_ref()?);
    compared(
        format!("{server}: limits of tool {name} changed"),
        &pretty(old),
        &pretty(new),
    )
}

impl Seen<'_> {
    fn schemas(&self) -> Json {
        let mut schemas = json!({ "input_schema": self.tool.input_schema });
        if let Some(data) = &self.tool.data_schema {
            schemas["data_schema"] = data.clone();
        }
        schemas
    }

    /// Where one of two documents has no texts: whether the hashes are others, for another reason than another scope.
    fn has_another_hash(&self, new: &Self) -> bool {
        let (old_tool, new_tool) = (self.tool, new.tool);
        let another_input = old_tool.input_sha256 != new_tool.input_sha256 && self.lists() == new.lists();
        old_tool.description_sha256 != new_tool.description_sha256 || another_input
    }

    /// The closed lists that may stand in its schema: those of the links that it reaches, and their components.
    fn lists(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let links = self.server.links.iter();
        let mut lists: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for link in links.filter(|link| self.tool.link.contains(&link.component)) {
            // No list of the catalog has an empty name.
            lists.entry("").or_default().insert(&link.component);
            for (name, values) in &link.scope {
                lists.entry(name).or_default().extend(values.iter().map(String::as_str));
            }
        }
        lists
    }
}

type Lists<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Whether both are the whole of one closed list, before and after.
fn is_list_of_both(lists: &(Lists<'_>, Lists<'_>), old: &[Json], new: &[Json]) -> bool {
    let is = |values: &[Json], list: &BTreeSet<&str>| {
        values.len() == list.len()
            && values
                .iter()
                .all(|value| value.as_str().is_some_and(|text| list.contains(text)))
    };
    let both = lists
        .0
        .iter()
        .filter_map(|(name, before)| Some((before, lists.1.get(name)?)));
    both.into_iter()
        .any(|(before, after)| is(old, before) && is(new, after))
}

/// Whether two schemas say the same but for lists that are `excused`.
fn is_same(old: &Json, new: &Json, excused: &dyn Fn(&[Json], &[Json]) -> bool) -> bool {
    match (old, new) {
        (Json::Array(old), Json::Array(new)) => {
            let items = || old.iter().zip(new).all(|(old, new)| is_same(old, new, excused));
            excused(old, new) || old.len() == new.len() && items()
        }
        (Json::Object(old), Json::Object(new)) => {
            let has_same =
                |(key, value): (&String, &Json)| new.get(key).is_some_and(|now| is_same(value, now, excused));
            old.len() == new.len() && old.iter().all(has_same)
        }
        _ => old == new,
    }
}

fn compared(label: String, old: &str, new: &str) -> Option<AccessChange> {
    (old != new).then(|| {
        let diff = TextDiff::from_lines(old, new);
        changed(label, Some(diff.unified_diff().missing_newline_hint(false).to_string()))
    })
}

fn changed(text: String, diff: Option<String>) -> AccessChange {
    AccessChange {
        way: Way::Changed,
        text,
        gain: Gain::None,
        diff,
    }
}

fn pretty(value: &Json) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lock of one tool with a description, a greatest `limit`, and databases that its link reaches.
    fn lock(description: &str, limit: u32, databases: &[&str]) -> Json {
        let link = json!({
            "component": "cnpg", "link": "fastmcp-cnpg", "write_access": false, "access": "read", "principal": null,
            "grants": [], "scope": { "databases": databases, "others": ["a"] }, "credential_keys": [],
        });
        let tool = json!({
            "name": "cnpg_query", "class": "read", "link": ["cnpg"], "gate": null, "description": description,
            "description_sha256": description, "input_sha256": format!("{limit} {databases:?}"), "output_sha256": "o",
            "input_schema": {"properties": {"database": {"enum": databases}, "limit": {"maximum": limit}}},
            "limits": {"timeout_ms": 1},
        });
        json!({
            "version": 2, "envelope": {"type": "object"},
            "servers": {"fastmcp": {"limits": {"calls_at_once": 4}, "links": [link], "tools": [tool]}},
        })
    }

    fn seen(lock: &Json) -> SeenLock {
        serde_json::from_value(lock.clone()).unwrap()
    }

    fn told(before: &Json, after: &Json) -> Vec<String> {
        text_changes(&seen(before), &seen(after))
            .into_iter()
            .map(|change| change.text)
            .collect()
    }

    /// The document before there were texts in it.
    fn without_texts(mut lock: Json) -> Json {
        lock["envelope"] = Json::Null;
        for key in ["description", "input_schema", "limits"] {
            lock["servers"]["fastmcp"]["tools"][0]
                .as_object_mut()
                .unwrap()
                .remove(key);
        }
        lock["servers"]["fastmcp"].as_object_mut().unwrap().remove("limits");
        lock
    }

    #[test]
    fn texts_and_not_lists() {
        let before = lock("Run one SELECT.", 10, &["shop"]);
        let text = ["fastmcp: text of tool cnpg_query changed"];
        for (after, expected) in [
            (lock("Run one SELECT.", 10, &["shop"]), &text[..0]),
            (lock("Run one SELECT.", 10, &["hr", "shop"]), &text[..0]),
            (lock("Run one SELECT.", 10, &[]), &text[..0]),
            (lock("Run anything.", 10, &["shop"]), &text[..]),
            (lock("Run one SELECT.", 20, &["hr", "shop"]), &text[..]),
        ] {
            assert_eq!(told(&before, &after), expected, "{after}");
            let hash_alone = without_texts(before.clone());
            // Beside another scope a hash cannot tell.
            let expected = if after["servers"]["fastmcp"]["tools"][0]["input_sha256"] == "20 [\"hr\", \"shop\"]" {
                &text[..0]
            } else {
                expected
            };
            assert_eq!(told(&hash_alone, &after), expected, "{after}");
        }
    }

    #[test]
    fn a_list_that_the_link_has_not_is_a_text() {
        let before = lock("Run.", 10, &["shop"]);
        let mut after = before.clone();
        after["servers"]["fastmcp"]["tools"][0]["input_schema"]["properties"]["database"]["enum"] =
            json!(["shop", "hr"]);
        assert_eq!(told(&before, &after), ["fastmcp: text of tool cnpg_query changed"]);
    }

    #[test]
    fn what_all_share() {
        let before = lock("Run.", 10, &[]);
        let mut after = before.clone();
        after["envelope"] = json!({"type": "array"});
        after["servers"]["fastmcp"]["limits"]["calls_at_once"] = json!(8);
        after["servers"]["fastmcp"]["tools"][0]["limits"]["timeout_ms"] = json!(2);
        assert_eq!(
            told(&before, &after),
            [
                "schema of every answer changed",
                "fastmcp: limits of a key changed",
                "fastmcp: limits of tool cnpg_query changed",
            ]
        );
        let mut output = without_texts(before);
        output["servers"]["fastmcp"]["tools"][0]["output_sha256"] = json!("another");
        assert_eq!(told(&output, &after), ["schema of every answer changed"]);
    }

    #[test]
    fn the_diff_shows_what_is_otherwise() {
        let changes = text_changes(
            &seen(&lock("Run one.\nOr two.", 10, &["a"])),
            &seen(&lock("Run one.\nOr ten.", 10, &["a"])),
        );
        let diff = changes[0].diff.as_deref().unwrap();
        assert!(diff.contains("\n-Or two.\n+Or ten.\n"), "{diff}");
    }
}
