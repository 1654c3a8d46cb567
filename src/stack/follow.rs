//! Links that a provider follows for its consumer: to what the consumer's own links end at, with the accounts that it has there.
//!
//! The kinds of both links go in; it must not know why a provider goes there.

use serde_json::Value as Json;

use super::{AttributeValue, Attributes, Link, Stack};
use crate::catalog::{Followed, Level, LinkKind};

/// How a link of `kind` at `level`, which ends at `end`, is followed because of another one of the same consumer, which is of the kind
/// `by` with the settings `with`.
pub(super) fn followed<'a>(
    by: &'a LinkKind,
    with: &Attributes,
    kind: &LinkKind,
    level: Level,
    end: impl FnOnce() -> String,
) -> Option<&'a Followed> {
    let follows = by.provision.follows.as_ref()?;
    let followed = follows.interfaces.get(kind.interface_name())?;
    let is_set = |name: &str| with.get(name).is_some_and(|value| value.text().is_some());
    let is_wanted = match follows.named.as_ref().and_then(|name| named(with, name)) {
        Some(ends) => ends.contains(&Json::String(end())),
        None => followed.up_to.is_none_or(|up_to| level <= up_to),
    };
    (is_wanted && hindrance(followed, is_set, kind, level).is_none()).then_some(followed)
}

/// Why a link of an interface that a provider follows cannot be followed, named or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hindrance<'a> {
    /// It does not give this fact.
    Fact(&'a str),
    /// The link to the provider says nothing of this setting.
    Setting(&'a str),
    /// This is the lowest level that is followed.
    Level(Level),
}

/// The first of them; `is_set` tells of the settings of the link to the provider.
pub(super) fn hindrance<'a>(
    followed: &'a Followed,
    is_set: impl Fn(&str) -> bool,
    kind: &LinkKind,
    level: Level,
) -> Option<Hindrance<'a>> {
    let lacks = |fact: &&str| !kind.provision.facts.contains_key(*fact);
    let fact = followed.fact.as_deref().filter(lacks).map(Hindrance::Fact);
    let from = followed.from.filter(|from| level < *from).map(Hindrance::Level);
    let setting = followed.setting.as_deref().filter(|name| !is_set(name));
    fact.or(from).or(setting.map(Hindrance::Setting))
}

/// The ends that a setting names; nothing where nobody gives it.
fn named<'a>(with: &'a Attributes, name: &str) -> Option<&'a Vec<Json>> {
    match with.get(name)? {
        AttributeValue::Plain(Json::Array(ends)) => Some(ends),
        _ => None,
    }
}

impl Stack {
    /// The links of its consumer that the provider of `link` follows.
    pub fn followed<'a>(&'a self, link: &'a Link) -> impl Iterator<Item = &'a Link> {
        let follows = link.kind.provision.follows.is_some();
        let own = follows.then(|| self.links_from(&link.from)).into_iter().flatten();
        own.filter(|own| followed(&link.kind, &link.with, &own.kind, own.level, || own.end()).is_some())
    }
}
