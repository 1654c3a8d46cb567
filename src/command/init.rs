//! `stacktic init`: a stack file to start from.

use crate::catalog::{Catalog, blueprint_title};
use crate::cli::InitArgs;
use crate::disk;
use crate::exit::Exit;
use crate::finding::suggestion;
use crate::name::shell;

use super::Streams;

pub(super) fn run(args: &InitArgs, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Some(blueprint) = catalog.blueprint(&args.blueprint)? else {
        return unknown(&args.blueprint, catalog, streams);
    };
    let file = args.stack.display().to_string();
    if !disk::write_new(&args.stack, blueprint.text.as_bytes())? {
        let error = streams.style.error("error");
        writeln!(
            streams.messages,
            "{error}: `{file}` is there already, and is left as it is"
        )?;
        let hint = "name another file, or remove this one";
        writeln!(streams.messages, "{}: {hint}", streams.style.hint("hint"))?;
        return Ok(Exit::Refused);
    }
    let title = blueprint_title(&blueprint.text);
    writeln!(
        streams.messages,
        "`{file}` is the blueprint `{}`: {title}",
        args.blueprint
    )?;
    let others = catalog
        .blueprint_names()
        .into_iter()
        .filter(|name| *name != args.blueprint);
    let others = others.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    writeln!(streams.messages, "other blueprints: {others}")?;
    let hint = streams.style.hint("next");
    writeln!(
        streams.messages,
        "{hint}: change it to your needs, then run `stacktic gen {}`",
        shell::word(&file)
    )?;
    Ok(Exit::Done)
}

fn unknown(name: &str, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let error = streams.style.error("error");
    writeln!(streams.messages, "{error}: there is no blueprint `{name}`")?;
    if let Some(hint) = suggestion(name, &catalog.blueprint_names()) {
        writeln!(streams.messages, "{}: {hint}", streams.style.hint("hint"))?;
    }
    Ok(Exit::Error)
}
