//! Two types: every way to link them, and what a link makes at each of its levels.
//!
//! In: two types, or the name of a link type. Out: what the catalog says, and what the smallest stack has with such a link and has
//! not without it: tools, accounts, keys and network edges are seen there, not told from memory.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::types::attributes;
use crate::catalog::{Catalog, LegalLink, Level};
use crate::cli::OutputArg;
use crate::command::Streams;
use crate::command::assemble::assemble_with;
use crate::command::catalog::{link_type, section, told};
use crate::command::catalog_check::smallest_stacks;
use crate::command::effects::Hooks;
use crate::command::made::{Made, made};
use crate::exit::Exit;
use crate::finding::suggestion;
use crate::render::Renderer;
use crate::stack::{self, Stack};
use crate::topology::{self, Source};
use crate::tree::Tree;

/// What each level makes; nothing of a level at which no stack is small enough.
type ByLevel = BTreeMap<Level, Made>;

pub(super) fn between(
    from: &str,
    to: &str,
    output: OutputArg,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let names = catalog.type_names();
    let (error, hint) = (streams.style.error("error"), streams.style.hint("hint"));
    if let Some(wrong) = [from, to].into_iter().find(|name| !names.contains(name)) {
        writeln!(streams.messages, "{error}: the catalog has no type `{wrong}`")?;
        writeln!(
            streams.messages,
            "{hint}: {}",
            suggestion(wrong, &names).unwrap_or_default()
        )?;
        return Ok(Exit::Error);
    }
    let legal = catalog.legal_links()?;
    if show(
        &legal,
        &|link| link.kind.from == from && link.kind.to == to,
        output,
        catalog,
        streams,
    )? {
        return Ok(Exit::Done);
    }
    let is_back = legal.iter().any(|link| link.kind.from == to && link.kind.to == from);
    let mut ends: Vec<&str> = legal
        .iter()
        .filter(|link| link.kind.from == from)
        .map(|link| link.kind.to.as_str())
        .collect();
    ends.dedup();
    writeln!(streams.messages, "{error}: no link type joins `{from}` to `{to}`")?;
    let next = match is_back {
        true => format!("links between them begin at `{to}`: `stacktic explain {to} {from}`"),
        false => suggestion(to, &ends).unwrap_or_else(|| format!("no link begins at `{from}`")),
    };
    writeln!(streams.messages, "{hint}: {next}")?;
    Ok(Exit::Error)
}

/// Tell of the link type `name`, or of all between the two types that it is made of.
pub(super) fn named(
    name: &str,
    output: OutputArg,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<bool> {
    let Some((from, to)) = name.split_once('-') else {
        return Ok(false);
    };
    let legal = catalog.legal_links()?;
    let is_pair = |link: &LegalLink| link.kind.from == from && link.kind.to == to;
    let is_named = |link: &LegalLink| link.kind.name == name;
    if legal.iter().any(is_pair) {
        return show(&legal, &is_pair, output, catalog, streams);
    }
    show(&legal, &is_named, output, catalog, streams)
}

/// Tell of the links that are meant, where there are any.
fn show(
    legal: &[LegalLink],
    is_meant: &dyn Fn(&LegalLink) -> bool,
    output: OutputArg,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<bool> {
    let meant: Vec<&LegalLink> = legal.iter().filter(|link| is_meant(link)).collect();
    let hooks = Hooks::of(catalog)?;
    let mut renderer = Renderer::new()?;
    let mut data = Vec::new();
    for (position, link) in meant.iter().enumerate() {
        let by_level = by_level(&mut renderer, link, legal, catalog)?;
        match output {
            OutputArg::Text => {
                let space = if position == 0 { "" } else { "\n" };
                write!(streams.out, "{space}")?;
                link_type(&told(link, &hooks), catalog, streams.out)?;
                text(link, &by_level, streams)?;
            }
            OutputArg::Json => data.push(of_link(link, &hooks, &by_level)),
        }
    }
    if output == OutputArg::Json && !data.is_empty() {
        writeln!(streams.out, "{:#}", json!({ "explained": data }))?;
    }
    Ok(!meant.is_empty())
}

fn of_link(link: &LegalLink, hooks: &Hooks, by_level: &ByLevel) -> Json {
    let mut data = json!(told(link, hooks));
    data["kind"] = json!("pair");
    data["settings"] = attributes(&link.kind.slot.with);
    data["tool_files"] = json!(link.kind.modules());
    data["by_level"] = by_level
        .iter()
        .map(|(level, made)| (level.word().to_owned(), json!(made)))
        .collect();
    data
}

fn text(link: &LegalLink, by_level: &ByLevel, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    let settings = link.kind.slot.with.iter();
    let settings = settings.map(|(name, kind)| format!("{name:<20} {}", kind.help));
    section(streams.out, "Settings, `with:` in stack.yaml", settings)?;
    for (level, made) in by_level {
        writeln!(
            streams.out,
            "\nAt level {level}, a `consumer` with such a link to a `provider` has"
        )?;
        // The access diff of a stack that has nothing else says what the lists below it say.
        let sections = made.told(streams.style).into_iter().skip(1);
        for (title, lines) in sections.filter(|(_, lines)| !lines.is_empty()) {
            writeln!(streams.out, "  {title}")?;
            lines.iter().try_for_each(|line| writeln!(streams.out, "    {line}"))?;
        }
        if made.is_empty() {
            writeln!(streams.out, "  neither tools nor accounts, keys or edges of its own")?;
        }
    }
    Ok(())
}

fn by_level(
    renderer: &mut Renderer,
    link: &LegalLink,
    legal: &[LegalLink],
    catalog: &Catalog,
) -> anyhow::Result<ByLevel> {
    let mut found = ByLevel::new();
    for level in link.kind.levels.iter().copied() {
        let sources = smallest_stacks(link, level, legal);
        let [without, with] = sources.map(|source| built(renderer, &source, catalog));
        // A stack that must have the link has no other to be compared with.
        if let (Some(without), Some(with)) = (without?, with?) {
            found.insert(level, made((&without.0, &without.1), (&with.0, &with.1))?);
        }
    }
    Ok(found)
}

/// A stack and its output; nothing where it would be refused.
fn built(renderer: &mut Renderer, source: &Source, catalog: &Catalog) -> anyhow::Result<Option<(Stack, Tree)>> {
    let Ok((topology, shape)) = topology::parse(source) else {
        return Ok(None);
    };
    let Ok(stack) = stack::check::check(&topology, catalog, shape, None)? else {
        return Ok(None);
    };
    let tree = assemble_with(renderer, &topology, &stack, catalog)?;
    Ok(Some((stack, tree)))
}
