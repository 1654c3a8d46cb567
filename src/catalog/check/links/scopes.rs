//! Rule: a closed list comes from sub-components and attributes that the provider has.

use std::collections::BTreeMap;

use super::{below, borrowed};
use crate::catalog::check::Held;
use crate::catalog::check::held::Place;
use crate::catalog::{ComponentType, ScopeSource};
use crate::fault::Code::E_CATALOG_LINK;

/// The lists of `scope` in the mapping at `base`, for links that end at `provider`.
pub(super) fn check<T>(
    held: &mut Held<'_, T>,
    base: &[String],
    provider: &ComponentType,
    scope: &BTreeMap<String, ScopeSource>,
) {
    for (name, source) in scope {
        let path = below(base, &["scope", name]);
        match source {
            ScopeSource::SubComponents {
                sub_type,
                attribute,
                parent,
            } => {
                let known: Vec<&str> = provider.sub_components.keys().map(String::as_str).collect();
                let place = below(&path, &["type"]);
                held.known(
                    E_CATALOG_LINK,
                    &borrowed(&place),
                    sub_type,
                    &known,
                    "sub-component type",
                );
                let Some(sub) = provider.sub_components.get(sub_type) else {
                    continue;
                };
                let known: Vec<&str> = sub.attributes.keys().map(String::as_str).collect();
                for (word, name) in [("attribute", attribute), ("parent", parent)] {
                    if let Some(name) = name {
                        let place = below(&path, &[word]);
                        let owner = format!("`{sub_type}`");
                        let place = borrowed(&place);
                        held.lacks(E_CATALOG_LINK, Place::Value(&place, name), &owner, "attribute", &known);
                    }
                }
            }
            ScopeSource::Attribute { name } => {
                let known: Vec<&str> = provider.attributes.keys().map(String::as_str).collect();
                held.known(
                    E_CATALOG_LINK,
                    &borrowed(&below(&path, &["name"])),
                    name,
                    &known,
                    "attribute",
                );
            }
            ScopeSource::Values { values } if values.is_empty() => {
                let fact = format!("the closed list `{name}` has no name in it");
                held.blame(
                    E_CATALOG_LINK,
                    &borrowed(&below(&path, &["values"])),
                    fact,
                    "list its values",
                );
            }
            _ => {}
        }
    }
}
