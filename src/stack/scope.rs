//! What the patterns of a link may name, in one vocabulary; nothing else expands `{variables}` of links.

use std::borrow::Cow;

use super::gateway::{SUBDOMAIN, published_host};
use super::{AttributeValue, Attributes, Component, SubComponent};
use crate::catalog::{gives, pattern};

/// The ends and the names of a link.
#[derive(Clone, Copy)]
pub(crate) struct LinkScope<'a> {
    pub(super) stack: &'a str,
    pub(super) domain: &'a str,
    /// The one whose values count; nothing while the base is made.
    pub(super) environment: Option<&'a str>,
    pub(super) from: &'a Component,
    pub(super) from_sub: Option<&'a SubComponent>,
    pub(super) to: &'a Component,
    pub(super) sub: Option<&'a SubComponent>,
    /// Name of the link type.
    pub(super) kind: &'a str,
    /// Prefix of its keys.
    pub(super) env: &'a str,
    /// Object of the link, or of what shares its account.
    pub(super) object: &'a str,
    /// Settings of the link.
    pub(super) with: &'a Attributes,
    /// Name of its account.
    pub(super) account: Option<&'a str>,
}

impl<'a> LinkScope<'a> {
    /// Expand `text`.
    ///
    /// # Errors
    /// It names a variable that a link does not have.
    pub(crate) fn expand(&self, text: &str) -> anyhow::Result<String> {
        pattern::expand(text, |name| self.variable(name)).map(Cow::into_owned)
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<Cow<'a, str>> {
        match name.split_once('.') {
            None => match name {
                "env" => Some(Cow::Borrowed(self.env)),
                "stack" => Some(Cow::Borrowed(self.stack)),
                "domain" => Some(Cow::Borrowed(self.domain)),
                "environment" => self.environment.map(Cow::Borrowed),
                _ => None,
            },
            Some(("link", name)) => self.of_link(name),
            Some(("account", "name")) => self.account.map(Cow::Borrowed),
            Some(_) if name == gives::PUBLISHED => {
                let subdomain = self.from.text(SUBDOMAIN);
                Some(Cow::Owned(published_host(
                    self.from.name.as_str(),
                    &subdomain,
                    self.domain,
                )))
            }
            Some(("with", name)) => attribute(self.with, name),
            Some(("from", name)) => of_component(self.from, name),
            Some(("from_sub", name)) => of_sub(self.from_sub?, name),
            Some(_) => of_provider(self.to, self.sub, name),
        }
    }

    fn of_link(&self, name: &str) -> Option<Cow<'a, str>> {
        match name {
            "object" => Some(Cow::Borrowed(self.object)),
            "id" => Some(Cow::Owned(self.object.replace('-', "_"))),
            "type" => Some(Cow::Borrowed(self.kind)),
            _ => None,
        }
    }
}

/// The value of a variable that the provider has without any link: `to.…`, `sub.…`, `endpoints.…`.
pub(super) fn of_provider<'a>(to: &'a Component, sub: Option<&'a SubComponent>, name: &str) -> Option<Cow<'a, str>> {
    match name.split_once('.')? {
        ("to", name) => of_component(to, name),
        ("sub", name) => of_sub(sub?, name),
        ("endpoints", name) => of_endpoint(to, name),
        _ => None,
    }
}

fn of_component<'a>(component: &'a Component, name: &str) -> Option<Cow<'a, str>> {
    let endpoint = || component.primary_endpoint();
    match name {
        "name" => Some(Cow::Borrowed(component.name.as_str())),
        "type" => Some(Cow::Borrowed(component.type_name())),
        "namespace" => Some(Cow::Borrowed(component.namespace.as_str())),
        "group" => Some(Cow::Borrowed(&component.group)),
        "object" => Some(Cow::Borrowed(&component.object)),
        "host" => endpoint().map(|endpoint| Cow::Borrowed(endpoint.host.as_str())),
        "port" => endpoint().map(|endpoint| Cow::Owned(endpoint.port.to_string())),
        _ => attribute(&component.attributes, name),
    }
}

fn of_sub<'a>(sub: &'a SubComponent, name: &str) -> Option<Cow<'a, str>> {
    match name {
        "name" => Some(Cow::Borrowed(sub.name.as_str())),
        "object" => Some(Cow::Borrowed(&sub.object)),
        _ => attribute(&sub.attributes, name),
    }
}

fn of_endpoint<'a>(component: &'a Component, name: &str) -> Option<Cow<'a, str>> {
    let (endpoint, part) = name.split_once('.')?;
    let endpoint = component.endpoints.get(endpoint)?;
    match part {
        "host" => Some(Cow::Borrowed(&endpoint.host)),
        "port" => Some(Cow::Owned(endpoint.port.to_string())),
        _ => None,
    }
}

fn attribute<'a>(attributes: &'a Attributes, name: &str) -> Option<Cow<'a, str>> {
    attributes.get(name).and_then(AttributeValue::text).map(Cow::Owned)
}
