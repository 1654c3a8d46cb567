//! `stacktic check`: the findings of stack files, and nothing written.

use serde_json::json;

use super::load::refuse;
use super::together::{Checked, Place, load_all};
use super::{Streams, notes};
use crate::catalog::Catalog;
use crate::cli::{CheckArgs, OutputArg};
use crate::exit::Exit;
use crate::report;
use crate::settings::out_beside;

pub(super) fn run(args: &CheckArgs, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let outs: Vec<_> = args.stacks.iter().map(|stack| out_beside(stack)).collect();
    let places = args.stacks.iter().zip(&outs);
    let places: Vec<Place<'_>> = places.map(|(stack_file, out)| Place { stack_file, out }).collect();
    match (load_all(&places, catalog)?, args.output.form()) {
        (Ok(checked), Err(OutputArg::Text)) => {
            for Checked { source, stack, .. } in &checked {
                let components = counted(stack.components.len(), "component");
                let links = counted(stack.links.len(), "link");
                writeln!(streams.messages, "`{}` is good: {components}, {links}", source.name)?;
                notes::tell(stack, streams)?;
            }
            Ok(Exit::Done)
        }
        (Ok(checked), Err(OutputArg::Json)) => {
            let notes: Vec<String> = checked.iter().flat_map(|one| notes::notes(&one.stack)).collect();
            writeln!(streams.out, "{:#}", json!({ "findings": [], "notes": notes }))?;
            Ok(Exit::Done)
        }
        (Ok(checked), Ok(form)) => {
            let names: Vec<String> = checked.iter().map(|one| one.source.name.clone()).collect();
            write!(streams.out, "{}", report::print(form, &[], &names))?;
            Ok(Exit::Done)
        }
        (Err(files), _) => refuse(&files, args.output, streams),
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
