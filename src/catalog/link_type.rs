//! A link type: what `link-types/<name>/link.yaml` says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::component_type::OpenPort;
use super::secret::{SecretSpec, Side};

/// A kind of link between two component types.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "stacktic link type")]
pub struct LinkType {
    /// `<from>-<to>`, `<from>-<to>_<what>`, or `<from>-*` for a family.
    pub name: String,
    /// One line for people.
    pub title: String,
    pub from: String,
    pub to: Target,
    /// Type of the sub-component that such a link ends at.
    pub sub_component: Option<String>,
    /// Whether a link may carry `write_access: true`.
    #[serde(default)]
    pub write_access: bool,
    /// What a link without `write_access` may do at its target.
    #[serde(default)]
    pub access: Access,
    /// Endpoints that the network lets through; `metrics` and `health` stand for those of the target's type.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// The edge runs from the target to the source: `endpoints` are those of the source.
    #[serde(default)]
    pub reverse: bool,
    #[serde(default)]
    pub env: Vec<EnvKey>,
    /// Pattern of the principal at the target.
    pub principal: Option<String>,
    #[serde(default)]
    pub grants: Grants,
    #[serde(default)]
    pub enums: BTreeMap<String, EnumSource>,
    /// Patterns of more data for the tool file.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
    /// Python files that exist only with the link, beside it or in the package of the server's type: `<service>_tools.py`, which
    /// registers tools, then its parts `<service>_….py`.
    #[serde(default)]
    pub modules: Vec<String>,
    #[serde(default)]
    pub files: Vec<LinkFile>,
    #[serde(default)]
    pub secrets: Vec<SecretSpec>,
    /// Whether a component may have one such link at most.
    #[serde(default)]
    pub single: bool,
    /// Whether all such links to one component must agree in `write_access`.
    #[serde(default)]
    pub alike: bool,
    /// Ports outside the cluster that the source may reach because of the link.
    #[serde(default)]
    pub network_to: Vec<OpenPort>,
    /// Whether the source works with the target, rather than watching, checking or deploying it: then it is a
    /// consumer of the sub-component and rolled out after the target.
    #[serde(default = "yes")]
    pub uses: bool,
    /// Whether the target may live in another stack, where nothing can be made for the link.
    #[serde(default = "yes")]
    pub external: bool,
    /// Hooks that make something of such a link.
    #[serde(default)]
    pub hooks: Vec<String>,
}

/// What the account of a link may do, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Ask whether it is well.
    Probe,
    #[default]
    Read,
    /// Read, and write with `write_access`.
    Write,
    /// Everything: the account is that of the owner.
    Own,
    /// Pass requests on to what is published.
    Publish,
    /// Make, change and delete its objects.
    Deploy,
}

impl Access {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Read => "read",
            Self::Write => "read and write",
            Self::Own => "own",
            Self::Publish => "publish",
            Self::Deploy => "deploy",
        }
    }
}

/// The target: a type, or a family that is expanded to types.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Target {
    Type(String),
    Family { family: Family },
}

/// Types by what they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Types with metrics.
    Metrics,
    /// Types that the gateway publishes without a key of its own.
    Http,
    /// Types that something is deployed for.
    Deployed,
    /// Types with endpoints and health checks.
    Checked,
}

/// A key in the environment of the source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvKey {
    /// Pattern of the key; `{env}` is the link's prefix.
    pub key: String,
    /// Pattern of the value; absent for a secret.
    pub value: Option<String>,
    #[serde(default)]
    pub secret: bool,
    /// Pattern of the file that a secret is mounted as; the key by default.
    pub file: Option<String>,
    /// Only there when the link has write access.
    #[serde(default)]
    pub write: bool,
    /// Where a secret's value comes from; a pattern.
    #[serde(default)]
    pub help: String,
}

/// What the principal may do, one grant a line; patterns.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Grants {
    pub read: Vec<String>,
    pub write: Vec<String>,
}

/// Where a closed list of the tool file comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum EnumSource {
    /// Sub-components of the target: an attribute of each, or its name.
    SubComponents {
        #[serde(rename = "type")]
        sub_type: String,
        attribute: Option<String>,
        /// Attribute to go in front with a dot, for names below another.
        parent: Option<String>,
    },
    /// Components that use the target or its sub-components with a principal, the source excepted.
    Consumers,
    /// Components that the target links to.
    LinksTo,
    /// What the target links to, sub-components included: `cnpg`, `cnpg/app_db`.
    Reached,
    /// Components that something is deployed for.
    Deployed,
    /// A comma-separated attribute of the target.
    Attribute { name: String },
    /// A fixed list.
    Values { values: Vec<String> },
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

fn yes() -> bool {
    true
}
