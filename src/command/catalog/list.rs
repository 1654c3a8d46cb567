//! `stacktic catalog ls`: every entry, a line each.

use anyhow::Context as _;
use serde::Serialize;

use crate::catalog::{Catalog, Entry, Kind, blueprint_title};
use crate::cli::OutputArg;
use crate::command::Streams;
use crate::exit::Exit;

/// One entry.
#[derive(Serialize)]
struct Item {
    kind: &'static str,
    name: String,
    title: String,
    /// Of a type.
    category: Option<String>,
    /// `core`, or the folder of an overlay.
    origin: String,
    /// Whether it stands for an entry of the core, or of an overlay before.
    replaces: bool,
    /// Of a type: that its upstream no longer goes on with it, and what to take instead.
    deprecated: Option<String>,
}

/// A stack file to start from.
#[derive(Serialize)]
struct Blueprint<'a> {
    name: &'a str,
    title: String,
}

pub(in crate::command) fn list(
    output: OutputArg,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        for name in catalog.names_below(kind, None) {
            all.push(item(kind, name, catalog)?);
        }
    }
    let blueprints = blueprints(catalog)?;
    if output == OutputArg::Json {
        let told = serde_json::json!({ "entries": all, "blueprints": blueprints });
        writeln!(streams.out, "{told:#}")?;
        return Ok(Exit::Done);
    }
    for (position, kind) in Kind::ALL.into_iter().enumerate() {
        let before = if position == 0 { "" } else { "\n" };
        writeln!(streams.out, "{before}{}", kind.heading())?;
        for item in all.iter().filter(|item| item.kind == kind.word()) {
            let origin = match (item.origin.as_str(), item.replaces) {
                ("core", _) => String::new(),
                (origin, false) => format!("  ({origin})"),
                (origin, true) => format!("  ({origin}, in place of another)"),
            };
            let deprecated = item.deprecated.iter().map(|told| format!("  (deprecated: {told})"));
            let deprecated = deprecated.collect::<String>();
            writeln!(streams.out, "  {:<24} {}{origin}{deprecated}", item.name, item.title)?;
        }
    }
    writeln!(streams.out, "\nBlueprints")?;
    for Blueprint { name, title } in &blueprints {
        writeln!(streams.out, "  {name:<24} {title}")?;
    }
    Ok(Exit::Done)
}

fn blueprints(catalog: &Catalog) -> anyhow::Result<Vec<Blueprint<'_>>> {
    let all = catalog.blueprint_names().into_iter().map(|name| {
        let source = catalog.blueprint(name)?;
        let title = source
            .map(|source| blueprint_title(&source.text).to_owned())
            .unwrap_or_default();
        Ok(Blueprint { name, title })
    });
    all.collect()
}

fn item(kind: Kind, name: &str, catalog: &Catalog) -> anyhow::Result<Item> {
    let missing = || format!("{} `{name}`", kind.word());
    let mut deprecated = None;
    let (title, category, (origin, replaces)) = match kind {
        Kind::Type => {
            let entry = catalog.component_type(name)?.with_context(missing)?;
            let category = Some(entry.definition.category.clone());
            deprecated = entry.definition.deprecated.as_ref().map(ToString::to_string);
            (entry.definition.title.clone(), category, origin(&entry))
        }
        Kind::Interface => {
            let entry = catalog.interface(name)?.with_context(missing)?;
            (entry.definition.title.clone(), None, origin(&entry))
        }
        Kind::Convention => {
            let entry = catalog.convention(name)?.with_context(missing)?;
            (entry.definition.title.clone(), None, origin(&entry))
        }
        Kind::Pair => {
            let entry = catalog.pair(name)?.with_context(missing)?;
            let of = entry
                .definition
                .tools_of
                .as_ref()
                .map(|other| format!("what {other} has"));
            (
                entry.definition.title.clone().or(of).unwrap_or_default(),
                None,
                origin(&entry),
            )
        }
        Kind::Hook => {
            let entry = catalog.hook(name)?.with_context(missing)?;
            (entry.definition.title.clone(), None, origin(&entry))
        }
    };
    Ok(Item {
        kind: kind.word(),
        name: name.to_owned(),
        title,
        category,
        origin,
        replaces,
        deprecated,
    })
}

fn origin<T>(entry: &Entry<T>) -> (String, bool) {
    (entry.overlay().unwrap_or("core").to_owned(), entry.replaces())
}
