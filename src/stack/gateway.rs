//! What a gateway publishes, and under which host.

use super::{Component, Endpoint, Link, Stack};
use crate::catalog::{HttpAuth, Role};

/// The interface of everything that can be published.
pub const HTTP: &str = "http";

/// A component behind a gateway.
pub struct Published<'a> {
    pub link: &'a Link,
    pub component: &'a Component,
    /// Where it answers.
    pub endpoint: &'a Endpoint,
    /// Who checks its callers.
    pub auth: HttpAuth,
}

impl Stack {
    /// Components that `gateway` publishes, sorted by name.
    #[must_use]
    pub fn published<'a>(&'a self, gateway: &'a Component) -> Vec<Published<'a>> {
        let links = self
            .links_from(&gateway.name)
            .filter(|link| link.kind.interface_name() == HTTP);
        let mut found: Vec<_> = links.filter_map(|link| self.behind(link)).collect();
        found.sort_by(|left, right| left.component.name.cmp(&right.component.name));
        found
    }

    fn behind<'a>(&'a self, link: &'a Link) -> Option<Published<'a>> {
        let component = self.component(&link.to);
        let endpoint = component.endpoints.get(link.kind.provision.endpoints.first()?)?;
        let auth = link.kind.provision.auth.unwrap_or(HttpAuth::None);
        Some(Published {
            link,
            component,
            endpoint,
            auth,
        })
    }

    /// Whether a gateway of the stack publishes `component`.
    #[must_use]
    pub fn is_published(&self, component: &Component) -> bool {
        let mut links = self.links_to(&component.name);
        links.any(|link| link.kind.interface_name() == HTTP && self.component(&link.from).has_role(Role::Gateway))
    }

    /// The host under which a gateway publishes `component`.
    #[must_use]
    pub fn published_host(&self, component: &Component) -> String {
        format!("{}.{}", component.text("subdomain"), self.domain)
    }
}
