//! Trials: a stack goes through the whole pipeline, in memory, and what does not work is told with the entry, the template
//! or the field that it is due to.

use std::path::Path;

use super::blame::{Blame, Case};
use super::hooked::Unreached;
use super::suspects::Suspects;
use super::texts;
use crate::catalog::{Catalog, Report};
use crate::command::assemble::assemble_with;
use crate::finding::Finding;
use crate::render::Renderer;
use crate::stack::{self, Stack};
use crate::topology::{self, Source};
use crate::tree::Tree;

/// The trials of the entries below a folder.
pub(super) struct Trials<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) suspects: Suspects<'a>,
    pub(super) blame: Blame<'a>,
    pub(super) unreached: Unreached,
    /// It reads a template once, for all stacks.
    renderer: Renderer,
    /// How many stacks were tried.
    pub(super) count: usize,
}

/// What becomes of a stack.
enum Outcome {
    Made(Box<Stack>, Tree),
    /// A person's stack of this kind would be refused.
    Refused(Vec<Finding>),
    /// A fault of the catalog, or of the world.
    Failed(anyhow::Error),
}

impl<'a> Trials<'a> {
    /// Trials of what lies below `folder`; of all entries without one.
    ///
    /// # Errors
    /// An entry is broken.
    pub(super) fn new(catalog: &'a Catalog, folder: Option<&'a Path>) -> anyhow::Result<Self> {
        let suspects = Suspects::below(catalog, folder)?;
        Ok(Self {
            catalog,
            unreached: Unreached::of(suspects.hooks()),
            suspects,
            blame: Blame::new(catalog),
            renderer: Renderer::new()?,
            count: 0,
        })
    }

    pub(super) fn into_report(self) -> Report {
        self.blame.into_report()
    }

    /// The stack and its output, or a finding.
    pub(super) fn run(&mut self, case: &Case) -> anyhow::Result<Option<(Box<Stack>, Tree)>> {
        self.count += 1;
        match outcome(&mut self.renderer, &case.source, self.catalog) {
            Outcome::Made(stack, tree) => {
                self.unreached.look_at(&stack);
                texts::check(case, &stack, &tree, &mut self.blame)?;
                return Ok(Some((stack, tree)));
            }
            Outcome::Refused(_) if case.may_be_refused => {}
            Outcome::Refused(findings) => self.blame.refused(case, findings)?,
            Outcome::Failed(error) => self.blame.fault(case, error)?,
        }
        Ok(None)
    }
}

/// What a person's stack would go through.
fn outcome(renderer: &mut Renderer, source: &Source, catalog: &Catalog) -> Outcome {
    let (topology, shape) = match topology::parse(source) {
        Ok(parsed) => parsed,
        Err(findings) => return Outcome::Refused(findings),
    };
    let stack = match stack::check::check(&topology, catalog, shape, None) {
        Ok(Ok(stack)) => stack,
        Ok(Err(findings)) => return Outcome::Refused(findings),
        Err(error) => return Outcome::Failed(error),
    };
    match assemble_with(renderer, &topology, &stack, catalog) {
        Ok(tree) => Outcome::Made(Box::new(stack), tree),
        Err(error) => Outcome::Failed(error),
    }
}
