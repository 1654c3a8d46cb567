//! Works out what to write: one value for all places that hold it, made where it is of our own choice and nobody has one yet.
//!
//! What somebody filled in is never written over, but where a rotation says so: two ends that differ are told, and left.

use std::collections::{BTreeMap, BTreeSet};

use super::digests;
use super::rotation::{Rotation, value_in};
use super::value::{Value, Values};
use crate::rel_path::RelPath;
use crate::stack::{Maker, SecretText, SecretValue, TextPart};
use crate::tree::{Holds, SkeletonKey};

/// What to write, and how every key stands after it.
pub struct Filling {
    pub writes: BTreeMap<RelPath, BTreeMap<String, Value>>,
    pub keys: Vec<KeyState>,
}

/// How a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    pub path: RelPath,
    pub key: String,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No secret: it comes from the stack.
    Prefilled,
    Filled,
    /// Nothing stands there, and this run would make or copy the value.
    Empty,
    /// It comes from somebody else, or from a person, in this way.
    Missing {
        how: String,
        command: Option<String>,
    },
    /// Another place holds the same value, and something else stands there; or it is not of the form that its place asks for.
    Differs {
        why: String,
    },
}

/// Makes values with `make`, which is told the least number of characters.
///
/// # Errors
/// What `make` says.
pub fn fill(
    files: &[Values<'_>],
    rotation: &Rotation,
    make: &mut dyn FnMut(usize) -> anyhow::Result<Value>,
) -> anyhow::Result<Filling> {
    let groups = groups(files, rotation);
    let mut known = BTreeMap::new();
    for (id, group) in &groups {
        match (group.found.len(), group.least) {
            (0, Some(least)) => drop(known.insert(*id, make(least)?)),
            (1, _) => known.extend(group.found.keys().map(|value| (*id, value.clone()))),
            _ => {}
        }
    }
    let mut filling = Filling {
        writes: BTreeMap::new(),
        keys: Vec::new(),
    };
    for file in files {
        for key in &file.skeleton.keys {
            let one = One {
                file,
                key,
                rotation,
                groups: &groups,
                known: &known,
            };
            let (state, write) = one.state();
            if let Some(value) = write {
                let writes = filling.writes.entry(file.path.clone()).or_default();
                writes.insert(key.key.clone(), value);
            }
            let (path, key) = (file.path.clone(), key.key.clone());
            filling.keys.push(KeyState { path, key, state });
        }
    }
    Ok(filling)
}

/// All places of one value.
#[derive(Default)]
struct Group<'run> {
    /// Values that stand somewhere, with the places.
    found: BTreeMap<Value, Vec<String>>,
    /// Of our own choice, with so many characters.
    least: Option<usize>,
    /// The command of whoever issues it.
    command: Option<&'run str>,
}

fn groups<'run>(files: &'run [Values<'_>], rotation: &Rotation) -> BTreeMap<&'run str, Group<'run>> {
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for file in files {
        for key in &file.skeleton.keys {
            let Holds::Secret(text) = &key.holds else { continue };
            for value in text.values() {
                groups.entry(&value.id).or_default().learn(value);
            }
            let standing = file
                .get(&key.key)
                .filter(|value| !rotation.is_old(file.path, &key.key, value));
            let value = standing.and_then(|standing| value_in(text, standing));
            if let (Some(value), Some(of)) = (value, text.values().next()) {
                let found = groups.entry(&of.id).or_default().found.entry(value).or_default();
                found.push(format!("`{}` in `{}`", key.key, file.path));
            }
        }
    }
    groups
}

impl<'run> Group<'run> {
    fn learn(&mut self, value: &'run SecretValue) {
        match &value.maker {
            Maker::Us { least } => self.least = self.least.max(Some(*least)),
            Maker::Others { command } => self.command = self.command.or(command.as_deref()),
            Maker::Known => {}
        }
    }
}

/// One key, beside all that is known.
struct One<'run> {
    file: &'run Values<'run>,
    key: &'run SkeletonKey,
    rotation: &'run Rotation,
    groups: &'run BTreeMap<&'run str, Group<'run>>,
    known: &'run BTreeMap<&'run str, Value>,
}

impl One<'_> {
    /// How the key stands, and what is to be written there.
    fn state(&self) -> (State, Option<Value>) {
        let standing = self.file.get(&self.key.key);
        match &self.key.holds {
            Holds::Prefilled => (State::Prefilled, None),
            Holds::Digests(entries) => {
                let current = standing.map_or("", Value::reveal);
                let joined = digests::joined(current, entries, self.known, self.rotation);
                let is_new = !is_same_list(&joined, current);
                let state = match (joined.is_empty(), is_new) {
                    (true, _) => self.missing(&SecretText::default()),
                    (false, true) => State::Empty,
                    (false, false) => State::Filled,
                };
                (state, is_new.then(|| Value::new(joined)))
            }
            Holds::Secret(text) => {
                let is_old = |value: &&Value| !self.rotation.is_old(self.file.path, &self.key.key, value);
                match standing.filter(is_old) {
                    Some(value) => (self.filled(text, value), None),
                    None => self.empty(text),
                }
            }
        }
    }

    /// Something stands there.
    fn filled(&self, text: &SecretText, value: &Value) -> State {
        let places: BTreeSet<&str> = text.values().flat_map(|value| self.others(&value.id)).collect();
        let why = if !is_put_together(text) && value_in(text, value).is_none() {
            let form: String = text.0.iter().map(shown).collect();
            format!("it is not of the form `{form}`")
        } else if !places.is_empty() {
            format!(
                "not the same value everywhere: {}",
                places.into_iter().collect::<Vec<_>>().join(", ")
            )
        } else if !self.holds_known(text, value) {
            "another place has another value".to_owned()
        } else {
            return State::Filled;
        };
        State::Differs { why }
    }

    /// The places of a value where those differ.
    fn others(&self, id: &str) -> impl Iterator<Item = &str> {
        let found = self
            .groups
            .get(id)
            .map(|group| &group.found)
            .filter(|found| found.len() > 1);
        found
            .into_iter()
            .flat_map(|found| found.values().flatten())
            .map(String::as_str)
    }

    /// A text that was put together has the values in it that its other places have, unless they are spelled otherwise there.
    fn holds_known(&self, text: &SecretText, value: &Value) -> bool {
        let mut known = text.values().filter_map(|one| self.known.get(one.id.as_str()));
        known.all(|one| !one.is_url_safe() || value.reveal().contains(one.reveal()))
    }

    /// Nothing stands there.
    fn empty(&self, text: &SecretText) -> (State, Option<Value>) {
        let places: BTreeSet<&str> = text.values().flat_map(|value| self.others(&value.id)).collect();
        if !places.is_empty() {
            let why = format!(
                "not the same value everywhere: {}",
                places.into_iter().collect::<Vec<_>>().join(", ")
            );
            return (State::Differs { why }, None);
        }
        match self.composed(text) {
            Some(value) => (State::Empty, Some(value)),
            None => (self.missing(text), None),
        }
    }

    /// The text with its values, where all of them are known and mean themselves in it.
    fn composed(&self, text: &SecretText) -> Option<Value> {
        let is_put_together = is_put_together(text);
        let mut composed = String::new();
        for part in &text.0 {
            match part {
                TextPart::Plain(plain) => composed += plain,
                TextPart::Value(value) => {
                    let known = self.known.get(value.id.as_str());
                    composed += known.filter(|value| !is_put_together || value.is_url_safe())?.reveal();
                }
            }
        }
        Some(Value::new(composed))
    }

    fn missing(&self, text: &SecretText) -> State {
        let groups = text.values().filter_map(|value| self.groups.get(value.id.as_str()));
        State::Missing {
            how: self.key.comment.clone(),
            command: groups.filter_map(|group| group.command).next().map(str::to_owned),
        }
    }
}

/// Its values stand between other texts, where a character may mean something else.
fn is_put_together(text: &SecretText) -> bool {
    text.0.len() > 2
}

fn shown(part: &TextPart) -> &str {
    match part {
        TextPart::Plain(text) => text,
        TextPart::Value(_) => "…",
    }
}

/// The same entries, however they are set.
fn is_same_list(one: &str, other: &str) -> bool {
    let entries = |text: &str| {
        text.split(',')
            .map(|entry| entry.trim().to_owned())
            .collect::<BTreeSet<_>>()
    };
    entries(one) == entries(other)
}
