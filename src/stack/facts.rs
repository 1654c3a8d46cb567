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
            found.insert(name.to_owned(), Fact::Plain(scope.expand(pattern)?));
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
            "{} of {} of {at}, which the stack {} keeps",
            words(fact),
            account.name,
            external.stack
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
