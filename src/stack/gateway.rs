//! What a gateway publishes, and under which host.

use super::{Component, Link, Stack};
use crate::catalog::Role;
use crate::name::ComponentName;

pub use crate::catalog::gives::HTTP;

/// The attribute that is the first label of a published host.
pub const SUBDOMAIN: &str = "subdomain";

/// The attribute that says from where a gateway is reached, and its value where there is none.
const REACH: &str = "reach";
const OUTSIDE: &str = "outside";

impl Stack {
    /// The links by which `gateway` publishes components, sorted by those.
    pub fn published<'a>(&'a self, gateway: &'a Component) -> impl Iterator<Item = &'a Link> {
        self.links_from(&gateway.name)
            .filter(|link| link.kind.interface_name() == HTTP)
    }

    /// Whether a gateway of the stack publishes `component`.
    #[must_use]
    pub fn is_published(&self, component: &Component) -> bool {
        self.publishing(&component.name).next().is_some()
    }

    /// The links by which gateways publish the component `name`.
    pub fn publishing<'a>(&'a self, name: &'a ComponentName) -> impl Iterator<Item = &'a Link> {
        self.links_to(name)
            .filter(|link| link.kind.interface_name() == HTTP && self.component(&link.from).has_role(Role::Gateway))
    }

    /// From where `gateway` is reached: a name leads to one address there.
    #[must_use]
    pub fn reach(&self, gateway: &Component) -> String {
        let reach = gateway.text(REACH);
        if reach.is_empty() { OUTSIDE.to_owned() } else { reach }
    }

    /// The host under which a gateway publishes `component`.
    #[must_use]
    pub fn published_host(&self, component: &Component) -> String {
        published_host(component.name.as_str(), &component.text(SUBDOMAIN), &self.domain)
    }
}

/// The host of a published component: below its own name, where it has no `subdomain`.
#[must_use]
pub fn published_host(name: &str, subdomain: &str, domain: &str) -> String {
    let label = if subdomain.is_empty() { name } else { subdomain };
    format!("{label}.{domain}")
}
