//! What a difference touches beside itself: who reaches what changed, and which accounts.
//!
//! In: both stacks, also as environments see them, and what differs. Out: consumers with the way on which they reach it, and
//! accounts. All names are those of the newer topology.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::snapshot::{flat, key};
use super::{Compared, Edit, End, LinkKey, Renames, Subject};
use crate::level::Level;
use crate::name::ComponentName;
use crate::stack::{Account, Component, Link, Stack};

/// A stack, and as environments with values of their own see it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub base: &'a Stack,
    pub environments: &'a [(ComponentName, Stack)],
}

/// What changed, as those who reach it see it.
#[derive(Debug, Default)]
pub struct Touched {
    pub components: BTreeSet<String>,
    pub subs: BTreeSet<End>,
    pub links: BTreeSet<LinkKey>,
    /// Of the components those that only one of the topologies has.
    gone: BTreeSet<String>,
    come: BTreeSet<String>,
}

/// A component that reaches what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consumer {
    pub name: String,
    /// What it reaches by links of its own: what changed, or who is touched in turn.
    pub reaches: BTreeSet<String>,
    /// A way from it to what changed: `langflow`, `fastapi`, `cnpg/app_db`.
    pub path: Vec<String>,
    /// Only links of its own changed, not what is at the end of them.
    pub by_link: bool,
}

/// In which way a change touches something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    Gained,
    Lost,
    /// It may do, or is, something else.
    Changed,
    /// It stays as it is, and what it reaches changes.
    Reached,
}

/// An account that a change touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountTouch {
    /// The provider.
    pub component: String,
    pub account: String,
    pub level: Level,
    /// Components that have it.
    pub holders: BTreeSet<String>,
    pub how: How,
    /// The environment that alone has it otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

impl Touched {
    /// What differs by what was written, and what follows from that.
    #[must_use]
    pub fn of(compared: &Compared, before: View<'_>, after: View<'_>) -> Self {
        let mut touched = Self::default();
        for difference in &compared.differences {
            match &difference.subject {
                Subject::Component(name) => {
                    touched.components.insert(name.clone());
                    match difference.edit {
                        Edit::Added => drop(touched.come.insert(name.clone())),
                        Edit::Removed => drop(touched.gone.insert(name.clone())),
                        Edit::Renamed | Edit::Changed => {}
                    }
                }
                Subject::SubComponent(end) => drop(touched.subs.insert(end.clone())),
                Subject::Link(key) => drop(touched.links.insert(key.clone())),
                Subject::Stack | Subject::Environment(_) => {}
            }
        }
        for (_, old, new) in pairs(before, after) {
            touched.add_what_follows(old, new, &compared.renames);
        }
        touched
    }

    /// Components of which nothing was written and that are others all the same, since another domain or profile counts.
    fn add_what_follows(&mut self, old: &Stack, new: &Stack, renames: &Renames) {
        let by_name: BTreeMap<&str, &Component> = new
            .components
            .iter()
            .map(|(name, component)| (name.as_str(), component))
            .collect();
        for component in old.components.values() {
            let name = renames.component(component.name.as_str());
            let now = by_name.get(name);
            if now.is_some_and(|now| is_otherwise(component, now)) {
                self.components.insert(name.to_owned());
            }
        }
    }

    /// Whether something of this component changed.
    #[must_use]
    pub fn has(&self, component: &str) -> bool {
        self.components.contains(component) || self.subs.iter().any(|sub| sub.component == component)
    }

    /// Whether what a link ends at changed: all of the component, or the part that it ends at.
    #[must_use]
    pub fn is_end(&self, end: &End) -> bool {
        match &end.sub {
            None => self.has(&end.component),
            Some(_) => self.components.contains(&end.component) || self.subs.contains(end),
        }
    }
}

fn is_otherwise(old: &Component, new: &Component) -> bool {
    let places = |component: &Component| -> BTreeMap<String, (String, u16)> {
        let endpoints = component.endpoints.iter();
        endpoints
            .map(|(name, endpoint)| (name.clone(), (endpoint.host.clone(), endpoint.port)))
            .collect()
    };
    old.type_name() != new.type_name()
        || old.namespace != new.namespace
        || places(old) != places(new)
        || flat(&old.attributes) != flat(&new.attributes)
}

/// Both as the stack is, and as each environment of both sees it.
fn pairs<'a>(before: View<'a>, after: View<'a>) -> Vec<(Option<&'a ComponentName>, &'a Stack, &'a Stack)> {
    let own = |view: View<'a>, name: &ComponentName| {
        let own = view.environments.iter().find(|(known, _)| known == name);
        own.map_or(view.base, |(_, stack)| stack)
    };
    let mut pairs = vec![(None, before.base, after.base)];
    for name in before
        .base
        .environments
        .iter()
        .filter(|name| after.base.environments.contains(name))
    {
        let (old, new) = (own(before, name), own(after, name));
        if !std::ptr::eq(old, before.base) || !std::ptr::eq(new, after.base) {
            pairs.push((Some(name), old, new));
        }
    }
    pairs
}

/// Who reaches what changed, nearest first: by a link to it, or by way of others. Who only watches or deploys it is none.
#[must_use]
pub fn consumers(touched: &Touched, before: &Stack, after: &Stack, renames: &Renames) -> Vec<Consumer> {
    let old = before.links.iter().map(|link| (renames.link(&key(link)), link));
    let new = after.links.iter().map(|link| (key(link), link));
    let used = old.chain(new).filter(|(_, link)| link.kind.uses());
    let links: BTreeSet<LinkKey> = used.map(|(key, _)| key).collect();
    let mut found: BTreeMap<&str, Consumer> = BTreeMap::new();
    let mut order = Vec::new();
    for link in &links {
        let is_reached = touched.is_end(&link.to) && !touched.come.contains(&link.to.component);
        if touched.gone.contains(&link.from.component) || !(is_reached || touched.links.contains(link)) {
            continue;
        }
        // A component that comes has no one yet whom its own links could surprise.
        if !is_reached && touched.come.contains(&link.from.component) {
            continue;
        }
        let consumer = Consumer {
            name: link.from.component.clone(),
            reaches: [link.to.to_string()].into(),
            path: vec![link.from.component.clone(), link.to.to_string()],
            by_link: !is_reached,
        };
        let known = found.entry(&link.from.component).or_insert_with(|| {
            order.push(link.from.component.as_str());
            consumer.clone()
        });
        if known.by_link && is_reached {
            known.path.clone_from(&consumer.path);
            known.by_link = false;
        }
        known.reaches.extend(consumer.reaches);
    }
    let direct = order.clone();
    add_by_way_of_others(&links, &direct, &mut found, &mut order, &touched.gone);
    order.iter().filter_map(|name| found.remove(name)).collect()
}

/// Those that reach a consumer, ring by ring.
fn add_by_way_of_others<'a>(
    links: &'a BTreeSet<LinkKey>,
    direct: &[&'a str],
    found: &mut BTreeMap<&'a str, Consumer>,
    order: &mut Vec<&'a str>,
    gone: &BTreeSet<String>,
) {
    let mut by_target: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for link in links.iter().filter(|link| !gone.contains(&link.from.component)) {
        by_target
            .entry(&link.to.component)
            .or_default()
            .insert(&link.from.component);
    }
    let mut ring: Vec<&str> = direct.to_vec();
    while !ring.is_empty() {
        let mut next = Vec::new();
        for target in ring {
            let path = found
                .get(target)
                .map(|consumer| consumer.path.clone())
                .unwrap_or_default();
            for source in by_target.get(target).into_iter().flatten() {
                if found.contains_key(source) {
                    continue;
                }
                let path = std::iter::once((*source).to_owned()).chain(path.iter().cloned());
                let consumer = Consumer {
                    name: (*source).to_owned(),
                    reaches: [target.to_owned()].into(),
                    path: path.collect(),
                    by_link: false,
                };
                found.insert(source, consumer);
                next.push(*source);
            }
        }
        order.extend(&next);
        ring = next;
    }
}

/// Accounts that come, go or may do something else, and those at what changed.
#[must_use]
pub fn accounts(touched: &Touched, before: View<'_>, after: View<'_>, renames: &Renames) -> Vec<AccountTouch> {
    let mut found: Vec<AccountTouch> = Vec::new();
    for (environment, old, new) in pairs(before, after) {
        for touch in between(touched, old, new, renames) {
            let is_known = found.contains(&touch);
            if !is_known {
                found.push(AccountTouch {
                    environment: environment.map(ToString::to_string),
                    ..touch
                });
            }
        }
    }
    found
}

/// An account with the provider by its newer name, and its holders.
struct Held<'a> {
    account: &'a Account,
    holders: BTreeSet<String>,
    reach: BTreeSet<End>,
}

fn between(touched: &Touched, old: &Stack, new: &Stack, renames: &Renames) -> Vec<AccountTouch> {
    let (before, after) = (held(old, &|end| renames.end(&end)), held(new, &|end| end));
    let mut found = Vec::new();
    for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (old, new) = (before.get(name), after.get(name));
        let Some(one) = new.or(old) else { continue };
        let is_at = one.reach.iter().any(|end| touched.is_end(end));
        let how = match (old, new) {
            (None, _) => How::Gained,
            (_, None) => How::Lost,
            (Some(old), Some(new)) if is_another(old, new) => How::Changed,
            _ if is_at => How::Reached,
            _ => continue,
        };
        found.push(AccountTouch {
            component: name.0.clone(),
            account: name.1.clone(),
            level: one.account.level,
            holders: one.holders.clone(),
            how,
            environment: None,
        });
    }
    found
}

fn is_another(old: &Held<'_>, new: &Held<'_>) -> bool {
    let secret = |held: &Held<'_>| {
        held.account
            .credential
            .as_ref()
            .map(|credential| credential.name.clone())
    };
    let (this, that) = (old.account, new.account);
    (this.level, &this.grants, &this.scope) != (that.level, &that.grants, &that.scope)
        || old.holders != new.holders
        || secret(old) != secret(new)
}

fn held<'a>(stack: &'a Stack, newer: &dyn Fn(End) -> End) -> BTreeMap<(String, String), Held<'a>> {
    let mut found = BTreeMap::new();
    for account in &stack.accounts {
        let links: Vec<&Link> = stack.links_of(account).collect();
        let component = newer(End::new(&account.component, None::<&String>)).component;
        let holders = links
            .iter()
            .map(|link| newer(End::new(&link.from, None::<&String>)).component);
        let reach = links.iter().map(|link| newer(End::new(&link.to, link.sub.as_ref())));
        let held = Held {
            account,
            holders: holders.collect(),
            reach: reach.collect(),
        };
        // Accounts of two interfaces at one provider may share a name; the first stands for both.
        found.entry((component, account.name.clone())).or_insert(held);
    }
    found
}
