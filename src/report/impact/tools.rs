//! Which tools of an AI a change touches, by MCP server: those that come, go or are others, and those that reach what changes.
//!
//! In: the locks of both topologies, and what changed. Out: tools with the components that they reach. All names are those of the
//! newer topology.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::hook::{SeenLink, SeenLock, SeenServer, SeenTool};
use crate::stack::difference::{End, How, Renames, Touched};

/// A tool that a change touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolTouch {
    pub name: String,
    /// `read` or `write`.
    pub class: String,
    pub how: How,
    /// Components that it reaches.
    pub reaches: Vec<String>,
}

/// The tools of one server that a change touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerTouch {
    pub server: String,
    /// The environment that overrides what the server reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    pub tools: Vec<ToolTouch>,
}

impl ServerTouch {
    /// `fastmcp` or `fastmcp in prod`.
    pub(super) fn told(&self) -> String {
        match &self.environment {
            Some(environment) => format!("{} in {environment}", self.server),
            None => self.server.clone(),
        }
    }
}

/// The server and the environment of a name in a lock.
type Place = (String, Option<String>);

/// Tools that are touched, by server; an environment tells those alone that are touched otherwise there.
#[must_use]
pub fn tools_touched(touched: &Touched, renames: &Renames, before: &SeenLock, after: &SeenLock) -> Vec<ServerTouch> {
    let (old, new) = (
        by_place(before, &|name| renames.component(name)),
        by_place(after, &|name| name),
    );
    let none = SeenServer::none();
    let of = |servers: &BTreeMap<Place, &SeenServer>, place: &Place| -> SeenServer {
        // Without a lock of its own an environment has what the stack says.
        let base = (place.0.clone(), None);
        let found = servers.get(place).or_else(|| servers.get(&base));
        found.map_or_else(|| none.clone(), |server| (*server).clone())
    };
    let mut found: Vec<ServerTouch> = Vec::new();
    for place in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (server, environment) = place;
        let mut tools = between(touched, renames, server, (&of(&old, place), &of(&new, place)));
        if environment.is_some() {
            let base = found
                .iter()
                .find(|known| known.server == *server && known.environment.is_none());
            tools.retain(|tool| base.is_none_or(|base| !base.tools.contains(tool)));
        }
        if !tools.is_empty() {
            found.push(ServerTouch {
                server: server.clone(),
                environment: environment.clone(),
                tools,
            });
        }
    }
    found
}

fn by_place<'a, 'n>(lock: &'a SeenLock, newer: &dyn Fn(&'a str) -> &'n str) -> BTreeMap<Place, &'a SeenServer>
where
    'a: 'n,
{
    let servers = lock.servers.iter().map(|(name, server)| {
        let (name, environment) = match name.split_once(" in ") {
            Some((name, environment)) => (name, Some(environment.to_owned())),
            None => (name.as_str(), None),
        };
        ((newer(name).to_owned(), environment), server)
    });
    servers.collect()
}

fn between(
    touched: &Touched,
    renames: &Renames,
    server: &str,
    (old, new): (&SeenServer, &SeenServer),
) -> Vec<ToolTouch> {
    let old_links = ends(old, &|end| renames.end(&end));
    let new_links = ends(new, &|end| end);
    let old_tools: BTreeMap<&str, &SeenTool> = old.tools.iter().map(|tool| (tool.name.as_str(), tool)).collect();
    let new_tools: BTreeMap<&str, &SeenTool> = new.tools.iter().map(|tool| (tool.name.as_str(), tool)).collect();
    // Whoever calls a server finds it by its name.
    let is_renamed = renames.components.values().any(|name| name == server);
    let mut found = Vec::new();
    for name in old_tools.keys().chain(new_tools.keys()).collect::<BTreeSet<_>>() {
        let (was, is) = (old_tools.get(name), new_tools.get(name));
        let Some(tool) = is.or(was) else { continue };
        let old_reach = was.map(|tool| reach(tool, &|component| renames.component(component)));
        let new_reach = is.map(|tool| reach(tool, &|component| component));
        let all: BTreeSet<String> = old_reach.iter().chain(&new_reach).flatten().cloned().collect();
        let is_reached = || {
            let links = old_links.iter().chain(&new_links);
            let mut links = links.filter(|(end, _)| all.contains(&end.component));
            links.any(|(end, _)| touched.is_end(end))
        };
        let how = match (was, is) {
            (None, _) => How::Gained,
            (_, None) => How::Lost,
            (Some(was), Some(is)) if is_another(was, is) || is_renamed || old_reach != new_reach => How::Changed,
            _ if all
                .iter()
                .any(|component| has_other_links(component, &old_links, &new_links)) =>
            {
                How::Changed
            }
            _ if is_reached() => How::Reached,
            _ => continue,
        };
        found.push(ToolTouch {
            name: (*name).to_owned(),
            class: tool.class.clone(),
            how,
            reaches: all.into_iter().collect(),
        });
    }
    found
}

fn reach<'a>(tool: &'a SeenTool, newer: &dyn Fn(&'a str) -> &'a str) -> BTreeSet<String> {
    tool.link.iter().map(|component| newer(component).to_owned()).collect()
}

fn ends<'a>(server: &'a SeenServer, newer: &dyn Fn(End) -> End) -> BTreeMap<End, &'a SeenLink> {
    let links = server.links.iter().map(|link| {
        let end = End {
            component: link.component.clone(),
            sub: link.sub_component.clone(),
        };
        (newer(end), link)
    });
    links.collect()
}

/// Whether a model would see, or could do, something else.
fn is_another(old: &SeenTool, new: &SeenTool) -> bool {
    let told = |tool: &SeenTool| {
        let hashes = [&tool.description_sha256, &tool.input_sha256, &tool.output_sha256].map(Clone::clone);
        (tool.class.clone(), hashes, tool.limits.clone())
    };
    told(old) != told(new)
}

/// Whether the links of a server to a component give more, less or something else than before.
fn has_other_links(component: &str, old: &BTreeMap<End, &SeenLink>, new: &BTreeMap<End, &SeenLink>) -> bool {
    let of = |links: &BTreeMap<End, &SeenLink>| -> Vec<_> {
        let links = links.iter().filter(|(end, _)| end.component == component);
        links
            .map(|(end, link)| {
                let given = (
                    link.level(),
                    link.grants.clone(),
                    link.scope.clone(),
                    link.credential_keys.clone(),
                );
                (end.clone(), given)
            })
            .collect()
    };
    of(old) != of(new)
}
