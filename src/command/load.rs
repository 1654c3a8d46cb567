//! The first stages, which every command that reads a stack file shares.

use std::path::Path;

use super::Streams;
use super::others::Others;
use crate::catalog::{Catalog, FileFindings};
use crate::cli::{OutputArg, ReportArg};
use crate::exit::Exit;
use crate::finding::Finding;
use crate::report;
use crate::stack::{self, Stack};
use crate::topology::{self, Source, Topology};

/// A stack file that was read, and what came of it.
pub(super) struct Loaded {
    pub(super) source: Source,
    pub(super) result: Result<(Topology, Stack), Vec<Finding>>,
}

/// A stack file that was read, before anybody looked at what it means.
pub(super) struct Parsed {
    pub(super) source: Source,
    pub(super) result: Result<(Topology, Vec<Finding>), Vec<Finding>>,
}

/// Read and check a stack file.
///
/// # Errors
/// The file cannot be read, or the catalog is broken.
pub(super) fn load(stack_file: &Path, catalog: &Catalog) -> anyhow::Result<Loaded> {
    check(parse(stack_file)?, stack_file, catalog, &Others::default())
}

/// Read a stack file.
///
/// # Errors
/// The file cannot be read.
pub(super) fn parse(stack_file: &Path) -> anyhow::Result<Parsed> {
    Ok(parsed(topology::read(stack_file)?))
}

/// Read the text of a stack file.
pub(super) fn parsed((source, unreadable): (Source, Vec<Finding>)) -> Parsed {
    let result = match unreadable.is_empty() {
        true => topology::parse(&source),
        false => Err(unreadable),
    };
    Parsed { source, result }
}

/// Check a stack file; `others` are stacks of the same run.
///
/// # Errors
/// The catalog is broken.
pub(super) fn check(parsed: Parsed, stack_file: &Path, catalog: &Catalog, others: &Others) -> anyhow::Result<Loaded> {
    let Parsed { source, result } = parsed;
    let result = match result {
        Err(findings) => Err(findings),
        Ok((mut topology, mut findings)) => {
            let folder = stack_file.parent().unwrap_or(Path::new(""));
            findings.extend(others.describe(&mut topology, folder));
            stack::check::check(&topology, catalog, findings, None)?.map(|stack| (topology, stack))
        }
    };
    Ok(Loaded { source, result })
}

/// Tell the findings of stacks that cannot be generated.
pub(super) fn refuse(files: &[FileFindings], output: ReportArg, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    match output.form() {
        Err(OutputArg::Text) => {
            for FileFindings { source, findings } in files {
                let text = report::findings_text(findings, source, streams.style);
                write!(streams.messages, "{text}")?;
            }
        }
        Err(OutputArg::Json) => writeln!(streams.out, "{:#}", report::findings_json(files))?,
        Ok(form) => {
            let checked: Vec<String> = files.iter().map(|file| file.source.name.clone()).collect();
            write!(
                streams.out,
                "{}",
                report::print(form, &report::of_findings(files), &checked)
            )?;
        }
    }
    Ok(Exit::Error)
}
