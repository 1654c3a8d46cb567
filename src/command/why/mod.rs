//! `stacktic why`: who asks for a file of the output, or for a line of it, and what a link makes.
//!
//! In: a stack file and a path, or the two ends of a link. Out: what is known of it, and in plain words what is not. What a link
//! makes is found by generating in memory with it and without it, never by guessing from names.

mod cause;
mod document;
mod file;
mod line;
mod link;
mod told;
mod trial;
mod without;

use std::path::Path;

use super::Streams;
use super::load::{Loaded, load, refuse};
use crate::catalog::{Catalog, FileFindings};
use crate::cli::WhyArgs;
use crate::exit::Exit;
use crate::name::is_hidden;
use crate::settings::out_beside;
use crate::stack::{Link, Stack};
use crate::topology::{Source, Topology};

/// A checked stack, and where it came from.
struct Subject<'a> {
    source: &'a Source,
    topology: &'a Topology,
    stack: &'a Stack,
    catalog: &'a Catalog,
}

pub(super) fn run(args: &WhyArgs, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Loaded { source, result } = load(&args.stack, catalog)?;
    let (topology, stack) = match result {
        Ok(good) => good,
        Err(findings) => return refuse(&[FileFindings { source, findings }], args.output.into(), streams),
    };
    let subject = Subject {
        source: &source,
        topology: &topology,
        stack: &stack,
        catalog,
    };
    if let Some([from, to]) = args.link.as_deref() {
        return link::run(&subject, from, to, args.output, streams);
    }
    let out = args.out.clone().unwrap_or_else(|| out_beside(&args.stack));
    let wanted = args.path.as_deref().unwrap_or_default();
    file::run(&subject, wanted, Path::new(&out), args.output, streams)
}

impl Subject<'_> {
    /// `stack.yaml:12` of what stands at `path`.
    fn place(&self, path: &[&str]) -> String {
        let span = self.topology.key_place(path);
        format!("{}:{}", self.source.name, span.line)
    }

    /// Where a link is drawn: its item in a list of targets, where it has one.
    fn place_of(&self, link: &Link) -> String {
        let position = link.position.to_string();
        let document = self.topology.document.links.get(link.position);
        let items = document.into_iter().flat_map(|document| document.to.iter());
        let named = |target: &str| target == link.end() || target == "*";
        let item = items.filter(|(_, target)| named(target)).find_map(|(item, _)| item);
        match item.map(|item| item.to_string()) {
            Some(item) => self.place(&["links", &position, "to", &item]),
            None => self.place(&["links", &position]),
        }
    }
}

/// A mark in place of each character that a terminal would act on.
fn shown(text: &str) -> String {
    let shown = text.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c });
    shown.collect()
}

/// Say what is wrong with what was asked, and what may have been meant.
fn unknown(fact: &str, hint: Option<String>, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let error = streams.style.error("error");
    writeln!(streams.messages, "{error}: {}", shown(fact))?;
    if let Some(hint) = hint {
        writeln!(streams.messages, "{}: {hint}", streams.style.hint("hint"))?;
    }
    Ok(Exit::Error)
}

#[cfg(test)]
mod tests {
    use super::file::text;
    use crate::catalog::{Catalog, load};
    use crate::command::assemble::assemble_planned;
    use crate::render::{Came, Renderer};
    use crate::stack::check::check;
    use crate::topology::{self, Source};

    const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  fastmcp: {type: fastmcp}
  valkey: {type: valkey}
  db: {type: cnpg, sub_components: {app: {type: database}}}
links:
  - {from: fastmcp, to: [valkey, db/app]}
";

    /// What a line of a template or a file says as it is stands in the line that is said to come from it.
    #[test]
    fn lines_come_from_where_it_is_said() {
        let catalog: Catalog = load(&[]).unwrap();
        let (name, stack) = ("stack.yaml".to_owned(), STACK.to_owned());
        let (topology, shape) = topology::parse(&Source { name, text: stack }).unwrap();
        let stack = check(&topology, &catalog, shape, None).unwrap().unwrap();
        let mut renderer = Renderer::new().unwrap();
        let made = assemble_planned(&mut renderer, &topology, &stack, &catalog).unwrap();
        let (mut known, mut unknown) = (0, 0);
        for (path, file) in made.tree.iter() {
            let planned = made.plans.iter().find_map(|plan| plan.files.get(path)).unwrap();
            let text = text(file);
            let traced = renderer.trace(planned, &text).unwrap();
            assert_eq!(traced.lines.len(), text.lines().count(), "{path}");
            for (line, came) in text.lines().zip(&traced.lines) {
                let Came::Line(number) = came else {
                    unknown += usize::from(*came == Came::Unknown && !traced.source.is_empty());
                    continue;
                };
                let source = traced.source.lines().nth(number - 1).unwrap();
                let fixed = source.split(['<', '>']).next().unwrap_or_default();
                assert!(line.starts_with(fixed), "{path}: {line}\n{source}");
                known += 1;
            }
        }
        assert!(known > 5_000 && unknown * 50 < known, "{known} {unknown}");
    }
}
