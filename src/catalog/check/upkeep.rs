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
    // What is broken is told where it stands.
    let offered = among.catalog().offered_types().unwrap_or_default();
    let offered = offered.iter().map(String::as_str);
    let offered: Vec<&str> = offered.filter(|name| *name != definition.name).collect();
    for (position, instead) in deprecated.instead.iter().enumerate() {
        let path = ["deprecated", "instead", &position.to_string()];
        held.known(E_CATALOG_LINK, &path, instead, &offered, "maintained type");
    }
}
