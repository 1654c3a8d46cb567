//! Files of hooks: one for each item of the list that an output names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value as Json};

use super::{Plan, PlannedFile, Scope, Source, class, parts, source};
use crate::catalog::{Each, Entry, HookOutput, HookType, pattern};
use crate::fault::{Code, Work};
use crate::finding::suggestion;
use crate::layout;

/// Outputs have a place in the output, and those of overlays one that is open to any hook. It is asked before there are
/// items, so that a mistake is found by the first run.
pub(super) fn ensure_places(entry: &Entry<HookType>) -> anyhow::Result<()> {
    let is_open = if entry.overlay().is_some() {
        layout::admits_hooks
    } else {
        layout::admits
    };
    let closed = entry.definition.outputs.iter().find(|output| !is_open(&output.path));
    let Some(output) = closed else { return Ok(()) };
    let places: Vec<String> = layout::places_of_hooks().map(|place| format!("`{place}`")).collect();
    bail!(Code::E_CATALOG_HOOK.fault(format!(
        "`{}` of hook `{}` is not a place where a hook may write; such places are {}",
        output.path,
        entry.definition.name,
        places.join(", ")
    )))
}

/// The lists of a mapping, by name.
pub(super) fn keys(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// Plan all outputs of a hook.
pub(super) fn plan(plan: &mut Plan, entry: &Entry<HookType>, values: Map<String, Json>) -> anyhow::Result<()> {
    ensure_places(entry)?;
    let lists = lists(values);
    for output in &entry.definition.outputs {
        self::output(plan, entry, output, &lists).with_context(|| Work::of("hook", &entry.definition.name))?;
    }
    Ok(())
}

/// Plan the outputs whose lists are among `values`; the others wait.
pub(super) fn plan_lists(plan: &mut Plan, entry: &Entry<HookType>, values: Map<String, Json>) -> anyhow::Result<()> {
    let lists = lists(values);
    let known = |output: &&HookOutput| matches!(&output.each, Each::List(list) if lists.contains_key(list));
    for output in entry.definition.outputs.iter().filter(known) {
        self::output(plan, entry, output, &lists).with_context(|| Work::of("hook", &entry.definition.name))?;
    }
    Ok(())
}

/// The items of each list, shared by the outputs that name it.
fn lists(values: Map<String, Json>) -> BTreeMap<String, Vec<Scope>> {
    let items = |value: Json| match value {
        Json::Array(items) => items.into_iter().map(Scope::of).collect(),
        _ => Vec::new(),
    };
    values.into_iter().map(|(name, value)| (name, items(value))).collect()
}

fn output(
    plan: &mut Plan,
    entry: &Entry<HookType>,
    output: &HookOutput,
    lists: &BTreeMap<String, Vec<Scope>>,
) -> anyhow::Result<()> {
    let Each::List(list) = &output.each else { return Ok(()) };
    let Some(items) = lists.get(list) else {
        let known: Vec<&str> = lists.keys().map(String::as_str).collect();
        let hint = suggestion(list, &known).unwrap_or_default();
        bail!(Code::E_CATALOG_HOOK.fault(format!(
            "output `{}` names the list `{list}`, which the values do not have; {hint}",
            output.path
        )))
    };
    items.iter().try_for_each(|value| item(plan, entry, output, value))
}

fn item(plan: &mut Plan, entry: &Entry<HookType>, output: &HookOutput, item: &Scope) -> anyhow::Result<()> {
    let lookup = |name: &str| item.keys.get(name).and_then(Json::as_str).map(Cow::Borrowed);
    let path = pattern::expand(&output.path, lookup)?.into_owned();
    let document = item.keys.get("document").filter(|_| output.template.is_none());
    if let (Some(most), Some(document)) = (output.split, document) {
        let text = serde_json::to_string_pretty(document).context("JSON is text")?;
        return in_parts(plan, entry, output, &path, &format!("{text}\n"), most);
    }
    let (source, what) = match &output.template {
        Some(template) => (
            source(entry.place(template), entry.file(template)?, vec![item.clone()]),
            format!("template {template}"),
        ),
        None if item.keys.get("document").is_some() => (Source::Json(item.clone()), "document".to_owned()),
        None => bail!(Code::E_CATALOG_HOOK.fault(format!("output `{path}` has neither a template nor a document"))),
    };
    let why = format!("hook {}, {what}", entry.definition.name);
    plan.insert(
        &path,
        PlannedFile {
            class: class(output.seeded),
            why,
            source,
            resource: output.resource,
        },
    )
}

/// A document as people read it: one file, and further parts when it is large.
fn in_parts(
    plan: &mut Plan,
    entry: &Entry<HookType>,
    output: &HookOutput,
    path: &str,
    text: &str,
    most: usize,
) -> anyhow::Result<()> {
    for (number, piece) in parts::split(text, most).iter().enumerate() {
        let path = parts::name(path, number);
        let file = PlannedFile {
            class: class(output.seeded),
            why: format!("hook {}, document", entry.definition.name),
            source: Source::Copy(piece.as_bytes().to_vec().into()),
            resource: false,
        };
        plan.insert(&path, file)?;
    }
    Ok(())
}
