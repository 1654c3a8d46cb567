//! `stacktic query`: the Stack Agent's query language, answered from a stack file.

use std::io::Read as _;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;

use super::Streams;
use super::load::{Loaded, load};
use crate::agent::pipeline::{self, Shown};
use crate::agent::query::{Index, MAX_BODY, Query, answer};
use crate::catalog::Catalog;
use crate::cli::QueryArgs;
use crate::exit::Exit;
use crate::metadata;
use crate::report;

pub(super) fn run(args: &QueryArgs, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Loaded { source, result } = load(&args.stack, catalog)?;
    let stack = match result {
        Ok((_, stack)) => stack,
        Err(findings) => {
            write!(
                streams.messages,
                "{}",
                report::findings_text(&findings, &source, streams.style)
            )?;
            return Ok(Exit::Error);
        }
    };
    let metadata = serde_json::to_vec(&metadata::of(&stack)).context("the stack metadata is plain data")?;
    let index = Index::load(&metadata).context("the stack metadata")?;
    let query = match Query::parse(&body(&args.query)?) {
        Ok(query) => query,
        Err(error) => return refuse(&error, streams),
    };
    match (&query.command, query.dry_run) {
        (None, _) => {}
        (Some(command), Some(true)) => return show(&index, &query, command, streams),
        (Some(_), _) => {
            let (error, hint) = (streams.style.error("error"), streams.style.hint("hint"));
            writeln!(
                streams.messages,
                "{error}: a check is run by the Stack Agent of a running stack"
            )?;
            writeln!(streams.messages, "{hint}: `\"dry_run\": true` shows what would run")?;
            return Ok(Exit::Error);
        }
    }
    match answer(&index, &query) {
        Ok(answer) => {
            writeln!(streams.out, "{:#}", json!(answer))?;
            Ok(Exit::Done)
        }
        Err(error) => refuse(&error, streams),
    }
}

/// What the agent would run, as its dry run shows it.
fn show(index: &Index, query: &Query, command: &str, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    match pipeline::jobs(index, &pipeline::context(index), query, command) {
        Ok(jobs) => {
            let shown: Vec<Shown> = jobs.jobs.into_iter().map(Shown::from).collect();
            let report = json!({ "status": "dry_run", "results": shown, "next_cursor": jobs.next_cursor });
            writeln!(streams.out, "{report:#}")?;
            Ok(Exit::Done)
        }
        Err(error) => refuse(&error, streams),
    }
}

/// The text of the query; standard input is read up to the size that the agent takes.
fn body(text: &str) -> anyhow::Result<Vec<u8>> {
    if text != "-" {
        return Ok(text.as_bytes().to_vec());
    }
    let mut bytes = Vec::new();
    let limit = MAX_BODY as u64 + 1;
    std::io::stdin()
        .lock()
        .take(limit)
        .read_to_end(&mut bytes)
        .context("could not read standard input")?;
    Ok(bytes)
}

/// The error as the agent answers it.
fn refuse(error: &impl Serialize, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    writeln!(streams.out, "{:#}", json!({ "error": error }))?;
    Ok(Exit::Error)
}
