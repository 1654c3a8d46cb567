//! A certificate ends, or who signs is away: what is renewed by whom, and what has none.

use serde_json::Value as Json;

use super::Site;
use crate::catalog::derived::METRICS;
use crate::stack::{Component, Link};
use crate::view::object;

/// The interface of issuers.
const TLS: &str = "tls";
/// The attribute that names the Secret of a certificate that nobody makes.
const TLS_SECRET: &str = "tls_secret";
/// What a certificate is written as.
const CERTIFICATE: &str = "Certificate";

/// One item for each component that an issuer signs for.
pub(super) fn items(site: &Site<'_>) -> Vec<Json> {
    let links = site.stack.links.iter().filter(|link| link.kind.interface_name() == TLS);
    links.map(|link| item(site, link)).collect()
}

fn item(site: &Site<'_>, link: &Link) -> Json {
    let issuer = site.stack.component(&link.to);
    let scraper = site
        .stack
        .links_to(&link.to)
        .find(|one| one.kind.interface_name() == METRICS);
    let rules = scraper.and_then(|one| site.planned(format!("k8s/deploy/base/{}/rules-{}.yaml", one.from, one.to)));
    let file = site.file_with(site.stack.component(&link.from), CERTIFICATE);
    object! {
        "component": &link.from,
        "issuer": &link.to,
        "is_ours": issuer.is_deployed(),
        "namespace": &site.stack.component(&link.from).namespace,
        "file": file.unwrap_or_else(|| site.file_of(site.stack.component(&link.from))),
        "rules": rules.unwrap_or_default(),
    }
}

/// Components that could have a certificate and have none.
pub(super) fn missing(site: &Site<'_>) -> Vec<Json> {
    let could = |component: &&Component| {
        let mut slots = component.entry.definition.consumes.iter();
        slots.any(|slot| slot.interface() == TLS)
    };
    let found = site
        .components()
        .filter(could)
        .filter(|one| !site.stack.is_certified(one));
    let found = found.filter(|one| one.text(TLS_SECRET).is_empty());
    found
        .map(|one| object! { "component": &one.name, "file": site.file_of(one) })
        .collect()
}

/// Certificates that a person puts into the cluster.
pub(super) fn by_hand(site: &Site<'_>) -> Vec<Json> {
    let found = site.components().filter(|one| !site.stack.is_certified(one));
    let found = found.filter(|one| !one.text(TLS_SECRET).is_empty());
    let item = |one: &Component| {
        object! { "component": &one.name, "namespace": &one.namespace, "secret": one.text(TLS_SECRET), "file": site.file_of(one) }
    };
    found.map(item).collect()
}
