//! An interface: what `link-types/interfaces/<name>.yaml` says of the contract between a provider and a consumer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::attribute::AttributeType;
use super::component_type::Role;
use super::convention::Keys;
use super::slot::Gives;
use crate::level::Level;

/// A contract that joins types: what one provides, others consume.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "stacktic interface")]
pub struct Interface {
    /// Name of the interface; the file has the same.
    pub interface: String,
    /// What a link to it reaches, in one line for people.
    pub title: String,
    /// Where the facts come from.
    pub docs: Option<String>,
    /// What a link gives to the consumer.
    #[serde(default)]
    pub facts: BTreeMap<String, FactSpec>,
    /// Levels that it knows, and what each of them means.
    #[schemars(with = "super::forms::ByWord<Level, String>")]
    pub levels: BTreeMap<Level, String>,
    /// Whether a consumer works with the provider, rather than watching, checking or deploying it: then it counts as a
    /// consumer of the sub-component, and is rolled out after the provider.
    #[serde(default = "yes")]
    pub uses: bool,
    /// Whether the provider may live in another stack, where nothing can be made for the link.
    #[serde(default = "yes")]
    pub external: bool,
    /// Whether `to: "*"` may stand for every provider.
    #[serde(default)]
    pub broadcast: bool,
    /// What the provider asks of a consumer: lists by name, which join the closed lists of what a link reaches.
    #[serde(default)]
    pub asks: BTreeMap<String, AskSpec>,
    /// Whether a gateway has to publish the provider, since browsers are sent there; its consumers reach it there as well.
    #[serde(default)]
    pub published: bool,
    /// Roles whose types take the interface without a slot of their own.
    #[serde(default)]
    #[schemars(with = "super::forms::ByWord<Role, Taken>")]
    pub consumers: BTreeMap<Role, Taken>,
    /// Keys by convention, for conventions that say nothing of the interface: how an interface of one's own comes in the
    /// words of frameworks that the core knows.
    #[serde(default)]
    pub conventions: BTreeMap<String, Keys>,
    /// Keys in words that programs of every framework know, for conventions that nothing else is said of.
    pub keys: Option<Keys>,
}

/// One fact of a link.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FactSpec {
    /// Whether its value is a secret: it is delivered as a file and printed nowhere.
    pub secret: bool,
    /// The lowest level that gets it.
    pub from: Option<Level>,
    /// One line for people.
    pub help: String,
}

/// One list that the provider asks of a consumer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AskSpec {
    /// Whether every consumer has to give it.
    pub required: bool,
    /// One line for people.
    pub help: String,
}

/// What the types of a role take of an interface.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    pub levels: Vec<Level>,
    /// Whether a component may have one such link at most.
    #[serde(default)]
    pub single: bool,
    /// Settings of one link, `with:` in stack.yaml.
    #[serde(default)]
    pub with: BTreeMap<String, AttributeType>,
    /// What each of them gives to the provider, beside what its convention says: patterns by the names that the interface asks for.
    #[serde(default)]
    pub gives: Gives,
}

fn yes() -> bool {
    true
}
