//! An MCP server is abused, or a key of a client leaks: the most that a key opens, and what closes it.

use serde_json::Value as Json;

use super::Site;
use crate::catalog::Role;
use crate::catalog::derived::LOGS;
use crate::stack::{Component, Link};
use crate::view::object;

/// The attribute that says whether a tool answers without a line in the audit log.
const AUDIT: &str = "audit";

pub(super) fn items(site: &Site<'_>) -> Vec<Json> {
    let servers = site.components().filter(|one| one.has_role(Role::McpServer));
    servers.map(|server| item(site, server)).collect()
}

fn item(site: &Site<'_>, server: &Component) -> Json {
    let stack = site.stack;
    let writes = stack.links_from(&server.name).filter(|link| link.writes());
    let reads = stack.links_from(&server.name).filter(|link| !link.writes());
    let logs = stack
        .links_to(&server.name)
        .filter(|link| link.kind.interface_name() == LOGS);
    let callers = stack
        .links_to(&server.name)
        .filter(|link| link.secrets().next().is_some());
    let provisions = server.entry.definition.provides.values().flat_map(|all| &all.0);
    let mut secrets = provisions
        .flat_map(|one| one.accounts.values())
        .filter_map(|one| one.secret.as_ref());
    object! {
        "server": &server.name,
        "namespace": &server.namespace,
        "object": &server.object,
        "reads": reads.map(Link::end).collect::<Vec<_>>(),
        "writes": writes.map(Link::end).collect::<Vec<_>>(),
        "callers": callers.map(|link| stack.spelled(link)).collect::<Vec<_>>(),
        "keys": secrets.find_map(|one| one.digest_in.clone()).unwrap_or_default(),
        "key_file": super::leaks::file_of_links(site, server),
        "collectors": logs.map(|link| link.from.to_string()).collect::<Vec<_>>(),
        "audit": server.text(AUDIT),
        "file": site.file_of(server),
    }
}
