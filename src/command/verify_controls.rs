//! `stacktic verify --controls`: what a governed MCP server is judged by, and the tests that prove it.

use std::fmt::Write as _;

use serde_json::json;

use super::Streams;
use crate::cli::OutputArg;
use crate::exit::Exit;
use crate::verify::controls::{Control, State, controls, counts};

pub(super) fn run(output: OutputArg, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let controls = controls()?;
    match output {
        OutputArg::Text => write!(streams.out, "{}", text(&controls))?,
        OutputArg::Json => {
            let counts: serde_json::Map<_, _> = counts(&controls)
                .into_iter()
                .map(|(state, count)| (state.word().to_owned(), json!(count)))
                .collect();
            writeln!(streams.out, "{:#}", json!({ "controls": controls, "counts": counts }))?;
        }
    }
    Ok(Exit::Done)
}

fn text(controls: &[Control]) -> String {
    let mut text = String::new();
    for control in controls {
        let number = control.number.map(|number| number.to_string()).unwrap_or_default();
        let state = control.state.word();
        let source = match control.source.as_str() {
            "" => String::new(),
            source => format!("  ({source})"),
        };
        // A `String` takes all that is written to it.
        let _ = writeln!(text, "{number:>2}  {state:<8}  {}{source}", control.control);
        for test in &control.tests {
            let _ = writeln!(text, "{:14}{test}", "");
        }
        if !control.note.is_empty() {
            let _ = writeln!(text, "{:14}{}: {}", "", word_of(control.state), control.note);
        }
    }
    let summary: Vec<String> = counts(controls)
        .into_iter()
        .map(|(state, count)| format!("{count} {}", state.word()))
        .collect();
    let _ = writeln!(text, "\n{}", summary.join(", "));
    text
}

/// What a note is about.
fn word_of(state: State) -> &'static str {
    match state {
        State::NotOurs => "why",
        State::Covered | State::Partly | State::Gap => "missing",
    }
}
