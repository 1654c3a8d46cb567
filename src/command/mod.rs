//! One command a file; only this folder knows all stages.

mod access;
#[cfg(feature = "agent")]
mod agent;
mod assemble;
mod catalog;
mod catalog_check;
mod check;
#[cfg(feature = "agent")]
mod dev;
mod diff;
mod dna;
mod effects;
mod explain;
mod freeze;
mod generate;
mod graph;
mod impact;
mod init;
mod load;
mod made;
mod next_steps;
mod notes;
mod others;
mod query;
mod schema;
mod secrets;
mod sides;
mod together;
mod verify;
mod verify_audit;
mod verify_controls;
mod why;

use std::io::Write;

use anyhow::Context as _;
use clap::CommandFactory as _;

use crate::catalog::{CatalogFindings, FileFindings};
#[cfg(feature = "agent")]
use crate::cli::AgentCommand;
use crate::cli::{CatalogCommand, Cli, Command, OutputArg, ReportArg};
use crate::exit::Exit;
use crate::fault::Fault;
use crate::report::{self, Style};
#[cfg(feature = "agent")]
use crate::settings::DevSettings;
use crate::settings::{GenSettings, colors};

/// Where a command writes: artefacts to `out`, messages to `messages`.
pub struct Streams<'a> {
    pub out: &'a mut dyn Write,
    pub messages: &'a mut dyn Write,
    pub style: Style,
}

/// Run the command that `cli` asks for.
///
/// # Errors
/// The world failed: a file cannot be read or written, or the catalog is broken.
pub fn run(cli: Cli, out: &mut dyn Write, messages: &mut dyn Write) -> anyhow::Result<Exit> {
    let style = Style {
        colors: colors(cli.global.color),
    };
    let streams = &mut Streams { out, messages, style };
    let output = cli.command.output();
    match run_command(cli, streams) {
        Err(error) => match error.downcast_ref::<CatalogFindings>() {
            Some(CatalogFindings(files)) => tell_catalog(files, output, streams),
            None => Err(error),
        },
        done => done,
    }
}

/// Tell the findings of the catalog, in the form that the command was asked to answer in.
fn tell_catalog(files: &[FileFindings], output: ReportArg, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    match output.form() {
        Err(OutputArg::Text) => {
            let text = report::catalog_findings_text(files, streams.style);
            write!(streams.messages, "{text}")?;
        }
        Err(OutputArg::Json) => writeln!(streams.out, "{:#}", report::findings_json(files))?,
        Ok(form) => write!(streams.out, "{}", report::print(form, &report::of_findings(files), &[]))?,
    }
    Ok(Exit::Mismatch)
}

fn run_command(cli: Cli, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let catalog = || crate::catalog::load(&cli.global.catalog);
    match cli.command {
        Command::Gen(args) => generate::run(&GenSettings::of_each(&args, &cli.global.catalog), &catalog()?, streams),
        Command::Diff(args) => diff::run(&args, cli.global.color, &catalog()?, streams),
        Command::Impact(args) => impact::run(&args, cli.global.color, &catalog()?, streams),
        Command::Init(args) => init::run(&args, &catalog()?, streams),
        Command::Verify(args) if !args.audit.is_empty() => verify_audit::run(&args, streams),
        Command::Verify(args) if args.controls => verify_controls::run(args.output, streams),
        Command::Verify(args) => verify::run(&args, streams),
        Command::Check(args) => check::run(&args, &catalog()?, streams),
        Command::Secrets(args) => secrets::run(&args.command, &catalog()?, streams),
        Command::Dna(args) => dna::run(&args, &catalog()?, streams),
        Command::Graph(args) => graph::run(&args, &catalog()?, streams),
        Command::Why(args) => why::run(&args, &catalog()?, streams),
        Command::Explain(args) => explain::run(&args, &catalog()?, streams),
        Command::Keys(args) => secrets::keys(&args.command, &catalog()?, streams),
        Command::Freeze(args) => freeze::run(&args, &catalog()?, streams),
        Command::Query(args) => query::run(&args, &catalog()?, streams),
        #[cfg(feature = "agent")]
        Command::Dev(args) => dev::run(&DevSettings::new(args)?, &catalog()?, streams),
        #[cfg(feature = "agent")]
        Command::Agent(args) => match args.command {
            AgentCommand::Serve(args) => agent::serve(&args.into()),
            AgentCommand::Launch(args) => agent::launch(args),
        },
        Command::Catalog(args) => match args.command {
            CatalogCommand::Ls { output } => catalog::list(output, &catalog()?, streams),
            CatalogCommand::Links { output } => catalog::links(output, &catalog()?, streams),
            CatalogCommand::Check(args) => catalog_check::run(args, &cli.global.catalog, streams),
            CatalogCommand::Docs => catalog::page(&catalog()?, streams),
            CatalogCommand::Audit(args) => catalog::audit(&args, &catalog()?, streams),
            CatalogCommand::Show { name } => catalog::show(&name, &catalog()?, streams),
        },
        Command::Schema(args) => schema::run(args.which, &catalog()?, streams),
        Command::Completions(args) => {
            let mut text = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "stacktic", &mut text);
            streams
                .out
                .write_all(&text)
                .context("could not write to standard output")?;
            Ok(Exit::Done)
        }
    }
}

/// The exit code of an error: a broken catalog or lock file has its own.
#[must_use]
pub fn exit_of(error: &anyhow::Error) -> Exit {
    let is_catalog = error
        .downcast_ref::<Fault>()
        .is_some_and(|fault| fault.code.is_of_catalog());
    let is_lock = error
        .chain()
        .any(|cause| cause.downcast_ref::<crate::disk::LockError>().is_some());
    let is_refused = error
        .chain()
        .any(|cause| cause.downcast_ref::<crate::disk::Refusal>().is_some());
    if is_catalog || is_lock {
        Exit::Mismatch
    } else if is_refused {
        Exit::Refused
    } else {
        Exit::Error
    }
}
