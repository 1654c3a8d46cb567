//! Types on trial: a stack of one component, without sub-components and with one of each kind.

use anyhow::Context as _;

use super::blame::Case;
use super::smallest::{self, NAME};
use super::suspects::Suspect;
use super::trial::Trials;
use crate::agent::check::Check;
use crate::agent::pipeline;
use crate::agent::query::{Index, Query};
use crate::catalog::{ComponentType, Entry, SCHEME};
use crate::fault::Code;
use crate::metadata;
use crate::plan::matches;
use crate::stack::Stack;
use crate::topology::Source;
use crate::tree::Tree;

/// Try the types under check.
///
/// # Errors
/// A file cannot be read.
pub(super) fn types(trials: &mut Trials<'_>) -> anyhow::Result<()> {
    for name in trials.suspects.types() {
        let entry = trials.catalog.component_type(name)?;
        let entry = entry.with_context(|| format!("type `{name}`"))?;
        one(trials, &entry)?;
    }
    Ok(())
}

/// The trial of a component of the type `name` alone.
pub(super) fn case(trials: &Trials<'_>, name: &str, source: Source) -> Case {
    Case {
        source,
        told: "such a component alone".to_owned(),
        is_link: false,
        may_be_refused: false,
        suspects: trials.suspects.of_type(name),
    }
}

fn one(trials: &mut Trials<'_>, entry: &Entry<ComponentType>) -> anyhow::Result<()> {
    let mut last = None;
    for source in smallest::alone(&entry.definition) {
        let case = case(trials, entry.name(), source);
        let Some((stack, tree)) = trials.run(&case)? else {
            return Ok(());
        };
        last = case.suspects.into_iter().next().map(|own| (own, stack, tree));
    }
    if let Some((own, stack, tree)) = last {
        health(trials, &own, entry, &stack)?;
        config_maps(trials, &own, entry, &tree)?;
    }
    Ok(())
}

/// Every sentence compiles for the component that it is a sentence of.
fn health(trials: &mut Trials<'_>, own: &Suspect, entry: &Entry<ComponentType>, stack: &Stack) -> anyhow::Result<()> {
    let metadata = serde_json::to_vec(&metadata::of(stack)).context("the stack metadata is plain data")?;
    let index = Index::load(&metadata).context("the stack metadata")?;
    let context = pipeline::context(&index);
    let query = Query::new(NAME, "component");
    for (position, sentence) in entry.definition.health.iter().enumerate() {
        let sentence = &sentence.replace(SCHEME, "http");
        let refusal = match Check::parse(sentence) {
            Err(refusal) => Some(refusal),
            Ok(_) => match pipeline::jobs(&index, &context, &query, sentence) {
                Err(pipeline::PipelineError::Check(refusal)) => Some(refusal),
                _ => None,
            },
        };
        if let Some(refusal) = refusal {
            let fact = format!("the Stack Agent refuses this check: {}", refusal.message);
            let hint =
                "a check is a sentence of the agent's language, such as `nc -z {host} {port}`; there is no shell";
            let field = ["health", &position.to_string()];
            trials.blame.entry(own, &field, Code::E_CATALOG_HEALTH, fact, hint)?;
        }
    }
    Ok(())
}

/// A ConfigMap that no file goes into would not be made, and a pod that mounts it not start.
fn config_maps(
    trials: &mut Trials<'_>,
    own: &Suspect,
    entry: &Entry<ComponentType>,
    tree: &Tree,
) -> anyhow::Result<()> {
    let folder = format!("k8s/deploy/base/{NAME}/");
    let files: Vec<&str> = tree
        .below(&folder)
        .filter_map(|(path, _)| path.as_str().strip_prefix(&folder))
        .collect();
    for (name, patterns) in &entry.definition.config_maps {
        for (position, pattern) in patterns.iter().enumerate() {
            if !files.iter().any(|file| matches(pattern, file)) {
                let fact = format!("no file of a component is called `{pattern}`");
                let hint = "name files that the type makes or copies";
                let field = ["config_maps", name, &position.to_string()];
                trials.blame.entry(own, &field, Code::E_CATALOG_FILE, fact, hint)?;
            }
        }
    }
    Ok(())
}
