//! A component is taken out of the stack file: what has to go before it, what goes with it, what stays.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Site;
use crate::stack::Component;
use crate::view::{KEEP, object};

/// What marks a volume of a chart that outlives its Application.
const KEPT: &str = KEEP[1].1;

pub(super) fn items(site: &Site<'_>) -> Vec<Json> {
    site.components().map(|component| item(site, component)).collect()
}

fn item(site: &Site<'_>, component: &Component) -> Json {
    let users: BTreeSet<String> = site.stack.links_to(&component.name).map(|link| link.start()).collect();
    let kinds = component.entry.definition.holds_data.iter();
    // A kind that this component has no object of leaves nothing behind.
    let kept = kinds.filter_map(|kind| Some(object! { "kind": kind, "file": site.file_with(component, kind)? }));
    let file = site.file_of(component);
    object! {
        "component": &component.name,
        "namespace": &component.namespace,
        "users": users.iter().collect::<Vec<_>>(),
        "kept": kept.collect::<Vec<_>>(),
        "keeps_volume": site.says(&file, KEPT),
        "file": file,
    }
}
