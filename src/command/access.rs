//! The access diff of a run: the locks of the new tree against those that are on disk, or in another tree.

use anyhow::{Context as _, anyhow};

use crate::hook::SeenLock;
use crate::name::RelPath;
use crate::report::{self, AccessChange};
use crate::tree::{Changes, Content, Tree};

/// Name of the lock, at the top of the output and in the folder of each server.
const TOOLS_LOCK: &str = "tools.lock.json";

/// The bytes that stood at a path before.
type Before<'a> = &'a dyn Fn(&RelPath) -> anyhow::Result<Option<Vec<u8>>>;

/// What an AI gains or loses against the locks that were there before: the stack's, and those of
/// environments that override what a server reaches.
pub(super) fn access(tree: &Tree, changes: &Changes<'_>, output: Before<'_>) -> anyhow::Result<Vec<AccessChange>> {
    let root = RelPath::parse(TOOLS_LOCK).map_err(|rule| anyhow!(rule))?;
    let mut access = Vec::new();
    if let Some(pair) = Pair::read(tree, &root, output)? {
        let (before, after) = (pair.before().unwrap_or_default(), pair.after()?.unwrap_or_default());
        access = report::access_diff(&before, &after);
        access.extend(report::text_changes(&before, &after));
    }
    for path in changes.files.iter().map(|change| &change.path) {
        if let Some(server) = overlay_server(path)
            && let Some(pair) = Pair::read(tree, path, output)?
        {
            access.extend(of_environment(&server, &pair, tree, &root)?);
        }
    }
    Ok(access)
}

/// What an environment gains or loses. Its texts are those of the stack but for closed lists, which its links tell.
fn of_environment(
    server: &OverlayServer<'_>,
    pair: &Pair<'_>,
    tree: &Tree,
    root: &RelPath,
) -> anyhow::Result<Vec<AccessChange>> {
    // Without a lock of its own an environment reaches what the stack says.
    let default = || -> anyhow::Result<SeenLock> { Ok(renamed(at_root(tree, root)?, server)) };
    let before = match pair.before() {
        Some(lock) => lock,
        None => default()?,
    };
    let after = match pair.after()? {
        Some(lock) => lock,
        None => default()?,
    };
    Ok(report::access_diff(&before, &after))
}

/// One lock on disk and in the new tree, where they differ.
struct Pair<'a> {
    path: &'a RelPath,
    before: Option<Vec<u8>>,
    after: Option<&'a [u8]>,
}

impl<'a> Pair<'a> {
    fn read(tree: &'a Tree, path: &'a RelPath, output: Before<'_>) -> anyhow::Result<Option<Self>> {
        let (before, after) = (output(path)?, bytes(tree, path));
        let differs = before.as_deref() != after;
        Ok(differs.then_some(Self { path, before, after }))
    }

    /// A lock that is not there, or not ours, grants nothing that a reviewer has seen.
    fn before(&self) -> Option<SeenLock> {
        self.before
            .as_deref()
            .and_then(|bytes| tools_lock(self.path, bytes).ok())
    }

    fn after(&self) -> anyhow::Result<Option<SeenLock>> {
        let lock = self.after.map(|bytes| tools_lock(self.path, bytes));
        lock.transpose().context("the tools lock is JSON")
    }
}

/// The lock of all servers as the stack has it; an empty one where there is no server.
pub(super) fn lock(tree: &Tree) -> anyhow::Result<SeenLock> {
    let root = RelPath::parse(TOOLS_LOCK).map_err(|rule| anyhow!(rule))?;
    Ok(at_root(tree, &root)?)
}

fn at_root(tree: &Tree, root: &RelPath) -> serde_json::Result<SeenLock> {
    Ok(bytes(tree, root).map(parse).transpose()?.unwrap_or_default())
}

/// The locks of a tree: the stack's servers, and those of environments that override what one reaches.
pub(super) fn locks(tree: &Tree) -> anyhow::Result<SeenLock> {
    let mut all = lock(tree)?;
    for (path, _) in tree
        .below("k8s/deploy/overlays/")
        .filter(|(path, _)| overlay_server(path).is_some())
    {
        if let Some(bytes) = bytes(tree, path) {
            all.servers.extend(tools_lock(path, bytes)?.servers);
        }
    }
    Ok(all)
}

/// The bytes of a file of a tree; a file of secrets has none to show.
pub(super) fn bytes<'a>(tree: &'a Tree, path: &RelPath) -> Option<&'a [u8]> {
    match tree.get(path).map(|file| &file.content) {
        Some(Content::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

/// The lock of all servers, or that of one server in one environment.
fn tools_lock(path: &RelPath, bytes: &[u8]) -> serde_json::Result<SeenLock> {
    match overlay_server(path) {
        None => parse(bytes),
        Some(server) => Ok(SeenLock {
            servers: [(server.shown(), serde_json::from_slice(bytes)?)].into(),
            ..SeenLock::default()
        }),
    }
}

fn parse(bytes: &[u8]) -> serde_json::Result<SeenLock> {
    serde_json::from_slice(bytes)
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

fn renamed(mut stack: SeenLock, server: &OverlayServer<'_>) -> SeenLock {
    let found = stack.servers.remove(server.server);
    SeenLock {
        servers: found.map(|lock| (server.shown(), lock)).into_iter().collect(),
        ..SeenLock::default()
    }
}
