//! The facts of a link: what its interface gives to the consumer, secret ones by where they come from alone.

use std::collections::BTreeMap;

use super::scope::LinkScope;
use super::{Account, Component, Credential, CredentialKey, Fact, Maker, Origin, SecretFact, SecretText, SecretValue};
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
    for (name, fact) in secret_facts(account, scope.to) {
        let spec = kind.interface.definition.facts.get(name);
        if spec.and_then(|spec| spec.from).is_none_or(|from| level >= from) {
            found.insert(name.to_owned(), Fact::Secret(fact));
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

/// The secret facts of an account.
fn secret_facts<'a>(account: Option<&'a Account>, provider: &Component) -> Vec<(&'a str, SecretFact)> {
    let Some((account, credential)) = account.and_then(|account| Some((account, account.credential.as_ref()?))) else {
        return Vec::new();
    };
    let facts = credential.keys.iter().filter_map(|(key, source)| match source {
        CredentialKey::Fact {
            fact, prefix, command, ..
        } => {
            let value = value(account, credential, provider, (key, fact), command.as_ref());
            let mut origin = origin(account, credential, provider, key, fact);
            if let Some(prefix) = prefix {
                origin = format!("`{prefix}`, then the {origin}");
            }
            let text = SecretText::behind(prefix.as_deref(), value);
            Some((fact.as_str(), SecretFact { origin, text }))
        }
        CredentialKey::Plain(_) => None,
    });
    facts.collect()
}

/// Where a secret fact comes from, for people.
fn origin(account: &Account, credential: &Credential, provider: &Component, key: &str, fact: &str) -> String {
    let (at, words) = (&account.component, words(fact));
    match (&credential.origin, &provider.external) {
        (Origin::Issued(how), _) => how.clone(),
        (_, Some(external)) => format!(
            "{words} of {} of {at}, which {} keeps",
            account.name,
            external
                .stack()
                .map_or("the cluster".to_owned(), |stack| format!("the stack {stack}"))
        ),
        (Origin::Digested(digests), None) => format!(
            "{words} of {} for {at}, of your own choice; its SHA-256 stands under {digests} of {at}",
            account.name
        ),
        (Origin::Operator, None) => format!(
            "{words} of {}; copy it from key {key} of Secret {}, which the operator of {at} makes",
            account.name, credential.name
        ),
        (Origin::Seeded | Origin::Existing, None) => format!(
            "{words} of {}, the same as key {key} of Secret {} of {at}",
            account.name, credential.name
        ),
    }
}

/// The identity of a secret fact: the place that its provider has it in, where there is one.
fn value(
    account: &Account,
    credential: &Credential,
    provider: &Component,
    (key, fact): (&str, &str),
    command: Option<&String>,
) -> SecretValue {
    let namespace = provider.namespace.as_str();
    let of_account = |maker| SecretValue::of_account(account.component.as_str(), &account.name, fact, maker);
    match &credential.origin {
        Origin::Issued(_) => of_account(Maker::Others {
            command: command.cloned(),
        }),
        _ if provider.external.is_some() => of_account(Maker::Others { command: None }),
        Origin::Digested(_) => of_account(Maker::Us { least: 0 }),
        Origin::Operator => {
            let pick = format!("kubectl get secret -n {namespace} {} -o json", credential.name);
            let command = Some(format!("{pick} | jq -r '.data[\"{key}\"] | @base64d'"));
            SecretValue::in_secret(namespace, &credential.name, key, Maker::Others { command })
        }
        Origin::Seeded | Origin::Existing => SecretValue::in_secret(namespace, &credential.name, key, Maker::Known),
    }
}

/// `access_key` as people read it.
pub(super) fn words(fact: &str) -> String {
    fact.replace('_', " ")
}
