//! Rule: settings of links (`with`) that speak of each other speak of numbers that are there; attributes have nothing of the kind.

use std::collections::BTreeMap;

use super::{below, borrowed};
use crate::catalog::check::Held;
use crate::catalog::{AttributeKind, AttributeType, ComponentType};
use crate::fault::Code::E_CATALOG_ATTRIBUTE;

/// The settings at `base`.
pub(super) fn settings<T>(held: &mut Held<'_, T>, base: &[String], types: &BTreeMap<String, AttributeType>) {
    let numbers = types.iter().filter(|(_, kind)| kind.kind == AttributeKind::Integer);
    let numbers: Vec<&str> = numbers.map(|(name, _)| name.as_str()).collect();
    for (name, kind) in types {
        let path = below(base, &[name, "at_most"]);
        match &kind.at_most {
            Some(limit) if kind.kind == AttributeKind::Integer => {
                held.known(
                    E_CATALOG_ATTRIBUTE,
                    &borrowed(&path),
                    limit,
                    &numbers,
                    "setting with a number",
                );
            }
            Some(_) => {
                let fact = format!("`{name}` is no number, and is bounded by one");
                held.blame(E_CATALOG_ATTRIBUTE, &borrowed(&path), fact, "remove `at_most`");
            }
            None if kind.otherwise.is_some() => {
                let fact = format!("`otherwise` of `{name}` says nothing: only a number with `at_most` is looked for");
                let path = below(base, &[name, "otherwise"]);
                held.blame(
                    E_CATALOG_ATTRIBUTE,
                    &borrowed(&path),
                    fact,
                    "remove it, or add `at_most`",
                );
            }
            None => {}
        }
    }
}

/// What only settings of links have.
pub(in crate::catalog::check) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let own = definition.attributes.iter();
    let own = own.map(|(name, kind)| (below(&[], &["attributes", name]), name, kind));
    for (path, name) in own
        .clone()
        .filter(|(_, _, kind)| kind.kind == AttributeKind::Linked)
        .map(|(path, name, _)| (path, name))
    {
        let fact = format!("`{name}` lists links, which is for attributes of sub-components");
        let hint = "remove it, or move the attribute to a sub-component";
        held.blame(E_CATALOG_ATTRIBUTE, &borrowed(&below(&path, &["type"])), fact, hint);
    }
    let subs = definition.sub_components.iter().flat_map(|(sub, sub_type)| {
        let attributes = sub_type.attributes.iter();
        attributes.map(move |(name, kind)| (below(&[], &["sub_components", sub, "attributes", name]), name, kind))
    });
    for (path, name, kind) in own.chain(subs) {
        let fields = [
            ("at_most", kind.at_most.is_some()),
            ("otherwise", kind.otherwise.is_some()),
            ("type", kind.kind == AttributeKind::Ends),
        ];
        for (field, _) in fields.iter().filter(|(_, is_there)| *is_there) {
            let fact = format!("`{field}` of `{name}` is for settings of links");
            let hint = "remove it, or move the attribute to `with` of a slot";
            held.blame(E_CATALOG_ATTRIBUTE, &borrowed(&below(&path, &[field])), fact, hint);
        }
    }
}
