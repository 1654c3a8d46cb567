//! What a type takes from links that begin at it: `consumes` in component.yaml, and pairs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::attribute::AttributeType;
use super::network::OpenPort;
use crate::level::Level;

/// What a consumer gives to the provider: lists of patterns, by the names that the interface asks for. A pattern that names a
/// setting of the link which nobody gives is left out.
pub type Gives = BTreeMap<String, Vec<String>>;

/// A slot of a consumer; its name is that of the interface unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Slot {
    pub name: String,
    pub body: SlotBody,
    /// Taken because of a role. The slots of a type stand in its order of preference; of what a role takes, nobody has said
    /// which comes first.
    pub by_role: bool,
}

/// What a slot takes, and how it wants it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SlotBody {
    /// The interface; by default the name of the slot.
    pub interface: Option<String>,
    /// One line for people.
    pub title: Option<String>,
    /// Levels that links may have; all that the provider knows where there are none.
    pub levels: Vec<Level>,
    /// Whether links also end at the component, where the interface is provided at sub-components.
    pub whole: bool,
    /// Whether a component may have one such link at most.
    pub single: bool,
    /// Type of the sub-component that such links begin at.
    pub begins_at: Option<String>,
    /// Where the facts go, when not into the environment.
    pub deliver: Option<Deliver>,
    /// Keys of the environment, behind the prefix, instead of those of the convention.
    pub keys: Option<BTreeMap<String, KeyValue>>,
    /// Pattern of the file that its secret is mounted as; the key by default.
    pub file: Option<String>,
    /// Endpoints besides those of the provision.
    #[serde(deserialize_with = "super::forms::one_or_many")]
    #[schemars(with = "super::forms::OneOrMany<String>")]
    pub endpoints: Vec<String>,
    /// Types that the cluster must have because of such a link.
    pub needs: Vec<String>,
    /// Ports outside the cluster that the consumer may reach because of such a link.
    pub egress: Vec<OpenPort>,
    /// Overrides what the interface says.
    pub uses: Option<bool>,
    /// Overrides what the interface says.
    pub external: Option<bool>,
    /// Settings of one link, `with:` in stack.yaml.
    pub with: BTreeMap<String, AttributeType>,
    /// What the consumer gives to the provider.
    pub gives: Gives,
}

/// Where the facts of a link go, when not into the environment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deliver {
    pub secret: DeliveredSecret,
}

/// A Secret of the consumer with facts of the link.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveredSecret {
    /// Pattern of its name.
    pub name: String,
    /// Pattern of its file below `secret/`.
    pub file: String,
    /// Kubernetes type of the Secret.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Labels that make an operator look at it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Facts by key; a key is there where the link gives its fact.
    pub keys: BTreeMap<String, String>,
}

/// The value of a key: a fact, a pattern over facts and variables when it has braces, or a secret made of facts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeyValue {
    Text(String),
    Secret(ComposedSecret),
}

/// A secret that is put together from facts, secret ones among them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComposedSecret {
    /// A pattern over facts.
    pub secret: String,
}

impl Slot {
    #[must_use]
    pub fn interface(&self) -> &str {
        self.body.interface.as_deref().unwrap_or(&self.name)
    }
}

/// `- storage: {…}`: a mapping of one name.
impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut named: BTreeMap<String, SlotBody> = BTreeMap::deserialize(deserializer)?;
        match (named.pop_first(), named.is_empty()) {
            (Some((name, body)), true) => Ok(Self {
                name,
                body,
                by_role: false,
            }),
            _ => Err(D::Error::custom(
                "a slot is written as `- <name>: {…}`, one name an item",
            )),
        }
    }
}

impl JsonSchema for Slot {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Slot".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A slot by its name, which is that of the interface unless it says otherwise.",
            "type": "object",
            "additionalProperties": generator.subschema_for::<SlotBody>(),
            "minProperties": 1,
            "maxProperties": 1,
        })
    }
}
