//! What is stored is gone, or has no room: buckets, backups, volumes.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Site;
use crate::catalog::derived::METRICS;
use crate::catalog::{Role, Slot, Watched};
use crate::stack::{Component, Link, Stack};
use crate::view::object;

/// The interface of buckets.
const BUCKETS: &str = "s3";
/// The slot by which a component's backups go elsewhere.
const BACKUP: &str = "backup";
/// The slot by which a component keeps its data elsewhere.
const STORAGE: &str = "storage";
/// What the size of a volume is called, alone or at the end of a name.
const SIZE: &str = "storage";
/// How long something is kept before it is deleted.
const RETENTION: &str = "retention";

/// One item for each bucket that a link ends at.
pub(super) fn buckets(site: &Site<'_>) -> Vec<Json> {
    let mut found: BTreeMap<String, Vec<&Link>> = BTreeMap::new();
    let links = site
        .stack
        .links
        .iter()
        .filter(|link| link.kind.interface_name() == BUCKETS && link.kind.uses());
    links.for_each(|link| found.entry(link.end()).or_default().push(link));
    let item = |(bucket, links): (String, Vec<&Link>)| {
        let store = site.stack.component(&links[0].to);
        let users = links.iter().map(|link| {
            object! { "component": &link.from, "slot": &link.kind.slot_name, "level": link.level.word() }
        });
        object! {
            "bucket": bucket,
            "store": &store.name,
            "is_ours": store.is_deployed(),
            "file": if store.is_deployed() { site.file_of(store) } else { String::new() },
            "users": users.collect::<Vec<_>>(),
        }
    };
    found.into_iter().map(item).collect()
}

/// One item for each component with data: what brings it back.
pub(super) fn restores(site: &Site<'_>) -> Vec<Json> {
    let kept = site.components().filter(|component| has_data(site.stack, component));
    kept.map(|component| restore(site, component)).collect()
}

fn has_data(stack: &Stack, component: &Component) -> bool {
    let definition = &component.entry.definition;
    let is_elsewhere = by_slot(stack, component, STORAGE).is_some();
    is_elsewhere || !definition.holds_data.is_empty() || !sizes(component).is_empty()
}

fn restore(site: &Site<'_>, component: &Component) -> Json {
    let end = |slot: &str| by_slot(site.stack, component, slot).map(Link::end).unwrap_or_default();
    let slot = slot(component, BACKUP);
    let store = slot.and_then(|slot| store(site.stack, slot));
    object! {
        "component": &component.name,
        "backup": end(BACKUP),
        "page": site.planned(format!("docs/restore/{}.md", component.name)).unwrap_or_default(),
        "elsewhere": end(STORAGE),
        "can_back_up": slot.is_some(),
        "interface": slot.map(Slot::interface).unwrap_or_default(),
        "store": store.unwrap_or_default(),
        "has_volume": !sizes(component).is_empty(),
        "file": site.file_of(component),
    }
}

/// A component that a link of the slot could end at.
fn store<'a>(stack: &'a Stack, slot: &Slot) -> Option<&'a str> {
    let mut components = stack.components.values();
    let found = components.find(|one| one.entry.definition.provides.contains_key(slot.interface()))?;
    Some(found.name.as_str())
}

fn by_slot<'a>(stack: &'a Stack, component: &'a Component, slot: &str) -> Option<&'a Link> {
    stack
        .links_from(&component.name)
        .find(|link| link.kind.slot_name == slot)
}

fn slot<'a>(component: &'a Component, name: &str) -> Option<&'a Slot> {
    component
        .entry
        .definition
        .consumes
        .iter()
        .find(|slot| slot.name == name)
}

/// One item for each component with volumes.
pub(super) fn disks(site: &Site<'_>) -> Vec<Json> {
    let with_volumes = site.components().filter(|component| !sizes(component).is_empty());
    with_volumes.map(|component| disk(site, component)).collect()
}

fn disk(site: &Site<'_>, component: &Component) -> Json {
    let answers = site.answers(component, sizes).into_iter();
    let answers = answers.map(|answer| {
        object! { "environments": answer.environments, "sizes": answer.of, "file": answer.file }
    });
    let scraper = site
        .stack
        .links_to(&component.name)
        .find(|link| link.kind.interface_name() == METRICS);
    let rules =
        scraper.and_then(|link| site.planned(format!("k8s/deploy/base/{}/rules-{}.yaml", link.from, component.name)));
    object! {
        "component": &component.name,
        "answers": answers.collect::<Vec<_>>(),
        "retention": component.text(RETENTION),
        "has_metrics": component.metrics.is_some(),
        "alerts": rules.as_ref().map(|_| saturation(component)).unwrap_or_default(),
        "rules": rules.unwrap_or_default(),
        "is_scraped": site.stack.is_linked(component, METRICS),
        "scraper": site.stack.of_role(Role::Scraper).next().map(|one| one.name.to_string()).unwrap_or_default(),
    }
}

/// Alerts on what has a limit.
fn saturation(component: &Component) -> Vec<&str> {
    let metrics = component.entry.definition.metrics.as_ref();
    let alerts = metrics.into_iter().flat_map(|metrics| &metrics.alerts);
    alerts
        .filter(|(_, alert)| alert.watches == Watched::Saturation)
        .map(|(name, _)| name.as_str())
        .collect()
}

/// The attributes that are sizes of volumes, as `name: value`.
fn sizes(component: &Component) -> Vec<String> {
    let attributes = component.attributes.keys();
    attributes
        .filter(|name| *name == SIZE || name.ends_with(&format!("_{SIZE}")))
        .map(|name| format!("{name}: {}", component.text(name)))
        .collect()
}
