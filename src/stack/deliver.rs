//! The Secret of a consumer that facts of a link are delivered in, where the consumer takes none from its environment.

use std::collections::BTreeMap;

use super::scope::LinkScope;
use super::{Delivered, Fact};
use crate::catalog::{DeliveredSecret, LinkKind};

/// The Secret that the slot of a link asks for; none where the link gives no secret.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn delivered(
    kind: &LinkKind,
    facts: &BTreeMap<String, Fact>,
    scope: &LinkScope<'_>,
) -> anyhow::Result<Option<Delivered>> {
    match &kind.slot.deliver {
        Some(deliver) => self::secret(&deliver.secret, facts, scope),
        None => Ok(None),
    }
}

/// A Secret with facts; none where none of them is a secret.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn secret(
    secret: &DeliveredSecret,
    facts: &BTreeMap<String, Fact>,
    scope: &LinkScope<'_>,
) -> anyhow::Result<Option<Delivered>> {
    let (mut keys, mut key_of) = (BTreeMap::new(), BTreeMap::new());
    for (key, wanted) in &secret.keys {
        let key = scope.expand(key)?;
        let value = match facts.get(wanted) {
            Some(fact) => {
                key_of.insert(wanted.clone(), key.clone());
                fact.clone()
            }
            None if wanted.contains('{') => Fact::Plain(scope.expand(wanted)?),
            None => continue,
        };
        keys.insert(key, value);
    }
    if !keys.values().any(|fact| matches!(fact, Fact::Secret(_))) {
        return Ok(None);
    }
    Ok(Some(Delivered {
        name: scope.expand(&secret.name)?,
        file: scope.expand(&secret.file)?,
        kind: secret.kind.clone(),
        labels: secret.labels.clone(),
        keys,
        key_of,
    }))
}
