//! The two topologies of `diff` and `impact`: each a file, or a file as it was in a git revision.
//!
//! In: what was typed. Out: two checked stacks, as environments see them, too. All is read and nothing written: what is generated
//! of an older topology is in memory alone.

mod git;
mod place;

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::assemble::has_own_values;
use super::load::{Loaded, Parsed, check, parse, parsed};
use super::others::{Others, named};
use crate::catalog::{Catalog, FileFindings};
use crate::cli::SidesArgs;
use crate::name::ComponentName;
use crate::stack::difference::{Snapshot, View};
use crate::stack::{self, Stack};
use crate::topology::{self, Topology};
use place::{Place, Revised};

/// Largest metadata of another stack that is read from a revision.
const MAX_METADATA: u64 = 64 << 20;

/// One of the two topologies.
pub(super) struct Side {
    /// `stack.yaml` or `main:stack.yaml`.
    pub(super) name: String,
    /// The commit, where it is of one.
    pub(super) commit: Option<String>,
    pub(super) topology: Topology,
    pub(super) stack: Stack,
    /// As the environments see it that have values of their own.
    pub(super) environments: Vec<(ComponentName, Stack)>,
    /// What who compares should know of it.
    pub(super) notes: Vec<String>,
}

pub(super) struct Sides {
    pub(super) from: Side,
    pub(super) to: Side,
}

/// A topology that was read.
struct Read {
    parsed: Parsed,
    /// Where it lies, or would.
    file: PathBuf,
    commit: Option<String>,
    others: Others,
    notes: Vec<String>,
}

impl Side {
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.topology.document, &self.stack, &self.environments)
    }

    pub(super) fn view(&self) -> View<'_> {
        View {
            base: &self.stack,
            environments: &self.environments,
        }
    }
}

impl Sides {
    /// What who compares should know of both.
    pub(super) fn notes(&self) -> Vec<String> {
        [&self.from, &self.to]
            .into_iter()
            .flat_map(|side| side.notes.iter().cloned())
            .collect()
    }
}

/// Read and check both; the findings of those that are not good are the inner error.
///
/// # Errors
/// One of them cannot be read, or the catalog is broken.
pub(super) fn load(args: &SidesArgs, catalog: &Catalog) -> anyhow::Result<Result<Sides, Vec<FileFindings>>> {
    let from = place::of("--from", &args.from, &args.stack)?;
    let to = match &args.to {
        Some(to) => place::of("--to", to, &args.stack)?,
        None => Place::File(args.stack.clone()),
    };
    if let (Place::File(from), Place::File(to)) = (&from, &to)
        && [from, to].iter().all(|file| file.as_os_str() == "-")
    {
        bail!("standard input can be read once: name a file or a revision for one of the two");
    }
    match (side(from, catalog)?, side(to, catalog)?) {
        (Ok(from), Ok(to)) => Ok(Ok(Sides { from, to })),
        (from, to) => Ok(Err([from.err(), to.err()].into_iter().flatten().collect())),
    }
}

fn side(place: Place, catalog: &Catalog) -> anyhow::Result<Result<Side, FileFindings>> {
    let Read {
        parsed,
        file,
        commit,
        others,
        notes,
    } = match place {
        Place::File(file) => Read {
            parsed: parse(&file)?,
            file,
            commit: None,
            others: Others::default(),
            notes: Vec::new(),
        },
        Place::Revision(revised) => read(*revised)?,
    };
    let Loaded { source, result } = check(parsed, &file, catalog, &others)?;
    let (topology, stack) = match result {
        Ok(good) => good,
        Err(findings) => return Ok(Err(FileFindings { source, findings })),
    };
    let mut environments = Vec::new();
    for name in &stack.environments {
        if !has_own_values(&topology, &stack, name.as_str()) {
            continue;
        }
        match stack::check::check(&topology, catalog, Vec::new(), Some(name.as_str()))? {
            Ok(own) => environments.push((name.clone(), own)),
            Err(findings) => return Ok(Err(FileFindings { source, findings })),
        }
    }
    Ok(Ok(Side {
        name: source.name,
        commit,
        topology,
        stack,
        environments,
        notes,
    }))
}

/// A stack file of a revision, with the metadata of other stacks that it names as they were then.
fn read(revised: Revised) -> anyhow::Result<Read> {
    let Revised {
        repository,
        name,
        commit,
        path,
        bytes,
    } = revised;
    let parsed = parsed(topology::source(name, &bytes));
    let file = repository.top.join(&path);
    let (mut others, mut notes) = (Others::default(), Vec::new());
    if let Ok((topology, _)) = &parsed.result {
        let folder = file.parent().unwrap_or(Path::new(""));
        for wanted in named(topology, folder) {
            let inside = wanted.strip_prefix(&repository.top).ok().and_then(Path::to_str);
            let found = inside
                .map(|path| repository.file(&commit, path, MAX_METADATA))
                .transpose()?;
            match found {
                Some(git::Found::File(bytes)) => {
                    others.insert_text(&wanted, String::from_utf8_lossy(&bytes).into_owned());
                }
                _ => notes.push(format!(
                    "the metadata `{}` is not in `{}`: it is read as it is on disk now",
                    inside.map_or_else(|| wanted.display().to_string(), str::to_owned),
                    parsed.source.name,
                )),
            }
        }
    }
    Ok(Read {
        parsed,
        file,
        commit: Some(commit),
        others,
        notes,
    })
}
