//! Values of hooks with the function `argo_cd_apps`: an Application lists the values files that were planned for its release.

use serde_json::Value as Json;

use super::{Plan, base_folder, hooks};
use crate::catalog::Catalog;
use crate::hook::{self, argo_cd_apps};
use crate::stack::Stack;

pub(super) fn plan(plan: &mut Plan, stack: &Stack, catalog: &Catalog) -> anyhow::Result<()> {
    for entry in hook::of_function(catalog, "argo_cd_apps")? {
        if let Json::Object(values) = argo_cd_apps::values(stack, &values_files(plan, stack)) {
            hooks::plan(plan, &entry, values)?;
        }
    }
    Ok(())
}

/// Values files of each component that a chart installs.
fn values_files<'a>(plan: &Plan, stack: &'a Stack) -> argo_cd_apps::ValuesFiles<'a> {
    let with_chart = stack
        .deployed()
        .filter(|component| component.entry.definition.install.chart().is_some());
    let files = |folder: String| {
        let names = plan.values_files(&folder).into_iter();
        names.map(str::to_owned).collect()
    };
    with_chart
        .map(|component| (&component.name, files(format!("{}/", base_folder(&component.name)))))
        .collect()
}
