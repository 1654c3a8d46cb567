//! A convention: what `link-types/conventions/<framework>.yaml` says of how applications expect settings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::slot::KeyValue;

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
    /// Keys by interface. An interface without an entry gives `{ENV}_<FACT>` for each of its facts.
    #[serde(default)]
    pub interfaces: BTreeMap<String, Keys>,
    /// Plain keys of every component that has a secret mounted.
    #[serde(default)]
    pub always: BTreeMap<String, String>,
}

/// The keys that a link gives; `{ENV}` is its prefix.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// Keys of a fixed name: those of the link without `env:` alone.
    pub fixed: BTreeMap<String, KeyValue>,
    /// Secret facts by the fixed name of their file: likewise.
    pub files: BTreeMap<String, String>,
    /// Keys of every other link; each fact is `{ENV}_<FACT>` where there are none.
    pub keys: BTreeMap<String, KeyValue>,
}

impl Keys {
    /// Whether the link without `env:` gets keys of its own.
    #[must_use]
    pub fn has_fixed(&self) -> bool {
        !self.fixed.is_empty() || !self.files.is_empty()
    }
}
