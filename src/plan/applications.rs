//! Values of hooks with the function `argo_cd_apps`: an Application applies the folder that is built, with the values files that
//! were planned for its release.

use serde_json::Value as Json;

use super::built::Built;
use super::{Plan, hooks};
use crate::catalog::Catalog;
use crate::hook::{self, argo_cd_apps};
use crate::stack::Stack;

/// The Applications of an environment; `stack` is as it sees it.
pub(super) fn plan(plan: &mut Plan, stack: &Stack, catalog: &Catalog, built: &Built<'_>) -> anyhow::Result<()> {
    for entry in hook::of_function(catalog, "argo_cd_apps")? {
        if let Json::Object(values) = argo_cd_apps::values(stack, built.environment, &built.delivered()) {
            hooks::plan(plan, &entry, values)?;
        }
    }
    Ok(())
}
