//! `stacktic gen`: the pipeline, one stage a line, for one stack or for several that share clusters.

use serde_json::{Value as Json, json};

use super::access::access;
use super::assemble::assemble;
use super::load::refuse;
use super::next_steps::next_steps;
use super::together::{Checked, Place, load_all};
use super::{Streams, notes};
use crate::catalog::Catalog;
use crate::cli::{DiffArg, OutputArg, ReportArg};
use crate::disk;
use crate::exit::Exit;
use crate::layout::is_producible;
use crate::report::{self, AccessChange, Detail, Form, NextStep, Style};
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
            let output = all.first().map_or(ReportArg::Text, |settings| settings.output);
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
    let is_blocked = works.iter().any(|work| work.changes.blocks() || work.gains_too_much());
    tell(&works, is_blocked, streams)?;
    let mut exit = Exit::Done;
    for work in works {
        exit = exit.or_worse(finish(work, is_blocked, streams)?);
    }
    Ok(exit)
}

impl Work<'_> {
    /// An AI would gain more than the user lets it.
    fn gains_too_much(&self) -> bool {
        let fail_on = self.made.settings.fail_on;
        self.access.iter().any(|change| fail_on.refuses(change.gain))
    }
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
        Mode::Check | Mode::DryRun | Mode::Diff(_) => disk::Purpose::Look,
    };
    disk::ensure_no_link_of_a_repository(&settings.out, &settings.stack_folder)?;
    let mut output = disk::Output::open(&settings.out, purpose, &mut || tell_wait(settings, streams))?;
    let changes = output.diff(tree, &options, &is_producible, &mut || tell_wait(settings, streams))?;
    let access = access(tree, &changes, &|path| output.read(path))?;
    let steps = match settings.mode {
        Mode::Write => next_steps(&checked.stack, tree, &changes, &output, settings)?,
        Mode::Check | Mode::DryRun | Mode::Diff(_) => Vec::new(),
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
    let form = works
        .first()
        .map_or(Err(OutputArg::Text), |work| work.made.settings.output.form());
    if let Ok(form) = form {
        write!(streams.out, "{}", printed(form, works))?;
        return Ok(());
    }
    let is_json = |_: &&Work<'_>| form == Err(OutputArg::Json);
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

/// What pipelines of others read.
fn printed(form: Form, works: &[Work<'_>]) -> String {
    if form == Form::Markdown {
        return works.iter().map(commented).collect::<Vec<_>>().join("\n");
    }
    let each = works.iter().flat_map(|work| {
        let out = work.made.settings.out.display().to_string();
        report::of_changes(&work.changes, &work.access, &work.made.checked.source.name, &out)
    });
    let checked: Vec<String> = works.iter().map(|work| work.made.checked.source.name.clone()).collect();
    report::print(form, &each.collect::<Vec<_>>(), &checked)
}

fn commented(work: &Work<'_>) -> String {
    let stack = &work.made.checked.stack;
    report::preview(&report::Preview {
        stack: stack.name.as_str(),
        changes: &work.changes,
        access: &work.access,
        differences: &[],
        notes: &notes::notes(stack),
    })
}

fn report(work: &Work<'_>, is_blocked: bool) -> Json {
    let mut report = report::changes_json(&work.changes, &work.access);
    report["stack"] = json!(work.made.checked.stack.name);
    report["notes"] = json!(notes::notes(&work.made.checked.stack));
    report["next_steps"] = match is_blocked {
        true => json!([]),
        false => json!(work.steps),
    };
    if let Some(diff) = difference(work, Style { colors: false }) {
        report["diff"] = json!(diff);
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
    if let Some(diff) = difference(work, streams.style) {
        write!(streams.out, "{diff}")?;
    }
    if work.gains_too_much() {
        tell_gain(streams)?;
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

pub(super) fn tell_gain(streams: &mut Streams<'_>) -> anyhow::Result<()> {
    let (error, hint) = (streams.style.error("error"), streams.style.hint("hint"));
    writeln!(
        streams.messages,
        "{error}: an AI would gain more than `--fail-on` lets it"
    )?;
    let next = "look at the lines with `+` at the top; whoever approves them runs without `--fail-on`";
    writeln!(streams.messages, "{hint}: {next}")?;
    Ok(())
}

/// What `--diff` prints.
fn difference(work: &Work<'_>, style: Style) -> Option<String> {
    match work.made.settings.mode {
        Mode::Diff(DiffArg::Unified) => Some(report::unified_diff(&work.changes)),
        Mode::Diff(DiffArg::Semantic) => Some(report::semantic_diff(&work.changes, style)),
        Mode::Diff(DiffArg::Off) | Mode::Write | Mode::Check | Mode::DryRun => None,
    }
}

fn detail(mode: Mode) -> Detail {
    match mode {
        Mode::Diff(DiffArg::Unified) => Detail::Diffs,
        Mode::Diff(DiffArg::Semantic | DiffArg::Off) | Mode::Write | Mode::Check | Mode::DryRun => Detail::Lines,
    }
}

/// The last step, and the only one in which the modes differ.
fn finish(work: Work<'_>, is_blocked: bool, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    if work.gains_too_much() {
        return Ok(Exit::Refused);
    }
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
