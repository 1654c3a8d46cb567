//! Codes: the page of one, and the index of all.

use serde_json::{Value as Json, json};

use crate::cli::OutputArg;
use crate::command::Streams;
use crate::exit::Exit;
use crate::report::{self, Family, Page};

/// Print the page of the code `word`, where it is one; small letters are as good.
pub(super) fn explain(word: &str, output: OutputArg, streams: &mut Streams<'_>) -> anyhow::Result<bool> {
    let pages = report::pages();
    let Some(page) = pages.iter().find(|page| page.code.eq_ignore_ascii_case(word)) else {
        return Ok(false);
    };
    match output {
        OutputArg::Text => text(page, streams)?,
        OutputArg::Json => writeln!(streams.out, "{:#}", json!({ "explained": [data(page)] }))?,
    }
    Ok(true)
}

/// The page without the marks of Markdown that nobody needs to see.
fn text(page: &Page, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    writeln!(streams.out, "{}: {}\n\n{}", page.code, page.summary, page.text)?;
    for (title, examples) in [("Bad", &page.bad), ("Good", &page.good)] {
        writeln!(streams.out, "\n{title}")?;
        for example in examples {
            let (language, what) = example.kind.split_once(' ').unwrap_or((example.kind, ""));
            let told = if what.is_empty() { language } else { what };
            writeln!(streams.out, "  {}", streams.style.faint(told))?;
            example
                .text
                .lines()
                .try_for_each(|line| writeln!(streams.out, "{}", format!("    {line}").trim_end()))?;
        }
    }
    writeln!(streams.out, "\nSaid by: {}", said_by(page).join(", "))?;
    Ok(())
}

fn said_by(page: &Page) -> Vec<&'static str> {
    let codes = report::codes();
    let families = codes.get(page.code).into_iter().flatten();
    families.map(|family| family.heading()).collect()
}

fn data(page: &Page) -> Json {
    let codes = report::codes();
    let mut data = json!(page);
    data["kind"] = json!("code");
    data["said_by"] = json!(codes.get(page.code));
    data
}

/// All codes, by who says them.
pub(super) fn index(output: OutputArg, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let (codes, pages) = (report::codes(), report::pages());
    if output == OutputArg::Json {
        let all = pages
            .iter()
            .map(|page| json!({ "code": page.code, "summary": page.summary, "said_by": codes.get(page.code) }));
        writeln!(streams.out, "{:#}", json!({ "codes": all.collect::<Vec<_>>() }))?;
        return Ok(Exit::Done);
    }
    for (position, family) in Family::ALL.into_iter().enumerate() {
        let space = if position == 0 { "" } else { "\n" };
        writeln!(streams.out, "{space}{}", family.heading())?;
        let is_own = |page: &&Page| codes.get(page.code).is_some_and(|families| families.contains(&family));
        for page in pages.iter().filter(is_own) {
            writeln!(streams.out, "  {:<22} {}", page.code, page.summary)?;
        }
    }
    writeln!(
        streams.messages,
        "{} codes; `stacktic explain CODE` has examples of each",
        pages.len()
    )?;
    Ok(Exit::Done)
}
