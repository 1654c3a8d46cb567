//! Files of hooks: one for each item of the list that an output names.

use std::borrow::Cow;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value as Json};

use super::{Plan, PlannedFile, Source, class, scope, source};
use crate::catalog::{Entry, HookOutput, HookType, pattern};

pub(super) fn plan(plan: &mut Plan, entry: &Entry<HookType>, values: &Map<String, Json>) -> anyhow::Result<()> {
    for output in &entry.definition.outputs {
        self::output(plan, entry, output, values).with_context(|| format!("hook `{}`", entry.definition.name))?;
    }
    Ok(())
}

/// Plan the outputs whose lists are among `values`; the others wait.
pub(super) fn plan_lists(plan: &mut Plan, entry: &Entry<HookType>, values: &Map<String, Json>) -> anyhow::Result<()> {
    for output in entry
        .definition
        .outputs
        .iter()
        .filter(|output| output.for_each.as_ref().is_some_and(|list| values.contains_key(list)))
    {
        self::output(plan, entry, output, values).with_context(|| format!("hook `{}`", entry.definition.name))?;
    }
    Ok(())
}

fn output(
    plan: &mut Plan,
    entry: &Entry<HookType>,
    output: &HookOutput,
    values: &Map<String, Json>,
) -> anyhow::Result<()> {
    let Some(list) = &output.for_each else {
        return item(plan, entry, output, Json::Object(values.clone()));
    };
    let Some(Json::Array(items)) = values.get(list) else {
        bail!("E_CATALOG_HOOK: there is no list `{list}`")
    };
    for value in items {
        item(plan, entry, output, value.clone())?;
    }
    Ok(())
}

fn item(plan: &mut Plan, entry: &Entry<HookType>, output: &HookOutput, item: Json) -> anyhow::Result<()> {
    let path = pattern::expand(&output.path, |name| item[name].as_str().map(Cow::Borrowed))?.into_owned();
    let (source, what) = match &output.template {
        Some(template) => (
            source(template, entry.file(template)?, vec![scope(item)]),
            format!("template {template}"),
        ),
        None => match item {
            Json::Object(mut map) if map.contains_key("document") => {
                (Source::Json(map["document"].take()), "document".to_owned())
            }
            _ => bail!("E_CATALOG_HOOK: output `{path}` has neither a template nor a document"),
        },
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
