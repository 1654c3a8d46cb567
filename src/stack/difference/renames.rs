//! Which component or sub-component that came is one that went, under another name.
//!
//! In: two snapshots. Out: pairs of names. Two are the same where their types are the same and what people wrote of them is
//! nearly the same; where two are as near as each other, none is taken, since a guess would hide a loss.

use std::collections::{BTreeMap, BTreeSet};

use super::snapshot::{Part, Snapshot, is_given};
use super::{End, LinkKey, told};

/// How much of what was written of two must be the same, in hundredths.
const NEAR: usize = 60;

/// Most pairs of one type that are compared.
const MOST_PAIRS: usize = 40_000;

/// What is written of something, to be compared.
type Features = BTreeSet<String>;

/// New names by old ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames {
    pub components: BTreeMap<String, String>,
    /// Of sub-components, by the new name of their component.
    pub subs: BTreeMap<(String, String), String>,
}

impl Renames {
    /// What a component of the older topology is called in the newer one.
    #[must_use]
    pub fn component<'a>(&'a self, old: &'a str) -> &'a str {
        self.components.get(old).map_or(old, String::as_str)
    }

    #[must_use]
    pub fn end(&self, old: &End) -> End {
        let component = self.component(&old.component).to_owned();
        let sub = old.sub.as_ref().map(|sub| self.sub(&component, sub).to_owned());
        End { component, sub }
    }

    #[must_use]
    pub fn link(&self, old: &LinkKey) -> LinkKey {
        LinkKey {
            from: self.end(&old.from),
            to: self.end(&old.to),
            kind: old.kind.clone(),
        }
    }

    /// What an end of the newer topology was called in the older one.
    #[must_use]
    pub fn old(&self, new: &End) -> End {
        let component = self.components.iter().find(|(_, name)| **name == new.component);
        let subs = self.subs.iter();
        let mut subs = subs.filter(|((owner, _), name)| *owner == new.component && Some(*name) == new.sub.as_ref());
        End {
            component: component.map_or(&new.component, |(old, _)| old).clone(),
            sub: subs.next().map(|((_, old), _)| old).or(new.sub.as_ref()).cloned(),
        }
    }

    fn sub<'a>(&'a self, component: &str, old: &'a str) -> &'a str {
        let key = (component.to_owned(), old.to_owned());
        self.subs.get(&key).map_or(old, String::as_str)
    }
}

/// Components first, until no more are found: each that is known makes the links of others the same.
pub(super) fn find(before: &Snapshot, after: &Snapshot) -> Renames {
    let mut renames = Renames::default();
    loop {
        let found = components(before, after, &renames);
        if found.is_empty() {
            break;
        }
        renames.components.extend(found);
    }
    for (old, part) in &before.components {
        let name = renames.component(old);
        if let Some(new) = after.components.get(name).filter(|new| new.kind == part.kind) {
            let found = subs((before, old, part), (after, name, new), &renames);
            let found = found.into_iter().map(|(old, new)| ((name.to_owned(), old), new));
            let found: Vec<_> = found.collect();
            renames.subs.extend(found);
        }
    }
    renames
}

fn components(before: &Snapshot, after: &Snapshot, renames: &Renames) -> Vec<(String, String)> {
    let taken: BTreeSet<&String> = renames.components.values().collect();
    let gone = before.components.iter();
    let gone =
        gone.filter(|(name, _)| !after.components.contains_key(*name) && !renames.components.contains_key(*name));
    let come = after.components.iter();
    let come = come.filter(|(name, _)| !before.components.contains_key(*name) && !taken.contains(name));
    let (gone, come) = (by_kind(gone), by_kind(come));
    let (old, new) = (Side::of(before, &gone, renames), Side::of(after, &come, renames));
    let mut found = Vec::new();
    for (kind, gone) in &gone {
        let Some(come) = come.get(kind).filter(|come| come.len() * gone.len() <= MOST_PAIRS) else {
            continue;
        };
        let gone: Vec<_> = gone.iter().map(|name| ((*name).clone(), old.component(name))).collect();
        let come: Vec<_> = come.iter().map(|name| ((*name).clone(), new.component(name))).collect();
        found.extend(matched(&gone, &come));
    }
    found
}

fn by_kind<'a>(parts: impl Iterator<Item = (&'a String, &'a Part)>) -> BTreeMap<&'a str, Vec<&'a String>> {
    let mut found: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (name, part) in parts {
        found.entry(&part.kind).or_default().push(name);
    }
    found
}

fn subs(
    (before, old_name, old): (&Snapshot, &str, &Part),
    (after, new_name, new): (&Snapshot, &str, &Part),
    renames: &Renames,
) -> Vec<(String, String)> {
    let gone = by_kind(old.subs.iter().filter(|(name, _)| !new.subs.contains_key(*name)));
    let come = by_kind(new.subs.iter().filter(|(name, _)| !old.subs.contains_key(*name)));
    let none = BTreeMap::new();
    let (before, after) = (Side::of(before, &none, renames), Side::of(after, &none, renames));
    let mut found = Vec::new();
    for (kind, gone) in &gone {
        let Some(come) = come.get(kind).filter(|come| come.len() * gone.len() <= MOST_PAIRS) else {
            continue;
        };
        let gone: Vec<_> = gone
            .iter()
            .map(|name| ((*name).clone(), before.sub(old_name, name, &old.subs[*name])))
            .collect();
        let come: Vec<_> = come
            .iter()
            .map(|name| ((*name).clone(), after.sub(new_name, name, &new.subs[*name])))
            .collect();
        found.extend(matched(&gone, &come));
    }
    found
}

/// Pairs of which each is the nearest of the other, and no third is as near.
fn matched(gone: &[(String, Features)], come: &[(String, Features)]) -> Vec<(String, String)> {
    let scores: Vec<Vec<usize>> = gone
        .iter()
        .map(|(_, old)| come.iter().map(|(_, new)| nearness(old, new)).collect())
        .collect();
    let mut found = Vec::new();
    for (row, (old, _)) in gone.iter().enumerate() {
        for (column, (new, _)) in come.iter().enumerate() {
            let score = scores[row][column];
            let beside = scores[row].iter().enumerate().filter(|(other, _)| *other != column);
            let below = scores.iter().enumerate().filter(|(other, _)| *other != row);
            let mut rivals = beside
                .map(|(_, rival)| *rival)
                .chain(below.map(|(_, line)| line[column]));
            if score >= NEAR && rivals.all(|rival| rival < score) {
                found.push((old.clone(), new.clone()));
            }
        }
    }
    found
}

/// What two share, in hundredths of what they have; two of which nothing is written are the same.
fn nearness(old: &Features, new: &Features) -> usize {
    let whole = old.len() + new.len();
    let shared = old.intersection(new).count();
    (shared * 200).checked_div(whole).unwrap_or(100)
}

/// One snapshot, with its links by their ends and the names that wait for a match.
struct Side<'a> {
    snapshot: &'a Snapshot,
    renames: &'a Renames,
    links: BTreeMap<&'a str, Vec<&'a LinkKey>>,
    /// Types of components that may be renamed, too: until they are matched, their type is all that is known of them.
    open: BTreeMap<&'a str, &'a str>,
}

impl<'a> Side<'a> {
    fn of(snapshot: &'a Snapshot, open: &BTreeMap<&'a str, Vec<&'a String>>, renames: &'a Renames) -> Self {
        let mut links: BTreeMap<&str, Vec<&LinkKey>> = BTreeMap::new();
        // Whoever watches or deploys everything says nothing of what a component is.
        for (key, _) in snapshot.links.iter().filter(|(_, line)| line.uses) {
            links.entry(&key.from.component).or_default().push(key);
            if key.to.component != key.from.component {
                links.entry(&key.to.component).or_default().push(key);
            }
        }
        let open = open.iter();
        let open = open.flat_map(|(kind, names)| names.iter().map(move |name| (name.as_str(), *kind)));
        Self {
            snapshot,
            renames,
            links,
            open: open.collect(),
        }
    }

    fn component(&self, name: &str) -> Features {
        let Some(part) = self.snapshot.components.get(name) else {
            return Features::new();
        };
        let mut features = given(name, part);
        let external = part.fields.iter().filter(|(field, _)| field.starts_with("external"));
        features.extend(external.map(|(field, value)| format!("{field}={}", told(value))));
        features.extend(part.subs.iter().map(|(sub, part)| format!("{} {sub}", part.kind)));
        let links = self.links.get(name).into_iter().flatten();
        features.extend(links.map(|link| {
            let end = |end: &End| match end.component == name {
                true => End::new(".", end.sub.as_ref()).to_string(),
                false => self.end(end),
            };
            format!("{} → {}", end(&link.from), end(&link.to))
        }));
        features
    }

    fn sub(&self, component: &str, name: &str, part: &Part) -> Features {
        let mut features = given(name, part);
        let links = self.links.get(component).into_iter().flatten();
        features.extend(links.filter_map(|link| {
            let is_it = |end: &End| end.component == component && end.sub.as_deref() == Some(name);
            match (is_it(&link.from), is_it(&link.to)) {
                (true, _) => Some(format!(". → {}", self.end(&link.to))),
                (_, true) => Some(format!("{} → .", self.end(&link.from))),
                _ => None,
            }
        }));
        features
    }

    fn end(&self, end: &End) -> String {
        match self.open.get(end.component.as_str()) {
            Some(kind) => format!("some {kind}"),
            None => self.renames.end(end).to_string(),
        }
    }
}

/// What was written of it; a value that is its name says nothing more than the name.
fn given(name: &str, part: &Part) -> Features {
    let given = part.attributes.iter();
    let given = given.filter(|(field, _)| is_given(&part.given, field));
    let value = |value| match told(value) {
        value if value == name => ".".to_owned(),
        value => value,
    };
    given.map(|(field, is)| format!("{field}={}", value(is))).collect()
}
