//! Rule: the tool files of a pair lie beside it or in the package of the server, and their tools fit its levels.

use std::rc::Rc;

use crate::catalog::check::files::TOOLS;
use crate::catalog::check::python::{self, Package};
use crate::catalog::check::{Among, Held, tools};
use crate::catalog::{ComponentType, Entry, Level, LinkKind, Pair};
use crate::fault::Code::{E_CATALOG_FILE, E_CATALOG_MODULE, E_CATALOG_TOOLS};
use crate::finding::{Finding, suggestion};
use crate::topology::Source;
use crate::yaml::Span;

pub(in crate::catalog::check) fn among(held: &mut Held<'_, Pair>, among: &Among<'_>) {
    let pair = held.definition();
    if pair.tools.is_none() {
        return;
    }
    let kinds = own_kinds(held, among);
    let may_write = kinds.first().map(|kind| kind.levels.contains(&Level::Write));
    let lists = kinds.iter().flat_map(|kind| kind.scope.keys().cloned()).collect();
    tools::check(held, may_write.unwrap_or(true), may_write.and(Some(&lists)));
    let classes = tools::classes(&held.entry.file(TOOLS).unwrap_or_default());
    if may_write == Some(true) && !classes.is_empty() && classes.iter().all(|class| class == "read") {
        let fact = "links may have the level `write`, and no tool writes";
        held.blame_key(E_CATALOG_TOOLS, &["tools"], fact, "add `levels: [read]`");
    }
    if let Some(from) = among.component_type(&pair.from) {
        modules(held, &from);
    }
}

/// The link types that the pair makes.
fn own_kinds(held: &Held<'_, Pair>, among: &Among<'_>) -> Vec<Rc<LinkKind>> {
    let pair = held.definition();
    let ends = among.component_type(&pair.from).zip(among.component_type(&pair.to));
    let kinds = ends.and_then(|(from, to)| among.kinds(&from.definition, &to.definition));
    let own = |kind: &&Rc<LinkKind>| kind.pair.as_ref().is_some_and(|pair| pair.name() == held.entry.name());
    kinds
        .iter()
        .flat_map(|kinds| kinds.iter())
        .filter(own)
        .cloned()
        .collect()
}

fn modules(held: &mut Held<'_, Pair>, server: &Entry<ComponentType>) {
    let (Ok(files), Some(spec)) = (held.definition().tool_files(), &server.definition.package) else {
        return; // told where names and types are held
    };
    let package = Package::of(server, spec, &files);
    for (position, file) in files.iter().enumerate() {
        let path = ["tools", "modules", &position.to_string()];
        if files[..position].iter().any(|earlier| earlier.name == file.name) {
            let fact = format!("the tool file `{}` is named twice", file.name);
            held.blame(E_CATALOG_TOOLS, &path, fact, "remove one of the two");
            continue;
        }
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
        if held.entry.has(file.name) && server.has(&place) {
            let fact = format!("the server has a tool file `{}` already", file.name);
            let hint = "call yours after a service of its own, or leave it out to take that of the server";
            held.blame(E_CATALOG_TOOLS, &path, fact, hint);
        }
        let Ok(bytes) = held.entry.tool_file(server, *file) else {
            continue;
        };
        let name = match held.entry.has(file.name) {
            true => held.entry.place(file.name),
            false => server.place(&place),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let found = match std::str::from_utf8(&bytes) {
            Ok(text) => python::findings(text, &package),
            Err(error) => vec![not_text(&bytes[..error.valid_up_to()])],
        };
        let source = Source { name, text };
        for finding in found {
            held.blame_in(&source, finding);
        }
    }
}

/// A file that is no UTF-8 behind what was read of it.
fn not_text(read: &[u8]) -> Finding {
    let read = String::from_utf8_lossy(read);
    let last = read.rsplit('\n').next().unwrap_or_default();
    let span = Span {
        line: read.matches('\n').count() + 1,
        column: last.chars().count() + 1,
        length: 1,
    };
    Finding::new(E_CATALOG_MODULE, span, "the file is not UTF-8").hint("save it as UTF-8")
}
