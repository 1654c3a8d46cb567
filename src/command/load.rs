//! The first stages, which every command that reads a stack file shares.

use std::path::Path;

use crate::catalog::Catalog;
use crate::finding::Finding;
use crate::stack::{self, Stack};
use crate::topology::{self, Source, Topology};

/// A stack file that was read, and what came of it.
pub(super) struct Loaded {
    pub(super) source: Source,
    pub(super) result: Result<(Topology, Stack), Vec<Finding>>,
}

/// Read and check a stack file.
///
/// # Errors
/// The file cannot be read, or the catalog is broken.
pub(super) fn load(stack_file: &Path, catalog: &Catalog) -> anyhow::Result<Loaded> {
    let (source, unreadable) = topology::read(stack_file)?;
    if !unreadable.is_empty() {
        return Ok(Loaded {
            source,
            result: Err(unreadable),
        });
    }
    let result = match topology::parse(&source) {
        Err(findings) => Err(findings),
        Ok((topology, shape)) => match stack::check::check(&topology, catalog, None)? {
            Ok(stack) if shape.is_empty() => Ok((topology, stack)),
            Ok(_) => Err(shape),
            Err(findings) => Err(merged(shape, findings)),
        },
    };
    Ok(Loaded { source, result })
}

fn merged(mut findings: Vec<Finding>, more: Vec<Finding>) -> Vec<Finding> {
    findings.extend(more);
    findings
        .sort_by(|left, right| (left.span, left.code, &left.message).cmp(&(right.span, right.code, &right.message)));
    findings
}
