//! The answer about a file, for people.

use std::io::Write;

use super::file::{Answer, LinkTold};
use super::line::Line;
use super::trial::Effect;
use crate::command::Streams;
use crate::tree::Class;

pub(super) fn answer(answer: &Answer, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    writeln!(streams.out, "{}", answer.path)?;
    head(answer, streams.out)?;
    if let Some(line) = &answer.line {
        self::line(line, streams.out)?;
    }
    links(answer, streams.out)?;
    for note in &answer.notes {
        writeln!(streams.messages, "{}: {note}", streams.style.hint("note"))?;
    }
    Ok(())
}

fn head(answer: &Answer, out: &mut dyn Write) -> anyhow::Result<()> {
    let entry = answer
        .entry
        .as_ref()
        .map(|entry| format!(", {entry}"))
        .unwrap_or_default();
    let maker = match &answer.cause {
        Some(cause) => format!("{} {}{entry}", cause.kind, cause.name),
        None => answer.why.clone(),
    };
    row(out, "made by", &maker)?;
    let copied = if answer.is_copy { ", copied as it is" } else { "" };
    match (&answer.source, &answer.cause) {
        (Some(source), _) => row(out, "from", &format!("{source}{copied}"))?,
        (None, Some(cause)) => row(out, "from", &format!("{}; no template", cause.what))?,
        (None, None) => {}
    }
    for (word, drawn) in [("component", &answer.component), ("environment", &answer.environment)] {
        if let Some(drawn) = drawn {
            row(out, word, &format!("{}, {}", drawn.name, drawn.place))?;
        }
    }
    let class = match answer.class {
        Class::Owned => "owned: each run writes it anew",
        Class::Seeded => "seeded: written once, then yours",
    };
    row(out, "class", class)
}

fn row(out: &mut dyn Write, word: &str, text: &str) -> anyhow::Result<()> {
    writeln!(out, "  {word:<11} {text}")?;
    Ok(())
}

fn line(line: &Line, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "\nLine {}\n  {}", line.number, line.text)?;
    if let Some(source) = &line.source {
        row(out, "from", source)?;
    }
    if let Some(text) = line.source_text.as_ref().filter(|text| **text != line.text) {
        row(out, "", text)?;
    }
    if let Some(field) = &line.field {
        row(out, "field", field)?;
    }
    if let Some(note) = &line.note {
        row(out, "note", note)?;
    }
    Ok(())
}

fn links(answer: &Answer, out: &mut dyn Write) -> anyhow::Result<()> {
    let what = if answer.line.is_some() { "line" } else { "file" };
    if answer.links.is_empty() {
        writeln!(out, "\nNo link that was tried changes this {what}.")?;
    } else {
        writeln!(out, "\nLinks without which this {what} would be another")?;
    }
    for link in &answer.links {
        let LinkTold {
            from,
            to,
            interface,
            access,
            place,
            ..
        } = link;
        writeln!(
            out,
            "  {from} → {to}  {interface}, {access}, {place}: {}",
            effect(link.without)
        )?;
    }
    for (count, text) in [
        (answer.untried, "not tried, for each trial is a whole run"),
        (
            answer.inseparable,
            "not tried: the stack is no stack, or draws others, without it",
        ),
    ] {
        if count > 0 {
            let noun = if count == 1 { "link was" } else { "links were" };
            writeln!(out, "  {count} {noun} {text}")?;
        }
    }
    Ok(())
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::NoFile => "no such file",
        Effect::OtherFile => "other contents",
        Effect::NoLine => "no such line",
    }
}
