//! `stacktic catalog check`: entries under the laws of the catalog, all findings at once.

mod alone;
mod blame;
mod blueprints;
mod effects;
mod example;
mod hooked;
mod linked;
mod smallest;
mod suspects;
mod texts;
#[cfg(feature = "agent")]
mod tools;
mod trial;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Streams, tell_catalog};
use crate::catalog::{Catalog, Report, check, load_told};
use crate::cli::{CatalogCheckArgs, OutputArg};
use crate::exit::Exit;
pub(super) use linked::smallest_stacks;
use trial::Trials;

pub(super) fn run(args: CatalogCheckArgs, overlays: &[PathBuf], streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Found {
        report,
        count,
        stacks,
        notes,
    } = found(&args, overlays)?;
    if args.output == OutputArg::Text {
        for note in &notes {
            writeln!(streams.messages, "{}: {note}", streams.style.hint("note"))?;
        }
    }
    if !report.is_empty() {
        return tell_catalog(&report.into_files(), args.output.into(), streams);
    }
    match args.output {
        OutputArg::Text => {
            let folder = args.folder.as_deref().unwrap_or(Path::new("catalog"));
            let entries = if count == 1 { "entry" } else { "entries" };
            let noun = if stacks == 1 { "stack" } else { "stacks" };
            writeln!(
                streams.messages,
                "`{}` is good: {count} {entries}, tried in {stacks} {noun}",
                folder.display()
            )?;
        }
        OutputArg::Json => writeln!(streams.out, "{:#}", json!({ "findings": [], "notes": notes }))?,
    }
    Ok(Exit::Done)
}

/// What came of the checks.
struct Found {
    report: Report,
    /// How many entries were looked at.
    count: usize,
    /// How many stacks were made of them.
    stacks: usize,
    /// What could not be looked at.
    notes: Vec<String>,
}

/// What the entries of the folder are blamed for; of all entries without one.
fn found(args: &CatalogCheckArgs, overlays: &[PathBuf]) -> anyhow::Result<Found> {
    let folder = args.folder.as_deref();
    let mut overlays = overlays.to_vec();
    if let Some(folder) = folder
        && !overlays.iter().any(|overlay| overlay == folder)
    {
        overlays.push(folder.to_owned());
    }
    let (catalog, mut report) = load_told(&overlays)?;
    let is_whole = report.is_empty();
    report.join(check::check(&catalog, folder, is_whole)?);
    let (mut notes, mut stacks) = (Vec::new(), 0);
    // A stack is made of many entries: what is blamed already would be blamed once more for each of its users.
    if report.is_empty() {
        let mut trials = Trials::new(&catalog, folder)?;
        alone::types(&mut trials)?;
        linked::links(&mut trials)?;
        hooked::components(&mut trials)?;
        hooked::unreached(&mut trials)?;
        stacks = trials.count;
        report.join(trials.into_report());
    }
    let blueprints = match report.is_empty() {
        true => blueprints::check(&catalog, folder, &mut report)?,
        false => 0,
    };
    if report.is_empty() {
        notes = tools_on_trial(args, &catalog, &mut report)?;
    }
    let count = check::count(&catalog, folder) + blueprints;
    Ok(Found {
        report,
        count,
        stacks,
        notes,
    })
}

/// Tools of the program's own are tried against real backends by its tests; those of others are tried here.
#[cfg(feature = "agent")]
fn tools_on_trial(args: &CatalogCheckArgs, catalog: &Catalog, report: &mut Report) -> anyhow::Result<Vec<String>> {
    let mut notes = Vec::new();
    let names = catalog.names_below(crate::catalog::Kind::Pair, args.folder.as_deref());
    for name in names.iter().filter(|_| args.folder.is_some()) {
        let options = crate::settings::trial_options(args)?;
        notes.extend(tools::pair(catalog, name, &options, report)?);
    }
    Ok(notes)
}

#[cfg(not(feature = "agent"))]
fn tools_on_trial(_: &CatalogCheckArgs, _: &Catalog, _: &mut Report) -> anyhow::Result<Vec<String>> {
    Ok(vec![
        "tools were not called: this program was built without the feature `agent`".to_owned(),
    ])
}
