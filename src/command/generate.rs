//! `stacktic gen`: the pipeline, one stage a line.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::Streams;
use super::load::{Loaded, load};
use crate::catalog::Catalog;
use crate::cli::OutputArg;
use crate::disk;
use crate::exit::Exit;
use crate::finding::Finding;
use crate::hook::{self, ToolsLock};
use crate::name::RelPath;
use crate::plan::{self, Overlay, is_producible};
use crate::render::{ensure_objects, render};
use crate::report::{self, AccessChange};
use crate::settings::{GenSettings, Mode};
use crate::stack::{self, Stack};
use crate::topology::{Source, Topology};
use crate::tree::{Changes, Content, Tree};

/// Where the tree keeps the lock that the access diff compares.
const TOOLS_LOCK: &str = "tools.lock.json";

pub(super) fn run(settings: &GenSettings, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Loaded { source, result } = load(&settings.stack_file, catalog)?;
    let (topology, stack) = match result {
        Ok(checked) => checked,
        Err(findings) => return refuse(&findings, &source, settings.output, streams),
    };
    let tree = tree(&topology, &stack, catalog)?;
    let options = disk::Options {
        on_edit: settings.on_edit,
        max_deletes: settings.max_deletes,
        empty_stack: stack.components.is_empty(),
    };
    let changes = disk::diff(&tree, &settings.out, &options, &is_producible)?;
    let access = access(&tree, &changes, &settings.out)?;
    tell(&changes, &access, settings, streams)?;
    finish(&changes, settings)
}

/// Everything between checking and the disk, in memory.
///
/// # Errors
/// A mistake in the catalog.
pub(super) fn tree(topology: &Topology, stack: &Stack, catalog: &Catalog) -> anyhow::Result<Tree> {
    let base = plan::plan(stack, catalog, hook::run_all(stack, catalog)?)?;
    let mut tree = render(&base)?;
    let mut environments = Vec::new();
    for name in &stack.environments {
        environments.push((name, environment_tree(topology, catalog, name.as_str())?));
    }
    let overlays: Vec<Overlay<'_>> = environments
        .iter()
        .map(|(name, tree)| Overlay {
            name,
            tree: tree.as_ref(),
        })
        .collect();
    let overlays = render(&plan::plan_overlays(stack, catalog, &base, &tree, &overlays)?)?;
    for (name, environment) in &mut environments {
        // An environment's Applications follow its own values, whole.
        if let Some(environment) = environment.take() {
            tree.replace_below(&format!("argocd/{name}/"), environment);
        }
    }
    let tree = tree
        .joined(overlays)
        .map_err(|message| anyhow::anyhow!("E_OUTPUT_PATH: {message}"))?;
    ensure_objects(&tree)?;
    Ok(tree)
}

/// The bases as an environment with overrides would have them.
fn environment_tree(topology: &Topology, catalog: &Catalog, name: &str) -> anyhow::Result<Option<Tree>> {
    let overrides = topology
        .document
        .environments
        .get(name)
        .is_some_and(|environment| !environment.components.is_empty());
    if !overrides {
        return Ok(None);
    }
    let stack = match stack::check::check(topology, catalog, Vec::new(), Some(name))? {
        Ok(stack) => stack,
        Err(findings) => anyhow::bail!(
            "the environment `{name}` does not check: {}",
            findings
                .first()
                .map(|finding| finding.message.as_str())
                .unwrap_or_default()
        ),
    };
    let plan = plan::plan(&stack, catalog, hook::run_all(&stack, catalog)?)?;
    render(&plan).map(Some)
}

/// What an AI gains or loses against the locks that are on disk: the stack's, and those of
/// environments that override what a server reaches.
fn access(tree: &Tree, changes: &Changes<'_>, out: &Path) -> anyhow::Result<Vec<AccessChange>> {
    let root = RelPath::parse(TOOLS_LOCK).map_err(|rule| anyhow::anyhow!(rule))?;
    let stack = new_lock(tree, &root)?.unwrap_or_default();
    let mut access = report::access_diff(&old_lock(out, &root)?.unwrap_or_default(), &stack);
    let paths = changes
        .files
        .iter()
        .map(|change| &change.path)
        .filter(|path| overlay_server(path).is_some());
    for path in paths {
        // Without a lock of its own an environment reaches what the stack says.
        let default = overlay_server(path)
            .map(|server| renamed(&stack, &server))
            .unwrap_or_default();
        let before = old_lock(out, path)?.unwrap_or_else(|| default.clone());
        let after = new_lock(tree, path)?.unwrap_or(default);
        access.extend(report::access_diff(&before, &after));
    }
    Ok(access)
}

fn new_lock(tree: &Tree, path: &RelPath) -> anyhow::Result<Option<ToolsLock>> {
    match tree.get(path).map(|file| &file.content) {
        Some(Content::Bytes(bytes)) => tools_lock(path, bytes).context("the tools lock is JSON").map(Some),
        _ => Ok(None),
    }
}

/// A lock that is not there, or not ours, grants nothing that a reviewer has seen.
fn old_lock(out: &Path, path: &RelPath) -> anyhow::Result<Option<ToolsLock>> {
    Ok(disk::read(out, path)?.and_then(|bytes| tools_lock(path, &bytes).ok()))
}

/// The lock of all servers, or that of one server in one environment.
fn tools_lock(path: &RelPath, bytes: &[u8]) -> serde_json::Result<ToolsLock> {
    match overlay_server(path) {
        None => serde_json::from_slice(bytes),
        Some(server) => Ok(ToolsLock {
            version: 1,
            servers: [(server.shown(), serde_json::from_slice(bytes)?)].into(),
        }),
    }
}

/// A server in an environment that overrides what it reaches.
struct OverlayServer<'a> {
    environment: &'a str,
    server: &'a str,
}

impl OverlayServer<'_> {
    fn shown(&self) -> String {
        format!("{} in {}", self.server, self.environment)
    }
}

fn overlay_server(path: &RelPath) -> Option<OverlayServer<'_>> {
    let segments: Vec<&str> = path.segments().collect();
    match segments.as_slice() {
        ["k8s", "deploy", "overlays", environment, server, "config", TOOLS_LOCK] => {
            Some(OverlayServer { environment, server })
        }
        _ => None,
    }
}

fn renamed(stack: &ToolsLock, server: &OverlayServer<'_>) -> ToolsLock {
    let found = stack.servers.get(server.server).cloned();
    ToolsLock {
        version: stack.version,
        servers: found.map(|lock| (server.shown(), lock)).into_iter().collect(),
    }
}

fn refuse(findings: &[Finding], source: &Source, output: OutputArg, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    match output {
        OutputArg::Text => write!(
            streams.messages,
            "{}",
            report::findings_text(findings, source, streams.style)
        )?,
        OutputArg::Json => writeln!(streams.out, "{:#}", report::findings_json(findings, source))?,
    }
    Ok(Exit::Error)
}

fn tell(
    changes: &Changes<'_>,
    access: &[AccessChange],
    settings: &GenSettings,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    match settings.output {
        OutputArg::Text => write!(
            streams.messages,
            "{}",
            report::changes_text(changes, access, streams.style)
        )?,
        OutputArg::Json => {
            let mut report = report::changes_json(changes, access);
            if settings.mode == Mode::Diff {
                report["diff"] = json!(report::unified_diff(changes));
            }
            writeln!(streams.out, "{report:#}")?;
            return Ok(());
        }
    }
    if settings.mode == Mode::Diff {
        write!(streams.out, "{}", report::unified_diff(changes))?;
    }
    if settings.mode == Mode::Write && changes.blocks() {
        writeln!(
            streams.messages,
            "{}: nothing was written",
            streams.style.error("error")
        )?;
    } else if settings.mode == Mode::Write && changes.reports() {
        writeln!(
            streams.messages,
            "{}: everything else was written",
            streams.style.hint("note")
        )?;
    }
    if settings.mode == Mode::Check && changes.pending() {
        let repair = format!("run `stacktic gen {}`", settings.stack_file.display());
        writeln!(streams.messages, "{}: {repair}", streams.style.hint("hint"))?;
    }
    Ok(())
}

/// The last step, and the only one in which the modes differ.
fn finish(changes: &Changes<'_>, settings: &GenSettings) -> anyhow::Result<Exit> {
    match settings.mode {
        Mode::Write if !changes.blocks() => disk::apply(changes, &settings.out)?,
        Mode::Check if changes.pending() || changes.reports() => return Ok(Exit::Pending),
        _ => {}
    }
    Ok(if changes.reports() { Exit::Refused } else { Exit::Done })
}
