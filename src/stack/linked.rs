//! What a sub-component may use of the links of its component: all, or a list of where they end, each to read alone or as the
//! link lets.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{AttributeValue, Component, Stack, SubComponent};
use crate::catalog::AttributeKind;
use crate::level::Level;

/// Behind a component that is to be read alone.
const READ: &str = ":read";

/// The component that an item names, and whether it is to be read alone.
#[must_use]
pub fn parse(item: &str) -> Option<(&str, bool)> {
    match item.strip_suffix(READ) {
        Some(name) => Some((name, true)),
        None => (!item.contains(':')).then_some((item, false)),
    }
    .filter(|(name, _)| !name.is_empty())
}

impl Component {
    /// The lists of links of its sub-components, each with its attribute; empty ones are none.
    pub fn listed_links(&self) -> impl Iterator<Item = (&SubComponent, &str, &[Json])> {
        self.sub_components.values().flat_map(move |sub| {
            sub.attributes.iter().filter_map(move |(name, value)| {
                let kinds = self.entry.definition.sub_components.get(&sub.sub_type)?;
                let is_list = kinds.attributes.get(name)?.kind == AttributeKind::Linked;
                match value {
                    AttributeValue::Plain(Json::Array(items)) if is_list && !items.is_empty() => {
                        Some((sub, name.as_str(), items.as_slice()))
                    }
                    _ => None,
                }
            })
        })
    }
}

impl Stack {
    /// Where those links of a component end that give it something to use, by name; some more than once.
    pub fn reached<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a str> {
        let connections = self.connections(component);
        connections.into_values().flatten().map(|one| one.first().to.as_str())
    }

    /// What a sub-component may use, and how far; nothing where that is all.
    #[must_use]
    pub fn usable(&self, component: &Component, sub: &SubComponent) -> Option<BTreeMap<String, Level>> {
        let (_, _, listed) = component.listed_links().find(|(one, _, _)| one.name == sub.name)?;
        let items = listed.iter().filter_map(|item| parse(item.as_str()?));
        let level = |to_read| if to_read { Level::Read } else { Level::Write };
        Some(items.map(|(name, to_read)| (name.to_owned(), level(to_read))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items() {
        for (input, expected) in [
            ("cnpg", Some(("cnpg", false))),
            ("cnpg:read", Some(("cnpg", true))),
            ("cnpg:write", None),
            ("cnpg:", None),
            (":read", None),
            ("", None),
        ] {
            assert_eq!(parse(input), expected, "{input}");
        }
    }
}
