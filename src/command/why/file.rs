//! `stacktic why PATH[:LINE]`: the entry, the template and the links that a file or a line is due to.

use std::path::Path;

use serde::Serialize;

use super::cause::Cause;
use super::line::{self, Line};
use super::trial::{Effect, Trials, Wanted, trials};
use super::{Subject, told, unknown};
use crate::cli::OutputArg;
use crate::command::Streams;
use crate::command::assemble::{Assembled, assemble_planned};
use crate::disk;
use crate::exit::Exit;
use crate::finding::suggestion;
use crate::name::{ComponentName, RelPath};
use crate::render::Renderer;
use crate::stack::Stack;
use crate::tree::{Class, Content, Tree, TreeFile};

/// All that is known of a file.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) path: String,
    pub(super) class: Class,
    /// As the lock says it.
    pub(super) why: String,
    pub(super) cause: Option<Cause>,
    /// Line of the entry that asks for it.
    pub(super) entry: Option<String>,
    /// Template, or file that it is a copy of.
    pub(super) source: Option<String>,
    pub(super) is_copy: bool,
    /// Component that it is of.
    pub(super) component: Option<Drawn>,
    /// Environment that it is of.
    pub(super) environment: Option<Drawn>,
    pub(super) line: Option<Line>,
    pub(super) links: Vec<LinkTold>,
    /// Links that were not tried, for there are too many.
    pub(super) untried: usize,
    /// Links that the stack needs, so that nothing can be compared.
    pub(super) inseparable: usize,
    pub(super) notes: Vec<String>,
}

/// Something that stands in the stack file.
#[derive(Debug, Serialize)]
pub(super) struct Drawn {
    pub(super) name: String,
    pub(super) place: String,
}

/// A link without which the file or the line would be another.
#[derive(Debug, Serialize)]
pub(super) struct LinkTold {
    pub(super) from: String,
    pub(super) to: String,
    #[serde(rename = "type")]
    pub(super) link_type: String,
    pub(super) interface: String,
    pub(super) access: &'static str,
    pub(super) place: String,
    pub(super) without: Effect,
}

pub(super) fn run(
    subject: &Subject<'_>,
    wanted: &str,
    out: &Path,
    output: OutputArg,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let mut renderer = Renderer::new()?;
    let made = assemble_planned(&mut renderer, subject.topology, subject.stack, subject.catalog)?;
    let (path, number) = asked(wanted, out, &made.tree);
    let found = RelPath::parse(&path).ok();
    let Some((path, file)) = found.and_then(|path| made.tree.get(&path).map(|file| (path, file))) else {
        return no_file(&path, out, &made.tree, streams);
    };
    let text = text(file);
    let count = text.lines().count();
    if number.is_some_and(|number| number == 0 || number > count) {
        let fact = format!("`{path}` has no line {}: it has {count}", number.unwrap_or_default());
        let hint = format!(
            "lines are those of the file as `stacktic gen` makes it of `{}`",
            subject.source.name
        );
        return unknown(&fact, Some(hint), streams);
    }
    let mut answer = of_file(subject, &made, &path, file, (&text, number), &mut renderer)?;
    answer.notes.extend(of_disk(&path, file, number.is_some(), out)?);
    match output {
        OutputArg::Text => told::answer(&answer, streams)?,
        OutputArg::Json => writeln!(streams.out, "{:#}", serde_json::json!(answer))?,
    }
    Ok(Exit::Done)
}

/// The path below the output and the line that are asked for. A file may have a colon in its name.
fn asked(wanted: &str, out: &Path, tree: &Tree) -> (String, Option<usize>) {
    let below = |path: &str| {
        let path = Path::new(path);
        let inner = path.strip_prefix(out).or_else(|_| path.strip_prefix("."));
        let inner = inner.unwrap_or(path);
        let inner = inner.strip_prefix(out).unwrap_or(inner);
        inner.to_string_lossy().into_owned()
    };
    let whole = below(wanted);
    let is_file = RelPath::parse(&whole).is_ok_and(|path| tree.get(&path).is_some());
    let parts = wanted.rsplit_once(':').filter(|_| !is_file);
    match parts.and_then(|(path, line)| Some((below(path), line.parse().ok()?))) {
        Some((path, line)) => (path, Some(line)),
        None => (whole, None),
    }
}

fn no_file(path: &str, out: &Path, tree: &Tree, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let all = || tree.iter().map(|(path, _)| path.as_str());
    // Who knows the name of a file alone is shown where such files lie.
    let same: Vec<String> = all()
        .filter(|known| known.rsplit('/').next() == Some(name))
        .take(5)
        .map(|known| format!("`{known}`"))
        .collect();
    let hint = match same.is_empty() {
        false => Some(format!("files of that name: {}", same.join(", "))),
        true => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let beside: Vec<&str> = all().filter(|known| known.starts_with(folder)).collect();
            suggestion(path, &beside).filter(|_| !beside.is_empty())
        }
    };
    let lies_there = match RelPath::parse(path) {
        Ok(path) => open(out)?.read(&path)?.is_some(),
        Err(_) => false,
    };
    let (there, hint) = match lies_there {
        true => (
            ", though one lies there",
            Some("`stacktic gen --dry-run` says whether it would go, or is yours".to_owned()),
        ),
        false => ("", hint),
    };
    unknown(&format!("the stack makes no file `{path}`{there}"), hint, streams)
}

fn open(out: &Path) -> anyhow::Result<disk::Output> {
    disk::Output::open(out, disk::Purpose::Look, &mut || {})
}

/// The text of a file as it is first written.
pub(super) fn text(file: &TreeFile) -> String {
    match &file.content {
        Content::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Content::Skeleton(skeleton) => String::from_utf8_lossy(&disk::seeded(skeleton)).into_owned(),
    }
}

fn of_file(
    subject: &Subject<'_>,
    made: &Assembled,
    path: &RelPath,
    file: &TreeFile,
    (text, number): (&str, Option<usize>),
    renderer: &mut Renderer,
) -> anyhow::Result<Answer> {
    let planned = made.plans.iter().find_map(|plan| plan.files.get(path));
    let traced = planned.map(|planned| renderer.trace(planned, text)).transpose()?;
    let cause = Cause::of(&file.why);
    let (mut entry, mut source) = (None, None);
    if let Some(cause) = &cause {
        entry = cause.entry(subject.stack, subject.catalog)?;
        source = cause.source(subject.stack, subject.catalog)?;
    }
    let template = traced.as_ref().and_then(|traced| traced.template.clone());
    let is_copy = template.is_none() && source.is_some();
    let source = template.or(source);
    let (component, environment) = owners(subject.stack, path, cause.as_ref());
    let wanted = Wanted {
        path,
        text,
        line: number,
        component: component.as_deref(),
    };
    let Trials {
        links,
        untried,
        inseparable,
    } = trials(subject, &wanted, renderer)?;
    let line = number.zip(traced.as_ref());
    Ok(Answer {
        path: path.to_string(),
        class: file.class,
        why: file.why.clone(),
        entry,
        line: line.map(|(number, traced)| line::line(file, text, number, traced, source.as_deref())),
        source,
        is_copy,
        links: links
            .into_iter()
            .map(|(link, without)| LinkTold::of(subject, link, without))
            .collect(),
        untried,
        inseparable,
        component: component.map(|name| Drawn {
            place: subject.place(&["components", &name]),
            name,
        }),
        environment: environment.map(|name| Drawn {
            place: subject.place(&["environments", &name]),
            name,
        }),
        cause,
        notes: Vec::new(),
    })
}

impl LinkTold {
    fn of(subject: &Subject<'_>, link: &crate::stack::Link, without: Effect) -> Self {
        Self {
            from: link.start(),
            to: link.end(),
            link_type: link.type_name().to_owned(),
            interface: link.kind.interface_name().to_owned(),
            access: link.level.word(),
            place: subject.place_of(link),
            without,
        }
    }
}

/// The component and the environment that a file is of: who asks for it says so, else the folder that it lies in.
fn owners(stack: &Stack, path: &RelPath, cause: Option<&Cause>) -> (Option<String>, Option<String>) {
    let segments: Vec<&str> = path.segments().collect();
    let (environment, folder) = match segments.as_slice() {
        ["k8s", _, "base", folder, ..] => (None, Some(*folder)),
        ["k8s", _, "overlays" | "sops", environment, folder, _, ..] => (Some(*environment), Some(*folder)),
        ["k8s", _, "overlays" | "sops", environment, ..] | ["argocd", environment, ..] => (Some(*environment), None),
        _ => (None, None),
    };
    let said = cause
        .filter(|cause| cause.kind == "component")
        .map(|cause| cause.name.as_str());
    let is_component = |name: &&str| ComponentName::parse(name).is_ok_and(|name| stack.components.contains_key(&name));
    let is_environment = |name: &&str| stack.environments.iter().any(|known| known.as_str() == *name);
    let component = said.or(folder).filter(is_component);
    (
        component.map(str::to_owned),
        environment.filter(is_environment).map(str::to_owned),
    )
}

/// Whether what lies on disk is what was looked at.
fn of_disk(path: &RelPath, file: &TreeFile, has_line: bool, out: &Path) -> anyhow::Result<Option<String>> {
    let Some(found) = open(out)?.read(path)? else {
        return Ok(None);
    };
    Ok(match &file.content {
        Content::Bytes(bytes) if found != **bytes => {
            Some("the file on disk is another; this is told of the one that `stacktic gen` would make now".to_owned())
        }
        Content::Skeleton(_) if has_line => {
            Some("lines are counted in the file as it is seeded, before anybody filled it in".to_owned())
        }
        _ => None,
    })
}
