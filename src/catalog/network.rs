//! What the pods of a type need of the network beside links.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::component_type::PortSpec;
use super::forms::{OneOrMany, one_or_many};

/// What its pods need beside links.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSpec {
    /// Who of them talks to the Kubernetes API.
    pub api_server: ApiServer,
    /// Ports open to clients outside the cluster.
    pub ingress: Vec<OpenPort>,
    /// Namespaces whose pods (operators) reach it.
    pub from: Vec<NamespacePeer>,
    /// Ports that they may reach outside the cluster.
    pub to: Vec<WayOutSpec>,
}

impl NetworkSpec {
    /// Whether links of a slot open something that no endpoint of theirs says.
    #[must_use]
    pub fn opens_for(&self, slot: &str) -> bool {
        let is_meant = |named: &Option<String>| named.as_deref() == Some(slot);
        self.api_server.callers().is_some_and(|callers| is_meant(&callers.slot))
            || self.from.iter().any(|peer| is_meant(&peer.slot))
    }
}

/// All pods of the component or none, or those that are told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ApiServer {
    All(bool),
    Some(ApiCallers),
}

impl Default for ApiServer {
    fn default() -> Self {
        Self::All(false)
    }
}

impl ApiServer {
    /// Who talks to it, where anybody does.
    #[must_use]
    pub fn callers(&self) -> Option<ApiCallers> {
        match self {
            Self::All(all) => all.then(ApiCallers::default),
            Self::Some(callers) => Some(callers.clone()),
        }
    }
}

/// Those who talk to the Kubernetes API.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApiCallers {
    /// Labels that they have beside those of the component, each with its values; all of its pods without one.
    pub pods: Among,
    /// The slot whose links need it; they always do without one.
    pub slot: Option<String>,
}

/// A port outside the cluster.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WayOutSpec {
    /// The port, or a pattern that names an attribute.
    pub port: PortSpec,
    /// Labels that those who need it have beside those of the component, each with its values; all of its pods without one.
    #[serde(default)]
    pub pods: Among,
    /// Once per sub-component of this type, and closed without one.
    pub for_each: Option<String>,
}

/// Some pods of a component: labels, each with one value or several of which a pod has one.
pub type Among = BTreeMap<String, Values>;

/// The values of a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Values(pub Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_or_many(deserializer).map(Self)
    }
}

impl JsonSchema for Values {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Values".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        OneOrMany::<String>::json_schema(generator)
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenPort {
    pub port: u16,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamespacePeer {
    pub namespace: String,
    pub ports: Vec<u16>,
    /// The slot without a link of which they have nothing to look for there.
    pub slot: Option<String>,
}
