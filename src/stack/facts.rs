//! The facts of a link: what its interface gives to the consumer, secret ones by where they come from alone.

use std::collections::BTreeMap;

use super::scope::LinkScope;
use super::{Account, Component, CredentialKey, Fact, Origin};
use crate::catalog::{Level, LinkKind};

/// The facts that a link of `kind` gives at `level`; `changes` names the slots that the provider itself has links of.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn facts(
    kind: &LinkKind,
    level: Level,
    account: Option<&Account>,
    scope: &LinkScope<'_>,
    changes: &[&str],
) -> anyhow::Result<BTreeMap<String, Fact>> {
    let mut patterns: BTreeMap<&str, &str> = BTreeMap::new();
    let changed = changes.iter().filter_map(|slot| kind.provision.when.get(*slot));
    for facts in [&kind.provision.facts]
        .into_iter()
        .chain(changed.map(|change| &change.facts))
    {
        patterns.extend(facts.iter().map(|(name, pattern)| (name.as_str(), pattern.as_str())));
    }
    let mut found = BTreeMap::new();
    for (name, pattern) in patterns {
        // Of a link to the whole there is no sub-component to speak of, and without an account no name.
        let is_there = (scope.sub.is_some() || !pattern.contains("{sub."))
            && (scope.account.is_some() || !pattern.contains("{account."));
        if is_there {
            found.insert(name.to_owned(), Fact::Plain(plain(pattern, scope)?));
        }
    }
    for (name, origin) in secret_facts(account, scope.to) {
        let spec = kind.interface.definition.facts.get(name);
        if spec.and_then(|spec| spec.from).is_none_or(|from| level >= from) {
            found.insert(name.to_owned(), Fact::Secret { origin });
        }
    }
    Ok(found)
}

/// What differs by environment is empty in the base: the overlay of each has it.
fn plain(pattern: &str, scope: &LinkScope<'_>) -> anyhow::Result<String> {
    if scope.environment.is_none() && names_environment(pattern) {
        return Ok(String::new());
    }
    scope.expand(pattern)
}

/// Whether a fact has another value in each environment.
pub(super) fn names_environment(pattern: &str) -> bool {
    pattern.contains("{environment}")
}

/// Whether any fact of a link of `kind` has.
pub(super) fn differ(kind: &LinkKind) -> bool {
    let changes = kind.provision.when.values().map(|change| &change.facts);
    let mut facts = std::iter::once(&kind.provision.facts).chain(changes);
    facts.any(|facts| facts.values().any(|pattern| names_environment(pattern)))
}

/// The secret facts of an account, each with where its value comes from.
fn secret_facts<'a>(account: Option<&'a Account>, provider: &Component) -> Vec<(&'a str, String)> {
    let Some((account, credential)) = account.and_then(|account| Some((account, account.credential.as_ref()?))) else {
        return Vec::new();
    };
    let facts = credential.keys.iter().filter_map(|(key, source)| match source {
        CredentialKey::Fact { fact, .. } => Some((key, fact.as_str())),
        CredentialKey::Plain(_) => None,
    });
    let at = &account.component;
    let origin = |key: &str, fact: &str| match (&credential.origin, &provider.external) {
        (Origin::Issued(how), _) => how.clone(),
        (_, Some(external)) => format!(
            "{} of {} of {at}, which {} keeps",
            words(fact),
            account.name,
            external
                .stack()
                .map_or("the cluster".to_owned(), |stack| format!("the stack {stack}"))
        ),
        (Origin::Operator, None) => format!(
            "{} of {}; copy it from key {key} of Secret {}, which the operator of {at} makes",
            words(fact),
            account.name,
            credential.name
        ),
        _ => format!(
            "{} of {}, the same as key {key} of Secret {} of {at}",
            words(fact),
            account.name,
            credential.name
        ),
    };
    facts.map(|(key, fact)| (fact, origin(key, fact))).collect()
}

/// `access_key` as people read it.
pub(super) fn words(fact: &str) -> String {
    fact.replace('_', " ")
}
