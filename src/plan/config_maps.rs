//! ConfigMaps made from files of a component: which there are, and what each holds.
//!
//! The type's own (`config_maps`), one for each further part of a document in parts, and one for each folder of its Python
//! package: that of a service's tools comes and goes with its links.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::{Plan, PlannedFile, base_folder, environment, parts};
use crate::stack::{Component, Stack};
use crate::view::object;

type Files<'a> = [(&'a str, &'a PlannedFile)];

/// The items that the kustomization is made from; `files` are those of the component.
pub(super) fn items(plan: &Plan, component: &Component, files: &Files<'_>) -> Vec<Json> {
    let package = plan.packages.get(&component.name);
    let mut maps: BTreeMap<String, Vec<&(&str, &PlannedFile)>> = BTreeMap::new();
    for file in files {
        let of_package = package.and_then(|package| package.get(file.0));
        if let Some(name) = of_package
            .map(|placed| placed.map.clone())
            .or_else(|| map_of(component, file.0))
        {
            maps.entry(name).or_default().push(file);
        }
    }
    let settings = files
        .iter()
        .filter_map(|(file, _)| Some((*file, environment::map_of(component, file)?)));
    let mut items: Vec<Json> = settings
        .map(|(file, name)| object! { "name": name, "kind": "envs", "files": vec![file] })
        .collect();
    for (name, files) in &maps {
        items.push(item(name, files));
    }
    items
}

/// The type's own ConfigMap that holds `file`; parts have one each.
pub(super) fn map_of(component: &Component, file: &str) -> Option<String> {
    component
        .entry
        .definition
        .config_maps
        .iter()
        .find_map(|(suffix, patterns)| {
            if holds(patterns, file) {
                return Some(format!("{}-{suffix}", component.name));
            }
            let (whole, number) = parts::of(file)?;
            holds(patterns, whole).then(|| format!("{}-{suffix}-{number}", component.name))
        })
}

/// Names of the type's own ConfigMaps by their suffix: one, and one for each further part that is planned.
pub(super) fn names(plan: &Plan, stack: &Stack, component: &Component) -> Map<String, Json> {
    let folder = format!("{}/", base_folder(&component.name));
    let files = plan.below(&folder).map(|(path, _)| &path.as_str()[folder.len()..]);
    let parts: Vec<(&str, &str)> = files.filter_map(parts::of).collect();
    let maps = component.entry.definition.config_maps.iter();
    let names = maps.map(|(suffix, patterns)| {
        let own = parts.iter().filter(|(whole, _)| holds(patterns, whole));
        let numbers: BTreeSet<&str> = own.map(|(_, number)| *number).collect();
        let first = format!("{}-{suffix}", component.name);
        let further = numbers.iter().map(|number| format!("{first}-{number}"));
        let names: Vec<String> = [first.clone()].into_iter().chain(further).collect();
        (suffix.clone(), Json::from(names))
    });
    let settings = (
        "config".to_owned(),
        Json::from(environment::config_maps(stack, component)),
    );
    names.chain([settings]).collect()
}

fn item(name: &str, files: &[&(&str, &PlannedFile)]) -> Json {
    let files: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    object! { "name": name, "kind": "files", "files": files }
}

fn holds(patterns: &[String], file: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, file))
}

/// One file, or all of a kind: `config/*.json`.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail),
        None => name == pattern,
    }
}
