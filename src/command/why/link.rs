//! `stacktic why --link A B`: all that the links from A to B make, found by generating with them and without them.

use serde_json::json;

use super::without::{Left, without};
use super::{Subject, unknown};
use crate::cli::OutputArg;
use crate::command::Streams;
use crate::command::assemble::assemble_with;
use crate::command::made::{Made, made};
use crate::exit::Exit;
use crate::finding::{Finding, suggestion};
use crate::render::Renderer;
use crate::report::{self, Style};
use crate::stack::Link;
use crate::tree::{Action, Changes, between};

pub(super) fn run(
    subject: &Subject<'_>,
    from: &str,
    to: &str,
    output: OutputArg,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let links = found(subject, from, to);
    if links.is_empty() {
        return no_link(subject, from, to, streams);
    }
    let (topology, stack) = match without(subject, &links)? {
        Left::Stack(left) => *left,
        Left::Refused(findings) => return needed(&links, &findings, streams),
        Left::Otherwise => {
            let fact = "other links are not what they were without it, so there is nothing to compare with";
            return unknown(fact, None, streams);
        }
    };
    let mut renderer = Renderer::new()?;
    let before = assemble_with(&mut renderer, &topology, &stack, subject.catalog)?;
    let after = assemble_with(&mut renderer, subject.topology, subject.stack, subject.catalog)?;
    let mut changes = between(&before, &after);
    changes
        .files
        .retain(|change| !matches!(change.action, Action::Same | Action::SeedSame));
    let made = made((&stack, &before), (subject.stack, &after))?;
    match output {
        OutputArg::Text => text(subject, &links, &made, &changes, streams)?,
        OutputArg::Json => {
            let diff = report::semantic_diff(&changes, Style { colors: false });
            let mut answer = json!(made);
            answer["links"] = links.iter().map(|link| drawn(subject, link)).collect();
            answer["files"] = report::changes_json(&changes, &[])["files"].take();
            answer["objects"] = diff.lines().collect();
            writeln!(streams.out, "{answer:#}")?;
        }
    }
    Ok(Exit::Done)
}

/// The links between two ends; a component stands for its sub-components as well.
fn found<'a>(subject: &Subject<'a>, from: &str, to: &str) -> Vec<&'a Link> {
    let is = |link: &&Link| {
        (link.start() == from || link.from.as_str() == from) && (link.end() == to || link.to.as_str() == to)
    };
    subject.stack.links.iter().filter(is).collect()
}

fn no_link(subject: &Subject<'_>, from: &str, to: &str, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let components: Vec<&str> = subject.stack.components.keys().map(|name| name.as_str()).collect();
    for end in [from, to] {
        let component = end.split('/').next().unwrap_or(end);
        if !components.contains(&component) {
            let fact = format!("the stack has no component `{component}`");
            return unknown(&fact, suggestion(component, &components), streams);
        }
    }
    let own = subject.stack.links.iter().filter(|link| link.from.as_str() == from);
    let mut ends: Vec<String> = own.map(|link| format!("`{}`", link.end())).collect();
    ends.dedup();
    let is_back = !found(subject, to, from).is_empty();
    let hint = match (is_back, ends.is_empty()) {
        (true, _) => format!("there is one from `{to}` to `{from}`"),
        (false, true) => format!("no link begins at `{from}`"),
        (false, false) => format!("links of `{from}` end at {}", ends.join(", ")),
    };
    unknown(&format!("no link from `{from}` to `{to}`"), Some(hint), streams)
}

/// The stack without the link is none, and that is the answer.
fn needed(links: &[&Link], findings: &[Finding], streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let arrows: Vec<String> = links.iter().map(|link| format!("`{}`", link.arrow())).collect();
    let fact = format!(
        "the stack needs {}, so that nothing can be made without it to compare with",
        arrows.join(", ")
    );
    let hint = findings.first().map(|finding| {
        let code = finding.code.as_str();
        format!("without it: {code}: {}", super::shown(&finding.message))
    });
    unknown(&fact, hint, streams)
}

fn drawn(subject: &Subject<'_>, link: &Link) -> serde_json::Value {
    json!({
        "from": link.start(),
        "to": link.end(),
        "type": link.type_name(),
        "interface": link.kind.interface_name(),
        "access": link.level.word(),
        "place": subject.place_of(link),
    })
}

fn text(
    subject: &Subject<'_>,
    links: &[&Link],
    made: &Made,
    changes: &Changes<'_>,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    for link in links {
        writeln!(
            streams.out,
            "{}: {}, {}, {}",
            link.arrow(),
            link.type_name(),
            link.level,
            subject.place_of(link)
        )?;
    }
    let files = changes.files.iter().map(|change| {
        let word = match change.action {
            Action::Create | Action::Seed => streams.style.added("+"),
            Action::Delete => streams.style.removed("-"),
            _ => streams.style.changed("~"),
        };
        format!("{word} {}  {}", change.path, streams.style.faint(&change.why))
    });
    let sections = made.told(streams.style).into_iter().chain([
        ("Files", files.collect::<Vec<_>>()),
        ("Objects", objects(changes, streams.style)),
    ]);
    for (title, lines) in sections.filter(|(_, lines)| !lines.is_empty()) {
        writeln!(streams.out, "\n{title}")?;
        lines.iter().try_for_each(|line| writeln!(streams.out, "  {line}"))?;
    }
    if changes.files.is_empty() {
        writeln!(streams.out, "\nIt makes nothing that other links do not make as well.")?;
    }
    Ok(())
}

/// What changes inside of Kubernetes objects; of other files the list of files says it.
fn objects(changes: &Changes<'_>, style: Style) -> Vec<String> {
    let diff = report::semantic_diff(changes, style);
    let mut is_object = false;
    let mut lines = Vec::new();
    for line in diff.lines() {
        if !line.starts_with(' ') {
            let name = line.split_once(' ').map_or("", |(_, rest)| rest);
            let of_file =
                |path: &str| name == path || name.strip_prefix(path).is_some_and(|rest| rest.starts_with(' '));
            is_object = !changes.files.iter().any(|change| of_file(change.path.as_str()));
        }
        if is_object {
            lines.push(line.to_owned());
        }
    }
    lines
}
