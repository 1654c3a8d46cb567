//! Rule: the tool files of a pair lie beside it or in the package of the server, and their tools fit its levels.

use std::rc::Rc;

use crate::catalog::check::files::TOOLS;
use crate::catalog::check::python::{self, Package};
use crate::catalog::check::{Among, Held, tools};
use crate::catalog::{ComponentType, Entry, Level, LinkKind, Pair};
use crate::fault::Code::{E_CATALOG_FILE, E_CATALOG_TOOLS};
use crate::finding::suggestion;
use crate::topology::Source;

pub(in crate::catalog::check) fn among(held: &mut Held<'_, Pair>, among: &Among<'_>) {
    let pair = held.definition();
    if pair.tools.is_none() {
        return;
    }
    let may_write = may_write(held, among);
    tools::check(held, may_write.unwrap_or(true));
    let classes = tools::classes(&held.entry.file(TOOLS).unwrap_or_default());
    if may_write == Some(true) && !classes.is_empty() && classes.iter().all(|class| class == "read") {
        let fact = "links may have the level `write`, and no tool writes";
        held.blame_key(E_CATALOG_TOOLS, &["tools"], fact, "add `levels: [read]`");
    }
    if let Some(from) = among.component_type(&pair.from) {
        modules(held, &from);
    }
}

/// Whether a link may carry tools that write; nothing where the pair makes no link type.
fn may_write(held: &Held<'_, Pair>, among: &Among<'_>) -> Option<bool> {
    let pair = held.definition();
    let (from, to) = (among.component_type(&pair.from)?, among.component_type(&pair.to)?);
    let kinds = among.kinds(&from.definition, &to.definition)?;
    let own = |kind: &&Rc<LinkKind>| kind.pair.as_ref().is_some_and(|pair| pair.name() == held.entry.name());
    kinds.iter().find(own).map(|kind| kind.levels.contains(&Level::Write))
}

fn modules(held: &mut Held<'_, Pair>, server: &Entry<ComponentType>) {
    let (Ok(files), Some(spec)) = (held.definition().tool_files(), &server.definition.package) else {
        return; // told where names and types are held
    };
    let package = Package::of(server, spec, &files);
    for (position, file) in files.iter().enumerate() {
        let path = ["tools", "modules", &position.to_string()];
        let place = format!("{}/{}/{}", spec.folder, file.folder(), file.name);
        if !held.entry.has(file.name) && !server.has(&place) {
            let beside = held.entry.files().unwrap_or_default();
            let known: Vec<&str> = beside
                .iter()
                .map(String::as_str)
                .filter(|name| name.ends_with(".py"))
                .collect();
            let fact = format!(
                "there is no file `{}` beside the entry, nor `{}`",
                file.name,
                server.place(&place)
            );
            held.blame(
                E_CATALOG_FILE,
                &path,
                fact,
                suggestion(file.name, &known).unwrap_or_default(),
            );
            continue;
        }
        let Ok(bytes) = held.entry.tool_file(server, *file) else {
            continue;
        };
        let name = match held.entry.has(file.name) {
            true => held.entry.place(file.name),
            false => server.place(&place),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let found = python::findings(&text, &package);
        let source = Source { name, text };
        for finding in found {
            held.blame_in(&source, finding);
        }
    }
}
