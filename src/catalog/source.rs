//! Where what is installed comes from: a chart, or manifests in git, at an exact version.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

/// A Helm chart at an exact version.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChartSource {
    pub repository: String,
    pub name: String,
    pub version: String,
    /// Namespace of an operator's chart; the component's by default.
    pub namespace: Option<String>,
    /// Leaves out the CRDs of the chart: an operator beside it brings them, once for all its releases.
    #[serde(default)]
    pub skip_crds: bool,
    /// API groups whose kinds it brings into the cluster.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether it names objects of the whole cluster after the release, such as a ClusterRole: no other release of the cluster
    /// may be called the same.
    #[serde(default)]
    pub cluster_objects: bool,
}

/// Where an operator comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "WrittenOperator")]
pub enum OperatorSource {
    Chart {
        chart: ChartSource,
        /// Values file of the chart, beside the entry.
        values: Option<String>,
        /// What stands over it where an environment is highly available.
        ha_values: Option<String>,
    },
    Git(GitSource),
}

/// Where an operator comes from: a chart, or manifests in git.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OperatorSource", extend("oneOf" = [{"required": ["chart"]}, {"required": ["git"]}]))]
pub(super) struct WrittenOperator {
    chart: Option<ChartSource>,
    git: Option<GitSource>,
    /// Values file of the chart, beside the entry. Components share the operator, so it is copied as it is.
    values: Option<String>,
    /// Values file with what an environment with `profile: ha` changes: pods of the operator, and their budget for drains.
    ha_values: Option<String>,
    /// Of `more_operators`: the slot whose links need it. Without one it is there wherever the type is.
    pub(super) slot: Option<String>,
}

impl TryFrom<WrittenOperator> for OperatorSource {
    type Error = &'static str;
    fn try_from(written: WrittenOperator) -> Result<Self, Self::Error> {
        if written.slot.is_some() {
            return Err("has `slot`, which an operator of `more_operators` takes");
        }
        let has_values = written.values.is_some() || written.ha_values.is_some();
        match (written.chart, written.git) {
            (Some(chart), None) => Ok(Self::Chart {
                chart,
                values: written.values,
                ha_values: written.ha_values,
            }),
            (None, Some(_)) if has_values => Err("has `values`, which only a chart takes"),
            (None, Some(git)) => Ok(Self::Git(git)),
            _ => Err("has one of `chart` and `git`"),
        }
    }
}

impl JsonSchema for OperatorSource {
    fn schema_name() -> Cow<'static, str> {
        WrittenOperator::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        WrittenOperator::json_schema(generator)
    }
}

impl OperatorSource {
    /// Name of the chart, or of the repository.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Chart { chart, .. } => &chart.name,
            Self::Git(git) => git.repository.rsplit('/').next().unwrap_or_default(),
        }
    }

    #[must_use]
    pub fn chart(&self) -> Option<&ChartSource> {
        match self {
            Self::Chart { chart, .. } => Some(chart),
            Self::Git(_) => None,
        }
    }

    #[must_use]
    pub fn git(&self) -> Option<&GitSource> {
        match self {
            Self::Git(git) => Some(git),
            Self::Chart { .. } => None,
        }
    }

    /// The namespace that it has wherever its components are; without one it stands in that of each.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Chart { chart, .. } => chart.namespace.as_deref(),
            Self::Git(git) => Some(&git.namespace),
        }
    }

    /// API groups whose kinds it brings into the cluster.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        match self {
            Self::Chart { chart, .. } => &chart.groups,
            Self::Git(git) => &git.groups,
        }
    }

    /// Whether a cluster has it once, however many components need it: it has a place of its own there.
    #[must_use]
    pub fn is_of_cluster(&self) -> bool {
        self.namespace().is_some()
    }

    /// Version of the chart, or revision of the manifests.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Self::Chart { chart, .. } => &chart.version,
            Self::Git(git) => &git.revision,
        }
    }

    /// Whether it serves the namespace alone that it stands in.
    #[must_use]
    pub fn serves_own_namespace(&self) -> bool {
        self.namespace().is_none() || self.git().is_some_and(|git| git.own_namespace)
    }

    #[must_use]
    pub fn values(&self) -> Option<&str> {
        match self {
            Self::Chart { values, .. } => values.as_deref(),
            Self::Git(_) => None,
        }
    }

    #[must_use]
    pub fn ha_values(&self) -> Option<&str> {
        match self {
            Self::Chart { ha_values, .. } => ha_values.as_deref(),
            Self::Git(_) => None,
        }
    }
}

/// A folder of manifests in a git repository at an exact revision.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitSource {
    pub repository: String,
    pub path: String,
    pub revision: String,
    pub namespace: String,
    /// Files of the folder, where it has no kustomization: all that it holds.
    #[serde(default)]
    pub files: Vec<String>,
    /// Whether it serves its own namespace alone: components of the type lie there.
    #[serde(default)]
    pub own_namespace: bool,
    /// API groups whose kinds it brings into the cluster.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Images of its kustomization to pin: `old=new:tag`.
    #[serde(default)]
    pub images: Vec<String>,
}
