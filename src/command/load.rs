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
        Ok((topology, shape)) => stack::check::check(&topology, catalog, shape, None)?.map(|stack| (topology, stack)),
    };
    Ok(Loaded { source, result })
}
