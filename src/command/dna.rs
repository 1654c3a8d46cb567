//! `stacktic dna`: the stack in one read, from a stack file, byte for byte what its MCP server serves.

use serde_json::json;

use super::Streams;
use super::load::{Loaded, load, refuse};
use crate::catalog::{Catalog, FileFindings};
use crate::cli::{DetailArg, DnaArgs, OutputArg};
use crate::exit::Exit;
use crate::finding::suggestion;
use crate::hook::stack_dna::{self, Dna, Size};
use crate::stack::{self, Stack};
use crate::topology::Topology;

pub(super) fn run(args: &DnaArgs, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Loaded { source, result } = load(&args.stack, catalog)?;
    let (topology, stack) = match result {
        Ok(good) => good,
        Err(findings) => return refuse(&[FileFindings { source, findings }], args.output.into(), streams),
    };
    let stack = match &args.environment {
        None => stack,
        Some(name) => match seen_by(name, &topology, &stack, catalog, streams)? {
            Some(own) => own,
            None => return Ok(Exit::Error),
        },
    };
    let size = match args.detail {
        DetailArg::Brief => Size::Brief,
        DetailArg::Normal => Size::Normal,
        DetailArg::Full => Size::Full,
    };
    if let Some(dna) = stack_dna::documents(&stack)?.into_iter().find(|dna| dna.size == size) {
        print(&dna, &stack, args.output, streams)?;
    }
    Ok(Exit::Done)
}

fn print(dna: &Dna, stack: &Stack, output: OutputArg, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    match output {
        OutputArg::Text => write!(streams.out, "{}", dna.text)?,
        OutputArg::Json => writeln!(
            streams.out,
            "{:#}",
            json!({
                "stack": stack.name.as_str(),
                "detail": dna.size.word(),
                "digest": dna.digest,
                "tokens": dna.tokens,
                "budget": dna.size.budget(),
                "document": dna.text,
            })
        )?,
    }
    Ok(())
}

/// The stack as an environment sees it; nothing where it has none of that name.
fn seen_by(
    name: &str,
    topology: &Topology,
    stack: &Stack,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Option<Stack>> {
    let known: Vec<&str> = stack.environments.iter().map(|known| known.as_str()).collect();
    if !known.contains(&name) {
        let error = streams.style.error("error");
        writeln!(
            streams.messages,
            "{error}: the stack has no environment `{name}`; {}",
            suggestion(name, &known).unwrap_or_default()
        )?;
        return Ok(None);
    }
    match stack::check::check(topology, catalog, Vec::new(), Some(name))? {
        Ok(own) => Ok(Some(own)),
        Err(findings) => {
            for finding in findings {
                writeln!(streams.messages, "{}: {}", finding.code.as_str(), finding.message)?;
            }
            Ok(None)
        }
    }
}
