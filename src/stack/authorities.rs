//! Who signed the certificates that a component is shown by what it links to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Component, Fact, Link, Stack};
use crate::catalog::derived::{AUTHORITY_FILE, CA_FILE, TLS};
use crate::name::ComponentName;

/// The fact by which an issuer is named.
const ISSUER: &str = "issuer";

/// An authority that a component trusts.
pub struct Authority<'a> {
    /// Name of its ClusterIssuer.
    pub issuer: &'a str,
    /// Components that it signed certificates for.
    pub providers: BTreeSet<&'a str>,
}

impl Stack {
    /// The authorities that `component` trusts, sorted by their issuers.
    #[must_use]
    pub fn authorities_of<'a>(&'a self, component: &'a Component) -> Vec<Authority<'a>> {
        let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let links = self.links_from(&component.name);
        for link in links.filter(|link| link.facts.contains_key(CA_FILE)) {
            if let Some(issuer) = self.issuer_of(link) {
                found.entry(issuer).or_default().insert(link.to.as_str());
            }
        }
        let authority = |(issuer, providers)| Authority { issuer, providers };
        found.into_iter().map(authority).collect()
    }

    /// Whether an issuer that `component` is linked to makes its certificate.
    #[must_use]
    pub fn is_certified(&self, component: &Component) -> bool {
        let mut links = self.links_from(&component.name);
        links.any(|link| link.kind.interface_name() == TLS)
    }

    /// The issuer of the certificate that `component` shows to those who connect.
    #[must_use]
    pub fn certifier_of<'a>(&'a self, component: &'a Component) -> Option<&'a str> {
        component.entry.definition.certificate.as_ref()?;
        let mut links = self.links_from(&component.name);
        issuer(links.find(|link| link.kind.interface_name() == TLS)?)
    }

    /// Where those who are linked to `component` find the certificate of the authority that signed what it shows.
    #[must_use]
    pub fn ca_file_of(&self, component: &Component) -> Option<String> {
        self.certifier_of(component)?;
        Some(AUTHORITY_FILE.replace("{to.name}", component.name.as_str()))
    }

    /// The components that issue the certificates by which `component` verifies others: they sign one for it, too.
    pub fn issuers_of<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a ComponentName> {
        let links = self
            .links_from(&component.name)
            .filter(|link| link.facts.contains_key(CA_FILE));
        links.filter_map(|link| Some(&self.signing(link)?.to))
    }

    /// The link of what `link` ends at to its issuer, by a slot that changes what it provides.
    fn signing<'a>(&'a self, link: &'a Link) -> Option<&'a Link> {
        let changes = |own: &&Link| {
            own.kind.interface_name() == TLS && link.kind.provision.when.contains_key(&own.kind.slot_name)
        };
        self.links_from(&link.to).find(changes)
    }

    fn issuer_of<'a>(&'a self, link: &'a Link) -> Option<&'a str> {
        issuer(self.signing(link)?)
    }
}

/// The name of the issuer that `link` leads to.
fn issuer(link: &Link) -> Option<&str> {
    match link.facts.get(ISSUER)? {
        Fact::Plain(name) => Some(name),
        Fact::Secret { .. } => None,
    }
}
