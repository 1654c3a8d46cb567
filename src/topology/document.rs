//! stack.yaml as it is written: the types, and with them the JSON Schema that editors use.
//!
//! Values are as the user typed them; what they mean is decided in `stack::check`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::described::Described;
use crate::level::Level;
use crate::profile::Profile;

/// A stack: its components, their links, and what differs by environment.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "stacktic stack", extend("required" = ["apiVersion", "kind", "name", "domain"]))]
pub struct StackDocument {
    /// Version of this format.
    #[schemars(extend("const" = "stacktic.io/v1"))]
    pub api_version: String,
    #[schemars(extend("const" = "Stack"))]
    pub kind: String,
    /// Name of the stack: 1 to 40 of a-z, 0-9 and -.
    #[schemars(regex(pattern = r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"))]
    pub name: String,
    /// Domain under which the gateway publishes services.
    pub domain: String,
    /// What Argo CD reads; without it no Applications are made.
    pub gitops: Option<GitopsDocument>,
    /// How secret values are kept: in plain files (the default), in files encrypted by SOPS, or in a store.
    pub secrets: SecretsBackend,
    /// Operators that the stack does not bring, by the types that need them: with their kinds they are in each cluster once.
    pub operators: BTreeMap<String, OperatorOwner>,
    /// Kustomize overlays; the values of an environment override attributes.
    pub environments: BTreeMap<String, EnvironmentDocument>,
    /// The components, by name.
    pub components: BTreeMap<String, ComponentDocument>,
    /// The links: what may talk to what.
    pub links: Vec<LinkDocument>,
}

/// How the values of secrets are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretsBackend {
    /// In `secret/*.env`, as they are: for a first try, and for what never leaves this machine.
    #[default]
    Plain,
    /// In `secret/*.env`, encrypted by SOPS: nothing but a build with KSOPS makes Secrets of them.
    Sops,
    /// In a store; ExternalSecret objects under the same Secret names.
    ExternalSecrets,
}

/// Who installs the operators of a type, and their kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatorOwner {
    /// Another stack of the same cluster, or who looks after it. They watch the namespaces of this stack, too.
    External,
}

/// The place in Git that Argo CD deploys the output from.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["repository"]))]
pub struct GitopsDocument {
    /// Repository that holds the output, `https://` or `ssh://`. Credentials stand in a repository Secret of Argo CD.
    pub repository: String,
    /// Branch, tag or commit to follow; `main` by default.
    pub revision: Option<String>,
    /// Folder of the output in the repository; `out` by default.
    pub path: Option<String>,
    /// Namespace of Argo CD: by default that of the stack's own, else `argocd`.
    pub namespace: Option<String>,
}

/// One environment.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EnvironmentDocument {
    /// Its cluster as Argo CD knows it: by default the one that Argo CD runs in.
    pub cluster: Option<ClusterDocument>,
    /// Domain of the environment, in place of the stack's.
    pub domain: Option<String>,
    /// What it is for: `dev` (the default), or `ha` for three nodes and more. Types say what follows, weaker than any value of
    /// this file.
    pub profile: Profile,
    /// Overrides, by component name.
    pub components: BTreeMap<String, OverrideDocument>,
}

impl EnvironmentDocument {
    /// Whether it may differ from the stack as it stands.
    #[must_use]
    pub fn differs(&self) -> bool {
        let is_special = self.cluster.as_ref().is_some_and(ClusterDocument::is_special);
        self.profile != Profile::default() || self.domain.is_some() || !self.components.is_empty() || is_special
    }
}

/// A cluster.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["name"]))]
pub struct ClusterDocument {
    /// Name under which the cluster was added to Argo CD; that of its own is `in-cluster`.
    pub name: String,
    /// Who answers for names there; pods may ask nobody else.
    pub dns: Resolver,
    /// Addresses at which a NodeLocal DNSCache answers on each node, such as 169.254.20.10; where kube-proxy works with iptables,
    /// that of the Service kube-dns as well, which the cache takes over.
    pub dns_cache: Vec<String>,
}

impl ClusterDocument {
    /// Whether what is installed there differs from what is installed elsewhere.
    fn is_special(&self) -> bool {
        self.dns != Resolver::default() || !self.dns_cache.is_empty()
    }
}

/// Who answers for the names of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolver {
    /// Pods with the label of kube-dns in kube-system, CoreDNS as a rule.
    #[default]
    KubeDns,
    /// The DNS Operator of OpenShift.
    Openshift,
}

/// What an environment changes of a component.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OverrideDocument {
    /// Attribute values that replace those of the component.
    pub attributes: BTreeMap<String, Value>,
}

/// One component.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["type"]))]
pub struct ComponentDocument {
    /// Catalog entry that it is made from.
    #[serde(rename = "type")]
    pub component_type: String,
    /// Kubernetes namespace; the type has a default.
    pub namespace: Option<String>,
    /// Group in queries and pictures; the type has a default.
    pub group: Option<String>,
    /// Values of the type's attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Databases, topics, queues, buckets and the like, by name.
    pub sub_components: BTreeMap<String, SubComponentDocument>,
    /// Set when the component lives in another stack: nothing is deployed for it.
    pub external: Option<ExternalDocument>,
}

/// A part of a component that links can end at.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["type"]))]
pub struct SubComponentDocument {
    /// Sub-component type of the component's type.
    #[serde(rename = "type")]
    pub sub_type: String,
    /// Values of the sub-component type's attributes.
    pub attributes: BTreeMap<String, Value>,
}

/// Where a component that others deploy is found; nothing to say of what the cluster has anyway, such as an operator.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("if" = {"not": {"required": ["metadata"]}}, "then" = {"dependentRequired": {"stack": ["host"], "host": ["stack"], "component": ["metadata"]}}))]
pub struct ExternalDocument {
    /// Name of the other stack; its metadata tells it, too.
    pub stack: String,
    /// Its host: a domain name, never an IP address. By default the one of the metadata, which is inside a cluster.
    pub host: String,
    /// The other stack's `stack-metadata.json`, from the folder of this file: hosts, ports, attributes and sub-components are
    /// taken from it where this file does not give them.
    pub metadata: Option<String>,
    /// Its name in the other stack, where it is not the same.
    pub component: Option<String>,
    /// What the metadata says, once it was read.
    #[serde(skip)]
    pub described: Option<Described>,
}

/// One link, or as many as `to` names.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["from", "to"]))]
pub struct LinkDocument {
    /// Component, or `component/sub_component`, that uses the other.
    pub from: String,
    /// Component, or `component/sub_component`, that is used; a list is as many links, and `*` stands for every component
    /// that provides an interface for all, such as metrics.
    pub to: Targets,
    /// Link type, or slot of the consumer; needed only where the first that fits is not meant.
    #[serde(rename = "type")]
    pub link_type: Option<String>,
    /// What the link may do: `read` by default, else the lowest level that its link type knows.
    pub access: Option<Level>,
    /// On links of an MCP server: `access: write`, and the tools that write.
    pub write_access: Option<bool>,
    /// Prefix of the link's keys in the environment of `from`: 1 to 40 of A-Z, 0-9 and _. By default the service, and the
    /// sub-component where the link ends at one: `VALKEY`, `CNPG_APP_DB`; an MCP server puts `MCP_` in front.
    #[schemars(regex(pattern = r"^[A-Z]([A-Z0-9_]{0,38}[A-Z0-9])?$"))]
    pub env: Option<String>,
    /// Settings of this link, as its link type declares them.
    pub with: BTreeMap<String, Value>,
}

/// What a link ends at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Targets {
    One(String),
    Many(Vec<String>),
}

impl Default for Targets {
    fn default() -> Self {
        Self::One(String::new())
    }
}

impl Targets {
    /// The targets in order; those of a list with their positions in it.
    pub fn iter(&self) -> impl Iterator<Item = (Option<usize>, &str)> {
        let (one, many) = match self {
            Self::One(one) => (Some(one.as_str()), &[][..]),
            Self::Many(many) => (None, many.as_slice()),
        };
        let many = many
            .iter()
            .enumerate()
            .map(|(position, target)| (Some(position), target.as_str()));
        one.map(|target| (None, target)).into_iter().chain(many)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().all(|(_, target)| target.is_empty())
    }
}
