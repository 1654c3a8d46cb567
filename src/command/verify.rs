//! `stacktic verify`: what holds of an output folder, read from it alone.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::Streams;
use crate::cli::{OutputArg, VerifyArgs};
use crate::exit::Exit;
use crate::verify::{self, Files, Simulation};

/// What the simulation reads.
const FOLDERS: [&str; 2] = ["argocd", "k8s/deploy"];

pub(super) fn run(args: &VerifyArgs, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let mut files = Files::new();
    for folder in FOLDERS {
        read_below(&args.out, &args.out.join(folder), &mut files)?;
    }
    let out = args.out.display();
    ensure!(
        !files.is_empty(),
        "`{out}` holds no output of stacktic: run `stacktic gen` first"
    );
    ensure!(
        files.keys().any(|path| path.starts_with("argocd/")),
        "`{out}` has no Applications, which say what is installed when: give the stack a `gitops`"
    );
    let found = verify::install(&files);
    match args.output {
        OutputArg::Text => write!(streams.messages, "{}", text(&found, &out.to_string()))?,
        OutputArg::Json => writeln!(streams.out, "{:#}", report(&found))?,
    }
    Ok(if found.problems.is_empty() {
        Exit::Done
    } else {
        Exit::Error
    })
}

fn text(found: &Simulation, out: &str) -> String {
    let mut lines: Vec<String> = found
        .problems
        .iter()
        .map(|problem| format!("error: {}\n --> {out}/{}\n\n", problem.fact, problem.file))
        .collect();
    for environment in &found.environments {
        let waves: BTreeSet<i64> = environment
            .applications
            .iter()
            .map(|application| application.wave)
            .collect();
        let objects: usize = environment
            .applications
            .iter()
            .map(|application| application.objects.len())
            .sum();
        lines.push(format!(
            "`{}`: {} Applications in {} waves, {objects} objects\n",
            environment.name,
            environment.applications.len(),
            waves.len()
        ));
    }
    lines.push(match found.problems.len() {
        0 => format!("`{out}` installs\n"),
        1 => format!("1 problem in `{out}`\n"),
        count => format!("{count} problems in `{out}`\n"),
    });
    lines.concat()
}

fn report(found: &Simulation) -> serde_json::Value {
    let problems = found.problems.iter();
    let problems = problems.map(|problem| json!({ "file": problem.file, "problem": problem.fact }));
    let environments = found.environments.iter().map(|environment| {
        let applications = environment.applications.iter();
        let applications =
            applications.map(|one| json!({ "name": one.name, "wave": one.wave, "objects": one.objects.len() }));
        json!({ "name": environment.name, "applications": applications.collect::<Vec<_>>() })
    });
    json!({ "environments": environments.collect::<Vec<_>>(), "problems": problems.collect::<Vec<_>>() })
}

/// Every text file below a folder, but for secret files, which may hold values.
fn read_below(out: &Path, folder: &Path, files: &mut Files) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let told = || format!("could not read `{}`", folder.display());
    for entry in std::fs::read_dir(folder).with_context(told)? {
        let path = entry.with_context(told)?.path();
        let kind = path.symlink_metadata().with_context(told)?.file_type();
        if kind.is_dir() && path.file_name().is_none_or(|name| name != "secret") {
            read_below(out, &path, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|kind| kind == "yaml") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("could not read `{}`", path.display()))?;
            let below = path.strip_prefix(out)?.to_string_lossy().replace('\\', "/");
            files.insert(below, text);
        }
    }
    Ok(())
}
