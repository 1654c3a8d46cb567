//! What stands under the keys of a component's own Secrets: values of its own, or digests of what others have.

use std::collections::BTreeMap;

use crate::catalog::SecretKey;
use crate::name::{MAX_LABEL, shortened};
use crate::stack::{Account, Component, CredentialKey, Maker, Origin, SecretValue, Stack};
use crate::tree::Holds;

/// In front of the names of entries that links bring, so that those of links that are gone are known by it.
pub(crate) const OF_LINK: &str = "link.";

/// Of the key `key` of `secret`, both as they stand in the cluster.
pub(super) fn own(stack: &Stack, component: &Component, secret: &str, key: &str, spec: &SecretKey) -> Holds {
    if spec.value.is_some() {
        return Holds::Prefilled;
    }
    if holds_digests(stack, component, key) {
        return Holds::Digests(digests(stack, component, key).into_iter().collect());
    }
    let maker = if spec.issued {
        Maker::Others {
            command: spec.command.clone(),
        }
    } else {
        Maker::Us { least: 0 }
    };
    let value = SecretValue::in_secret(component.namespace.as_str(), secret, key, maker);
    Holds::Secret(value.into())
}

/// Whether any link could bring a digest that stands there.
fn holds_digests(stack: &Stack, component: &Component, key: &str) -> bool {
    let provisions = component.entry.definition.provides.values().flat_map(|one| &one.0);
    let mut secrets = provisions
        .flat_map(|provision| provision.accounts.values())
        .filter_map(|account| account.secret.as_ref());
    secrets.any(|secret| secret.digest_in.as_deref() == Some(key))
        || stack
            .accounts_at(&component.name)
            .any(|account| is_digested(account, key))
}

fn is_digested(account: &Account, key: &str) -> bool {
    let credential = account.credential.as_ref();
    credential.is_some_and(|credential| matches!(&credential.origin, Origin::Digested(digests) if digests == key))
}

/// The values whose digests stand there, by the names of their entries.
fn digests(stack: &Stack, component: &Component, key: &str) -> BTreeMap<String, SecretValue> {
    let mut found = BTreeMap::new();
    for account in stack
        .accounts_at(&component.name)
        .filter(|account| is_digested(account, key))
    {
        let keys = account
            .credential
            .iter()
            .flat_map(|credential| credential.keys.values());
        for source in keys {
            if let CredentialKey::Fact { fact, .. } = source {
                let value = SecretValue::of_account(component.name.as_str(), &account.name, fact, Maker::Known);
                found.insert(shortened(&format!("{OF_LINK}{}", account.name), MAX_LABEL), value);
            }
        }
    }
    found
}
