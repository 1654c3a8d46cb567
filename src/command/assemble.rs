//! Everything between checking and the disk, in memory: the bases, and what environments change.

use anyhow::{Context as _, bail};

use crate::catalog::Catalog;
use crate::fault::Code;
use crate::hook;
use crate::plan::{self, Overlay};
use crate::render::{ensure_objects, ensure_sizes, render};
use crate::stack::{self, Stack};
use crate::topology::Topology;
use crate::tree::Tree;

/// The whole output tree of a stack.
///
/// # Errors
/// A mistake in the catalog.
pub(super) fn assemble(topology: &Topology, stack: &Stack, catalog: &Catalog) -> anyhow::Result<Tree> {
    let base = plan::plan(stack, catalog, hook::run_all(stack, catalog)?)?;
    let mut tree = render(&base)?;
    ensure_sizes(&tree)?;
    let mut environments = Vec::new();
    for name in &stack.environments {
        environments.push((name, environment_tree(topology, catalog, name.as_str())?));
    }
    let overlays: Vec<Overlay<'_>> = environments
        .iter()
        .map(|(name, tree)| Overlay {
            name,
            tree: tree.as_ref(),
        })
        .collect();
    let overlays = render(&plan::plan_overlays(stack, catalog, &base, &tree, &overlays)?)?;
    for (name, environment) in &mut environments {
        // An environment's Applications follow its own values, whole.
        if let Some(environment) = environment.take() {
            tree.replace_below(&format!("argocd/{name}/"), environment);
        }
    }
    let tree = tree
        .joined(overlays)
        .map_err(|message| Code::E_OUTPUT_PATH.fault(message))?;
    ensure_objects(&tree)?;
    Ok(tree)
}

/// The bases as an environment with overrides would have them.
fn environment_tree(topology: &Topology, catalog: &Catalog, name: &str) -> anyhow::Result<Option<Tree>> {
    let overrides = topology
        .document
        .environments
        .get(name)
        .is_some_and(|environment| !environment.components.is_empty());
    if !overrides {
        return Ok(None);
    }
    let stack = match stack::check::check(topology, catalog, Vec::new(), Some(name))? {
        Ok(stack) => stack,
        Err(findings) => {
            let told: Vec<String> = findings
                .iter()
                .map(|finding| format!("{}: {}", finding.code.as_str(), finding.message))
                .collect();
            bail!(
                "the overrides of the environment `{name}` do not fit: {}",
                told.join("; ")
            )
        }
    };
    let plan = plan::plan(&stack, catalog, hook::run_all(&stack, catalog)?)?;
    let tree = render(&plan)?;
    ensure_sizes(&tree).with_context(|| format!("in the environment `{name}`"))?;
    Ok(Some(tree))
}
