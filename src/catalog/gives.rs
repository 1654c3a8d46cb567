//! What a consumer gives to a provider: in whose words, and who can give it.
//!
//! A slot or a role says it, and the convention of the consumer adds what its framework has of its own.

use super::component_type::ComponentType;
use super::convention::Keys;
use super::link_kind::LinkKind;
use super::pattern;
use super::slot::{Gives, SlotBody};

/// The interface of everything that a gateway can publish.
pub const HTTP: &str = "http";

/// Variables of the host under which a gateway publishes the consumer.
pub const PUBLISHED: &str = "published.host";

impl LinkKind {
    /// What a consumer that follows `convention` gives to the provider.
    #[must_use]
    pub fn gives(&self, convention: Option<&str>) -> Gives {
        with_words(&self.slot, convention.and_then(|name| self.keys.get(name)))
    }

    /// What some consumer of the type gives, whichever convention it follows.
    #[must_use]
    pub fn may_give(&self) -> Gives {
        let each = self.keys.values().map(|keys| with_words(&self.slot, Some(keys)));
        let mut found = self.slot.gives.clone();
        for (name, patterns) in each.flatten() {
            found.entry(name).or_default().extend(patterns);
        }
        found
    }
}

/// What the slot gives, with what the words of the consumer's framework give besides.
fn with_words(slot: &SlotBody, keys: Option<&Keys>) -> Gives {
    let mut gives = slot.gives.clone();
    let words = keys.filter(|_| slot.deliver.is_none()).map(|keys| &keys.gives);
    for (name, patterns) in words.into_iter().flatten() {
        gives.entry(name.clone()).or_default().extend(patterns.iter().cloned());
    }
    gives
}

/// Whether `gives` names the published host of the consumer.
#[must_use]
pub fn names_published(gives: &Gives) -> bool {
    let mut patterns = gives.values().flatten();
    patterns.any(|text| pattern::variables(text).any(|name| name == PUBLISHED))
}

/// Whether a type can give what is named: one that answers nobody is published nowhere.
pub(super) fn can_give(gives: &Gives, kind: &ComponentType) -> bool {
    !names_published(gives) || kind.provides.contains_key(HTTP)
}
