//! Everything between checking and the disk, in memory: the bases, and what environments change.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};

use crate::catalog::Catalog;
use crate::fault::Code;
use crate::hook;
use crate::plan::{self, Overlay, Plan};
use crate::render::{Renderer, Rendering, ensure_objects, ensure_sizes};
use crate::stack::{self, Stack};
use crate::topology::{EnvironmentDocument, Topology};
use crate::tree::Tree;

/// A tree, and the plans that its files stand in.
pub(super) struct Assembled {
    pub(super) tree: Tree,
    /// That of the bases, and that of what differs by environment.
    pub(super) plans: [Plan; 2],
}

/// The whole output tree of a stack.
///
/// # Errors
/// A mistake in the catalog.
pub(super) fn assemble(topology: &Topology, stack: &Stack, catalog: &Catalog) -> anyhow::Result<Tree> {
    assemble_with(&mut Renderer::new()?, topology, stack, catalog)
}

/// The same with a renderer that knows the templates of other stacks.
///
/// # Errors
/// A mistake in the catalog.
pub(super) fn assemble_with(
    renderer: &mut Renderer,
    topology: &Topology,
    stack: &Stack,
    catalog: &Catalog,
) -> anyhow::Result<Tree> {
    Ok(assemble_planned(renderer, topology, stack, catalog)?.tree)
}

/// The same with its plans.
///
/// # Errors
/// A mistake in the catalog.
pub(super) fn assemble_planned(
    renderer: &mut Renderer,
    topology: &Topology,
    stack: &Stack,
    catalog: &Catalog,
) -> anyhow::Result<Assembled> {
    let base = renderer.render(plan::plan(stack, catalog, hook::run_all(stack, catalog)?)?)?;
    ensure_sizes(&base.tree)?;
    let mut environments = Vec::new();
    for name in &stack.environments {
        let own = environment(topology, stack, catalog, name.as_str(), renderer, &base)?;
        environments.push((name, own));
    }
    let overlays: Vec<Overlay<'_>> = environments
        .iter()
        .map(|(name, own)| Overlay {
            name,
            stack: own.as_ref().map_or(stack, |(stack, _)| stack),
            tree: own.as_ref().map(|(_, tree)| tree),
            named: named(topology, name.as_str()),
        })
        .collect();
    let overlays = plan::plan_overlays(stack, catalog, &base.plan, &base.tree, &overlays)?;
    let overlays = renderer.render(overlays)?;
    let tree = base
        .tree
        .joined(overlays.tree)
        .map_err(|message| Code::E_OUTPUT_PATH.fault(message))?;
    ensure_objects(&tree)?;
    Ok(Assembled {
        tree,
        plans: [base.plan, overlays.plan],
    })
}

/// Components that the stack file names in an environment.
fn named<'a>(topology: &'a Topology, environment: &str) -> BTreeSet<&'a str> {
    let document = topology.document.environments.get(environment);
    let components = document.into_iter().flat_map(|document| document.components.keys());
    components.map(String::as_str).collect()
}

/// Whether anything of the environment is not as in the base.
pub(super) fn has_own_values(topology: &Topology, stack: &Stack, name: &str) -> bool {
    let document = topology.document.environments.get(name);
    stack.differs || document.is_some_and(EnvironmentDocument::differs)
}

/// The stack as an environment with values of its own sees it, and the bases as it would have them.
fn environment(
    topology: &Topology,
    base_stack: &Stack,
    catalog: &Catalog,
    name: &str,
    renderer: &mut Renderer,
    base: &Rendering,
) -> anyhow::Result<Option<(Stack, Tree)>> {
    if !has_own_values(topology, base_stack, name) {
        return Ok(None);
    }
    let stack = match stack::check::check(topology, catalog, Vec::new(), Some(name))? {
        Ok(stack) => stack,
        Err(findings) => {
            let told: Vec<String> = findings
                .iter()
                .map(|finding| format!("{}: {}", finding.code.as_str(), finding.message))
                .collect();
            bail!("the values of the environment `{name}` do not fit: {}", told.join("; "))
        }
    };
    let plan = plan::plan(&stack, catalog, hook::run_for_environment(&stack, catalog)?)?;
    let Rendering { tree, .. } = renderer.render_like(plan, base)?;
    ensure_sizes(&tree).with_context(|| format!("in the environment `{name}`"))?;
    Ok(Some((stack, tree)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::catalog::{self, AttributeKind, AttributeType};
    use crate::rel_path::RelPath;
    use crate::topology::{self, Source};
    use crate::tree::TreeFile;

    const EXAMPLE: &str = include_str!("../../generated-example/stack.yaml");
    const ENVIRONMENT: &str = "other";

    /// Values of the kind; a type may refuse them.
    fn values(attribute: &AttributeType) -> Vec<Json> {
        let ends = |(least, greatest): (i64, i64)| vec![json!(least), json!(greatest), json!(least.midpoint(greatest))];
        let words = |words: &[&str]| words.iter().map(|word| json!(word)).collect();
        match attribute.kind {
            _ if attribute.choices.is_some() => json!(attribute.choices).as_array().cloned().unwrap_or_default(),
            AttributeKind::Integer => attribute.range.map_or_else(|| vec![json!(7)], ends),
            AttributeKind::Boolean => vec![json!(true), json!(false)],
            AttributeKind::Quantity => words(&["7Gi", "700m"]),
            AttributeKind::Duration => words(&["36h", "9d"]),
            AttributeKind::Hostname => words(&["elsewhere.example.com"]),
            AttributeKind::Image => words(&["registry.example.com/other:9.9.9"]),
            AttributeKind::String => words(&["other", "/other"]),
            AttributeKind::Settings => vec![json!({ "LOG_LEVEL": "debug", "FEATURES": "a, b=c #d" })],
            AttributeKind::SecretNames => vec![json!(["MAIL_TOKEN"])],
            AttributeKind::Date => words(&["2031-01-31"]),
            AttributeKind::Ends | AttributeKind::Linked => Vec::new(),
        }
    }

    /// Every attribute of the stack's components with each value.
    fn overrides(document: &Json, catalog: &Catalog) -> Vec<(String, String, Json)> {
        let mut found = Vec::new();
        for (name, component) in document["components"].as_object().unwrap() {
            let entry = catalog
                .component_type(component["type"].as_str().unwrap())
                .unwrap()
                .unwrap();
            for (attribute, kind) in &entry.definition.attributes {
                let all = values(kind).into_iter();
                found.extend(all.map(|value| (name.clone(), attribute.clone(), value)));
            }
        }
        found
    }

    fn checked(document: &Json, catalog: &Catalog, environment: Option<&str>) -> Option<Stack> {
        let (name, text) = ("stack.yaml".to_owned(), document.to_string());
        let (topology, shape) = topology::parse(&Source { name, text }).ok()?;
        stack::check::check(&topology, catalog, shape, environment)
            .unwrap()
            .ok()
    }

    fn planned(stack: &Stack, catalog: &Catalog) -> Plan {
        plan::plan(stack, catalog, hook::run_all(stack, catalog).unwrap()).unwrap()
    }

    fn planned_for_environment(stack: &Stack, catalog: &Catalog) -> Plan {
        plan::plan(stack, catalog, hook::run_for_environment(stack, catalog).unwrap()).unwrap()
    }

    /// The document with those of `picked` that its types take; nothing where they take none.
    fn overridden(mut document: Json, picked: &[Index], catalog: &Catalog) -> Option<Json> {
        document["environments"] = json!({ ENVIRONMENT: {} });
        let overrides = overrides(&document, catalog);
        let before = document.clone();
        for (component, attribute, value) in picked.iter().map(|index| index.get(&overrides)) {
            let mut next = document.clone();
            next["environments"][ENVIRONMENT]["components"][component]["attributes"][attribute] = value.clone();
            if checked(&next, catalog, Some(ENVIRONMENT)).is_some() {
                document = next;
            }
        }
        (document != before).then_some(document)
    }

    /// The files that an overlay can show.
    fn shown(tree: &Tree) -> Vec<(&RelPath, &TreeFile)> {
        tree.below("k8s/deploy/base/").collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

        /// What an environment takes over from the base is what it would have rendered itself.
        #[test]
        fn sharing_changes_no_byte(
            dropped in proptest::collection::vec(any::<Index>(), 0..12),
            picked in proptest::collection::vec(any::<Index>(), 1..6),
        ) {
            let catalog = catalog::load(&[]).unwrap();
            let mut document = crate::yaml::parse(EXAMPLE).unwrap().to_json();
            let links = document["links"].as_array_mut().unwrap();
            dropped.iter().for_each(|index| drop(links.remove(index.index(links.len()))));
            let document = overridden(document, &picked, &catalog);
            prop_assume!(document.is_some());
            let stack = |environment| checked(document.as_ref().unwrap(), &catalog, environment).unwrap();
            let (base, other) = (stack(None), stack(Some(ENVIRONMENT)));
            let mut renderer = Renderer::new().unwrap();
            let base = renderer.render(planned(&base, &catalog)).unwrap();
            let shared = renderer.render_like(planned_for_environment(&other, &catalog), &base).unwrap();
            let whole = Renderer::new().unwrap().render(planned(&other, &catalog)).unwrap();
            let (shared, whole) = (shown(&shared.tree), shown(&whole.tree));
            prop_assert_eq!(shared.len(), whole.len());
            for (shared, whole) in shared.iter().zip(&whole) {
                prop_assert_eq!(shared, whole);
            }
        }
    }
}
