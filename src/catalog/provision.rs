//! What a type gives to links that end at it: `provides` in component.yaml.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::slot::DeliveredSecret;
use crate::level::Level;

/// How a type provides one interface.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = endpoint_too)]
pub struct Provision {
    /// Types of the sub-components that such links end at; the component itself where there are none.
    #[serde(deserialize_with = "super::forms::one_or_many")]
    #[schemars(with = "super::forms::OneOrMany<String>")]
    pub at: Vec<String>,
    /// Suffix of the link type's name, where the sub-component type is none: `bridge` of `fastapi-kafka_bridge`.
    pub purpose: Option<String>,
    /// Endpoints that a link opens; `metrics` and `health` stand for those of the type.
    #[serde(alias = "endpoint", deserialize_with = "super::forms::one_or_many")]
    #[schemars(with = "super::forms::OneOrMany<String>")]
    pub endpoints: Vec<String>,
    /// Patterns of the interface's facts; secret ones come with accounts. One that names `{sub.…}` is there where the link
    /// ends at a sub-component.
    pub facts: BTreeMap<String, String>,
    /// Closed lists of what a link reaches.
    pub scope: BTreeMap<String, ScopeSource>,
    /// Accounts by level; `*` stands for every level without one of its own. Without an entry a link has no account.
    pub accounts: BTreeMap<AccountLevel, AccountSpec>,
    /// What each level grants, as data: the account, the lock and the docs are made from it. Each level has what those below
    /// it have: lists add in order, other values replace.
    #[schemars(with = "super::forms::ByWord<Level, Map<String, Json>>")]
    pub levels: BTreeMap<Level, Map<String, Json>>,
    /// What changes while the provider itself has a link of a slot, by the slot's name.
    pub when: BTreeMap<String, Change>,
    /// Of `http` alone: who checks the callers.
    pub auth: Option<HttpAuth>,
    /// Where it goes for its consumer.
    pub follows: Option<Follows>,
    /// The command by which a person takes the rights of an account away at once; a pattern. What is declared may give them
    /// back after a while: a new value of its credential is what lasts.
    pub revoke: Option<String>,
}

/// What the provider looks into for its consumer: what the consumer's own links end at, with the accounts that it has there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Follows {
    /// The endpoint whose pods connect; no others may.
    pub pods_of: String,
    /// The setting of the link to the provider that names the links which are followed, and no others are; of the type `ends`.
    pub named: Option<String>,
    /// Links of the consumer that are followed, by their interface.
    pub interfaces: BTreeMap<String, Followed>,
}

/// Links of one interface that a provider follows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Followed {
    /// The fact without which such a link is left alone: a queue, which an exchange does not have.
    pub fact: Option<String>,
    /// The setting of the link to the provider without a value of which such links are left alone.
    pub setting: Option<String>,
    /// The lowest level of such a link that is followed.
    pub from: Option<Level>,
    /// The highest level of such a link that is followed without being named.
    pub up_to: Option<Level>,
    /// The Secret of the consumer that lends facts of such a link to the provider.
    pub secret: Option<DeliveredSecret>,
    /// Level data that the account of such a link has besides.
    pub grants: Map<String, Json>,
}

/// What changes of a provision.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = endpoint_too)]
pub struct Change {
    #[serde(alias = "endpoint", deserialize_with = "super::forms::one_or_many")]
    #[schemars(with = "super::forms::OneOrMany<String>")]
    pub endpoints: Vec<String>,
    pub facts: BTreeMap<String, String>,
}

/// One endpoint may be written as `endpoint`, which a schema cannot tell by itself.
fn endpoint_too(schema: &mut schemars::Schema) {
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut)
        && let Some(several) = properties.get("endpoints").cloned()
    {
        properties.insert("endpoint".to_owned(), several);
    }
}

/// Who checks the callers of a web interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HttpAuth {
    /// Nobody.
    None,
    /// The service itself.
    Login,
    /// The service asks for an API key, and so does a gateway that can compare keys.
    Key,
}

/// A level that has an account of its own, or all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum AccountLevel {
    #[serde(rename = "probe")]
    Probe,
    #[serde(rename = "read")]
    Read,
    #[serde(rename = "write")]
    Write,
    #[serde(rename = "own")]
    Own,
    #[serde(rename = "*")]
    Any,
}

impl From<Level> for AccountLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Probe => Self::Probe,
            Level::Read => Self::Read,
            Level::Write => Self::Write,
            Level::Own => Self::Own,
        }
    }
}

impl AccountLevel {
    /// The level, unless it is all others.
    #[must_use]
    pub fn level(self) -> Option<Level> {
        match self {
            Self::Probe => Some(Level::Probe),
            Self::Read => Some(Level::Read),
            Self::Write => Some(Level::Write),
            Self::Own => Some(Level::Own),
            Self::Any => None,
        }
    }

    /// As entries write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.level().map_or("*", Level::word)
    }
}

/// An account at the provider.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSpec {
    pub per: Per,
    /// Pattern of its name.
    pub name: String,
    /// Longest name that its server takes, 63 by default, at least 16; a longer one is cut and ends in a hash.
    pub max_name: Option<usize>,
    pub secret: Option<AccountSecret>,
}

/// What an account belongs to: all links of that share it, and agree in level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    Link,
    SubComponent,
    /// All links of one consumer to one component.
    Connection,
    Component,
}

/// Where the credentials of an account lie, and who makes them: one of `name` (also with `made_by`), `existing`, `issued` and
/// `digest_in`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountSecret {
    /// Pattern of the name of a Secret of the provider, seeded for a person to fill in.
    pub name: Option<String>,
    /// Pattern of its file below `secret/`; the name by default.
    pub file: Option<String>,
    /// Kubernetes type of the Secret.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Labels that make an operator look at it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Pattern of the name of a Secret that the provider has anyway.
    pub existing: Option<String>,
    /// The Secret `name` comes from an operator.
    pub made_by: Option<Maker>,
    /// Somebody else issues them; a pattern of how.
    pub issued: Option<String>,
    /// The consumer alone has them. The provider knows each by its digest, `name:sha256hex`, under this key of a Secret of its own.
    pub digest_in: Option<String>,
    /// Keys of the Secret.
    #[serde(default)]
    pub keys: BTreeMap<String, KeySource>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Maker {
    Operator,
}

/// What stands under a key of a Secret: a plain text, or a secret fact.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeySource {
    /// A pattern of what is no secret.
    Plain(String),
    Fact {
        fact: String,
        /// Least number of characters.
        length: Option<u16>,
        /// What a value must be like, told where it is filled in; a pattern.
        help: Option<String>,
        /// What stands in front of the value wherever the fact stands, and is no part of it: `Bearer `.
        prefix: Option<String>,
        /// The command that makes the value, where somebody else issues it; a pattern.
        command: Option<String>,
    },
}

/// Where a closed list comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScopeSource {
    /// Sub-components of the provider: an attribute of each, or its name. A link that ends at one of them has that one alone,
    /// and of others what lies in it.
    SubComponents {
        #[serde(rename = "type")]
        sub_type: String,
        attribute: Option<String>,
        /// Attribute to go in front with a dot, for names below another.
        parent: Option<String>,
    },
    /// Components that use the provider or its sub-components with an account, the consumer and MCP servers excepted.
    Consumers,
    /// Components that the provider links to.
    LinksTo,
    /// What the provider links to, sub-components included: `cnpg`, `cnpg/app_db`.
    Reached,
    /// Components that the consumer has tools for, or those alone that its tools may change.
    Served {
        #[serde(default)]
        writing: bool,
    },
    /// Components that something is deployed for.
    Deployed,
    /// A comma-separated attribute of the provider.
    Attribute { name: String },
    /// A fixed list.
    Values { values: Vec<String> },
}
