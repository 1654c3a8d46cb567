//! Under which `tools.lock.json` calls were made: what an incident touches is what was called while a bad lock was served.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::flaw::Place;
use super::line::Record;
use crate::name::sha256_hex;

/// Most calls that are listed; of more, their number is told.
const MOST_LISTED: usize = 10_000;
/// Locks that are told apart.
const MOST_LOCKS: usize = 1000;
/// What a server's own lock has of each tool.
const SERVED: [&str; 7] = [
    "class",
    "description_sha256",
    "gate",
    "input_sha256",
    "link",
    "name",
    "output_sha256",
];

/// A lock that somebody asks about.
#[derive(Clone, Debug, Default)]
pub struct GivenLock {
    /// Digests of it as servers have it: one for each server of a stack.
    pub digests: BTreeSet<String>,
    tools: BTreeSet<String>,
}

impl GivenLock {
    /// From the lock of a server, or that of a whole stack.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let version = &document["version"];
        let servers: Vec<&Json> = match (&document["servers"], &document["tools"]) {
            (Json::Object(servers), _) => servers.values().collect(),
            (_, Json::Array(_)) => vec![&document],
            _ => return Err("it has neither `servers` nor `tools`".to_owned()),
        };
        let mut given = Self::default();
        for server in servers {
            let tools = server["tools"].as_array().ok_or("a server has no `tools`")?;
            let names = tools.iter().filter_map(|tool| tool["name"].as_str());
            given.tools.extend(names.map(str::to_owned));
            given.digests.insert(digest(version, &server["links"], tools));
        }
        Ok(given)
    }
}

/// The digest of a server's lock, as the server has it: canonical JSON, keys sorted, no spaces.
fn digest(version: &Json, links: &Json, tools: &[Json]) -> String {
    let served = |tool: &Json| {
        let fields = SERVED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), tool.get(*name)?.clone())));
        Json::Object(fields.collect::<Map<_, _>>())
    };
    let tools: Vec<Json> = tools.iter().map(served).collect();
    let document = serde_json::json!({ "links": links, "tools": tools, "version": version });
    sha256_hex(document.to_string().as_bytes())
}

/// A call that somebody has to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    pub time: String,
    pub replica: String,
    pub key: String,
    pub tool: String,
    pub decision: String,
    pub place: Place,
    /// The lock does not know the tool.
    pub is_unknown: bool,
    /// It was made under this very lock; nothing where the log does not tell.
    pub is_under: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affecteds {
    pub listed: Vec<Affected>,
    pub under: u64,
    pub under_another: u64,
    pub under_untold: u64,
    pub unknown: u64,
}

/// Calls by the digest of the lock that was served.
pub(super) type Uses = BTreeMap<String, u64>;

pub(super) fn count(uses: &mut Uses, lock: &str) {
    if uses.len() < MOST_LOCKS || uses.contains_key(lock) {
        *uses.entry(lock.to_owned()).or_default() += 1;
    }
}

impl Affecteds {
    pub(super) fn add(&mut self, given: &GivenLock, record: &Record, lock: &str, place: Place) {
        let is_under = (!lock.is_empty()).then(|| given.digests.contains(lock));
        let is_unknown = !given.tools.contains(&record.tool);
        match is_under {
            Some(true) => self.under += 1,
            Some(false) => self.under_another += 1,
            None => self.under_untold += 1,
        }
        self.unknown += u64::from(is_unknown);
        if self.listed.len() < MOST_LISTED {
            self.listed.push(Affected {
                time: record.time.clone(),
                replica: record.replica.clone(),
                key: record.key.clone(),
                tool: record.tool.clone(),
                decision: record.decision.clone(),
                place,
                is_unknown,
                is_under,
            });
        }
    }
}
