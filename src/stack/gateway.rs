//! What a gateway publishes, and under which host.

use super::{Component, Link, Stack};

impl Stack {
    /// Components that `gateway` publishes, by links in either direction, sorted by name.
    #[must_use]
    pub fn published<'a>(&'a self, gateway: &'a Component) -> Vec<(&'a Link, &'a Component)> {
        let outward = self
            .links_from(&gateway.name)
            .map(|link| (link, self.component(&link.to)));
        let inward = self
            .links_to(&gateway.name)
            .filter(|link| link.entry.definition.reverse);
        let inward = inward.map(|link| (link, self.component(&link.from)));
        let mut found: Vec<_> = outward
            .chain(inward)
            .filter(|(_, component)| component.gateway().is_some())
            .collect();
        found.sort_by(|left, right| left.1.name.cmp(&right.1.name));
        found
    }

    /// The host under which a gateway publishes `component`.
    #[must_use]
    pub fn published_host(&self, component: &Component) -> String {
        format!("{}.{}", component.text("subdomain"), self.domain)
    }
}
