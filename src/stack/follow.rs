//! Links that a provider follows for its consumer: to what the consumer's own links end at, with the accounts that it has there.
//!
//! The kinds of both links go in; it must not know why a provider goes there.

use super::{Attributes, Link, Stack};
use crate::catalog::{Followed, Level, LinkKind};

/// How a link of `kind` at `level` is followed because of another one of the same consumer, which is of the kind `by` with the settings
/// `with`.
pub(super) fn followed<'a>(by: &'a LinkKind, with: &Attributes, kind: &LinkKind, level: Level) -> Option<&'a Followed> {
    let follows = by.provision.follows.as_ref()?;
    let followed = follows.interfaces.get(kind.interface_name())?;
    let gives = |fact: &String| kind.provision.facts.contains_key(fact);
    let is_set = |name: &String| with.get(name).is_some_and(|value| value.text().is_some());
    let is_meant = followed.fact.as_ref().is_none_or(gives) && followed.setting.as_ref().is_none_or(is_set);
    let is_enough = followed.from.is_none_or(|from| level >= from);
    (is_meant && is_enough).then_some(followed)
}

impl Stack {
    /// The links of its consumer that the provider of `link` follows.
    pub fn followed<'a>(&'a self, link: &'a Link) -> impl Iterator<Item = &'a Link> {
        let follows = link.kind.provision.follows.is_some();
        let own = follows.then(|| self.links_from(&link.from)).into_iter().flatten();
        own.filter(|own| followed(&link.kind, &link.with, &own.kind, own.level).is_some())
    }
}
