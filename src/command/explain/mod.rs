//! `stacktic explain`: what a component type, an interface, a pair of types or a code is.
//!
//! In: a word, or two types. Out: what the catalog says of it, with what links of a pair make in the smallest stack; of a code its
//! page. Without a word: all codes, by who says them.

mod code;
mod pair;
mod types;

use serde_json::json;

use super::Streams;
use super::catalog::{ToldLink, entry};
use crate::catalog::{Catalog, Kind};
use crate::cli::{ExplainArgs, OutputArg};
use crate::exit::Exit;
use crate::finding::suggestion;
use crate::name::is_hidden;
use crate::report;

pub(super) fn run(args: &ExplainArgs, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    match args.words.as_slice() {
        [] => code::index(args.output, streams),
        [word] => one(word, args.output, catalog, streams),
        [from, to, ..] => pair::between(from, to, args.output, catalog, streams),
    }
}

fn one(word: &str, output: OutputArg, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    if code::explain(word, output, streams)? {
        return Ok(Exit::Done);
    }
    let mut found = Vec::new();
    for kind in [Kind::Type, Kind::Interface] {
        found.extend(types::explain(kind, word, catalog)?);
    }
    if found.is_empty() && pair::named(word, output, catalog, streams)? {
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        for kind in [Kind::Convention, Kind::Hook] {
            let mut text = Vec::new();
            if entry(kind, word, catalog, &mut text)? {
                let text = String::from_utf8_lossy(&text).into_owned();
                let data = json!({ "kind": kind.word(), "name": word, "text": text });
                found.push((text, data));
            }
        }
    }
    if found.is_empty() {
        return unknown(word, catalog, streams);
    }
    match output {
        OutputArg::Text => {
            let texts: Vec<&str> = found.iter().map(|(text, _)| text.as_str()).collect();
            write!(streams.out, "{}", texts.join("\n"))?;
        }
        OutputArg::Json => {
            let data: Vec<_> = found.iter().map(|(_, data)| data).collect();
            writeln!(streams.out, "{:#}", json!({ "explained": data }))?;
        }
    }
    Ok(Exit::Done)
}

/// Nothing is called so; the nearest of everything that could be meant.
fn unknown(word: &str, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let word: String = word
        .chars()
        .map(|c| if is_hidden(c) { '\u{fffd}' } else { c })
        .collect();
    let error = streams.style.error("error");
    writeln!(
        streams.messages,
        "{error}: `{word}` is no component type, interface, link type or code"
    )?;
    let codes = report::codes();
    let links = catalog.legal_links()?;
    let entries = Kind::ALL.into_iter().flat_map(|kind| catalog.names_below(kind, None));
    let links = links.iter().map(|link| link.kind.name.as_str());
    let names: Vec<&str> = entries.chain(links).collect();
    let known: Vec<&str> = codes.keys().copied().collect();
    // Nobody writes entries in capitals, and codes begin like no entry.
    let upper = word.to_ascii_uppercase();
    let is_code = word == upper || upper.starts_with("E_");
    let (meant, names) = if is_code { (&upper, known) } else { (&word, names) };
    let hint = match crate::name::nearest(meant, names.iter().copied()) {
        Some(_) => suggestion(meant, &names).unwrap_or_default(),
        None => "`stacktic catalog ls` lists what there is, `stacktic explain` all codes".to_owned(),
    };
    writeln!(streams.messages, "{}: {hint}", streams.style.hint("hint"))?;
    Ok(Exit::Error)
}
