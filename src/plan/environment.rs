//! `config/cloud.env` of each component with plain keys: hosts, ports and write gates of its links, and its own settings.

use std::collections::BTreeMap;

use super::{Plan, PlannedFile, Source, base_folder, parts};
use crate::stack::{Component, Stack};
use crate::tree::Class;

pub(super) fn plan(plan: &mut Plan, stack: &Stack) -> anyhow::Result<()> {
    for component in stack.deployed() {
        let values = values(stack, component);
        if values.is_empty() {
            continue;
        }
        let text = text(&values);
        for (number, piece) in parts::split(&text, MOST).iter().enumerate() {
            let planned = PlannedFile {
                class: Class::Owned,
                why: format!("component {}, plain keys of its links", component.name),
                source: Source::Copy(piece.as_bytes().to_vec().into()),
                resource: false,
            };
            let path = format!("{}/config/cloud{}.env", base_folder(&component.name), end(number));
            plan.insert(&path, planned)?;
        }
    }
    Ok(())
}

/// Most bytes of one file: an entry of the ConfigMap has six more, and no line is shorter than that.
const MOST: usize = 120 * 1024;

fn text(values: &BTreeMap<&str, &str>) -> String {
    values.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

/// The ConfigMaps with a component's plain keys: one, and further ones where there are very many.
pub(super) fn config_maps(stack: &Stack, component: &Component) -> Vec<String> {
    let text = text(&values(stack, component));
    let count = parts::split(&text, MOST).len();
    let names = (0..count).map(|number| format!("{}-config{}", component.name, end(number)));
    names.filter(|_| !text.is_empty()).collect()
}

/// The ConfigMap that the keys of `file` are in.
pub(super) fn map_of(component: &Component, file: &str) -> Option<String> {
    let end = file.strip_prefix("config/cloud")?.strip_suffix(".env")?;
    let is_part = end
        .strip_prefix('-')
        .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    (end.is_empty() || is_part).then(|| format!("{}-config{end}", component.name))
}

/// What stands behind the names of a further file and its ConfigMap.
fn end(number: usize) -> String {
    if number == 0 {
        String::new()
    } else {
        format!("-{number:03}")
    }
}

/// Plain keys and values, sorted. Two links that say the same say it once.
pub(super) fn values<'a>(stack: &'a Stack, component: &'a Component) -> BTreeMap<&'a str, &'a str> {
    let all = || stack.links_from(&component.name).flat_map(|link| &link.env);
    let is_mounted = all().any(|value| value.value.is_none()) || component.secret_names().next().is_some();
    let always = component.always.iter().filter(|_| is_mounted);
    let always = always.map(|(key, value)| (key.as_str(), value.as_str()));
    let plain = all().filter_map(|value| Some((value.key.as_str(), value.value.as_deref()?)));
    always.chain(plain).chain(component.settings()).collect()
}
