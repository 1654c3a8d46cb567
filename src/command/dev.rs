//! `stacktic dev`: generate into the cache, then run what was generated.

use super::Streams;
use super::assemble::assemble;
use super::load::{Loaded, load, refuse};
use crate::catalog::{Catalog, FileFindings};
use crate::dev::{self, Problem, StackCache};
use crate::disk;
use crate::exit::Exit;
use crate::layout::is_producible;
use crate::plan::package_of;
use crate::settings::DevSettings;
use crate::stack::Stack;
use crate::topology::Topology;

pub(super) fn run(settings: &DevSettings, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    if settings.stack_file.as_os_str() == "-" {
        let problem = Problem::new("`dev` needs a stack file, not standard input");
        return tell(&problem, streams);
    }
    let Loaded { source, result } = load(&settings.stack_file, catalog)?;
    let (topology, stack) = match result {
        Ok(checked) => checked,
        Err(findings) => return refuse(&[FileFindings { source, findings }], settings.output.into(), streams),
    };
    match serve(settings, &topology, &stack, catalog, streams) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => match error.downcast_ref::<Problem>() {
            Some(problem) => tell(problem, streams),
            None => Err(error),
        },
    }
}

fn serve(
    settings: &DevSettings,
    topology: &Topology,
    stack: &Stack,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    let target = dev::choose(stack, catalog, settings.server.as_deref())?;
    let cache = StackCache::take(&settings.options.cache, &settings.stack_file)?;
    let tree = assemble(topology, stack, catalog)?;
    // Nobody works in the cache: what differs there is made again.
    let options = disk::Options {
        on_edit: disk::OnEdit::Overwrite,
        max_deletes: Some(usize::MAX),
        empty_stack: false,
    };
    let mut output = disk::Output::open(&cache.out(), disk::Purpose::Write, &mut || {})?;
    let changes = output.diff(&tree, &options, &is_producible, &mut || {})?;
    if changes.blocks() {
        let problem = Problem::new(format!("files in the way of `dev` lie in `{}`", cache.out().display()));
        return Err(problem.hint("remove that folder: it is made again").into());
    }
    output.apply(&changes)?;
    let files = package_of(stack, target.server)?;
    dev::serve(
        &settings.options,
        &target,
        &files,
        &cache,
        streams.out,
        streams.messages,
    )
}

fn tell(problem: &Problem, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    writeln!(
        streams.messages,
        "{}: {}",
        streams.style.error("error"),
        problem.message
    )?;
    for line in &problem.detail {
        writeln!(streams.messages, "  {line}")?;
    }
    if let Some(hint) = &problem.hint {
        writeln!(streams.messages, "{}: {hint}", streams.style.hint("hint"))?;
    }
    Ok(Exit::Error)
}
