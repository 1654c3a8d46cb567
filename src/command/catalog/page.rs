//! `stacktic catalog docs`: the whole catalog as one page, Markdown, from the same data that is checked and rendered.
//!
//! A row a type, then what only a cluster can show of it, then every legal link by the type where it begins. The page that is
//! committed (`docs/catalog.md`) is held to it by a test.

use std::collections::BTreeMap;
use std::io::Write;
use std::rc::Rc;

use super::links::{ToldLink, all};
use crate::catalog::{Catalog, ComponentType, Entry, check::CATEGORIES};
use crate::command::Streams;
use crate::exit::Exit;
use crate::hook::markdown::{code, text};

type Types = Vec<Rc<Entry<ComponentType>>>;

pub(in crate::command) fn page(catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let types = catalog.all_types()?;
    let links = all(catalog)?;
    head(&types, &links, streams.out)?;
    chapters(&types, streams.out)?;
    deprecated(&types, streams.out)?;
    unproven(&types, streams.out)?;
    index(&links, streams.out)?;
    Ok(Exit::Done)
}

fn head(types: &Types, links: &[ToldLink], out: &mut dyn Write) -> anyhow::Result<()> {
    let kinds: usize = types.iter().map(|entry| entry.definition.sub_components.len()).sum();
    writeln!(
        out,
        "# Catalog\n\n\
        What a stack is drawn from: {} component types, {kinds} kinds of sub-components, {} legal links.\n\
        `stacktic catalog docs` writes this page from the entries; `stacktic catalog show NAME` says more of each.",
        types.len(),
        links.len()
    )?;
    Ok(())
}

/// A table for each category that has types.
fn chapters(types: &Types, out: &mut dyn Write) -> anyhow::Result<()> {
    for category in CATEGORIES {
        let mut rows = types
            .iter()
            .map(|entry| &entry.definition)
            .filter(|kind| kind.category == category)
            .peekable();
        if rows.peek().is_none() {
            continue;
        }
        writeln!(
            out,
            "\n## {}\n\n\
            | Type | What it is | Installed by | Licence | Provides | Sub-components | Health checks | With `profile: ha` |\n\
            |---|---|---|---|---|---|---|---|",
            heading(category)
        )?;
        for kind in rows {
            writeln!(out, "| {} |", row(kind).join(" | "))?;
        }
    }
    Ok(())
}

fn heading(category: &str) -> String {
    match category {
        "ai" => "AI".to_owned(),
        other => format!("{}{}", other[..1].to_uppercase(), &other[1..]),
    }
}

fn row(kind: &ComponentType) -> [String; 8] {
    let name = match kind.deprecated {
        Some(_) => format!("{} (deprecated)", code(&kind.name)),
        None => code(&kind.name),
    };
    [
        name,
        format!("[{}]({})", text(&kind.title), kind.docs),
        text(&kind.install.to_string()),
        text(kind.licence.as_deref().unwrap_or("not said")),
        codes(kind.provides.keys()),
        codes(kind.sub_components.keys()),
        kind.health.len().to_string(),
        highly_available(kind),
    ]
}

fn codes<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| code(name)).collect::<Vec<_>>().join(" ")
}

fn highly_available(kind: &ComponentType) -> String {
    let Some(profile) = &kind.profiles.ha else {
        return "the same".to_owned();
    };
    let values = profile.attributes.iter().map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        code(&format!("{name}: {value}"))
    });
    let stays = profile.stays.iter().map(|reason| text(reason));
    values.chain(stays).collect::<Vec<_>>().join(", ")
}

fn deprecated(types: &Types, out: &mut dyn Write) -> anyhow::Result<()> {
    let gone = types.iter().map(|entry| &entry.definition);
    let gone: Vec<_> = gone
        .filter_map(|kind| Some((kind, kind.deprecated.as_ref()?)))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Deprecated\n\nThey render as before, and are not offered to new stacks.\n"
    )?;
    for (kind, deprecated) in gone {
        writeln!(out, "- {}: {deprecated}", code(&kind.name))?;
    }
    Ok(())
}

fn unproven(types: &Types, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "\n## What no check without a cluster can prove\n\n\
        Objects are held to the schemas of their kinds, values to those of charts, names and ports to what charts and operators make.\n\
        Beyond that, by type:\n"
    )?;
    for kind in types.iter().map(|entry| &entry.definition) {
        for line in &kind.unproven {
            writeln!(out, "- {}: {}", code(&kind.name), text(line))?;
        }
    }
    Ok(())
}

/// Every legal link, a line for each type and each type that it leads to.
fn index(links: &[ToldLink], out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "\n## Links\n\nBy the type where they begin: what each may end at, and the levels that it may have."
    )?;
    let mut from: BTreeMap<&str, Vec<&ToldLink>> = BTreeMap::new();
    for link in links {
        from.entry(&link.from).or_default().push(link);
    }
    for (name, links) in from {
        writeln!(
            out,
            "\n### {}\n\n| To | Link type | Levels | What it causes |\n|---|---|---|---|",
            text(name)
        )?;
        for link in links {
            let to = match &link.sub_component {
                Some(sub) => format!("{}/{sub}", link.to),
                None => link.to.clone(),
            };
            let levels: Vec<&str> = link.levels.iter().map(|level| level.word()).collect();
            let effects = text(&link.effects.join(", "));
            writeln!(
                out,
                "| {} | {} | {} | {effects} |",
                code(&to),
                code(&link.name),
                levels.join(" ")
            )?;
        }
    }
    Ok(())
}
