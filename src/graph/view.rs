//! Which links and components a view has, by what the catalog says of roles, interfaces and groups.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::model::View;
use crate::catalog::derived::TLS;
use crate::catalog::gives::HTTP;
use crate::catalog::{ComponentType, Entry, Level, Role};
use crate::name::ComponentName;
use crate::stack::{Component, Link, Stack};

/// Roles of what brings a stack to people and keeps an eye on it.
const OPERATING: [Role; 4] = [Role::Gateway, Role::Delivery, Role::Scraper, Role::Dashboards];

/// One view of one stack.
pub(super) struct Choice<'a> {
    stack: &'a Stack,
    view: View,
    /// Default groups of the types that have such roles: what shares a chapter with them has their purpose.
    operating: BTreeSet<&'a str>,
    /// Applications, and the ends of data links.
    holders: BTreeSet<&'a ComponentName>,
}

impl<'a> Choice<'a> {
    pub(super) fn new(stack: &'a Stack, view: View, types: &'a [Rc<Entry<ComponentType>>]) -> Self {
        let own = stack.components.values().map(|component| &component.entry);
        let definitions = types.iter().chain(own).map(|entry| &entry.definition);
        let operates = |kind: &&ComponentType| OPERATING.iter().any(|role| kind.roles.contains(role));
        let operating = definitions.filter(operates).map(|kind| kind.group.as_str());
        let applications = stack.of_role(Role::Application).map(|component| &component.name);
        let mut choice = Self {
            stack,
            view,
            operating: operating.collect(),
            holders: applications.collect(),
        };
        let moving = stack
            .links
            .iter()
            .filter(|link| choice.is_of_work(link) && is_of_data(link));
        let ends: Vec<&ComponentName> = moving.flat_map(|link| [&link.from, &link.to]).collect();
        choice.holders.extend(ends);
        choice
    }

    pub(super) fn has(&self, link: &Link) -> bool {
        match self.view {
            View::All => true,
            View::Ai => !is_from_no_server(self.stack, link) && !watches(link),
            View::Data => self.is_of_work(link) && self.moves_data(link),
            View::Delivery => self.checks(link) || (self.is_of_work(link) && !is_of_data(link) && self.operates(link)),
        }
    }

    /// Whether it is there without any link.
    pub(super) fn keeps(&self, component: &Component) -> bool {
        match self.view {
            View::All => true,
            View::Ai => component.has_role(Role::McpServer),
            View::Data => component.has_role(Role::Application) || stores(component),
            View::Delivery => self.is_operating(component),
        }
    }

    /// Whether it begins at neither an AI's server nor at what checks others.
    fn is_of_work(&self, link: &Link) -> bool {
        is_from_no_server(self.stack, link) && !self.checks(link)
    }

    fn checks(&self, link: &Link) -> bool {
        self.stack.component(&link.from).has_role(Role::Agent)
    }

    /// Data lies at its end, or passes between two that have to do with data.
    fn moves_data(&self, link: &Link) -> bool {
        let is_between = || self.holders.contains(&link.from) && self.holders.contains(&link.to);
        is_of_data(link) || (is_for_applications(link) && !is_published(link) && is_between())
    }

    fn operates(&self, link: &Link) -> bool {
        let is_end = |name| self.is_operating(self.stack.component(name));
        !link.kind.uses() || link.kind.interface_name() == TLS || is_end(&link.from) || is_end(&link.to)
    }

    fn is_operating(&self, component: &Component) -> bool {
        self.operating.contains(component.entry.definition.group.as_str())
    }
}

fn is_from_no_server(stack: &Stack, link: &Link) -> bool {
    !stack.component(&link.from).has_role(Role::McpServer)
}

/// Whether it only watches, checks or deploys its end, which every component lets be done to it.
pub(super) fn watches(link: &Link) -> bool {
    !link.kind.uses() && link.kind.interface.definition.broadcast
}

/// An interface that applications take is one of data when it tells those who read from those who write: what the ones put
/// there is kept for the others. A web interface does so, too, and is about calls.
fn is_of_data(link: &Link) -> bool {
    let levels = &link.kind.interface.definition.levels;
    let has = |level| levels.contains_key(&level);
    is_for_applications(link) && has(Level::Read) && has(Level::Write) && link.kind.interface_name() != HTTP
}

fn is_for_applications(link: &Link) -> bool {
    let interface = &link.kind.interface.definition;
    interface.uses && interface.consumers.contains_key(&Role::Application)
}

fn is_published(link: &Link) -> bool {
    link.kind.interface.definition.published
}

/// Whether data of its type stays when its files go.
fn stores(component: &Component) -> bool {
    !component.entry.definition.holds_data.is_empty()
}
