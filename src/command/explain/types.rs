//! A component type or an interface: what `catalog show` prints, and what links of a type give and take.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde_json::{Value as Json, json};

use super::ToldLink;
use crate::catalog::{AttributeType, Catalog, ComponentType, Interface, Kind};
use crate::command::catalog::{entry, section, told};
use crate::command::effects::Hooks;

/// What is known of the entry, as text and as data.
///
/// # Errors
/// An entry is broken.
pub(super) fn explain(kind: Kind, name: &str, catalog: &Catalog) -> anyhow::Result<Option<(String, Json)>> {
    let mut text = Vec::new();
    if !entry(kind, name, catalog, &mut text)? {
        return Ok(None);
    }
    let data = match kind {
        Kind::Type => {
            let Some(entry) = catalog.component_type(name)? else {
                return Ok(None);
            };
            provides(&entry.definition, &mut text)?;
            consumes(&entry.definition, &mut text)?;
            of_type(&entry.definition, &links(catalog)?)
        }
        _ => {
            let Some(entry) = catalog.interface(name)? else {
                return Ok(None);
            };
            of_interface(&entry.definition, &links(catalog)?)
        }
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Some((format!("{} {text}", kind.word()), data)))
}

fn links(catalog: &Catalog) -> anyhow::Result<Vec<ToldLink>> {
    let hooks = Hooks::of(catalog)?;
    let links = catalog.legal_links()?;
    Ok(links.iter().map(|link| told(link, &hooks)).collect())
}

/// What links that end at the type get, by interface.
fn provides(kind: &ComponentType, out: &mut dyn Write) -> anyhow::Result<()> {
    let all = kind
        .provides
        .iter()
        .flat_map(|(name, several)| several.0.iter().map(move |one| (name, one)));
    let lines = all.map(|(name, one)| {
        let at = if one.at.is_empty() {
            "the component".to_owned()
        } else {
            one.at.join(" or ")
        };
        let facts: Vec<&str> = one.facts.keys().map(String::as_str).collect();
        let levels: Vec<&str> = one.levels.keys().map(|level| level.word()).collect();
        let levels = if levels.is_empty() {
            String::new()
        } else {
            format!("; {}", levels.join(" "))
        };
        format!("{name:<20} at {at}: {}{levels}", facts.join(" "))
    });
    section(out, "Provides", lines)
}

/// What links that begin at the type are taken for, in its order of preference.
fn consumes(kind: &ComponentType, out: &mut dyn Write) -> anyhow::Result<()> {
    let lines = kind.consumes.iter().map(|slot| {
        let levels: Vec<&str> = slot.body.levels.iter().map(|level| level.word()).collect();
        let levels = if levels.is_empty() {
            "every level".to_owned()
        } else {
            levels.join(" ")
        };
        let single = if slot.body.single { ", at most one" } else { "" };
        let line = format!("{:<20} {}: {levels}{single}", slot.name, slot.interface());
        match &slot.body.title {
            Some(title) => format!("{line}; {title}"),
            None => line,
        }
    });
    section(out, "Consumes", lines)
}

/// Attributes as data.
pub(super) fn attributes(types: &BTreeMap<String, AttributeType>) -> Json {
    let all = types.iter().map(|(name, kind)| {
        json!({
            "name": name,
            "type": kind.kind,
            "default": kind.default,
            "required": kind.required,
            "secret": kind.secret,
            "choices": kind.choices,
            "range": kind.range,
            "help": kind.help,
        })
    });
    all.collect()
}

fn of_type(kind: &ComponentType, links: &[ToldLink]) -> Json {
    let subs = kind
        .sub_components
        .iter()
        .map(|(name, sub)| json!({ "name": name, "title": sub.title, "attributes": attributes(&sub.attributes) }));
    let provides = kind.provides.iter().flat_map(|(name, several)| {
        several.0.iter().map(move |one| {
            let levels: Vec<_> = one.levels.keys().collect();
            json!({ "interface": name, "at": one.at, "facts": one.facts.keys().collect::<Vec<_>>(), "levels": levels })
        })
    });
    let consumes = kind.consumes.iter().map(|slot| {
        json!({ "slot": slot.name, "interface": slot.interface(), "levels": slot.body.levels, "single": slot.body.single })
    });
    let from: Vec<_> = links.iter().filter(|link| link.from == kind.name).collect();
    let to: Vec<_> = links.iter().filter(|link| link.to == kind.name).collect();
    json!({
        "kind": "type",
        "name": kind.name,
        "title": kind.title,
        "category": kind.category,
        "namespace": kind.namespace,
        "group": kind.group,
        "deployed": kind.install.to_string(),
        "docs": kind.docs,
        "attributes": attributes(&kind.attributes),
        "sub_components": subs.collect::<Vec<_>>(),
        "provides": provides.collect::<Vec<_>>(),
        "consumes": consumes.collect::<Vec<_>>(),
        "links_from": from,
        "links_to": to,
    })
}

fn of_interface(kind: &Interface, links: &[ToldLink]) -> Json {
    let own = || links.iter().filter(|link| link.interface == kind.interface);
    let facts = kind
        .facts
        .iter()
        .map(|(name, fact)| json!({ "name": name, "secret": fact.secret, "help": fact.help }));
    let provided: BTreeSet<&str> = own().map(|link| link.to.as_str()).collect();
    let consumed: BTreeSet<&str> = own().map(|link| link.from.as_str()).collect();
    let levels: Vec<_> = kind
        .levels
        .iter()
        .map(|(level, meaning)| json!({ "level": level, "meaning": meaning }))
        .collect();
    json!({
        "kind": "interface",
        "name": kind.interface,
        "title": kind.title,
        "docs": kind.docs,
        "levels": levels,
        "facts": facts.collect::<Vec<_>>(),
        "provided_by": provided,
        "consumed_by": consumed,
    })
}
