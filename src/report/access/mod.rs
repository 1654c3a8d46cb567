//! The access diff: what an AI gains or loses between two locks of tools, and which reviewed texts are others.

mod holders;
mod scope;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use crate::catalog::Level;
use crate::hook::{SeenLink, SeenLock, grants_told, single_grants};

pub use texts::text_changes;

/// Most names of one list that are told of a link that comes or goes; the lock of the tools has them all.
const MOST_NAMES: usize = 6;

/// One gain or loss, or a text that a model sees otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessChange {
    #[serde(rename = "gained")]
    pub way: Way,
    /// `fastmcp → cnpg: databases app_db, 8 read tools, MCP_CNPG_PASSWORD`, `write: valkey_set` or
    /// `fastmcp: text of tool cnpg_query changed`.
    pub text: String,
    /// How much more may be done by it, as far as that is known.
    #[serde(skip_serializing_if = "Gain::is_none")]
    pub gain: Gain,
    /// Unified diff of a text that was reviewed in another form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// What a change lets an AI do that it could not do before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gain {
    None,
    Read,
    Write,
}

impl Gain {
    fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Of access at `level`, which comes or grows.
    fn at(level: Option<Level>) -> Self {
        match level {
            Some(level) if level.writes() => Self::Write,
            _ => Self::Read,
        }
    }

    /// What is lost is no gain.
    fn by(self, way: Way) -> Self {
        match way {
            Way::Lost => Self::None,
            Way::Gained | Way::Changed => self,
        }
    }
}

/// Which way access changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Gained,
    Lost,
    /// Neither more nor less, but otherwise.
    Changed,
}

impl Way {
    #[must_use]
    pub fn sign(self) -> char {
        match self {
            Self::Gained => '+',
            Self::Lost => '-',
            Self::Changed => '~',
        }
    }
}

/// Programs read whether access is gained; null is neither.
impl Serialize for Way {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let gained = match self {
            Self::Gained => Some(true),
            Self::Lost => Some(false),
            Self::Changed => None,
        };
        gained.serialize(serializer)
    }
}

/// What one link gives.
#[derive(Default, PartialEq, Eq)]
struct Access {
    reads: Vec<String>,
    writes: Vec<String>,
    keys: Vec<String>,
    /// `databases app_db`, one for each name in a closed list.
    scope: Vec<(String, String)>,
    grants: Grants,
    level: Option<Level>,
}

/// Grants: those that a provider's data says, and those of a document whose grants are prose.
#[derive(Default, PartialEq, Eq)]
struct Grants {
    data: Vec<String>,
    /// Those of the data that are one value at their place, by that.
    single: BTreeMap<String, String>,
    prose: Vec<String>,
}

impl Grants {
    fn add(&mut self, grants: &Json) {
        let list = if grants.is_array() {
            &mut self.prose
        } else {
            &mut self.data
        };
        list.extend(grants_told(grants));
        self.single.extend(single_grants(grants));
    }

    /// Grants that have another value there: which of two values is more, their provider alone knows.
    fn otherwise<'a>(&'a self, those: &'a Self) -> impl Iterator<Item = (&'a String, &'a String)> {
        let both = self
            .single
            .iter()
            .filter_map(|(place, this)| Some((this, those.single.get(place)?)));
        both.filter(|(this, that)| this != that)
    }

    /// What is granted here and not there. Prose that became data says in other words what it said before.
    fn beyond(&self, those: &Self) -> Vec<String> {
        let is_reworded =
            |prose: &Self, data: &Self| !prose.prose.is_empty() && data.prose.is_empty() && !data.data.is_empty();
        if is_reworded(self, those) || is_reworded(those, self) {
            return Vec::new();
        }
        let mut data = missing(&self.data, &those.data);
        data.retain(|grant| !self.otherwise(those).any(|(this, _)| this == grant));
        [data, missing(&self.prose, &those.prose)].concat()
    }
}

/// What links and tools are gained and lost between two locks, and who calls a server or acts as an agent.
#[must_use]
pub fn access_diff(before: &SeenLock, after: &SeenLock) -> Vec<AccessChange> {
    let mut changes = holders::changes(before, after);
    let (before, after) = (by_link(before), by_link(after));
    let nothing = Access::default();
    for link in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (old, new) = (
            before.get(link).unwrap_or(&nothing),
            after.get(link).unwrap_or(&nothing),
        );
        add(&mut changes, Way::Gained, link, new, old);
        add(&mut changes, Way::Lost, link, old, new);
        changes.extend(otherwise(link, old, new));
    }
    changes
}

/// What `these` has and `those` lacks.
fn add(changes: &mut Vec<AccessChange>, way: Way, link: &str, these: &Access, those: &Access) {
    let change = |text: String, gain: Gain| AccessChange {
        way,
        text,
        gain: gain.by(way),
        diff: None,
    };
    let parts = parts(way, these, those);
    if !parts.is_empty() {
        changes.push(change(format!("{link}: {}", parts.join(", ")), Gain::at(these.level)));
    }
    let writes = missing(&these.writes, &those.writes).into_iter();
    changes.extend(writes.map(|tool| change(format!("write: {tool} ({link})"), Gain::Write)));
}

/// Grants that stay with another value.
fn otherwise(link: &str, old: &Access, new: &Access) -> Option<AccessChange> {
    let pairs = old.grants.otherwise(&new.grants);
    let told: Vec<String> = pairs.map(|(old, new)| format!("grant: {old} is now {new}")).collect();
    (!told.is_empty()).then(|| AccessChange {
        way: Way::Changed,
        text: format!("{link}: {}", told.join(", ")),
        // Which of two values is more no one here knows.
        gain: Gain::at(new.level),
        diff: None,
    })
}

fn parts(way: Way, these: &Access, those: &Access) -> Vec<String> {
    // A link that comes or goes is told by what it reaches and its tools; only where one stays may its grants alone change.
    let stays = !these.reads.is_empty() && !those.reads.is_empty();
    let mut parts: Vec<String> = level(way, these, those, stays).into_iter().collect();
    if stays {
        parts.extend(reach(these, those, usize::MAX));
        let grants = these.grants.beyond(&those.grants).into_iter();
        parts.extend(grants.map(|grant| format!("grant: {grant}")));
    } else {
        parts.extend(reach(these, those, MOST_NAMES));
    }
    let reads = missing(&these.reads, &those.reads);
    if !reads.is_empty() {
        let noun = if reads.len() == 1 { "tool" } else { "tools" };
        parts.push(format!("{} read {noun}", reads.len()));
    }
    parts.extend(missing(&these.keys, &those.keys));
    parts
}

/// The level, where it is another one and this way tells it: up is gained, down is lost. Of links that come or go, what their
/// tools do not tell.
fn level(way: Way, these: &Access, those: &Access, stays: bool) -> Option<String> {
    let (this, that) = (these.level, those.level);
    if !stays {
        let told = this.filter(|level| matches!(level, Level::Probe | Level::Own));
        return told.map(|level| format!("level {}", level.word()));
    }
    level_change(way, this?, that?)
}

/// `level own (was probe)`, where `this` is above `that`.
fn level_change(way: Way, this: Level, that: Level) -> Option<String> {
    let word = if way == Way::Lost { "now" } else { "was" };
    (this > that).then(|| format!("level {} ({word} {})", this.word(), that.word()))
}

fn missing(these: &[String], those: &[String]) -> Vec<String> {
    these.iter().filter(|item| !those.contains(item)).cloned().collect()
}

/// Names that `these` has and `those` lacks, at most `most` of each list: `databases hr, payroll and 3 more`.
fn reach(these: &Access, those: &Access, most: usize) -> Vec<String> {
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (list, name) in these.scope.iter().filter(|item| !those.scope.contains(item)) {
        lists.entry(list).or_default().push(name);
    }
    let told = |(list, names): (&str, Vec<&str>)| format!("{list} {}", some_names(&names, most));
    lists.into_iter().map(told).collect()
}

fn some_names(names: &[&str], most: usize) -> String {
    let (told, rest) = names.split_at(most.min(names.len()));
    match rest.len() {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

fn by_link(lock: &SeenLock) -> BTreeMap<String, Access> {
    let mut found: BTreeMap<String, Access> = BTreeMap::new();
    for (server, lock) in &lock.servers {
        for link in &lock.links {
            add_link(found.entry(format!("{server} → {}", link.end())).or_default(), link);
        }
        for tool in &lock.tools {
            let links = lock.links.iter().filter(|link| tool.link.contains(&link.component));
            let ends: BTreeSet<String> = links.map(SeenLink::end).collect();
            for end in ends {
                let access = found.entry(format!("{server} → {end}")).or_default();
                let is_read = tool.class == "read";
                let list = if is_read { &mut access.reads } else { &mut access.writes };
                list.push(tool.name.clone());
            }
        }
    }
    found
}

fn add_link(access: &mut Access, link: &SeenLink) {
    access.keys.extend(link.credential_keys.iter().cloned());
    access.grants.add(&link.grants);
    access.level = access.level.max(link.level());
    access.scope.extend(scope::told(&link.scope));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A lock of one link that reaches so many databases and one table, by one read tool.
    fn lock(databases: usize, grants: Json, access: &str) -> SeenLock {
        let names: Vec<String> = (1..=databases).map(|number| format!("db_{number}")).collect();
        let link = json!({
            "component": "cnpg", "link": "fastmcp-cnpg", "write_access": false, "access": access, "principal": "mcp_ro",
            "grants": grants, "scope": { "databases": names, "tables": ["db_1.t"] }, "credential_keys": ["MCP_CNPG_PASSWORD"],
        });
        let tool = json!({
            "name": "cnpg_query", "class": "read", "link": ["cnpg"], "gate": null, "description_sha256": "",
            "input_sha256": "", "output_sha256": "", "grants": [], "credential_keys": [],
        });
        let server = json!({ "version": 1, "links": [link], "tools": [tool] });
        serde_json::from_value(json!({ "version": 1, "servers": { "fastmcp": server } })).unwrap()
    }

    fn told(before: &SeenLock, after: &SeenLock) -> String {
        let changes = access_diff(before, after).into_iter();
        let lines: Vec<String> = changes
            .map(|change| format!("{} {}", change.way.sign(), change.text))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn names_are_told_of_links_that_come_go_and_stay() {
        let lock = |databases, grants: &[&str]| lock(databases, json!(grants), "read");
        let nothing = SeenLock::default();
        let most = lock(6, &["LOGIN"]);
        let (few, many) = (lock(2, &["LOGIN"]), lock(9, &["LOGIN", "CREATE"]));
        let whole = "fastmcp → cnpg: databases db_1, db_2, tables db_1.t, 1 read tool, MCP_CNPG_PASSWORD";
        let six = "fastmcp → cnpg: databases db_1, db_2, db_3, db_4, db_5, db_6";
        let end = "tables db_1.t, 1 read tool, MCP_CNPG_PASSWORD";
        let grown = "fastmcp → cnpg: databases db_3, db_4, db_5, db_6, db_7, db_8, db_9, grant: CREATE";
        for (before, after, expected) in [
            (&nothing, &few, format!("+ {whole}")),
            (&few, &nothing, format!("- {whole}")),
            (&nothing, &most, format!("+ {six}, {end}")),
            (&nothing, &many, format!("+ {six} and 3 more, {end}")),
            (&many, &nothing, format!("- {six} and 3 more, {end}")),
            (&few, &many, format!("+ {grown}")),
            (&many, &few, format!("- {grown}")),
            (&few, &few, String::new()),
        ] {
            assert_eq!(told(before, after), expected);
        }
    }

    #[test]
    fn levels_and_grants_of_a_link_that_stays() {
        let prose = || json!(["SELECT on tables"]);
        let read = || json!({"tables": ["SELECT"]});
        let write = || json!({"tables": ["SELECT", "INSERT"], "login": true});
        for (before, after, expected) in [
            (
                (read(), "read"),
                (write(), "write"),
                "+ fastmcp → cnpg: level write (was read), grant: login, grant: tables INSERT",
            ),
            (
                (write(), "write"),
                (read(), "read"),
                "- fastmcp → cnpg: level write (now read), grant: login, grant: tables INSERT",
            ),
            (
                (read(), "own"),
                (read(), "probe"),
                "- fastmcp → cnpg: level own (now probe)",
            ),
            // Which of two values is more no one but the provider knows; the level tells.
            (
                (json!({"keys": "~", "allow": ["+get", "+set"]}), "write"),
                (json!({"keys": "%R~", "allow": ["+get"]}), "read"),
                "- fastmcp → cnpg: level write (now read), grant: allow +set\n~ fastmcp → cnpg: grant: keys ~ is now keys %R~",
            ),
            // Version 1 said grants in prose, and levels in other words or not at all.
            ((prose(), "read"), (read(), "read"), ""),
            (
                (prose(), "read and write"),
                (read(), "read"),
                "- fastmcp → cnpg: level write (now read)",
            ),
            ((prose(), ""), (write(), "write"), ""),
            (
                (prose(), "read"),
                (json!(["SELECT on views"]), "read"),
                "+ fastmcp → cnpg: grant: SELECT on views\n- fastmcp → cnpg: grant: SELECT on tables",
            ),
            (
                (json!([]), "read"),
                (prose(), "read"),
                "+ fastmcp → cnpg: grant: SELECT on tables",
            ),
            (
                (json!({}), "read"),
                (read(), "read"),
                "+ fastmcp → cnpg: grant: tables SELECT",
            ),
        ] {
            assert_eq!(told(&lock(1, before.0, before.1), &lock(1, after.0, after.1)), expected);
        }
    }

    #[test]
    fn a_link_at_a_level_that_no_tool_tells() {
        let expected = "+ fastmcp → cnpg: level own, databases db_1, tables db_1.t, 1 read tool, MCP_CNPG_PASSWORD";
        assert_eq!(told(&SeenLock::default(), &lock(1, json!([]), "own")), expected);
    }

    #[test]
    fn json_says_whether_access_is_gained() {
        let change = |way| AccessChange {
            way,
            text: "a".to_owned(),
            gain: Gain::None,
            diff: None,
        };
        for (way, expected) in [
            (Way::Gained, json!(true)),
            (Way::Lost, json!(false)),
            (Way::Changed, json!(null)),
        ] {
            assert_eq!(json!(change(way)), json!({ "gained": expected, "text": "a" }));
        }
    }
}
