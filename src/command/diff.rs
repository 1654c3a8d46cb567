//! `stacktic diff`: two topologies, what differs in what was written, and in all that is generated of it.

use anyhow::Context as _;
use serde_json::{Value as Json, json};

use super::access::{access, bytes};
use super::assemble::assemble_with;
use super::generate::tell_gain;
use super::load::refuse;
use super::sides::{self, Side, Sides};
use super::{Streams, notes};
use crate::catalog::Catalog;
use crate::cli::{ColorArg, CompareArgs, OutputArg, TreeArg};
use crate::exit::Exit;
use crate::render::Renderer;
use crate::report::{self, Comparison, Form, Style, TreeDetail};
use crate::settings::colors_of_output;
use crate::stack::difference::compare;
use crate::tree::{Tree, between};

pub(super) fn run(
    args: &CompareArgs,
    color: ColorArg,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let sides = match sides::load(&args.sides, catalog)? {
        Ok(sides) => sides,
        Err(files) => return refuse(&files, args.output, streams),
    };
    let compared = compare(&sides.from.snapshot(), &sides.to.snapshot());
    let (before, after) = trees(&sides, catalog)?;
    let changes = between(&before, &after);
    let access = access(&after, &changes, &|path| Ok(bytes(&before, path).map(<[u8]>::to_vec)))?;
    let comparison = Comparison {
        differences: &compared.differences,
        access: &access,
        changes: &changes,
    };
    let style = Style {
        colors: colors_of_output(color),
    };
    tell(args, &sides, &comparison, style, streams)?;
    if access.iter().any(|change| args.fail_on.refuses(change.gain)) {
        tell_gain(streams)?;
        return Ok(Exit::Refused);
    }
    Ok(if comparison.is_empty() {
        Exit::Done
    } else {
        Exit::Pending
    })
}

/// Both trees, in memory alone. They share a renderer, so no template is read twice.
pub(super) fn trees(sides: &Sides, catalog: &Catalog) -> anyhow::Result<(Tree, Tree)> {
    let mut renderer = Renderer::new()?;
    let mut tree = |side: &Side| {
        let made = assemble_with(&mut renderer, &side.topology, &side.stack, catalog);
        made.with_context(|| format!("in `{}`", side.name))
    };
    Ok((tree(&sides.from)?, tree(&sides.to)?))
}

fn tell(
    args: &CompareArgs,
    sides: &Sides,
    comparison: &Comparison<'_>,
    style: Style,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    let detail = match args.tree {
        TreeArg::Counts => TreeDetail::Counts,
        TreeArg::Files => TreeDetail::Files,
        TreeArg::Semantic => TreeDetail::Semantic,
        TreeArg::Unified => TreeDetail::Unified,
    };
    match args.output.form() {
        Err(OutputArg::Text) => {
            tell_notes(sides, streams)?;
            if comparison.is_empty() {
                let (from, to) = (&sides.from.name, &sides.to.name);
                writeln!(streams.messages, "`{from}` and `{to}` do not differ")?;
            } else {
                write!(streams.out, "{}", report::comparison_text(comparison, detail, style))?;
            }
        }
        Err(OutputArg::Json) => {
            let mut told = report::comparison_json(comparison, detail);
            told["stack"] = json!(sides.to.stack.name);
            add_sides(&mut told, sides);
            writeln!(streams.out, "{told:#}")?;
        }
        Ok(form) => write!(streams.out, "{}", printed(form, sides, comparison))?,
    }
    Ok(())
}

/// What pipelines of others read.
fn printed(form: Form, sides: &Sides, comparison: &Comparison<'_>) -> String {
    let file = &sides.to.name;
    if form == Form::Markdown {
        return report::preview(&report::Preview {
            stack: sides.to.stack.name.as_str(),
            changes: comparison.changes,
            access: comparison.access,
            differences: comparison.differences,
            notes: &all_notes(sides),
        });
    }
    let mut notices = report::of_changes(comparison.changes, comparison.access, file, "");
    notices.extend(report::of_differences(comparison.differences, file));
    report::print(form, &notices, std::slice::from_ref(file))
}

/// What is compared with what.
pub(super) fn add_sides(told: &mut Json, sides: &Sides) {
    let side = |side: &Side| json!({ "name": side.name, "commit": side.commit });
    told["from"] = side(&sides.from);
    told["to"] = side(&sides.to);
    told["notes"] = json!(all_notes(sides));
}

pub(super) fn all_notes(sides: &Sides) -> Vec<String> {
    let mut all = sides.notes();
    all.extend(notes::notes(&sides.to.stack));
    all
}

pub(super) fn tell_notes(sides: &Sides, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    let word = streams.style.hint("note");
    for note in all_notes(sides) {
        writeln!(streams.messages, "{word}: {note}")?;
    }
    Ok(())
}
