//! Accounts at providers: who may do what, by the level of links and by what an account belongs to.
//!
//! The data of the catalog goes in with the names of a link; one account for all links that share it comes out.

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::{Map, Value as Json};

use super::scope::{LinkScope, of_provider};
use super::{Account, Component, Credential, CredentialKey, Origin, SubComponent};
use crate::catalog::pattern::{self, variables};
use crate::catalog::{AccountSecret, AccountSpec, KeySource, Level, LinkKind, Per};
use crate::fault::Code;
use crate::name::{ComponentName, MAX_LABEL, SubName, shortened};

/// Less would be little more than the hash.
const SHORTEST_LIMIT: usize = 16;

/// Name and object of the account that a link has, before the link itself is made.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) object: String,
}

/// What a link's account is called; `scope` is that of the link.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn named(spec: &AccountSpec, scope: &LinkScope<'_>) -> anyhow::Result<Named> {
    let object = match spec.per {
        Per::Link => scope.object.to_owned(),
        Per::Connection => shortened(&format!("{}-{}", scope.from.name, scope.to.name), MAX_LABEL),
        Per::SubComponent => scope.sub.map_or_else(String::new, |sub| sub.object.clone()),
        Per::Component => scope.to.object.clone(),
    };
    let of_account = LinkScope {
        object: &object,
        ..*scope
    };
    let name = fitting(spec, &of_account.expand(&spec.name)?);
    Ok(Named { name, object })
}

/// A name that its server takes: a longer one is cut and ends in a hash, so that no two become one.
fn fitting(spec: &AccountSpec, name: &str) -> String {
    let most = spec
        .max_name
        .map_or(MAX_LABEL, |most| most.clamp(SHORTEST_LIMIT, MAX_LABEL));
    shortened(name, most)
}

/// An account of the provider's own part, which is there whether or not a link has it.
pub(super) struct Standing<'a> {
    pub(super) per: Per,
    pub(super) object: &'a str,
    pub(super) sub: Option<&'a SubComponent>,
    /// The pattern that its name was made from.
    pub(super) pattern: &'a str,
    pub(super) name: String,
}

/// Accounts of sub-components and of the whole that `component` provides, by the names that a stack file gives them.
///
/// # Errors
/// A pattern of the catalog has a brace that opens no variable.
pub(super) fn standing(component: &Component) -> anyhow::Result<Vec<Standing<'_>>> {
    let mut found = Vec::new();
    let provisions = component.entry.definition.provides.values().flat_map(|one| &one.0);
    for (provision, spec) in provisions.flat_map(|one| one.accounts.values().map(move |spec| (one, spec))) {
        let subs = component.sub_components.values();
        let subs = subs.filter(|sub| provision.at.contains(&sub.sub_type));
        let owners: Vec<Option<&SubComponent>> = match spec.per {
            Per::SubComponent => subs.map(Some).collect(),
            Per::Component => vec![None],
            Per::Link | Per::Connection => continue,
        };
        for sub in owners {
            let value = |name: &str| of_provider(component, sub, name);
            // What names a link as well has no name before there is one.
            if variables(&spec.name).all(|name| value(name).is_some()) {
                found.push(Standing {
                    per: spec.per,
                    object: sub.map_or(&component.object, |sub| &sub.object),
                    sub,
                    pattern: &spec.name,
                    name: fitting(spec, &pattern::expand(&spec.name, value)?),
                });
            }
        }
    }
    Ok(found)
}

/// A link as far as accounts know it.
pub(super) struct Holder<'a> {
    /// In the list of links.
    pub(super) position: usize,
    pub(super) kind: &'a LinkKind,
    pub(super) level: Level,
    pub(super) sub: Option<&'a SubName>,
    /// Closed lists of what it reaches.
    pub(super) reach: &'a BTreeMap<String, Vec<String>>,
    pub(super) grants: &'a Map<String, Json>,
}

/// Accounts in the order of the first links that have them.
#[derive(Default)]
pub(super) struct Accounts {
    found: Vec<Account>,
    by_owner: BTreeMap<(ComponentName, Per, Named), usize>,
}

impl Accounts {
    /// The position of the holder's account, made when it is the first; `scope` knows the account's name.
    ///
    /// # Errors
    /// A pattern of the catalog does not expand.
    pub(super) fn add(
        &mut self,
        holder: &Holder<'_>,
        spec: &AccountSpec,
        named: Named,
        scope: &LinkScope<'_>,
    ) -> anyhow::Result<usize> {
        // Not by its name alone: two accounts that come to share one are told of by the rule for their names.
        let key = (scope.to.name.clone(), spec.per, named.clone());
        if let Some(known) = self.by_owner.get(&key) {
            self.found[*known].join(holder);
            return Ok(*known);
        }
        let of_account = LinkScope {
            object: &named.object,
            ..*scope
        };
        let secret = spec.secret.as_ref();
        let credential = secret.map(|secret| credential(secret, &of_account)).transpose()?;
        let revoke = holder.kind.provision.revoke.as_deref();
        let revoke = revoke.map(|text| of_account.expand(text)).transpose()?;
        let place = self.found.len();
        self.found.push(Account {
            interface: holder.kind.interface_name().to_owned(),
            component: scope.to.name.clone(),
            per: spec.per,
            name: named.name,
            object: named.object,
            level: holder.level,
            grants: holder.grants.clone(),
            scope: holder.reach.clone(),
            sub: holder.sub.cloned(),
            links: vec![holder.position],
            credential,
            revoke,
        });
        self.by_owner.insert(key, place);
        Ok(place)
    }

    pub(super) fn at(&self, position: usize) -> &Account {
        &self.found[position]
    }

    pub(super) fn into_vec(self) -> Vec<Account> {
        self.found
    }
}

impl Account {
    /// One more link shares it: what any of them reaches, it reaches.
    fn join(&mut self, holder: &Holder<'_>) {
        self.links.push(holder.position);
        join_grants(&mut self.grants, holder.grants);
        for (name, list) in holder.reach {
            let known = self.scope.entry(name.clone()).or_default();
            known.extend(list.iter().cloned());
            known.sort();
            known.dedup();
        }
    }
}

/// What the level grants, with its patterns expanded; in a list, `{scope.<name>}` stands for every name of a closed list.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn grants(
    kind: &LinkKind,
    level: Level,
    scope: &LinkScope<'_>,
    reach: &BTreeMap<String, Vec<String>>,
) -> anyhow::Result<Map<String, Json>> {
    let mut grants = kind.grants(level);
    for value in grants.values_mut() {
        expand(value, scope, reach)?;
    }
    Ok(grants)
}

fn expand(value: &mut Json, scope: &LinkScope<'_>, reach: &BTreeMap<String, Vec<String>>) -> anyhow::Result<()> {
    match value {
        Json::String(text) => *text = scope.expand(text)?,
        Json::Array(items) => {
            let mut found = Vec::with_capacity(items.len());
            for mut item in std::mem::take(items) {
                match closed_list(&item, reach) {
                    Some(names) => found.extend(names.iter().map(|name| Json::from(name.as_str()))),
                    None => {
                        expand(&mut item, scope, reach)?;
                        found.push(item);
                    }
                }
            }
            *items = found;
        }
        Json::Object(map) => map.values_mut().try_for_each(|item| expand(item, scope, reach))?,
        _ => {}
    }
    Ok(())
}

fn closed_list<'a>(item: &Json, reach: &'a BTreeMap<String, Vec<String>>) -> Option<&'a [String]> {
    let name = item.as_str()?.strip_prefix("{scope.")?.strip_suffix('}')?;
    reach.get(name).map(Vec::as_slice)
}

/// Links that share an account have its lists together.
pub(super) fn join_grants(grants: &mut Map<String, Json>, more: &Map<String, Json>) {
    for (key, value) in more {
        match (grants.get_mut(key), value) {
            (Some(Json::Array(known)), Json::Array(items)) => {
                let new: Vec<Json> = items.iter().filter(|item| !known.contains(item)).cloned().collect();
                known.extend(new);
            }
            (Some(_), _) => {}
            (None, value) => drop(grants.insert(key.clone(), value.clone())),
        }
    }
}

fn credential(secret: &AccountSecret, scope: &LinkScope<'_>) -> anyhow::Result<Credential> {
    let expand = |text: &Option<String>| text.as_deref().map(|text| scope.expand(text)).transpose();
    let (name, existing, issued) = (
        expand(&secret.name)?,
        expand(&secret.existing)?,
        expand(&secret.issued)?,
    );
    let digest_in = secret.digest_in.clone();
    let (origin, name) = match (name, existing, issued, digest_in, secret.made_by) {
        (Some(name), None, None, None, None) => (Origin::Seeded, name),
        (Some(name), None, None, None, Some(_)) => (Origin::Operator, name),
        (None, Some(name), None, None, None) => (Origin::Existing, name),
        (None, None, Some(how), None, None) => (Origin::Issued(how), String::new()),
        (None, None, None, Some(key), None) => (Origin::Digested(key), String::new()),
        _ => bail!(Code::E_CATALOG_LINK.fault(format!(
            "the Secret of an account of `{}` says one of `name`, `existing`, `issued` and `digest_in`",
            scope.to.type_name()
        ))),
    };
    let mut keys = BTreeMap::new();
    for (key, source) in &secret.keys {
        let source = match source {
            KeySource::Plain(text) => CredentialKey::Plain(scope.expand(text)?),
            KeySource::Fact {
                fact,
                length,
                help,
                prefix,
                command,
            } => CredentialKey::Fact {
                fact: fact.clone(),
                length: *length,
                help: expand(help)?,
                prefix: prefix.clone(),
                command: expand(command)?,
            },
        };
        keys.insert(scope.expand(key)?, source);
    }
    let file = expand(&secret.file)?.unwrap_or_else(|| format!("{name}.env"));
    Ok(Credential {
        origin,
        name,
        file,
        kind: secret.kind.clone(),
        labels: secret.labels.clone(),
        keys,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_long_as_their_server_takes() {
        let check = |max_name: Option<usize>, name: &str, expected: &str| {
            let spec = AccountSpec {
                per: Per::Link,
                name: name.to_owned(),
                max_name,
                secret: None,
            };
            assert_eq!(fitting(&spec, name), expected);
        };
        check(None, "app_fastapi_mongodb_orders", "app_fastapi_mongodb_orders");
        check(Some(26), "app_fastapi_mongodb_orders", "app_fastapi_mongodb_orders");
        check(Some(20), "app_fastapi_mongodb_orders", "app_fastapi-2e59cd73");
        check(Some(2), "app_fastapi_mongodb_orders", "app_fas-2e59cd73");
    }
}
