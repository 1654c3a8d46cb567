//! Rule: a type that is no longer maintained names others that are.

use super::{Among, Held};
use crate::catalog::ComponentType;
use crate::fault::Code::{E_CATALOG_LINK, E_CATALOG_SCHEMA};

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let deprecated = held.definition().deprecated.as_ref();
    if deprecated.is_some_and(|deprecated| deprecated.instead.is_empty()) {
        let path = ["deprecated", "instead"];
        held.blame(
            E_CATALOG_SCHEMA,
            &path,
            "there is nothing to take instead",
            "name a type of the catalog",
        );
    }
}

pub(super) fn among(held: &mut Held<'_, ComponentType>, among: &Among<'_>) {
    let definition = held.definition();
    let Some(deprecated) = &definition.deprecated else {
        return;
    };
    // Of what is broken nothing is said here: that is told where it stands.
    let types: Vec<_> = among.types().collect();
    let maintained = types.iter().filter(|entry| entry.definition.deprecated.is_none());
    let offered: Vec<&str> = maintained.map(|entry| entry.name()).collect();
    for (position, instead) in deprecated.instead.iter().enumerate() {
        let path = ["deprecated", "instead", &position.to_string()];
        held.known(E_CATALOG_LINK, &path, instead, &offered, "maintained type");
    }
}
