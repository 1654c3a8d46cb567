//! Secrets that come with links: of accounts at their provider, and of facts at their consumer.

use std::collections::BTreeSet;

use super::{PlannedSecret, is_named_elsewhere};
use crate::stack::{
    Account, Component, CredentialKey, Delivered, Fact, Link, Maker, Origin, SecretText, SecretValue, Stack,
};
use crate::tree::{Holds, SkeletonKey};

/// The Secret of an account that a person fills in.
pub(super) fn seeded(stack: &Stack, component: &Component, account: &Account) -> Option<PlannedSecret> {
    let credential = account
        .credential
        .as_ref()
        .filter(|credential| credential.origin == Origin::Seeded)?;
    let users: BTreeSet<&str> = stack.links_of(account).map(|link| link.from.as_str()).collect();
    let users = users.into_iter().collect::<Vec<_>>().join(", ");
    let keys = credential.keys.iter().map(|(key, source)| match source {
        CredentialKey::Plain(value) => prefilled(key, value, format!("account of {users}")),
        CredentialKey::Fact { fact, length, help, .. } => {
            let least = length.map(|length| format!(", {length} characters or more"));
            let wanted = least.unwrap_or_default() + &help.iter().map(|help| format!("; {help}")).collect::<String>();
            let help = format!(
                "{} of {}, the account of {users}, of your own choice{wanted}",
                fact.replace('_', " "),
                account.name
            );
            let maker = Maker::Us {
                least: length.unwrap_or_default().into(),
            };
            let value = SecretValue::in_secret(component.namespace.as_str(), &credential.name, key, maker);
            secret(key, help, value.into())
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
pub(super) fn delivered(component: &Component, link: &Link, delivered: &Delivered) -> PlannedSecret {
    let keys = delivered.keys.iter().map(|(key, fact)| match fact {
        Fact::Plain(value) => prefilled(key, value, "as the provider has it".to_owned()),
        Fact::Secret(fact) => SkeletonKey {
            of: BTreeSet::from([format!("{} {key}", link.holder())]),
            ..secret(key, fact.origin.clone(), fact.text.clone())
        },
    });
    PlannedSecret {
        name: delivered.name.clone(),
        namespace: component.namespace.to_string(),
        file: delivered.file.clone(),
        kind: delivered.kind.clone(),
        labels: delivered.labels.clone(),
        keys: keys.collect(),
        fixed_name: is_named_elsewhere(component),
    }
}

/// The Secret of a consumer by which it lends the facts of a link: a custom resource names it, whose names kustomize does not follow.
pub(super) fn lent(component: &Component, link: &Link, secret: &Delivered) -> PlannedSecret {
    PlannedSecret {
        fixed_name: true,
        ..delivered(component, link, secret)
    }
}

fn prefilled(key: &str, value: &str, comment: String) -> SkeletonKey {
    SkeletonKey {
        value: value.to_owned(),
        ..secret(key, comment, SecretText::default())
    }
}

fn secret(key: &str, comment: String, text: SecretText) -> SkeletonKey {
    let is_secret = text.values().next().is_some();
    SkeletonKey {
        key: key.to_owned(),
        value: String::new(),
        comment,
        of: BTreeSet::new(),
        holds: if is_secret {
            Holds::Secret(text)
        } else {
            Holds::Prefilled
        },
    }
}
