//! Check a topology against the catalog; the only maker of a [`Stack`].
//!
//! One rule a file, each a function that adds findings. The rules run on the document; the model is
//! built only when none of them found anything.

mod account_names;
mod bounds;
mod build;
mod choice;
mod cluster_needs;
mod collisions;
mod components;
mod connections;
mod deliveries;
mod delivery;
mod dns;
mod ends;
mod env_keys;
mod environments;
mod followed;
mod given;
mod levels;
mod link_types;
mod links;
mod misplaced;
mod names;
mod operators;
mod profiles;
mod published;
mod settings;
mod shared_accounts;
mod taken_variables;
mod texts;
pub(crate) mod together;
mod values;
mod variables;
mod wanted_links;

use super::Stack;
use crate::catalog::Catalog;
use crate::finding::{Finding, suggestion};
use crate::topology::Topology;

/// What rules look at and where they report.
pub(crate) struct Checker<'a> {
    topology: &'a Topology,
    catalog: &'a Catalog,
    findings: Vec<Finding>,
}

/// After so many findings nobody reads hints, and looking for near names costs.
const MAX_SUGGESTIONS: usize = 100;

impl Checker<'_> {
    /// The name at the end of `path`, with its line: `kafka` (line 6).
    fn on_line(&self, path: &[&str]) -> String {
        let name = path.last().copied().unwrap_or_default();
        format!("`{name}` (line {})", self.topology.key_place(path).line)
    }

    /// The hint of a mistyped name, while there are few findings.
    fn suggest<'n>(&self, name: &str, candidates: impl FnOnce() -> Vec<&'n str>) -> Option<String> {
        if self.findings.len() >= MAX_SUGGESTIONS {
            None
        } else {
            suggestion(name, &candidates())
        }
    }
}

/// Check `topology`; `shape` is what its shape is already blamed for, `environment` names the overlay
/// whose values count.
///
/// # Errors
/// A mistake in the catalog. The user's own mistakes are the findings, sorted by place.
pub fn check(
    topology: &Topology,
    catalog: &Catalog,
    shape: Vec<Finding>,
    environment: Option<&str>,
) -> anyhow::Result<Result<Stack, Vec<Finding>>> {
    let mut checker = Checker {
        topology,
        catalog,
        findings: shape,
    };
    texts::check(&mut checker);
    names::check(&mut checker);
    misplaced::check(&mut checker)?;
    components::check(&mut checker)?;
    deliveries::check(&mut checker)?;
    delivery::check(&mut checker);
    dns::check(&mut checker);
    cluster_needs::check(&mut checker)?;
    operators::check(&mut checker)?;
    environments::check(&mut checker)?;
    let resolved = links::check(&mut checker)?;
    wanted_links::check(&mut checker, &resolved)?;
    wanted_links::check_settings(&mut checker, &resolved);
    followed::check(&mut checker, &resolved);
    published::check(&mut checker, &resolved)?;
    bounds::check(&mut checker, &resolved)?;
    cluster_needs::check_links(&mut checker, &resolved);
    if !checker.findings.is_empty() {
        return Ok(Err(sorted(checker.findings)));
    }
    let stack = build::build(topology, catalog, environment, resolved)?;
    collisions::check(&mut checker, &stack);
    account_names::check(&mut checker, &stack)?;
    env_keys::check(&mut checker, &stack);
    taken_variables::check(&mut checker, &stack);
    connections::check(&mut checker, &stack);
    profiles::check(&mut checker, &stack);
    shared_accounts::check(&mut checker, &stack);
    if checker.findings.is_empty() {
        Ok(Ok(stack))
    } else {
        Ok(Err(sorted(checker.findings)))
    }
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings
        .sort_by(|left, right| (left.span, left.code, &left.message).cmp(&(right.span, right.code, &right.message)));
    findings.dedup();
    findings
}
