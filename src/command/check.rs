//! `stacktic check`: the findings of a stack file, and nothing written.

use serde_json::json;

use super::Streams;
use super::load::{Loaded, load};
use crate::catalog::Catalog;
use crate::cli::{CheckArgs, OutputArg};
use crate::exit::Exit;
use crate::report;

pub(super) fn run(args: &CheckArgs, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Loaded { source, result } = load(&args.stack, catalog)?;
    match (result, args.output) {
        (Ok((_, stack)), OutputArg::Text) => {
            let components = counted(stack.components.len(), "component");
            let links = counted(stack.links.len(), "link");
            writeln!(streams.messages, "`{}` is good: {components}, {links}", source.name)?;
            Ok(Exit::Done)
        }
        (Ok(_), OutputArg::Json) => {
            writeln!(streams.out, "{:#}", json!({ "findings": [] }))?;
            Ok(Exit::Done)
        }
        (Err(findings), OutputArg::Text) => {
            write!(
                streams.messages,
                "{}",
                report::findings_text(&findings, &source, streams.style)
            )?;
            Ok(Exit::Error)
        }
        (Err(findings), OutputArg::Json) => {
            writeln!(streams.out, "{:#}", report::findings_json(&findings, &source))?;
            Ok(Exit::Error)
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
