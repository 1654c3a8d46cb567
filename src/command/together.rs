//! Stacks of one run: read in the order in which they take from each other, then checked against each other.

use std::path::{Path, PathBuf};

use super::load::{Loaded, Parsed, check, parse};
use super::others::{Others, named, place};
use crate::catalog::{Catalog, FileFindings};
use crate::finding::Finding;
use crate::metadata;
use crate::stack::Stack;
use crate::stack::check::check as check_stack;
use crate::stack::check::together::{self, Member};
use crate::topology::{Source, Topology};

/// A checked stack.
pub(super) struct Checked {
    pub(super) source: Source,
    pub(super) topology: Topology,
    pub(super) stack: Stack,
}

/// Where a stack is read from and written to.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) stack_file: &'a Path,
    pub(super) out: &'a Path,
}

/// Read and check stacks, each for itself and all together.
///
/// # Errors
/// A file cannot be read, or the catalog is broken. What is wrong with the stacks are the findings.
pub(super) fn load_all(
    places: &[Place<'_>],
    catalog: &Catalog,
) -> anyhow::Result<Result<Vec<Checked>, Vec<FileFindings>>> {
    let loaded = each(places, catalog)?;
    if loaded.iter().any(|one| one.result.is_err()) {
        let refused = loaded.into_iter().filter_map(|one| {
            let (source, findings) = (one.source, one.result.err()?);
            Some(FileFindings { source, findings })
        });
        return Ok(Err(refused.collect()));
    }
    let checked = loaded.into_iter().filter_map(|one| {
        let (source, (topology, stack)) = (one.source, one.result.ok()?);
        Some(Checked {
            source,
            topology,
            stack,
        })
    });
    let checked: Vec<Checked> = checked.collect();
    let findings = collisions(&checked, places, catalog)?;
    if findings.iter().all(Vec::is_empty) {
        return Ok(Ok(checked));
    }
    let refused = checked.into_iter().zip(findings);
    let refused = refused.map(|(one, findings)| FileFindings {
        source: one.source,
        findings,
    });
    Ok(Err(refused.filter(|one| !one.findings.is_empty()).collect()))
}

/// Each for itself; one that takes from the metadata of another sees it as this run makes it.
fn each(places: &[Place<'_>], catalog: &Catalog) -> anyhow::Result<Vec<Loaded>> {
    let mut open = Vec::new();
    for (position, one) in places.iter().enumerate() {
        open.push((position, parse(one.stack_file)?));
    }
    let mut others = Others::default();
    let mut loaded = Vec::new();
    while !open.is_empty() {
        // Stacks that take from each other in a circle read what is on disk.
        let next = open
            .iter()
            .position(|(own, parsed)| !waits(*own, parsed, &open, places));
        let (position, parsed) = open.remove(next.unwrap_or_default());
        let one = check(parsed, places[position].stack_file, catalog, &others)?;
        if let Ok((_, stack)) = &one.result {
            others.insert(&place(places[position].out), metadata::of(stack));
        }
        loaded.push((position, one));
    }
    loaded.sort_by_key(|(position, _)| *position);
    Ok(loaded.into_iter().map(|(_, one)| one).collect())
}

/// Whether a stack takes from another that is still to be read.
fn waits(own: usize, parsed: &Parsed, open: &[(usize, Parsed)], places: &[Place<'_>]) -> bool {
    let Ok((topology, _)) = &parsed.result else {
        return false;
    };
    let folder = places[own].stack_file.parent().unwrap_or(Path::new(""));
    let wanted: Vec<PathBuf> = named(topology, folder).collect();
    let mut others = open.iter().filter(|(other, _)| *other != own);
    others.any(|(other, _)| wanted.contains(&place(places[*other].out)))
}

fn collisions(checked: &[Checked], places: &[Place<'_>], catalog: &Catalog) -> anyhow::Result<Vec<Vec<Finding>>> {
    if checked.len() < 2 {
        return Ok(vec![Vec::new(); checked.len()]);
    }
    let mut environments = Vec::new();
    for one in checked {
        let mut found = Vec::new();
        for name in &one.stack.environments {
            found.extend(check_stack(&one.topology, catalog, Vec::new(), Some(name.as_str()))?.ok());
        }
        environments.push(found);
    }
    let outs: Vec<PathBuf> = places.iter().map(|one| place(one.out)).collect();
    let members = checked.iter().zip(&environments).zip(&outs);
    let members = members.filter_map(|((one, environments), out)| {
        Some(Member {
            file: &one.source.name,
            out: out.parent()?,
            topology: &one.topology,
            stack: &one.stack,
            environments,
        })
    });
    together::check(&members.collect::<Vec<_>>(), catalog)
}
