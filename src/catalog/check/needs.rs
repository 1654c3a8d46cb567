//! Rule: what a type needs in its cluster is another type of the catalog.

use super::{Among, Held};
use crate::catalog::ComponentType;
use crate::fault::Code::E_CATALOG_LINK;

pub(super) fn among(held: &mut Held<'_, ComponentType>, among: &Among<'_>) {
    let definition = held.definition();
    let known = among.catalog().type_names();
    let known: Vec<&str> = known.iter().copied().filter(|name| *name != definition.name).collect();
    for (position, needed) in definition.needs.iter().enumerate() {
        let path = ["needs", &position.to_string()];
        held.known(E_CATALOG_LINK, &path, needed, &known, "other type");
    }
    for (position, slot) in definition.consumes.iter().enumerate() {
        for (number, needed) in slot.body.needs.iter().enumerate() {
            let path = [
                "consumes",
                &position.to_string(),
                &slot.name,
                "needs",
                &number.to_string(),
            ];
            held.known(E_CATALOG_LINK, &path, needed, &known, "other type");
        }
    }
}
