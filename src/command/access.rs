//! The access diff of a run: the locks of the new tree against those that are on disk.

use anyhow::{Context as _, anyhow};

use crate::disk;
use crate::hook::ToolsLock;
use crate::name::RelPath;
use crate::report::{self, AccessChange};
use crate::tree::{Changes, Content, Tree};

/// Name of the lock, at the top of the output and in the folder of each server.
const TOOLS_LOCK: &str = "tools.lock.json";

/// What an AI gains or loses against the locks that are on disk: the stack's, and those of
/// environments that override what a server reaches.
pub(super) fn access(tree: &Tree, changes: &Changes<'_>, output: &disk::Output) -> anyhow::Result<Vec<AccessChange>> {
    let root = RelPath::parse(TOOLS_LOCK).map_err(|rule| anyhow!(rule))?;
    let stack = new_lock(tree, &root)?.unwrap_or_default();
    let mut access = report::access_diff(&old_lock(output, &root)?.unwrap_or_default(), &stack);
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
        let before = old_lock(output, path)?.unwrap_or_else(|| default.clone());
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
fn old_lock(output: &disk::Output, path: &RelPath) -> anyhow::Result<Option<ToolsLock>> {
    Ok(output.read(path)?.and_then(|bytes| tools_lock(path, &bytes).ok()))
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
