//! `stacktic query`: the Stack Agent's query language, answered from a stack file.

use std::io::Read as _;

use anyhow::Context as _;
use serde_json::json;

use super::Streams;
use super::load::{Loaded, load};
use crate::agent::query::{Index, MAX_BODY, Query, QueryError, answer};
use crate::catalog::Catalog;
use crate::cli::QueryArgs;
use crate::exit::Exit;
use crate::hook;
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
    let metadata = serde_json::to_vec(&hook::metadata(&stack)).context("the stack metadata is plain data")?;
    let index = Index::load(&metadata).context("the stack metadata")?;
    let query = match Query::parse(&body(&args.query)?) {
        Ok(query) => query,
        Err(error) => return refuse(&error, streams),
    };
    if query.command.is_some() {
        writeln!(
            streams.messages,
            "{}: a check needs the Stack Agent of a running stack",
            streams.style.error("error")
        )?;
        writeln!(streams.messages, "{}: leave `command` out", streams.style.hint("hint"))?;
        return Ok(Exit::Error);
    }
    match answer(&index, &query) {
        Ok(answer) => {
            writeln!(streams.out, "{:#}", json!(answer))?;
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
fn refuse(error: &QueryError, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    writeln!(streams.out, "{:#}", json!({ "error": error }))?;
    Ok(Exit::Error)
}
