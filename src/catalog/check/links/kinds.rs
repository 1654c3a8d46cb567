//! Rule: link types have names of their own, and each of them makes something.
//!
//! They follow from what all entries say together, so this is asked of the types as they are.

use std::collections::BTreeMap;

use crate::catalog::check::{Among, Held};
use crate::catalog::store::Definition as _;
use crate::catalog::{ComponentType, LinkKind};
use crate::fault::Code::E_CATALOG_LINK;

pub(in crate::catalog::check) fn among(held: &mut Held<'_, ComponentType>, among: &Among<'_>) {
    // What is wrong with a type shows in each of its links.
    if held.is_blamed(&held.entry.place(ComponentType::FILE)) {
        return;
    }
    let own = held.definition();
    for other in among.types() {
        if let Some(kinds) = among.kinds(own, &other.definition) {
            names(held, &["consumes"], kinds.iter().map(AsRef::as_ref));
        }
        // What the program's own consumers find in a new provider is the provider's.
        let is_theirs = other.is_embedded() && !held.entry.is_embedded();
        if let Some(kinds) = among.kinds(&other.definition, own).filter(|_| is_theirs) {
            names(held, &["provides"], kinds.iter().map(AsRef::as_ref));
        }
    }
    nothing(held, among);
}

/// Two families for one pair: a name that two link types would have.
fn names<'a>(held: &mut Held<'_, ComponentType>, path: &[&str], kinds: impl Iterator<Item = &'a LinkKind>) {
    let mut seen: BTreeMap<&str, &LinkKind> = BTreeMap::new();
    for kind in kinds {
        let Some(first) = seen.insert(&kind.name, kind) else {
            continue;
        };
        let fact = format!(
            "the link type `{}` is that of the slots `{}` and `{}`",
            kind.name, first.slot_name, kind.slot_name
        );
        held.blame_key(E_CATALOG_LINK, path, fact, "give a slot or a `purpose` another name");
    }
}

/// A link that changes nothing: no way is opened, no key is set, nobody reads it.
fn nothing(held: &mut Held<'_, ComponentType>, among: &Among<'_>) {
    let own = held.definition();
    for (interface, provisions) in &own.provides {
        let opens = provisions.0.iter().any(|provision| {
            let mut changes = provision.when.values();
            !provision.endpoints.is_empty() || changes.any(|change| !change.endpoints.is_empty())
        });
        if opens {
            continue;
        }
        let makes_nothing = |kind: &LinkKind| {
            let slot = &kind.slot;
            let says = slot.endpoints.is_empty() && slot.egress.is_empty() && kind.modules().is_empty();
            kind.interface_name() == interface && says && kind.pair.is_none()
        };
        let mut drawn = among.types().filter(|from| {
            let kinds = among.kinds(&from.definition, own);
            kinds.is_some_and(|kinds| {
                let mut kinds = kinds.iter();
                kinds.any(|kind| {
                    makes_nothing(kind)
                        && !changes(&from.definition, kind)
                        && !from.prints(&kind.slot_name)
                        && !among.is_read(kind, &from.definition, own)
                })
            })
        });
        if let Some(from) = drawn.next() {
            let fact = format!(
                "a link from `{}` to `{interface}` generates nothing: it opens no endpoint, and no hook reads it",
                from.name()
            );
            held.blame_key(
                E_CATALOG_LINK,
                &["provides", interface],
                fact,
                "add `endpoint:`, where such links go",
            );
        }
    }
}

/// Whether a link of `kind` changes what the consumer provides itself.
fn changes(from: &ComponentType, kind: &LinkKind) -> bool {
    let mut provisions = from.provides.values().flat_map(|provisions| &provisions.0);
    provisions.any(|provision| provision.when.contains_key(&kind.slot_name))
}
