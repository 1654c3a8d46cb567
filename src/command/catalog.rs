//! `stacktic catalog`: what the catalog holds and what an entry does.

use anyhow::Context as _;

use super::Streams;
use crate::catalog::{AttributeType, Catalog, ComponentType, LinkType, Target};
use crate::exit::Exit;
use crate::finding::suggestion;

pub(super) fn list(catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    writeln!(streams.out, "Component types")?;
    for name in catalog.type_names() {
        let entry = catalog
            .component_type(name)?
            .with_context(|| format!("type `{name}`"))?;
        writeln!(streams.out, "  {name:<24} {}", entry.definition.title)?;
    }
    writeln!(streams.out, "\nLink types")?;
    for folder in catalog.link_folders() {
        let entry = catalog
            .link_type(folder)?
            .with_context(|| format!("link type `{folder}`"))?;
        writeln!(
            streams.out,
            "  {:<24} {}",
            entry.definition.name, entry.definition.title
        )?;
    }
    Ok(Exit::Done)
}

pub(super) fn show(name: &str, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    if let Some(entry) = catalog.component_type(name)? {
        return show_type(&entry.definition, catalog, streams);
    }
    for folder in catalog.link_folders() {
        if let Some(entry) = catalog.link_type(folder)?
            && (entry.definition.name == name || folder == name)
        {
            return show_link(&entry.definition, streams);
        }
    }
    writeln!(
        streams.messages,
        "{}: the catalog has no entry `{name}`",
        streams.style.error("error")
    )?;
    let names: Vec<&str> = catalog.type_names().into_iter().chain(catalog.link_folders()).collect();
    if let Some(hint) = suggestion(name, &names) {
        writeln!(streams.messages, "{}: {hint}", streams.style.hint("hint"))?;
    }
    Ok(Exit::Error)
}

fn show_type(kind: &ComponentType, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let out = &mut streams.out;
    writeln!(out, "{}: {}\n", kind.name, kind.title)?;
    writeln!(
        out,
        "  category   {}\n  namespace  {}\n  group      {}\n  deployed   {}\n  docs       {}",
        kind.category, kind.namespace, kind.group, kind.install, kind.docs
    )?;
    for (name, endpoint) in &kind.endpoints {
        writeln!(out, "  endpoint   {name}: {}", endpoint.host)?;
    }
    attributes("Attributes", &kind.attributes, *out)?;
    for (name, sub) in &kind.sub_components {
        attributes(&format!("Sub-component {name}: {}", sub.title), &sub.attributes, *out)?;
    }
    writeln!(out, "\nLinks")?;
    for folder in catalog.link_folders() {
        let entry = catalog
            .link_type(folder)?
            .with_context(|| format!("link type `{folder}`"))?;
        let link = &entry.definition;
        if link.from == kind.name || link.reaches(kind) {
            writeln!(out, "  {:<28} {}", link.name, link.title)?;
        }
    }
    if let Some(notes) = &kind.notes {
        writeln!(out, "\n{}", notes.trim_end())?;
    }
    Ok(Exit::Done)
}

fn attributes(
    title: &str,
    types: &std::collections::BTreeMap<String, AttributeType>,
    out: &mut dyn std::io::Write,
) -> anyhow::Result<()> {
    if types.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    for (name, kind) in types {
        let default = match (&kind.default, kind.secret, kind.required) {
            (_, true, _) => "secret".to_owned(),
            (_, _, true) => "required".to_owned(),
            (Some(default), ..) => default.as_str().map_or_else(|| default.to_string(), str::to_owned),
            (None, ..) => "-".to_owned(),
        };
        writeln!(out, "  {name:<20} {default:<24} {}", kind.help)?;
    }
    Ok(())
}

fn show_link(kind: &LinkType, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let out = &mut streams.out;
    let to = match &kind.to {
        Target::Type(name) => kind
            .sub_component
            .as_ref()
            .map_or_else(|| name.clone(), |sub| format!("{name}/<{sub}>")),
        Target::Family { family } => format!("each type of the family {family:?}").to_lowercase(),
    };
    writeln!(
        out,
        "{}: {}\n\n  from  {}\n  to    {to}",
        kind.name, kind.title, kind.from
    )?;
    writeln!(
        out,
        "  write_access  {}",
        if kind.write_access { "may be given" } else { "never" }
    )?;
    writeln!(out, "  access        {}", kind.access.word())?;
    if let Some(principal) = &kind.principal {
        writeln!(out, "  principal     {principal}")?;
    }
    sections(kind, *out)
}

fn sections(kind: &LinkType, out: &mut dyn std::io::Write) -> anyhow::Result<Exit> {
    let list = |out: &mut dyn std::io::Write, title: &str, items: Vec<String>| -> anyhow::Result<()> {
        if !items.is_empty() {
            writeln!(out, "\n{title}")?;
            items.iter().try_for_each(|item| writeln!(out, "  {item}"))?;
        }
        Ok(())
    };
    list(out, "Grants", kind.grants.read.clone())?;
    list(out, "Grants with write access", kind.grants.write.clone())?;
    let env = kind.env.iter().map(|key| {
        if key.secret {
            format!("{} (secret)", key.key)
        } else {
            key.key.clone()
        }
    });
    list(out, "Environment", env.collect())?;
    list(out, "Tool files", kind.modules.clone())?;
    list(out, "Files", kind.files.iter().map(|file| file.path.clone()).collect())?;
    list(out, "Network edges to endpoints", kind.endpoints.clone())?;
    Ok(Exit::Done)
}
