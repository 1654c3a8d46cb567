//! `stacktic why --link A B`: all that the links from A to B make, found by generating with them and without them.

use serde_json::json;

use super::made::{Made, made};
use super::without::{Left, without};
use super::{Subject, unknown};
use crate::cli::OutputArg;
use crate::command::Streams;
use crate::command::assemble::assemble_with;
use crate::exit::Exit;
use crate::finding::{Finding, suggestion};
use crate::render::Renderer;
use crate::report::{self, AccessChange, Style};
use crate::stack::Link;
use crate::tree::{Action, Changes};

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
    let changes = Changes::between(&before, &after);
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
    let access = made.access.iter().map(|change| access(change, streams.style));
    let access: Vec<String> = access.collect();
    let tools = made.tools.iter().map(|tool| format!("{:<32} {}", tool.name, tool.class));
    let accounts = made.accounts.iter().map(ToString::to_string);
    let keys = made.keys.iter().map(ToString::to_string);
    let network = made.network.iter().map(ToString::to_string);
    let files = changes.files.iter().map(|change| {
        let word = match change.action {
            Action::Create | Action::Seed => streams.style.added("+"),
            Action::Delete => streams.style.removed("-"),
            _ => streams.style.changed("~"),
        };
        format!("{word} {}  {}", change.path, streams.style.faint(&change.why))
    });
    let sections = [
        ("What an AI gains", access),
        ("Tools", tools.collect()),
        ("Accounts", accounts.collect()),
        ("Keys", keys.collect()),
        ("Network", network.collect()),
        ("Files", files.collect()),
    ];
    for (title, lines) in sections.iter().filter(|(_, lines): &&(&str, Vec<String>)| !lines.is_empty()) {
        writeln!(streams.out, "\n{title}")?;
        lines.iter().try_for_each(|line| writeln!(streams.out, "  {line}"))?;
    }
    let diff = report::semantic_diff(changes, streams.style);
    if !diff.is_empty() {
        writeln!(streams.out, "\nObjects and fields")?;
        diff.lines().try_for_each(|line| writeln!(streams.out, "  {line}"))?;
    }
    if changes.files.is_empty() {
        writeln!(streams.out, "\nIt makes nothing that other links do not make as well.")?;
    }
    Ok(())
}

fn access(change: &AccessChange, style: Style) -> String {
    let sign = change.way.sign().to_string();
    let sign = match change.way {
        report::Way::Gained => style.added(&sign),
        report::Way::Lost => style.removed(&sign),
        report::Way::Changed => style.changed(&sign),
    };
    format!("{sign} {}", super::shown(&change.text))
}
