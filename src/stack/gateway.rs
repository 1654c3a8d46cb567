//! What a gateway publishes, and under which host.

use super::{Component, Link, Stack};
use crate::catalog::Role;

/// The interface of everything that can be published.
pub const HTTP: &str = "http";

impl Stack {
    /// The links by which `gateway` publishes components, sorted by those.
    pub fn published<'a>(&'a self, gateway: &'a Component) -> impl Iterator<Item = &'a Link> {
        self.links_from(&gateway.name)
            .filter(|link| link.kind.interface_name() == HTTP)
    }

    /// Whether a gateway of the stack publishes `component`.
    #[must_use]
    pub fn is_published(&self, component: &Component) -> bool {
        let mut links = self.links_to(&component.name);
        links.any(|link| link.kind.interface_name() == HTTP && self.component(&link.from).has_role(Role::Gateway))
    }

    /// The host under which a gateway publishes `component`: below its own name, where its type has no `subdomain`.
    #[must_use]
    pub fn published_host(&self, component: &Component) -> String {
        let subdomain = component.text("subdomain");
        let label = if subdomain.is_empty() {
            component.name.as_str()
        } else {
            &subdomain
        };
        format!("{label}.{}", self.domain)
    }
}
