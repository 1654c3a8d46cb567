//! The accounts at a provider, as its templates see them.

use serde_json::{Map, Value as Json};

use super::object;
use crate::name::env_form;
use crate::stack::{Account, Component, Credential, CredentialKey, Link, Stack};

/// All accounts of `component`, in the order of their links.
pub(super) fn of(stack: &Stack, component: &Component) -> Json {
    stack
        .accounts_at(&component.name)
        .map(|account| item(stack, component, account))
        .collect()
}

pub(super) fn item(stack: &Stack, component: &Component, account: &Account) -> Json {
    let sub = account.sub.as_ref().and_then(|name| component.sub_components.get(name));
    object! {
        "name": &account.name,
        "env": env_form(&account.name),
        "interface": &account.interface,
        "object": &account.object,
        "id": account.object.replace('-', "_"),
        "level": account.level,
        "write": account.level.writes(),
        "grants": &account.grants,
        "scope": &account.scope,
        "sub": sub.map(|sub| &sub.name),
        "sub_object": sub.map(|sub| &sub.object),
        "sub_attributes": sub.map(|sub| super::attributes(&sub.attributes)).unwrap_or_default(),
        "links": stack.links_of(account).map(link).collect::<Vec<_>>(),
        "secret": account.credential.as_ref().map(secret),
    }
}

fn link(link: &Link) -> Json {
    object! { "object": &link.object, "from": &link.from, "arrow": link.arrow() }
}

/// The Secret of the provider, with the key of each fact in it.
fn secret(credential: &Credential) -> Json {
    let keys: Map<String, Json> = credential
        .keys
        .iter()
        .filter_map(|(key, source)| match source {
            CredentialKey::Fact { fact, .. } => Some((fact.clone(), Json::from(key.as_str()))),
            CredentialKey::Plain(_) => None,
        })
        .collect();
    object! { "name": &credential.name, "keys": keys }
}
