//! `stacktic catalog`: what the catalog holds, what an entry does, and which links are legal.

mod links;
mod list;
mod show;

pub(super) use links::links;
pub(super) use list::list;
pub(super) use show::show;

use crate::catalog::Catalog;

/// The kinds of entries, by the words of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Type,
    Interface,
    Convention,
    Pair,
    Hook,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Type, Self::Interface, Self::Convention, Self::Pair, Self::Hook];

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Interface => "interface",
            Self::Convention => "convention",
            Self::Pair => "pair",
            Self::Hook => "hook",
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Type => "Component types",
            Self::Interface => "Interfaces",
            Self::Convention => "Conventions",
            Self::Pair => "Pairs with something of their own",
            Self::Hook => "Hooks",
        }
    }

    fn names(self, catalog: &Catalog) -> Vec<&str> {
        match self {
            Self::Type => catalog.type_names(),
            Self::Interface => catalog.interface_names(),
            Self::Convention => catalog.convention_names(),
            Self::Pair => catalog.pair_names(),
            Self::Hook => catalog.hook_names(),
        }
    }
}
