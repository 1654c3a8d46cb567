//! A job of a component as data: programs that run beside it, once or on a schedule.
//!
//! What an entry says under `jobs:` goes in; `catalog/_shared/job/` prints the CronJob or Job, its
//! ServiceAccount and its network. Texts are patterns over the component, `{sub.…}` and `{account.…}`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::workload::{Cpu, FolderPath};

/// Programs that run side by side in one pod; one that fails is started again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Once for each sub-component of this type, which is `{sub.…}`.
    pub for_each: Option<String>,
    /// The slot without a link of which it is not there.
    pub slot: Option<String>,
    /// Pattern of its name; `{object}.<job>` by default, and `.{sub.object}` behind it where there are several.
    pub name: Option<String>,
    /// Pattern of a cron schedule; absent for a Job that runs once.
    pub schedule: Option<String>,
    /// Seconds after which a run is given up.
    pub deadline_seconds: u32,
    /// `app.kubernetes.io/name` of its pods; absent where they are the component's own, with its labels and with the
    /// settings and credentials of its links.
    pub pods: Option<String>,
    /// Endpoints of its own component, the only places that pods with a name of their own reach.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// ConfigMaps that its programs read.
    #[serde(default)]
    pub config_maps: Vec<MountedMap>,
    /// Pattern of whom a token of its account is for, a short-lived one in `/run/tokens/<component>`; absent: none is mounted. No
    /// token for the Kubernetes API ever is.
    pub token_audience: Option<String>,
    /// Folders with the secrets of accounts.
    #[serde(default)]
    pub accounts: Vec<MountedAccounts>,
    /// Pattern of the most that `/tmp` may hold; absent where nothing is written.
    pub tmp: Option<String>,
    pub steps: Vec<JobStep>,
}

/// A ConfigMap as a folder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MountedMap {
    /// Name of the volume.
    pub name: String,
    /// Pattern of the ConfigMap's name.
    pub config_map: String,
    pub mount: FolderPath,
    /// The slot without a link of which it is not there.
    pub slot: Option<String>,
}

/// A secret fact of each account of an interface as a file, which has the name of the account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MountedAccounts {
    /// Name of the volume.
    pub name: String,
    pub interface: String,
    pub fact: String,
    pub mount: FolderPath,
    /// Only accounts whose scope holds this value under this word, as in a step.
    #[serde(default)]
    pub scope: BTreeMap<String, String>,
}

/// One program.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobStep {
    /// Pattern of the container's name.
    pub name: String,
    /// Once for each account of this interface, which is `{account.…}`.
    pub accounts: Option<String>,
    /// Of these accounts only those whose scope holds this value under this word: `{databases: "{sub.database}"}`.
    #[serde(default)]
    pub scope: BTreeMap<String, String>,
    /// Name of the image in `images`.
    pub image: String,
    pub command: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, JobSetting>,
    pub cpu: Cpu,
    pub memory: Memory,
}

/// A plain setting, or a key of a Secret.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum JobSetting {
    Plain(String),
    Secret(SecretPlace),
}

/// Patterns of a Secret's name and of a key in it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretPlace {
    pub secret: String,
    pub key: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    pub request: String,
    pub limit: String,
}
