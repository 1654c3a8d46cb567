//! `stacktic gen`: the pipeline, one stage a line.

use serde_json::json;

use super::Streams;
use super::access::access;
use super::assemble::assemble;
use super::load::{Loaded, load};
use super::next_steps::next_steps;
use crate::catalog::Catalog;
use crate::cli::OutputArg;
use crate::disk;
use crate::exit::Exit;
use crate::finding::Finding;
use crate::layout::is_producible;
use crate::report::{self, AccessChange, Detail, NextStep};
use crate::settings::{GenSettings, Mode};
use crate::topology::Source;
use crate::tree::Changes;

pub(super) fn run(settings: &GenSettings, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Loaded { source, result } = load(&settings.stack_file, catalog)?;
    let (topology, stack) = match result {
        Ok(checked) => checked,
        Err(findings) => return refuse(&findings, &source, settings.output, streams),
    };
    let tree = assemble(&topology, &stack, catalog)?;
    let options = disk::Options {
        on_edit: settings.on_edit,
        max_deletes: settings.max_deletes,
        empty_stack: stack.components.is_empty(),
    };
    let purpose = match settings.mode {
        Mode::Write => disk::Purpose::Write,
        Mode::Check | Mode::DryRun | Mode::Diff => disk::Purpose::Look,
    };
    disk::ensure_no_link_of_a_repository(&settings.out, &settings.stack_folder)?;
    let mut output = disk::Output::open(&settings.out, purpose, &mut || tell_wait(settings, streams))?;
    let changes = output.diff(&tree, &options, &is_producible, &mut || tell_wait(settings, streams))?;
    let access = access(&tree, &changes, &output)?;
    let steps = match settings.mode {
        Mode::Write => next_steps(&stack, &tree, &changes, &output, settings)?,
        Mode::Check | Mode::DryRun | Mode::Diff => Vec::new(),
    };
    tell(&changes, &access, &steps, settings, streams)?;
    finish(output, &changes, settings, streams)
}

fn tell_wait(settings: &GenSettings, streams: &mut Streams<'_>) {
    let note = streams.style.hint("note");
    // A message that nobody can read is no reason not to wait.
    _ = writeln!(
        streams.messages,
        "{note}: another run of stacktic works in `{}`; waiting for it",
        settings.out.display()
    );
}

/// Tell the findings of a stack that cannot be generated.
pub(super) fn refuse(
    findings: &[Finding],
    source: &Source,
    output: OutputArg,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    match output {
        OutputArg::Text => write!(
            streams.messages,
            "{}",
            report::findings_text(findings, source, streams.style)
        )?,
        OutputArg::Json => writeln!(streams.out, "{:#}", report::findings_json(findings, source))?,
    }
    Ok(Exit::Error)
}

fn tell(
    changes: &Changes<'_>,
    access: &[AccessChange],
    steps: &[NextStep],
    settings: &GenSettings,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    match settings.output {
        OutputArg::Text => write!(
            streams.messages,
            "{}",
            report::changes_text(changes, access, detail(settings.mode), streams.style)
        )?,
        OutputArg::Json => {
            let mut report = report::changes_json(changes, access);
            report["next_steps"] = json!(steps);
            if settings.mode == Mode::Diff {
                report["diff"] = json!(report::unified_diff(changes));
            }
            writeln!(streams.out, "{report:#}")?;
            return Ok(());
        }
    }
    if settings.mode == Mode::Diff {
        write!(streams.out, "{}", report::unified_diff(changes))?;
    }
    if settings.mode == Mode::Write && changes.blocks() {
        writeln!(
            streams.messages,
            "{}: nothing was written",
            streams.style.error("error")
        )?;
    } else if settings.mode == Mode::Write && changes.reports() {
        writeln!(
            streams.messages,
            "{}: everything else was written",
            streams.style.hint("note")
        )?;
    }
    write!(streams.messages, "{}", report::next_steps_text(steps, streams.style))?;
    if settings.mode == Mode::Check && changes.pending() {
        let repair = format!("run `{}`", settings.command("gen", &["--catalog", "--out"]));
        writeln!(streams.messages, "{}: {repair}", streams.style.hint("hint"))?;
    }
    Ok(())
}

fn detail(mode: Mode) -> Detail {
    match mode {
        Mode::Diff => Detail::Diffs,
        Mode::Write | Mode::Check | Mode::DryRun => Detail::Lines,
    }
}

/// The last step, and the only one in which the modes differ.
fn finish(
    output: disk::Output,
    changes: &Changes<'_>,
    settings: &GenSettings,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let kept = match settings.mode {
        Mode::Write if !changes.blocks() => output.apply(changes)?,
        Mode::Check if changes.pending() || changes.reports() => return Ok(Exit::Pending),
        _ => Vec::new(),
    };
    write!(streams.messages, "{}", report::kept_text(&kept, streams.style))?;
    Ok(if changes.reports() || !kept.is_empty() {
        Exit::Refused
    } else {
        Exit::Done
    })
}
