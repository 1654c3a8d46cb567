//! A pair: what `link-types/pairs/<from>-<to>/pair.yaml` says of two types that have something of their own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::attribute::AttributeType;
use super::component_type::ComponentType;
use super::network::OpenPort;
use super::provision::{AccountSecret, Per, ScopeSource};
use super::slot::{Deliver, Gives, KeyValue, SlotBody};
use crate::level::Level;

/// Two types with something of their own: tools, a connector, a chart setting.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "stacktic pair", extend("required" = ["from", "to"]))]
pub struct Pair {
    pub from: String,
    pub to: String,
    /// One line for people.
    pub title: Option<String>,
    /// The interface that joins them, which makes a slot for this pair alone; absent where the types have the slot.
    pub interface: Option<String>,
    /// Levels that links may have.
    pub levels: Vec<Level>,
    /// Whether links also end at the component, where the interface is provided at sub-components.
    pub whole: bool,
    /// Whether a component may have one such link at most.
    pub single: bool,
    /// Type of the sub-component that such links begin at.
    pub begins_at: Option<String>,
    /// Replaces the provider's account for this pair.
    pub account: Option<PairAccount>,
    /// Where the facts go, when not into the environment.
    pub deliver: Option<Deliver>,
    /// Keys of the environment, behind the prefix, instead of those of the convention.
    pub keys: Option<BTreeMap<String, KeyValue>>,
    /// Pattern of the file that its secret is mounted as; the key by default.
    pub file: Option<String>,
    /// Closed lists besides those of the provider; one of the same name replaces it.
    pub scope: BTreeMap<String, ScopeSource>,
    /// Patterns of more data for the tool files.
    pub data: BTreeMap<String, String>,
    /// Endpoints besides those of the provision.
    #[serde(deserialize_with = "super::forms::one_or_many")]
    #[schemars(with = "super::forms::OneOrMany<String>")]
    pub endpoints: Vec<String>,
    /// Ports outside the cluster that the consumer may reach because of such a link.
    pub egress: Vec<OpenPort>,
    /// Overrides what the interface says.
    pub uses: Option<bool>,
    /// Overrides what the interface says.
    pub external: Option<bool>,
    /// Settings of one link, `with:` in stack.yaml.
    pub with: BTreeMap<String, AttributeType>,
    /// Files on either side.
    pub files: Vec<LinkFile>,
    /// What an MCP server gets.
    pub tools: Option<Tools>,
    /// The pair whose tools, keys, account and scope this one takes, for a type that provides the same interface.
    pub tools_of: Option<String>,
}

/// What replaces the provider's account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairAccount {
    pub per: Per,
    /// Pattern of its name.
    pub name: String,
    /// The provider's by default.
    pub secret: Option<AccountSecret>,
    /// Replaces the provider's level data.
    #[serde(default)]
    #[schemars(with = "super::forms::ByWord<Level, Map<String, Json>>")]
    pub levels: BTreeMap<Level, Map<String, Json>>,
}

/// The tool files of a pair; `tools.json` beside the entry describes the tools.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// Python files that exist only with the link; the first one registers tools.
    pub modules: Vec<String>,
}

/// Which end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    From,
    To,
}

/// A file on one side of a link.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkFile {
    pub on: Side,
    /// Pattern of the path below the folder of that side.
    pub path: String,
    pub template: String,
    #[serde(default)]
    pub resource: bool,
    #[serde(default)]
    pub seeded: bool,
}

impl Pair {
    /// Whether it brings tools that work for another type too: their closed lists speak of no sub-component that it lacks.
    #[must_use]
    pub fn has_tools_for(&self, to: &ComponentType) -> bool {
        let has = |scope: &ScopeSource| match scope {
            ScopeSource::SubComponents { sub_type, .. } => to.sub_components.contains_key(sub_type),
            _ => true,
        };
        self.tools.is_some() && self.scope.values().all(has)
    }

    /// What the pair says as a slot.
    pub(super) fn slot(&self) -> SlotBody {
        SlotBody {
            needs: Vec::new(),
            interface: self.interface.clone(),
            title: self.title.clone(),
            levels: self.levels.clone(),
            whole: self.whole,
            single: self.single,
            begins_at: self.begins_at.clone(),
            deliver: self.deliver.clone(),
            keys: self.keys.clone(),
            file: self.file.clone(),
            endpoints: self.endpoints.clone(),
            egress: self.egress.clone(),
            uses: self.uses,
            external: self.external,
            with: self.with.clone(),
            gives: Gives::new(),
        }
    }
}
