//! A workload of ours as data: what differs between the Deployments that one set of templates writes.
//!
//! What an entry says under `install: workload` goes in; `catalog/_shared/workload/` prints it. Ports and
//! Service follow from `endpoints`, selectors from `pods`, so they are not said twice.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Pods of ours, all alike.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Name of the container; its image has the same name in `images`.
    pub container: String,
    /// How many pods, or a pattern that names an attribute.
    pub replicas: Amount,
    /// Why there are as many: a comment above the number.
    pub replicas_because: Option<String>,
    /// Whether the load decides how many there are.
    pub scale: Option<Scale>,
    #[serde(default)]
    pub strategy: Strategy,
    /// Program of the container, where it is not the image's own.
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default)]
    pub args: Vec<String>,
    /// Folder that the program starts in, where it is not the image's own.
    pub working_dir: Option<FolderPath>,
    /// Settings of the workload itself; those of its links come by themselves.
    #[serde(default)]
    pub env: BTreeMap<String, EnvSetting>,
    /// Seconds that a pod has for what it is at when it must end, or a pattern that names an attribute; 30 by default.
    pub grace_seconds: Option<Amount>,
    /// What keeps a caller to one of its pods.
    pub affinity: Option<Affinity>,
    /// How the kubelet asks whether a pod is well; absent where nothing answers HTTP.
    pub probe: Option<Probe>,
    pub cpu: Cpu,
    /// Memory request and limit.
    pub memory: String,
    /// Folders made of ConfigMaps and of the Secrets of accounts, read-only.
    #[serde(default)]
    pub projected: Vec<ProjectedFolder>,
    /// Folders that may be written; everything else of the container's file system is read-only.
    #[serde(default)]
    pub writable: Vec<WritableFolder>,
    /// Seconds that the token for the Kubernetes API lives; absent where it talks to none.
    #[schemars(range(min = 600))]
    pub token_seconds: Option<u32>,
}

/// An absolute folder of a container, of words that YAML reads as they are.
#[derive(Clone, Debug, Deserialize, serde::Serialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct FolderPath(#[schemars(regex(pattern = "^(/[A-Za-z0-9._-]+)+$"))] String);

impl FolderPath {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FolderPath {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let is_word = |word: &str| {
            let legal = word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            legal && !word.is_empty() && word != "." && word != ".."
        };
        let words = text.strip_prefix('/').map(|rest| rest.split('/').all(is_word));
        match words {
            Some(true) => Ok(Self(text)),
            _ => Err(format!("`{text}` is no absolute folder such as `/etc/stacktic`")),
        }
    }
}

/// A number, or a pattern that names an attribute.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Amount {
    Number(u32),
    Pattern(String),
}

/// A HorizontalPodAutoscaler, made while the attribute has a value above `replicas`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Attribute with the greatest number of pods.
    pub attribute: String,
    /// Percent of the requested CPU that pods are held at, or a pattern that names an attribute.
    pub cpu: Amount,
}

/// What a pod knows of a caller is in its memory: each caller keeps to one pod while that is there. By address inside the
/// cluster, and by a header where a gateway can tell callers apart.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Affinity {
    /// The header by which gateways tell callers apart.
    pub header: String,
    /// Setting that tells among how many pods the requests of a caller may be spread; one where a gateway keeps them to one.
    pub shares: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
pub enum Strategy {
    /// The new pod is ready before the old one goes.
    #[default]
    RollingUpdate,
    /// The old pod is gone before the new one comes.
    Recreate,
}

impl Strategy {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::RollingUpdate => "RollingUpdate",
            Self::Recreate => "Recreate",
        }
    }
}

/// A plain setting, always or while attributes have certain values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EnvSetting {
    Always(String),
    Sometimes(ConditionalSetting),
}

impl EnvSetting {
    /// The pattern of its value.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Always(value) => value,
            Self::Sometimes(setting) => &setting.value,
        }
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionalSetting {
    pub value: String,
    /// Attributes and the values that they must have, as text.
    pub when: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Path that answers 200 while the pod can take requests.
    pub path: String,
    /// Path that fails when only a restart helps; `path` by default.
    pub live_path: Option<String>,
    /// Pattern of the host that is asked for, where the framework refuses hosts that it does not know; a kubelet names
    /// the pod's address by default.
    pub host: Option<String>,
    /// Endpoint that is asked; the primary one by default.
    pub endpoint: Option<String>,
    /// Seconds that a start may take, or a pattern that names an attribute; absent where the pod is up at once.
    pub starts_within: Option<Amount>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    pub request: String,
    pub limit: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectedFolder {
    pub name: String,
    pub mount: FolderPath,
    /// What it holds: a comment above the volume.
    pub because: Option<String>,
    pub sources: Vec<FolderSource>,
}

/// Where the files of a projected folder come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FolderSource {
    /// An entry of `config_maps`: its ConfigMap, and one a part where a document is in parts.
    ConfigMaps(String),
    /// The Python package of its type, a ConfigMap for each folder of it.
    Package,
    /// The Secrets of the accounts of an interface that it provides: a file for each key with a secret fact.
    Accounts(String),
    /// The name of a ConfigMap that nothing here makes: while nobody has made it, there is none of its files.
    OptionalConfigMap(String),
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WritableFolder {
    pub name: String,
    pub mount: FolderPath,
    /// Most that it may hold; it is gone with the pod.
    pub size: String,
}
