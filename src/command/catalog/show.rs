//! `stacktic catalog show`: one entry, as people read it.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context as _;

use super::links::{ToldLink, all};
use crate::catalog::{AttributeType, Catalog, ComponentType, Convention, HookType, Interface, KeyValue, Keys, Kind};
use crate::command::Streams;
use crate::exit::Exit;
use crate::finding::suggestion;
use crate::name::slip;

pub(in crate::command) fn show(name: &str, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let (kind, name) = match name.split_once(':').map(|(word, name)| (Kind::of(word), name)) {
        Some((Some(kind), name)) => (Some(kind), name),
        _ => (None, name),
    };
    let mut found = Vec::new();
    for one in Kind::ALL.into_iter().filter(|one| kind.is_none_or(|kind| kind == *one)) {
        let mut text = Vec::new();
        if entry(one, name, catalog, &mut text)? {
            found.push((one, text));
        }
    }
    let blueprint = match kind {
        None if found.is_empty() => catalog.blueprint(name)?,
        _ => None,
    };
    if let Some(source) = blueprint {
        write!(streams.out, "{}", source.text)?;
        return Ok(Exit::Done);
    }
    // A type and the interface that it provides often have one name.
    let (is_one, mut space) = (found.len() == 1, "");
    for (kind, text) in &found {
        if !is_one {
            write!(streams.out, "{space}{} ", kind.word())?;
            space = "\n";
        }
        streams.out.write_all(text)?;
    }
    match found.is_empty() {
        true => unknown(name, catalog, streams),
        false => Ok(Exit::Done),
    }
}

/// Print the entry of this kind, where there is one.
pub(in crate::command) fn entry(
    kind: Kind,
    name: &str,
    catalog: &Catalog,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    match kind {
        Kind::Type => {
            let Some(entry) = catalog.component_type(name)? else {
                return Ok(false);
            };
            component_type(&entry.definition, catalog, out)?;
        }
        Kind::Interface => {
            let Some(entry) = catalog.interface(name)? else {
                return Ok(false);
            };
            interface(&entry.definition, catalog, out)?;
        }
        Kind::Pair => {
            // A pair may have links of longer names alone, which say what they end at.
            let (own, others): (Vec<_>, Vec<_>) = all(catalog)?.into_iter().partition(|link| link.name == name);
            let longer: Vec<ToldLink> = others
                .into_iter()
                .filter(|link| link.pair.as_deref() == Some(name))
                .collect();
            let told = if own.is_empty() { longer } else { own };
            for (position, link) in told.iter().enumerate() {
                let space = if position == 0 { "" } else { "\n" };
                write!(out, "{space}")?;
                link_type(link, catalog, out)?;
            }
            return Ok(!told.is_empty());
        }
        Kind::Convention => {
            let Some(entry) = catalog.convention(name)? else {
                return Ok(false);
            };
            convention(&entry.definition, out)?;
        }
        Kind::Hook => {
            let Some(entry) = catalog.hook(name)? else {
                return Ok(false);
            };
            hook(&entry.definition, out)?;
        }
    }
    Ok(true)
}

fn unknown(name: &str, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let error = streams.style.error("error");
    writeln!(streams.messages, "{error}: the catalog has no entry `{name}`")?;
    let links = all(catalog)?;
    let entries = Kind::ALL.into_iter().flat_map(|kind| catalog.names_below(kind, None));
    let links = links.iter().map(|link| link.name.as_str());
    let names: Vec<&str> = entries.chain(links).chain(catalog.blueprint_names()).collect();
    if let Some(hint) = suggestion(name, &names) {
        let is_whole = catalog.has_overlays() || slip(name, names.iter().copied()).is_some();
        let more = if is_whole {
            ""
        } else {
            " (an entry of your own needs `--catalog FOLDER`)"
        };
        writeln!(streams.messages, "{}: {hint}{more}", streams.style.hint("hint"))?;
    }
    Ok(Exit::Error)
}

fn component_type(kind: &ComponentType, catalog: &Catalog, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}: {}\n", kind.name, kind.title)?;
    writeln!(
        out,
        "  category   {}\n  namespace  {}\n  group      {}\n  deployed   {}\n  docs       {}",
        kind.category, kind.namespace, kind.group, kind.install, kind.docs
    )?;
    for (word, text) in [
        ("licence", kind.licence.clone()),
        ("deprecated", kind.deprecated.as_ref().map(ToString::to_string)),
    ] {
        if let Some(text) = text {
            writeln!(out, "  {word:<10} {text}")?;
        }
    }
    for (name, endpoint) in &kind.endpoints {
        writeln!(out, "  endpoint   {name}: {}", endpoint.host)?;
    }
    attributes("Attributes", &kind.attributes, out)?;
    section(out, "Profile ha", profile(kind))?;
    for (name, sub) in &kind.sub_components {
        attributes(&format!("Sub-component {name}: {}", sub.title), &sub.attributes, out)?;
    }
    let links = all(catalog)?;
    section(
        out,
        "Links from it",
        links.iter().filter(|link| link.from == kind.name).map(line),
    )?;
    section(
        out,
        "Links to it",
        links.iter().filter(|link| link.to == kind.name).map(line),
    )?;
    section(out, "Not proven without a cluster", kind.unproven.iter().cloned())?;
    if let Some(notes) = &kind.notes {
        writeln!(out, "\n{}", notes.trim_end())?;
    }
    Ok(())
}

/// What an environment with `profile: ha` makes of it.
fn profile(kind: &ComponentType) -> impl Iterator<Item = String> {
    let spec = kind.profiles.ha.iter();
    spec.flat_map(|spec| {
        let values = spec.attributes.iter().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let needs = kind.attributes.get(name).and_then(|attribute| attribute.needs.as_ref());
            let needs = needs.map(|slot| format!("needs a link `{slot}`")).unwrap_or_default();
            format!("{name:<20} {value:<24} {needs}").trim_end().to_owned()
        });
        let stays = spec
            .stays
            .iter()
            .map(|reason| format!("{:<20} {}", "stays", reason.trim()));
        values.chain(stays).collect::<Vec<String>>()
    })
}

fn line(link: &ToldLink) -> String {
    let levels: Vec<&str> = link.levels.iter().map(|level| level.word()).collect();
    format!("{:<32} {:<16} {}", link.name, levels.join(" "), link.title)
}

/// Lines under a title, where there are any.
pub(in crate::command) fn section(
    out: &mut dyn Write,
    title: &str,
    lines: impl Iterator<Item = String>,
) -> anyhow::Result<()> {
    for (position, line) in lines.enumerate() {
        if position == 0 {
            writeln!(out, "\n{title}")?;
        }
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

fn attributes(title: &str, types: &BTreeMap<String, AttributeType>, out: &mut dyn Write) -> anyhow::Result<()> {
    let lines = types.iter().map(|(name, kind)| {
        let default = match (&kind.default, kind.secret, kind.required) {
            (_, true, _) => "secret".to_owned(),
            (_, _, true) => "required".to_owned(),
            (Some(default), ..) => default.as_str().map_or_else(|| default.to_string(), str::to_owned),
            (None, ..) => "-".to_owned(),
        };
        format!("{name:<20} {default:<24} {}", kind.help)
    });
    section(out, title, lines)
}

fn interface(kind: &Interface, catalog: &Catalog, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}: {}", kind.interface, kind.title)?;
    if let Some(docs) = &kind.docs {
        writeln!(out, "\n  docs  {docs}")?;
    }
    section(
        out,
        "Levels",
        kind.levels
            .iter()
            .map(|(level, meaning)| format!("{:<8} {meaning}", level.word())),
    )?;
    let facts = kind.facts.iter().map(|(name, fact)| {
        let secret = if fact.secret { " (secret)" } else { "" };
        format!("{name:<20} {}{secret}", fact.help)
    });
    section(out, "Facts", facts)?;
    for (name, keys) in &kind.conventions {
        section(out, &format!("Keys for {name}"), told_keys(keys))?;
    }
    let links: Vec<ToldLink> = all(catalog)?
        .into_iter()
        .filter(|link| link.interface == kind.interface)
        .collect();
    let end = |link: &ToldLink| match &link.sub_component {
        Some(sub) => format!("{}/<{sub}>", link.to),
        None => link.to.clone(),
    };
    let mut providers: Vec<String> = links.iter().map(end).collect();
    providers.sort();
    providers.dedup();
    let mut consumers: Vec<String> = links.iter().map(|link| link.from.clone()).collect();
    consumers.sort();
    consumers.dedup();
    section(out, "Provided by", providers.into_iter())?;
    section(out, "Consumed by", consumers.into_iter())?;
    Ok(())
}

/// Print one way to link two types.
pub(in crate::command) fn link_type(link: &ToldLink, catalog: &Catalog, out: &mut dyn Write) -> anyhow::Result<()> {
    let to = match &link.sub_component {
        Some(sub) => format!("{}/<{sub}>", link.to),
        None => link.to.clone(),
    };
    let levels: Vec<&str> = link.levels.iter().map(|level| level.word()).collect();
    writeln!(out, "{}: {}\n", link.name, link.title)?;
    writeln!(
        out,
        "  from       {}\n  to         {to}\n  interface  {}\n  slot       {}\n  levels     {} ({} when none is named)",
        link.from,
        link.interface,
        link.slot,
        levels.join(" "),
        link.default
    )?;
    section(out, "Effects", link.effects.iter().cloned())?;
    let (from, to) = (catalog.component_type(&link.from)?, catalog.component_type(&link.to)?);
    let (from, to) = from.zip(to).with_context(|| format!("link type `{}`", link.name))?;
    let kinds = catalog.link_kinds(&from.definition, &to.definition)?;
    for kind in kinds.iter().filter(|kind| kind.name == link.name) {
        let grants = kind.levels.iter().map(|level| {
            let told = crate::view::grants_text(&kind.grants(*level));
            format!("{:<8} {told}", level.word())
        });
        section(out, "Grants", grants)?;
        section(
            out,
            "Endpoints",
            kind.provision.endpoints.iter().chain(&kind.slot.endpoints).cloned(),
        )?;
        section(out, "Tool files", kind.modules().iter().cloned())?;
    }
    Ok(())
}

fn convention(kind: &Convention, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}: {}", kind.convention, kind.title)?;
    if let Some(docs) = &kind.docs {
        writeln!(out, "\n  docs  {docs}")?;
    }
    for (name, keys) in &kind.interfaces {
        section(out, name, told_keys(keys))?;
    }
    section(
        out,
        "Always",
        kind.always.iter().map(|(key, value)| format!("{key:<32} {value}")),
    )?;
    writeln!(out, "\nOther interfaces give {{ENV}}_<FACT> for each of their facts.")?;
    Ok(())
}

/// The keys that a convention gives, a line each; those that come or change with a fact stand behind it.
fn told_keys(keys: &Keys) -> Box<dyn Iterator<Item = String> + '_> {
    let changes = keys.when.iter().flat_map(|(fact, change)| {
        let told = told_keys(change).map(|line| format!("  {line}"));
        std::iter::once(format!("with {fact}:")).chain(told)
    });
    let value = |value: &KeyValue| match value {
        KeyValue::Text(text) => text.clone(),
        KeyValue::Secret(composed) => format!("{} (secret)", composed.secret),
    };
    let fixed = keys.fixed.iter().chain(&keys.keys);
    let constant = keys.constant.iter().map(|(key, text)| format!("{key:<32} \"{text}\""));
    let files = keys.files.iter();
    let files = files.map(|(file, fact)| format!("{file:<32} {fact} (file)"));
    let told = fixed.map(move |(key, one)| format!("{key:<32} {}", value(one)));
    Box::new(told.chain(constant).chain(files).chain(changes))
}

fn hook(kind: &HookType, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}: {}", kind.name, kind.title)?;
    if let Some(function) = &kind.function {
        writeln!(out, "\n  function  {function}")?;
    }
    section(out, "Reads", kind.reads.iter().cloned())?;
    let outputs = kind.outputs.iter();
    let lines = outputs.flat_map(|output| [output.path.clone(), format!("    {}", output.each.told())]);
    section(out, "Writes", lines)?;
    Ok(())
}
