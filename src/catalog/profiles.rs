//! What a type makes of the profile of an environment.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::profile::Profile;

/// By profile; `dev` is a type as its defaults make it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Profiles {
    /// Highly available: what survives the loss of a node.
    pub ha: Option<ProfileSpec>,
}

/// What an environment of a profile changes of a component.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileSpec {
    /// Values of attributes: stronger than their defaults, weaker than any value of the stack file.
    pub attributes: BTreeMap<String, Value>,
    /// What stays as it is without the profile, and why: one line for people.
    pub stays: Option<String>,
}

impl Profiles {
    #[must_use]
    pub fn of(&self, profile: Profile) -> Option<&ProfileSpec> {
        match profile {
            Profile::Dev => None,
            Profile::Ha => self.ha.as_ref(),
        }
    }
}
