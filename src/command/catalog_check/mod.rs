//! `stacktic catalog check`: entries under the laws of the catalog, all findings at once.

mod example;
mod smallest;
#[cfg(feature = "agent")]
mod tools;
mod trial;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Streams, tell_catalog};
use crate::catalog::{Catalog, Report, check, load_told};
use crate::cli::{CatalogCheckArgs, OutputArg};
use crate::exit::Exit;

pub(super) fn run(args: CatalogCheckArgs, overlays: &[PathBuf], streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Found { report, count, notes } = found(&args, overlays)?;
    if args.output == OutputArg::Text {
        for note in &notes {
            writeln!(streams.messages, "{}: {note}", streams.style.hint("note"))?;
        }
    }
    if !report.is_empty() {
        return tell_catalog(&report.into_files(), args.output, streams);
    }
    match args.output {
        OutputArg::Text => {
            let folder = args.folder.as_deref().unwrap_or(Path::new("catalog"));
            let noun = if count == 1 { "entry" } else { "entries" };
            writeln!(streams.messages, "`{}` is good: {count} {noun}", folder.display())?;
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
    let mut notes = Vec::new();
    // A stack is made of many entries: what is blamed already would be blamed once more for each of its users.
    if report.is_empty() {
        for name in catalog.type_names_below(folder) {
            trial::component_type(&catalog, name, &mut report)?;
        }
        notes = tools_on_trial(args, &catalog, &mut report)?;
    }
    let count = check::count(&catalog, folder);
    Ok(Found { report, count, notes })
}

/// Tools of the program's own are tried against real backends by its tests; those of others are tried here.
#[cfg(feature = "agent")]
fn tools_on_trial(args: &CatalogCheckArgs, catalog: &Catalog, report: &mut Report) -> anyhow::Result<Vec<String>> {
    let mut notes = Vec::new();
    let names = catalog.pair_names_below(args.folder.as_deref());
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
