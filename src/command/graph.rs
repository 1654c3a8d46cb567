//! `stacktic graph`: the stack as a picture, or two of them in one.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::Streams;
use super::effects::Hooks;
use super::load::{Loaded, load, refuse};
use crate::catalog::{Catalog, ComponentType, Entry, FileFindings, LegalLink};
use crate::cli::GraphArgs;
use crate::exit::Exit;
use crate::graph::{self, Graph};
use crate::stack::{Link, Stack};

pub(super) fn run(args: &GraphArgs, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let types = catalog.all_types()?;
    let hooks = Hooks::of(catalog)?;
    let picture = |stack_file: &Path| -> anyhow::Result<Result<Graph, FileFindings>> {
        let Loaded { source, result } = load(stack_file, catalog)?;
        match result {
            Ok((_, stack)) => Ok(Ok(of(&stack, args, &types, &hooks))),
            Err(findings) => Ok(Err(FileFindings { source, findings })),
        }
    };
    let after = picture(&args.stack)?;
    let before = args.diff.as_deref().map(picture).transpose()?;
    let shown = match (before, after) {
        (None, Ok(after)) => after,
        (Some(Ok(before)), Ok(after)) => graph::compare(before, after),
        (before, after) => {
            let files: Vec<FileFindings> = before.into_iter().chain([after]).filter_map(Result::err).collect();
            return refuse(&files, args.output.into(), streams);
        }
    };
    write!(streams.out, "{}", graph::print(&shown, args.output.into()))?;
    Ok(Exit::Done)
}

fn of(stack: &Stack, args: &GraphArgs, types: &[Rc<Entry<ComponentType>>], hooks: &Hooks) -> Graph {
    // Links of one type between two types make the same.
    let mut known: BTreeMap<(String, String, String), Vec<String>> = BTreeMap::new();
    graph::of(stack, args.view.into(), types, &mut |link| {
        let key = |end| stack.component(end).type_name().to_owned();
        let key = (key(&link.from), key(&link.to), link.type_name().to_owned());
        let made = known.entry(key).or_insert_with(|| makes(stack, link, hooks));
        made.clone()
    })
}

fn makes(stack: &Stack, link: &Link, hooks: &Hooks) -> Vec<String> {
    let entry = |end| Rc::clone(&stack.component(end).entry);
    let legal = LegalLink {
        from: entry(&link.from),
        to: entry(&link.to),
        kind: Rc::clone(&link.kind),
    };
    hooks.effects(&legal).iter().map(ToString::to_string).collect()
}
