//! A Secret that a component or a link needs: its name, its file and its keys, never its values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// A Secret to seed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretSpec {
    /// Pattern of the Secret's name.
    pub name: String,
    /// Pattern of the file below `secret/`.
    pub file: String,
    /// Once per sub-component of this type.
    pub for_each: Option<String>,
    /// The slot without a link of which it is not there.
    pub slot: Option<String>,
    /// Kubernetes type of the Secret.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Labels that make an operator look at it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Attributes of what it is for, the sub-component or else the component, and the values that they must have, as text.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
    /// Once in the namespace, however many components of the type lie in it: its name, file and keys say nothing of one.
    #[serde(default)]
    pub shared: bool,
    pub keys: Vec<SecretKey>,
}

/// One key of a Secret.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretKey {
    /// Pattern of the key.
    pub key: String,
    /// Pattern of a value that is no secret, written into the skeleton.
    pub value: Option<String>,
    /// Where the value comes from; a pattern.
    pub help: String,
    /// Somebody else issues the value, as `help` says: it is asked for, and never made here.
    #[serde(default)]
    pub issued: bool,
    /// The command that makes the value, where somebody else issues it; a pattern.
    pub command: Option<String>,
    /// Interface of the links that it is for: the key is there while one of them ends at the component.
    pub linked: Option<String>,
}
