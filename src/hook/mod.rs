//! Hooks: pure functions of the whole checked stack, run after components and links.
//!
//! A hook's entry says which items it selects, or which function makes them, and which files they become; templates have
//! nothing to work out. No clock, network, environment or chance.

pub mod argo_cd_apps;
pub mod deploy;
mod edges;
mod grafana_dashboards;
pub(crate) mod markdown;
mod mcp_bom;
mod mcp_cards;
mod mcp_clients;
mod mcp_registry;
mod network_policies;
pub mod releases;
pub mod select;
mod skills;
pub mod stack_dna;
mod stack_metadata;
mod tools;
mod topology_docs;

use std::rc::Rc;

use anyhow::bail;
use serde_json::{Map, Value as Json};

use crate::catalog::{Catalog, Entry, HookType};
use crate::fault::Code;
use crate::finding::suggestion;
use crate::stack::Stack;

pub use edges::{ToldEdge, told_edges};
pub use mcp_clients::client_name;
pub use releases::operator_values;
pub use tools::{
    SeenHold, SeenLink, SeenLock, SeenServer, SeenTool, ServedLock, ToolsLock, grants_told, single_grants,
};

/// A hook with the values that its function made.
pub struct HookRun {
    pub entry: Rc<Entry<HookType>>,
    /// Lists of items, by name.
    pub values: Map<String, Json>,
}

/// Functions of which `plan` prepares the values, because they list what was planned before.
const BY_PLAN: [&str; 5] = [
    "argo_cd_apps",
    "install_docs",
    "kustomize",
    "operations_docs",
    "overlays",
];

/// A function of the stack, with the lists of items that it makes.
type Function = fn(&Stack, &Catalog) -> anyhow::Result<Json>;

/// The one place where the name of a function meets the function.
const OF_THE_STACK: [(&str, Function); 11] = [
    ("grafana_dashboards", |stack, _| Ok(grafana_dashboards::values(stack))),
    ("mcp_bom", |stack, _| mcp_bom::values(stack)),
    ("mcp_cards", |stack, _| mcp_cards::values(stack)),
    ("mcp_clients", |stack, _| Ok(mcp_clients::values(stack))),
    ("mcp_registry", mcp_registry::values),
    ("network_policies", |stack, _| Ok(network_policies::values(stack))),
    ("skills", |stack, _| skills::values(stack)),
    ("stack_dna", |stack, _| stack_dna::values(stack)),
    ("stack_metadata", |stack, _| stack_metadata::values(stack)),
    ("tools_lock", |stack, _| tools::values(stack)),
    ("topology_docs", |stack, _| Ok(topology_docs::values(stack))),
];

/// Run the function of every hook that has one, sorted by name.
///
/// # Errors
/// A mistake in the catalog.
pub fn run_all(stack: &Stack, catalog: &Catalog) -> anyhow::Result<Vec<HookRun>> {
    run(stack, catalog, &|_| true)
}

/// Run the hooks that make something in the bases: an environment differs in nothing else.
///
/// # Errors
/// A mistake in the catalog.
pub fn run_for_environment(stack: &Stack, catalog: &Catalog) -> anyhow::Result<Vec<HookRun>> {
    run(stack, catalog, &|hook| {
        hook.outputs.iter().any(|output| is_of_environments(&output.path))
    })
}

/// Whether the pattern of a path may lie in the folder that environments look into.
fn is_of_environments(path: &str) -> bool {
    const BASES: &str = "k8s/deploy/base/";
    let fixed = path.split('{').next().unwrap_or_default();
    fixed.starts_with(BASES) || BASES.starts_with(fixed)
}

fn run(stack: &Stack, catalog: &Catalog, is_wanted: &dyn Fn(&HookType) -> bool) -> anyhow::Result<Vec<HookRun>> {
    let mut runs = Vec::new();
    for name in catalog.hook_names() {
        let Some(entry) = catalog.hook(name)? else { continue };
        let Some(function) = entry.definition.function.clone() else {
            continue;
        };
        if !BY_PLAN.contains(&function.as_str()) && is_wanted(&entry.definition) {
            let values = values(&entry.definition.name, &function, stack, catalog)?;
            runs.push(HookRun { entry, values });
        }
    }
    Ok(runs)
}

/// Hooks that select their items, sorted by name.
///
/// # Errors
/// A mistake in the catalog.
pub fn selecting(catalog: &Catalog) -> anyhow::Result<Vec<Rc<Entry<HookType>>>> {
    let found = of(catalog, None)?;
    found
        .iter()
        .try_for_each(|entry| ensure_known(&entry.definition, catalog))?;
    Ok(found)
}

/// A condition that names nothing would select nothing, without a word.
fn ensure_known(hook: &HookType, catalog: &Catalog) -> anyhow::Result<()> {
    let all = [("interface", catalog.interface_names()), ("type", catalog.type_names())];
    for output in &hook.outputs {
        let (interfaces, types) = output.each.names();
        for ((what, known), named) in all.iter().zip([interfaces, types]) {
            if let Some(wrong) = named
                .into_iter()
                .find(|name| known.binary_search(&name.as_str()).is_err())
            {
                let hint = suggestion(wrong, known).unwrap_or_default();
                bail!(Code::E_CATALOG_HOOK.fault(format!(
                    "hook `{}` asks for the {what} `{wrong}`, which does not exist; {hint}",
                    hook.name
                )))
            }
        }
    }
    Ok(())
}

/// Hooks whose items the function `name` makes, sorted by name.
///
/// # Errors
/// A mistake in the catalog.
pub fn of_function(catalog: &Catalog, name: &str) -> anyhow::Result<Vec<Rc<Entry<HookType>>>> {
    of(catalog, Some(name))
}

fn of(catalog: &Catalog, function: Option<&str>) -> anyhow::Result<Vec<Rc<Entry<HookType>>>> {
    let mut found = Vec::new();
    for name in catalog.hook_names() {
        let entry = catalog.hook(name)?;
        found.extend(entry.filter(|entry| entry.definition.function.as_deref() == function));
    }
    Ok(found)
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

fn values(hook: &str, function: &str, stack: &Stack, catalog: &Catalog) -> anyhow::Result<Map<String, Json>> {
    let Some((_, make)) = OF_THE_STACK.iter().find(|(name, _)| *name == function) else {
        let known: Vec<&str> = OF_THE_STACK.iter().map(|(name, _)| *name).chain(BY_PLAN).collect();
        let hint = suggestion(function, &known).unwrap_or_default();
        bail!(Code::E_CATALOG_HOOK.fault(format!(
            "hook `{hook}` names the function `{function}`, which does not exist; {hint}"
        )))
    };
    match make(stack, catalog)? {
        Json::Object(values) => Ok(values),
        _ => bail!(Code::E_CATALOG_HOOK.fault(format!("the values of hook `{hook}` are no mapping"))),
    }
}
