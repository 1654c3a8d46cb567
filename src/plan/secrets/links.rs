//! Secrets that come with links: of accounts at their provider, and of facts at their consumer.

use std::collections::BTreeSet;

use super::{PlannedSecret, is_named_elsewhere};
use crate::stack::{Account, Component, CredentialKey, Delivered, Fact, Link, Origin, Stack};
use crate::tree::SkeletonKey;

/// The Secret of an account that a person fills in.
pub(super) fn seeded(stack: &Stack, component: &Component, account: &Account) -> Option<PlannedSecret> {
    let credential = account
        .credential
        .as_ref()
        .filter(|credential| credential.origin == Origin::Seeded)?;
    let users: BTreeSet<&str> = stack.links_of(account).map(|link| link.from.as_str()).collect();
    let users = users.into_iter().collect::<Vec<_>>().join(", ");
    let keys = credential.keys.iter().map(|(key, source)| match source {
        CredentialKey::Plain(value) => skeleton(key, value, format!("account of {users}")),
        CredentialKey::Fact { fact, length, help } => {
            let least = length.map(|length| format!(", {length} characters or more"));
            let wanted = least.unwrap_or_default() + &help.iter().map(|help| format!("; {help}")).collect::<String>();
            let help = format!(
                "{} of {}, the account of {users}, of your own choice{wanted}",
                fact.replace('_', " "),
                account.name
            );
            skeleton(key, "", help)
        }
    });
    Some(PlannedSecret {
        name: credential.name.clone(),
        namespace: component.namespace.to_string(),
        file: credential.file.clone(),
        kind: credential.kind.clone(),
        labels: credential.labels.clone(),
        keys: keys.collect(),
        fixed_name: is_named_elsewhere(component),
    })
}

/// The Secret of a consumer with the facts of a link.
pub(super) fn delivered(component: &Component, link: &Link, secret: &Delivered) -> PlannedSecret {
    let keys = secret.keys.iter().map(|(key, fact)| match fact {
        Fact::Plain(value) => skeleton(key, value, "as the provider has it".to_owned()),
        Fact::Secret { origin } => SkeletonKey {
            of: BTreeSet::from([format!("{} {key}", link.holder())]),
            ..skeleton(key, "", origin.clone())
        },
    });
    PlannedSecret {
        name: secret.name.clone(),
        namespace: component.namespace.to_string(),
        file: secret.file.clone(),
        kind: secret.kind.clone(),
        labels: secret.labels.clone(),
        keys: keys.collect(),
        fixed_name: is_named_elsewhere(component),
    }
}

fn skeleton(key: &str, value: &str, comment: String) -> SkeletonKey {
    SkeletonKey {
        key: key.to_owned(),
        value: value.to_owned(),
        comment,
        of: BTreeSet::new(),
    }
}
