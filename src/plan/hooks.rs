//! Files of hooks: one for each item of the list that an output names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value as Json};

use super::{Plan, PlannedFile, Scope, Source, class, parts, source};
use crate::catalog::{Entry, HookOutput, HookType, pattern};
use crate::fault::Code;

/// Plan all outputs of a hook.
pub(super) fn plan(plan: &mut Plan, entry: &Entry<HookType>, values: Map<String, Json>) -> anyhow::Result<()> {
    let lists = lists(values);
    for output in &entry.definition.outputs {
        self::output(plan, entry, output, &lists).with_context(|| format!("hook `{}`", entry.definition.name))?;
    }
    Ok(())
}

/// Plan the outputs whose lists are among `values`; the others wait.
pub(super) fn plan_lists(plan: &mut Plan, entry: &Entry<HookType>, values: Map<String, Json>) -> anyhow::Result<()> {
    let lists = lists(values);
    let known = |output: &&HookOutput| output.for_each.as_ref().is_some_and(|list| lists.contains_key(list));
    for output in entry.definition.outputs.iter().filter(known) {
        self::output(plan, entry, output, &lists).with_context(|| format!("hook `{}`", entry.definition.name))?;
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
    let list = &output.for_each;
    let Some(items) = lists.get(list.as_deref().unwrap_or_default()) else {
        bail!(Code::E_CATALOG_HOOK.fault(format!(
            "output `{}` names the list {list:?}, which the values do not have",
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
