//! `config/cloud.env` of each component with linked keys: hosts, ports and write gates, in the open.

use std::collections::BTreeMap;

use super::{Plan, PlannedFile, Source, base_folder};
use crate::stack::{Component, Stack};
use crate::tree::Class;

pub(super) fn plan(plan: &mut Plan, stack: &Stack) -> anyhow::Result<()> {
    for component in stack.deployed() {
        let values = values(stack, component);
        if values.is_empty() {
            continue;
        }
        let lines: String = values.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        let planned = PlannedFile {
            class: Class::Owned,
            why: format!("component {}, plain keys of its links", component.name),
            source: Source::Copy(lines.into_bytes().into()),
            resource: false,
        };
        plan.insert(&format!("{}/config/cloud.env", base_folder(&component.name)), planned)?;
    }
    Ok(())
}

/// Plain keys and values, sorted. Two links that say the same say it once.
pub(super) fn values<'a>(stack: &'a Stack, component: &'a Component) -> BTreeMap<&'a str, &'a str> {
    let all = stack.links_from(&component.name).flat_map(|link| &link.env);
    all.filter_map(|value| Some((value.key.as_str(), value.value.as_deref()?)))
        .collect()
}
