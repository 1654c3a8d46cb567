//! A convention: what `link-types/conventions/<framework>.yaml` says of how applications expect settings.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Catalog;
use super::component_type::ComponentType;
use super::entry::Entry;
use super::interface::Interface;
use super::slot::{Gives, KeyValue};
use crate::fault::Code;
use crate::finding::suggestion;

/// How applications of one framework expect the settings of links.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "stacktic convention")]
pub struct Convention {
    /// Name of the convention; the file has the same.
    pub convention: String,
    /// One line for people.
    pub title: String,
    /// Where the framework's own documentation says so.
    pub docs: Option<String>,
    /// Keys by interface. An interface without an entry gives the keys that it has for every framework, else `{ENV}_<FACT>`
    /// for each of its facts.
    #[serde(default)]
    pub interfaces: BTreeMap<String, Keys>,
    /// Plain keys of every component that has a secret mounted.
    #[serde(default)]
    pub always: BTreeMap<String, String>,
}

/// Which convention the components of a type follow.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Following {
    /// All of them this one.
    Named(String),
    /// Each the one that a value of its own names.
    Chosen(Choosing),
}

/// An attribute that names a convention.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choosing {
    /// Its `enum` lists the conventions.
    pub attribute: String,
}

/// The keys of links of one interface, by the convention of the component that they begin at.
pub(super) type KeysByConvention = BTreeMap<String, Keys>;

/// The keys that a link gives; `{ENV}` is its prefix.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// Keys of a fixed name: those of the link without `env:` alone.
    pub fixed: BTreeMap<String, KeyValue>,
    /// Plain keys whose value is the same for every link: likewise.
    pub constant: BTreeMap<String, String>,
    /// Secret facts by the fixed name of their file: likewise.
    pub files: BTreeMap<String, String>,
    /// Keys of every other link; each fact is `{ENV}_<FACT>` where there are none.
    pub keys: BTreeMap<String, KeyValue>,
    /// What applications of the framework give to the provider, beside what their role does.
    pub gives: Gives,
    /// What comes, or has another value, where the link gives a fact; by the fact.
    pub when: BTreeMap<String, Self>,
}

impl Keys {
    /// Whether the link without `env:` gets keys of its own.
    #[must_use]
    pub fn has_fixed(&self) -> bool {
        !self.fixed.is_empty() || !self.constant.is_empty() || !self.files.is_empty()
    }

    /// The keys of a link that gives the facts of which `gives` is true.
    #[must_use]
    pub fn of(&self, gives: &dyn Fn(&str) -> bool) -> Cow<'_, Self> {
        let mut own = Cow::Borrowed(self);
        for (_, change) in self.when.iter().filter(|(fact, _)| gives(fact)) {
            let change = change.of(gives).into_owned();
            let own = own.to_mut();
            own.fixed.extend(change.fixed);
            own.constant.extend(change.constant);
            own.files.extend(change.files);
            own.keys.extend(change.keys);
        }
        own
    }
}

/// The keys that links of `interface` give to `from`, by each convention that it may follow.
///
/// # Errors
/// A convention does not exist, or it and the interface both say so.
pub(super) fn keys(
    catalog: &Catalog,
    from: &ComponentType,
    interface: &Entry<Interface>,
) -> anyhow::Result<KeysByConvention> {
    let names = from.conventions().into_iter();
    names
        .map(|name| Ok((name.to_owned(), keys_of(catalog, from, interface, name)?)))
        .collect()
}

fn keys_of(catalog: &Catalog, from: &ComponentType, interface: &Entry<Interface>, name: &str) -> anyhow::Result<Keys> {
    let convention = catalog.convention(name)?.with_context(|| {
        Code::E_CATALOG_LINK.fault(format!(
            "type `{}` names the convention `{name}`, which does not exist",
            from.name
        ))
    })?;
    ensure_names(catalog, interface)?;
    let own = convention.definition.interfaces.get(interface.name());
    let added = interface.definition.conventions.get(name);
    ensure!(
        own.is_none() || added.is_none(),
        Code::E_CATALOG_LINK.fault(format!(
            "interface `{}` and convention `{name}` both say which keys a link gives; leave it out of the interface",
            interface.name()
        ))
    );
    let every = interface.definition.keys.as_ref();
    Ok(own.or(added).or(every).cloned().unwrap_or_default())
}

/// Keys for a convention that is misspelled would be given to nobody.
fn ensure_names(catalog: &Catalog, interface: &Entry<Interface>) -> anyhow::Result<()> {
    let known = catalog.convention_names();
    for name in interface.definition.conventions.keys() {
        ensure!(
            known.contains(&name.as_str()),
            Code::E_CATALOG_LINK.fault(format!(
                "interface `{}` has keys for the convention `{name}`, which does not exist; {}",
                interface.name(),
                suggestion(name, &known).unwrap_or_default()
            ))
        );
    }
    Ok(())
}
