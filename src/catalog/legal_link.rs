//! Every legal link: two types, and one way in which components of theirs may be linked.
//!
//! A catalog goes in; what `catalog links` prints and `catalog check` tries comes out, so that both know the same links.

use std::rc::Rc;

use super::Catalog;
use super::component_type::ComponentType;
use super::entry::Entry;
use super::hook_type::Each;
use super::link_kind::LinkKind;

/// A link that a stack may have, with the types of its ends.
#[derive(Clone, Debug)]
pub struct LegalLink {
    pub from: Rc<Entry<ComponentType>>,
    pub to: Rc<Entry<ComponentType>>,
    pub kind: Rc<LinkKind>,
}

impl Catalog {
    /// All legal links, sorted by the types of their ends.
    ///
    /// # Errors
    /// An entry is broken.
    pub fn legal_links(&self) -> anyhow::Result<Vec<LegalLink>> {
        let types = self.all_types()?;
        let mut found = Vec::new();
        for from in &types {
            for to in &types {
                let kinds = self.link_kinds(&from.definition, &to.definition)?;
                found.extend(kinds.iter().map(|kind| LegalLink {
                    from: Rc::clone(from),
                    to: Rc::clone(to),
                    kind: Rc::clone(kind),
                }));
            }
        }
        Ok(found)
    }
}

impl Each {
    /// Whether something may be made for a link of `kind`, or for an account that comes with it.
    #[must_use]
    pub fn may_mean(&self, kind: &LinkKind, from: &ComponentType, to: &ComponentType) -> bool {
        let has_account = || kind.levels.iter().any(|level| kind.account(*level).is_some());
        match self {
            Self::Links(links) => links.filters.iter().all(|filter| filter.may_mean(kind, from, to)),
            Self::Accounts(accounts) => {
                let interface = &kind.interface.definition.interface;
                let mut filters = accounts.filters.iter();
                has_account() && filters.all(|filter| filter.may_mean(interface, to))
            }
            Self::Components(_) | Self::Stack | Self::List(_) => false,
        }
    }
}
