//! What templates see of a stack: plain maps and lists, without secrets.

mod accounts;
mod gets;
mod metrics;
mod object;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use metrics::metrics;
pub(crate) use object::{Shown, object};

use crate::catalog::Role;
use crate::catalog::derived::{CA_FILE, METRICS};
use crate::name::env_form;
use crate::stack::{Account, Attributes, Authority, Component, Endpoint, Link, SecretsBackend, Stack, SubComponent};

/// A component with its sub-components and links.
#[must_use]
pub fn component(stack: &Stack, component: &Component) -> Json {
    let mut view = summary(stack, component);
    let sub_components: Vec<Json> = component
        .sub_components
        .values()
        .map(|sub| sub_component(stack, component, sub))
        .collect();
    let (config_keys, secret_keys) = env_keys(stack, component);
    view.insert("sub_components".to_owned(), sub_components.into());
    view.insert("accounts".to_owned(), accounts::of(stack, component));
    view.insert("gets".to_owned(), gets::of(stack, component));
    view.insert("publishes".to_owned(), publishes(stack, component).shown());
    view.insert("publishes_from".to_owned(), publishes_from(stack, component).shown());
    view.insert("gives".to_owned(), gives(stack, component).shown());
    view.insert("authorities".to_owned(), authorities(stack, component));
    view.insert("certificate".to_owned(), certificate(stack, component));
    view.insert("is_scraped".to_owned(), stack.is_linked(component, METRICS).into());
    view.insert("affinity".to_owned(), affinity(stack, component).shown());
    view.insert("is_kept".to_owned(), is_kept(stack, component).into());
    view.insert("metrics".to_owned(), metrics(stack, component));
    view.insert("config_keys".to_owned(), config_keys.shown());
    view.insert("secret_keys".to_owned(), secret_keys.shown());
    view.insert("secret_files".to_owned(), secret_files(stack, component));
    Json::Object(view)
}

/// The stack and its components, without links.
#[must_use]
pub fn stack(stack: &Stack) -> Json {
    let components: Vec<Json> = stack
        .components
        .values()
        .map(|component| Json::Object(summary(stack, component)))
        .collect();
    let namespaces: BTreeSet<&str> = stack.deployed().map(|component| component.namespace.as_str()).collect();
    object! {
        "name": &stack.name,
        "domain": &stack.domain,
        "components": components,
        "environments": stack.environments.iter().collect::<Vec<_>>(),
        "namespaces": namespaces,
        "is_encrypted": stack.secrets == SecretsBackend::Sops,
        "dns": dns(stack),
    }
}

/// Where pods ask for names: those who answer, by a label, and caches of nodes, by address.
#[must_use]
pub fn dns(stack: &Stack) -> Json {
    let (label, value) = stack.dns.label();
    object! {
        "namespace": stack.dns.namespace(),
        "label": label,
        "value": value,
        "port": stack.dns.port(),
        "caches": stack.dns.caches().map(Json::from).collect::<Vec<_>>(),
    }
}

/// What it publishes as a gateway.
fn published<'a>(stack: &'a Stack, component: &'a Component) -> impl Iterator<Item = &'a Component> {
    let links = stack.published(component).filter(|_| component.has_role(Role::Gateway));
    links.map(|link| stack.component(&link.to))
}

/// The hosts that it publishes as a gateway.
fn publishes(stack: &Stack, component: &Component) -> BTreeSet<String> {
    published(stack, component).map(|to| stack.published_host(to)).collect()
}

/// The namespaces of what it publishes as a gateway.
fn publishes_from<'a>(stack: &'a Stack, component: &'a Component) -> BTreeSet<&'a str> {
    published(stack, component).map(|to| to.namespace.as_str()).collect()
}

/// The header by which the gateway that publishes it keeps each caller to one of its pods. How to choose among pods is said once for a
/// Service, so that two gateways could not both say it.
fn affinity<'a>(stack: &Stack, component: &'a Component) -> Option<&'a str> {
    let workload = component.entry.definition.install.workload()?;
    let affinity = workload.affinity.as_ref().map(|affinity| affinity.header.as_str());
    affinity.filter(|_| stack.publishing(&component.name).count() == 1)
}

/// Whether every caller comes by a gateway that keeps each to one of its pods.
fn is_kept(stack: &Stack, component: &Component) -> bool {
    let mut gateways = stack
        .publishing(&component.name)
        .map(|link| stack.component(&link.from));
    affinity(stack, component).is_some() && gateways.all(|gateway| gateway.entry.definition.keeps_callers)
}

/// Interfaces of the links that end here: what nobody is linked for need not listen.
fn gives<'a>(stack: &'a Stack, component: &'a Component) -> BTreeSet<&'a str> {
    let links = stack.links_to(&component.name);
    links.map(|link| link.kind.interface_name()).collect()
}

/// The Secret of a component that has the certificate of an authority.
fn authority_secret(component: &Component, authority: &Authority<'_>) -> String {
    format!("{}.authority.{}", component.object, authority.issuer)
}

/// The authorities that it trusts: the Secret that has the certificate of each, and the providers that show theirs.
fn authorities(stack: &Stack, component: &Component) -> Json {
    let item = |authority: Authority<'_>| {
        object! {
            "issuer": authority.issuer,
            "secret": authority_secret(component, &authority),
            "providers": authority.providers,
        }
    };
    stack.authorities_of(component).into_iter().map(item).collect()
}

/// The certificate that it shows: its issuer, the names that it is for, and the Secret that has it.
fn certificate(stack: &Stack, component: &Component) -> Json {
    let spec = component.entry.definition.certificate.as_ref();
    let Some((issuer, spec)) = stack.certifier_of(component).zip(spec) else {
        return Json::Null;
    };
    object! {
        "issuer": issuer,
        "secret": format!("{}.tls", component.object),
        "labels": &spec.labels,
        "client": spec.client,
        "hosts": &component.certified_hosts,
    }
}

/// Level data as people read it: `commands: +ping +info; keys: read`.
#[must_use]
pub fn grants_text(grants: &Map<String, Json>) -> String {
    let told = grants
        .iter()
        .map(|(name, value)| format!("{name}: {}", grant_words(value).join(" ")));
    told.collect::<Vec<_>>().join("; ")
}

/// One value of level data, word by word.
#[must_use]
pub fn grant_words(value: &Json) -> Vec<String> {
    let word = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Json::Array(items) => items.iter().map(word).collect(),
        value => vec![word(value)],
    }
}

/// An account at its provider.
#[must_use]
pub fn account(stack: &Stack, account: &Account) -> Json {
    accounts::item(stack, stack.component(&account.component), account)
}

/// A link with what templates need of both ends.
#[must_use]
pub fn link(stack: &Stack, link: &Link) -> Json {
    let from = stack.component(&link.from);
    let to = stack.component(&link.to);
    let endpoint = link.endpoints.first().and_then(|name| to.endpoints.get(name));
    let endpoint = endpoint.or_else(|| to.primary_endpoint());
    let sub = link.sub.as_ref().and_then(|name| to.sub_components.get(name));
    object! {
        "type": link.type_name(),
        "interface": link.kind.interface_name(),
        "slot": &link.kind.slot_name,
        "arrow": link.arrow(),
        "object": &link.object,
        "object_env": env_form(&link.object),
        "id": link.object.replace('-', "_"),
        "from": &link.from,
        "from_type": from.type_name(),
        "from_namespace": &from.namespace,
        "from_object": &from.object,
        "to": &link.to,
        "to_type": to.type_name(),
        "to_namespace": &to.namespace,
        "to_object": &to.object,
        "to_external": !to.is_deployed(),
        "target": target(link, sub),
        "public_host": stack.published_host(to),
        "sub": link.sub.as_ref(),
        "sub_object": sub.map(|sub| &sub.object),
        "sub_type": sub.map(|sub| &sub.sub_type),
        "level": link.level,
        "write": link.writes(),
        "principal": link.principal.as_ref(),
        "principal_env": link.principal.as_deref().map(env_form),
        "env": &link.env_prefix,
        "host": endpoint.map(|endpoint| &endpoint.host),
        "port": endpoint.map(|endpoint| endpoint.port),
        "service": endpoint.map(Endpoint::service),
        "attributes": attributes(&to.attributes),
        "sub_attributes": sub.map(|sub| attributes(&sub.attributes)).unwrap_or_default(),
        "scope": &link.scope,
        "facts": gets::plain(link),
        "secret": gets::secret(link),
        "with": attributes(&link.with),
        "follows": stack.followed(link).map(|own| followed(stack, link, own)).collect::<Vec<_>>(),
    }
}

/// A link of the consumer that the provider of `by` follows, with the Secret that lends its facts and the one that has the
/// authority, where there is one.
fn followed(stack: &Stack, by: &Link, own: &Link) -> Json {
    let authorities = stack.authorities_of(stack.component(&own.from)).into_iter();
    let authority = authorities
        .filter(|_| own.facts.contains_key(CA_FILE))
        .find(|authority| authority.providers.contains(own.to.as_str()));
    let secret = own.lent.get(&by.to);
    object! {
        "arrow": own.arrow(),
        "object": &own.object,
        "interface": own.kind.interface_name(),
        "to": &own.to,
        "facts": gets::plain(own),
        "secret": secret.map(gets::delivered),
        "authority": authority.map(|authority| authority_secret(stack.component(&own.from), &authority)),
    }
}

/// What the link ends at, as a name: `cnpg`, `cnpg-app-db`.
fn target(link: &Link, sub: Option<&SubComponent>) -> String {
    match sub {
        Some(sub) => format!("{}-{}", link.to, sub.object),
        None => link.to.to_string(),
    }
}

/// Labels of every object that stacktic makes for a component.
#[must_use]
pub fn labels(stack: &Stack, component: &Component) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("app.kubernetes.io/name", component.name.to_string()),
        ("app.kubernetes.io/component", component.type_name().to_owned()),
        ("app.kubernetes.io/part-of", stack.name.to_string()),
        ("app.kubernetes.io/managed-by", "stacktic".to_owned()),
    ])
}

/// Annotations of what holds data or access of several: neither pruning nor deleting an Application removes such an
/// object, and Argo CD does not call an Application out of step for it.
pub const KEEP: [(&str, &str); 2] = [
    ("argocd.argoproj.io/compare-options", "IgnoreExtraneous"),
    ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false"),
];

/// Labels of objects that belong to no component.
#[must_use]
pub fn shared_label_pairs(stack: &Stack) -> Json {
    pairs(&BTreeMap::from([
        ("app.kubernetes.io/managed-by", "stacktic"),
        ("app.kubernetes.io/part-of", stack.name.as_str()),
    ]))
}

/// A map as the list of `{key, value}` that templates iterate.
#[must_use]
pub fn pairs<K: AsRef<str>, V: AsRef<str>>(map: &BTreeMap<K, V>) -> Json {
    map.iter()
        .map(|(key, value)| object! { "key": key.as_ref(), "value": value.as_ref() })
        .collect()
}

/// The labels of a component as `{key, value}`.
#[must_use]
pub fn label_pairs(stack: &Stack, component: &Component) -> Json {
    pairs(&labels(stack, component))
}

/// Keys of a component's environment: plain ones, and secret ones.
#[must_use]
pub fn env_keys<'a>(stack: &'a Stack, component: &'a Component) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
    let mut keys = (BTreeSet::new(), BTreeSet::new());
    for value in stack.links_from(&component.name).flat_map(|link| &link.env) {
        let set = if value.value.is_some() {
            &mut keys.0
        } else {
            &mut keys.1
        };
        set.insert(value.key.as_str());
    }
    keys.0.extend(component.settings().map(|(name, _)| name));
    keys.1.extend(stack.own_keys(component).map(|key| key.key.as_str()));
    keys.1.extend(component.secret_names());
    keys
}

/// Secret keys and the files that they are mounted as, sorted by key.
fn secret_files(stack: &Stack, component: &Component) -> Json {
    let own = stack.own_keys(component);
    let own = own.map(|key| key.key.as_str()).chain(component.secret_names());
    let mut files: BTreeMap<&str, &str> = own.map(|key| (key, key)).collect();
    let linked = stack.links_from(&component.name).flat_map(|link| &link.env);
    let secret = linked.filter(|value| value.value.is_none());
    files.extend(secret.map(|value| (value.key.as_str(), value.file.as_str())));
    let item = |(key, path)| object! { "key": key, "path": path };
    files.into_iter().map(item).collect()
}

fn summary(stack: &Stack, component: &Component) -> Map<String, Json> {
    let kind = &component.entry.definition;
    let endpoint = component.primary_endpoint();
    let endpoints = component.endpoints.iter();
    let endpoints = endpoints.map(|(name, endpoint)| (name.as_str(), self::endpoint(endpoint)));
    let view = object! {
        "name": &component.name,
        "type": &kind.name,
        "title": &kind.title,
        "namespace": &component.namespace,
        "group": &component.group,
        "object": &component.object,
        "service": &kind.service,
        "external": !component.is_deployed(),
        "attributes": attributes(&component.attributes),
        "images": &component.images,
        "host": endpoint.map(|endpoint| &endpoint.host),
        "port": endpoint.map(|endpoint| endpoint.port),
        "endpoints": endpoints.collect::<BTreeMap<_, _>>(),
        "labels": labels(stack, component),
        "keep": BTreeMap::from(KEEP),
        "pods": &component.pods,
    };
    match view {
        Json::Object(view) => view,
        _ => Map::new(),
    }
}

fn endpoint(endpoint: &Endpoint) -> Json {
    object! {
        "host": &endpoint.host,
        "port": endpoint.port,
        "protocol": endpoint.protocol.word(),
        "target_port": endpoint.target_port,
    }
}

fn sub_component(stack: &Stack, component: &Component, sub: &SubComponent) -> Json {
    let links = || stack.uses_of(&component.name, &sub.name);
    let consumers: BTreeSet<&str> = links().map(|link| link.from.as_str()).collect();
    let writers: BTreeSet<&str> = links()
        .filter(|link| link.writes())
        .map(|link| link.from.as_str())
        .collect();
    object! {
        "name": &sub.name,
        "object": &sub.object,
        "type": &sub.sub_type,
        "attributes": attributes(&sub.attributes),
        "consumers": consumers,
        "writers": writers,
    }
}

/// The values that may be shown: secrets are left out.
fn attributes(attributes: &Attributes) -> Map<String, Json> {
    let shown = attributes
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.shown()?)));
    shown.collect()
}
