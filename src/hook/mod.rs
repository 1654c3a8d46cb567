//! Hooks: pure functions of the whole checked stack, run after components and links.
//!
//! A hook's entry says what it reads and which files it makes; the function named there prepares
//! the values, so that templates have nothing to work out. No clock, network, environment or chance.

mod apisix_routes;
mod argo_cd_apps;
mod clients;
mod edges;
mod grafana_datasources;
mod markdown;
mod mcp_clients;
mod mcp_registry;
mod network_policies;
mod prometheus_scrape;
mod stack_metadata;
mod tools;
mod topology_docs;
pub mod view;

use std::rc::Rc;

use anyhow::bail;
use serde_json::{Map, Value as Json, json};

use crate::catalog::{Catalog, Entry, HookType};
use crate::fault::Code;
use crate::stack::Stack;

pub use argo_cd_apps::{OPERATORS, operator_values};
pub use clients::{Client, ClientKey, ClientServer};
pub use mcp_clients::client_name;
pub use stack_metadata::{
    AttributeMetadata, ComponentMetadata, EndpointMetadata, LinkMetadata, StackMetadata, SubComponentMetadata, metadata,
};
pub use tools::{SeenLink, SeenLock, SeenServer, SeenTool, ServedLock, ToolsLock, grants_told};

/// A hook with the values for its outputs.
pub struct HookRun {
    pub entry: Rc<Entry<HookType>>,
    /// Lists of items, by name.
    pub values: Map<String, Json>,
}

/// The folder, in bases and overlays, of what belongs to several components: namespaces with their default-deny policies.
/// No component has such a name, and none owns them: what one owned would go or move with it.
pub const NAMESPACES: &str = "_namespaces";

/// Hooks whose values `plan` prepares, because they list what was planned before.
const BY_PLAN: [&str; 2] = ["kustomize", "overlays"];

/// Run every hook of the catalog, sorted by name.
///
/// # Errors
/// A mistake in the catalog.
pub fn run_all(stack: &Stack, catalog: &Catalog) -> anyhow::Result<Vec<HookRun>> {
    run(stack, catalog, &|_| true)
}

/// Run the hooks that make something in the bases or among the Applications: an environment has nothing else of its own.
///
/// # Errors
/// A mistake in the catalog.
pub fn run_for_environment(stack: &Stack, catalog: &Catalog) -> anyhow::Result<Vec<HookRun>> {
    run(stack, catalog, &|hook| {
        hook.outputs.iter().any(|output| is_of_environments(&output.path))
    })
}

/// Whether the pattern of a path may lie in a folder that environments look into.
fn is_of_environments(path: &str) -> bool {
    let fixed = path.split('{').next().unwrap_or_default();
    let mut folders = ["k8s/deploy/base/", "argocd/"].into_iter();
    folders.any(|folder| fixed.starts_with(folder) || folder.starts_with(fixed))
}

fn run(stack: &Stack, catalog: &Catalog, is_wanted: &dyn Fn(&HookType) -> bool) -> anyhow::Result<Vec<HookRun>> {
    let mut runs = Vec::new();
    for name in catalog.hook_names() {
        if let Some(entry) = catalog.hook(name)?
            && !BY_PLAN.contains(&entry.definition.values.as_str())
            && is_wanted(&entry.definition)
        {
            let values = values(&entry.definition, stack, catalog)?;
            runs.push(HookRun { entry, values });
        }
    }
    Ok(runs)
}

/// An item whose `document` is written as JSON. (`json!` would copy it.)
fn document(component: Option<&str>, document: Json) -> Json {
    let component = component.map(|component| ("component".to_owned(), Json::from(component)));
    Json::Object(
        component
            .into_iter()
            .chain([("document".to_owned(), document)])
            .collect(),
    )
}

/// The one place where a hook's `values` meets its function.
fn values(hook: &HookType, stack: &Stack, catalog: &Catalog) -> anyhow::Result<Map<String, Json>> {
    let values = match hook.values.as_str() {
        "apisix_routes" => apisix_routes::values(stack),
        "argo_cd_apps" => argo_cd_apps::values(stack),
        "grafana_datasources" => grafana_datasources::values(stack),
        "mcp_clients" => mcp_clients::values(stack),
        "mcp_registry" => mcp_registry::values(stack, catalog)?,
        "network_policies" => network_policies::values(stack),
        "prometheus_scrape" => prometheus_scrape::values(stack),
        "stack_metadata" => stack_metadata::values(stack)?,
        "tools_lock" => tools::values(stack)?,
        "topology_docs" => topology_docs::values(stack),
        "components" => {
            json!({ "components": stack.components.values().map(|component| view::component(stack, component)).collect::<Vec<_>>() })
        }
        "stack" => json!({ "stacks": [view::stack(stack)] }),
        other => bail!(Code::E_CATALOG_HOOK.fault(format!(
            "hook `{}` asks for the values `{other}`, which do not exist",
            hook.name
        ))),
    };
    match values {
        Json::Object(values) => Ok(values),
        _ => bail!(Code::E_CATALOG_HOOK.fault(format!("the values of hook `{}` are no mapping", hook.name))),
    }
}
