//! `stacktic impact`: who is touched by what differs between two topologies: consumers, tools of an AI, accounts.

use serde_json::{Value as Json, json};

use super::Streams;
use super::access::locks;
use super::diff::{add_sides, all_notes, tell_notes, trees};
use super::load::refuse;
use super::sides::{self, Sides};
use crate::catalog::Catalog;
use crate::cli::{ColorArg, ImpactArgs, OutputArg};
use crate::exit::Exit;
use crate::report::{self, Impact, Style};
use crate::settings::colors_of_output;
use crate::stack::difference::{Touched, accounts, compare, consumers};

pub(super) fn run(
    args: &ImpactArgs,
    color: ColorArg,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let sides = match sides::load(&args.sides, catalog)? {
        Ok(sides) => sides,
        Err(files) => return refuse(&files, args.output, streams),
    };
    let (from, to) = (&sides.from, &sides.to);
    let compared = compare(&from.snapshot(), &to.snapshot());
    let renames = &compared.renames;
    let touched = Touched::of(&compared, from.view(), to.view());
    let (before, after) = trees(&sides, catalog)?;
    let impact = Impact {
        differences: &compared.differences,
        consumers: consumers(&touched, &from.stack, &to.stack, renames),
        servers: report::tools_touched(&touched, renames, &locks(&before)?, &locks(&after)?),
        accounts: accounts(&touched, from.view(), to.view(), renames),
    };
    let style = Style {
        colors: colors_of_output(color),
    };
    tell(args, &sides, &impact, style, streams)?;
    Ok(if impact.is_empty() { Exit::Done } else { Exit::Pending })
}

fn tell(
    args: &ImpactArgs,
    sides: &Sides,
    impact: &Impact<'_>,
    style: Style,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    match args.output.form() {
        Err(OutputArg::Text) => {
            tell_notes(sides, streams)?;
            write!(streams.out, "{}", report::impact_text(impact, style))?;
        }
        Err(OutputArg::Json) => {
            let mut told: Json = report::impact_json(impact);
            told["stack"] = json!(sides.to.stack.name);
            add_sides(&mut told, sides);
            writeln!(streams.out, "{told:#}")?;
        }
        Ok(form) => {
            let stack = sides.to.stack.name.as_str();
            let told = report::impact_in(form, impact, (stack, &sides.to.name), &all_notes(sides));
            write!(streams.out, "{told}")?;
        }
    }
    Ok(())
}
