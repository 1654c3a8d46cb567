//! What the lines tell, counted: of all, by key, by tool, and why calls were refused.

use std::collections::BTreeMap;

use super::line::Record;

/// Different names that are counted one by one: keys and tools are few, and a forged file may name any number.
const MOST_NAMES: usize = 1000;
/// Under which the rest is counted.
const OTHERS: &str = "(others)";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were answered, of any method.
    pub requests: u64,
    /// Calls of tools among them.
    pub calls: u64,
    pub denied: u64,
    pub failed: u64,
    /// Calls that told beforehand what they would change.
    pub writes: u64,
}

impl Counts {
    fn add(&mut self, record: &Record) {
        self.requests += 1;
        self.calls += u64::from(record.is_call());
        self.denied += u64::from(record.decision == "denied");
        self.failed += u64::from(record.decision == "failed");
        self.writes += u64::from(record.intent > 0);
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub all: Counts,
    pub keys: BTreeMap<String, Counts>,
    pub tools: BTreeMap<String, Counts>,
    /// Refusals and failures by code.
    pub codes: BTreeMap<String, u64>,
}

impl Summary {
    pub(super) fn add(&mut self, record: &Record) {
        if record.is_intent() {
            return;
        }
        self.all.add(record);
        of(&mut self.keys, &record.key).add(record);
        if record.is_call() {
            of(&mut self.tools, &record.tool).add(record);
        }
        if !record.code.is_empty() {
            *of(&mut self.codes, &record.code) += 1;
        }
    }
}

fn of<'map, T: Default>(map: &'map mut BTreeMap<String, T>, name: &str) -> &'map mut T {
    let is_full = map.len() >= MOST_NAMES && !map.contains_key(name);
    map.entry(if is_full { OTHERS } else { name }.to_owned()).or_default()
}
