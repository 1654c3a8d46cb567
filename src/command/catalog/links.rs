//! `stacktic catalog links`: every legal link, with its levels and what it causes.

use serde::Serialize;

use crate::catalog::{Catalog, LegalLink, Level};
use crate::cli::OutputArg;
use crate::command::Streams;
use crate::command::effects::Hooks;
use crate::exit::Exit;

/// A legal link as it is told.
#[derive(Serialize)]
pub(in crate::command) struct ToldLink {
    #[serde(rename = "type")]
    pub(in crate::command) name: String,
    pub(in crate::command) title: String,
    pub(in crate::command) from: String,
    pub(in crate::command) to: String,
    pub(in crate::command) sub_component: Option<String>,
    pub(in crate::command) interface: String,
    pub(in crate::command) slot: String,
    /// What of `link-types/pairs/` it has of its own.
    #[serde(skip)]
    pub(in crate::command) pair: Option<String>,
    pub(in crate::command) levels: Vec<Level>,
    /// The level of a link that names none.
    pub(in crate::command) default: Level,
    pub(in crate::command) effects: Vec<String>,
}

pub(in crate::command) fn links(
    output: OutputArg,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let all = all(catalog)?;
    if output == OutputArg::Json {
        writeln!(streams.out, "{:#}", serde_json::json!({ "links": all }))?;
        return Ok(Exit::Done);
    }
    for link in &all {
        let levels: Vec<&str> = link.levels.iter().map(|level| level.word()).collect();
        writeln!(
            streams.out,
            "{:<34} {:<18} {}",
            link.name,
            levels.join(" "),
            link.effects.join(", ")
        )?;
    }
    writeln!(streams.messages, "{} legal links", all.len())?;
    Ok(Exit::Done)
}

/// All legal links, sorted by the types of their ends.
pub(super) fn all(catalog: &Catalog) -> anyhow::Result<Vec<ToldLink>> {
    let hooks = Hooks::of(catalog)?;
    let links = catalog.legal_links()?;
    Ok(links.iter().map(|link| told(link, &hooks)).collect())
}

/// A link as it is told.
pub(in crate::command) fn told(link: &LegalLink, hooks: &Hooks) -> ToldLink {
    let kind = &link.kind;
    ToldLink {
        name: kind.name.clone(),
        title: kind.title.clone(),
        from: kind.from.clone(),
        to: kind.to.clone(),
        sub_component: kind.sub_component.clone(),
        interface: kind.interface_name().to_owned(),
        slot: kind.slot_name.clone(),
        pair: kind.pair.as_ref().map(|pair| pair.name().to_owned()),
        levels: kind.levels.iter().copied().collect(),
        default: kind.default_level(),
        effects: hooks.effects(link).iter().map(ToString::to_string).collect(),
    }
}
