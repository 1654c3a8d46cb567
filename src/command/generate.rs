//! `stacktic gen`: the pipeline, one stage a line, for one stack or for several that share clusters.

use serde_json::{Value as Json, json};

use super::access::access;
use super::assemble::assemble;
use super::load::refuse;
use super::next_steps::next_steps;
use super::together::{Checked, Place, load_all};
use super::{Streams, notes};
use crate::catalog::Catalog;
use crate::cli::OutputArg;
use crate::disk;
use crate::exit::Exit;
use crate::layout::is_producible;
use crate::report::{self, AccessChange, Detail, NextStep};
use crate::settings::{GenSettings, Mode};
use crate::tree::{Changes, Tree};

/// A stack in memory.
struct Made<'a> {
    settings: &'a GenSettings,
    checked: Checked,
    tree: Tree,
}

/// What a run would change on disk, and what it would tell.
struct Work<'a> {
    made: &'a Made<'a>,
    output: disk::Output,
    changes: Changes<'a>,
    access: Vec<AccessChange>,
    steps: Vec<NextStep>,
}

/// Every stack is in memory, and compared, before anything is told or written; where one is refused none is written.
pub(super) fn run(all: &[GenSettings], catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let places: Vec<Place<'_>> = all.iter().map(place).collect();
    let checked = match load_all(&places, catalog)? {
        Ok(checked) => checked,
        Err(files) => {
            let output = all.first().map_or(OutputArg::Text, |settings| settings.output);
            return refuse(&files, output, streams);
        }
    };
    let made = all
        .iter()
        .zip(checked)
        .map(|(settings, checked)| make(settings, checked, catalog));
    let made = made.collect::<anyhow::Result<Vec<_>>>()?;
    let works = made.iter().map(|one| compare(one, streams));
    let works = works.collect::<anyhow::Result<Vec<_>>>()?;
    let is_blocked = works.iter().any(|work| work.changes.blocks());
    tell(&works, is_blocked, streams)?;
    let mut exit = Exit::Done;
    for work in works {
        exit = exit.or_worse(finish(work, is_blocked, streams)?);
    }
    Ok(exit)
}

fn place(settings: &GenSettings) -> Place<'_> {
    Place {
        stack_file: &settings.stack_file,
        out: &settings.out,
    }
}

fn make<'a>(settings: &'a GenSettings, checked: Checked, catalog: &Catalog) -> anyhow::Result<Made<'a>> {
    let tree = assemble(&checked.topology, &checked.stack, catalog)?;
    Ok(Made {
        settings,
        checked,
        tree,
    })
}

fn compare<'a>(made: &'a Made<'a>, streams: &mut Streams<'_>) -> anyhow::Result<Work<'a>> {
    let Made {
        settings,
        checked,
        tree,
    } = made;
    let options = disk::Options {
        on_edit: settings.on_edit,
        max_deletes: settings.max_deletes,
        empty_stack: checked.stack.components.is_empty(),
    };
    let purpose = match settings.mode {
        Mode::Write => disk::Purpose::Write,
        Mode::Check | Mode::DryRun | Mode::Diff => disk::Purpose::Look,
    };
    disk::ensure_no_link_of_a_repository(&settings.out, &settings.stack_folder)?;
    let mut output = disk::Output::open(&settings.out, purpose, &mut || tell_wait(settings, streams))?;
    let changes = output.diff(tree, &options, &is_producible, &mut || tell_wait(settings, streams))?;
    let access = access(tree, &changes, &output)?;
    let steps = match settings.mode {
        Mode::Write => next_steps(&checked.stack, tree, &changes, &output, settings)?,
        Mode::Check | Mode::DryRun | Mode::Diff => Vec::new(),
    };
    Ok(Work {
        made,
        output,
        changes,
        access,
        steps,
    })
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

/// A run over one stack is told as that stack; over several, each under its name.
fn tell(works: &[Work<'_>], is_blocked: bool, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    let is_json = |work: &&Work<'_>| work.made.settings.output == OutputArg::Json;
    let reports: Vec<Json> = works
        .iter()
        .filter(is_json)
        .map(|work| report(work, is_blocked))
        .collect();
    match (reports.as_slice(), works) {
        ([], [one]) => told(one, is_blocked, streams)?,
        ([], several) => {
            for work in several {
                let Checked { source, stack, .. } = &work.made.checked;
                writeln!(streams.messages, "stack `{}` of `{}`", stack.name, source.name)?;
                told(work, is_blocked, streams)?;
            }
        }
        ([one], _) => writeln!(streams.out, "{one:#}")?,
        (several, _) => writeln!(streams.out, "{:#}", json!({ "stacks": several }))?,
    }
    Ok(())
}

fn report(work: &Work<'_>, is_blocked: bool) -> Json {
    let mut report = report::changes_json(&work.changes, &work.access);
    report["stack"] = json!(work.made.checked.stack.name);
    report["notes"] = json!(notes::notes(&work.made.checked.stack));
    report["next_steps"] = match is_blocked {
        true => json!([]),
        false => json!(work.steps),
    };
    if work.made.settings.mode == Mode::Diff {
        report["diff"] = json!(report::unified_diff(&work.changes));
    }
    report
}

fn told(work: &Work<'_>, is_blocked: bool, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    let Work {
        made,
        changes,
        access,
        steps,
        ..
    } = work;
    let settings = made.settings;
    let text = report::changes_text(changes, access, detail(settings.mode), streams.style);
    write!(streams.messages, "{text}")?;
    notes::tell(&made.checked.stack, streams)?;
    if settings.mode == Mode::Diff {
        write!(streams.out, "{}", report::unified_diff(changes))?;
    }
    if settings.mode == Mode::Write && is_blocked {
        writeln!(
            streams.messages,
            "{}: nothing was written",
            streams.style.error("error")
        )?;
        return Ok(());
    }
    if settings.mode == Mode::Write && changes.reports() {
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
fn finish(work: Work<'_>, is_blocked: bool, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Work {
        made, output, changes, ..
    } = work;
    let kept = match made.settings.mode {
        Mode::Write if !is_blocked => output.apply(&changes)?,
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
