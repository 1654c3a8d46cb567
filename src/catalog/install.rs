//! How a type gets into the cluster, and the sources that this takes: charts, operators, manifests in git.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::workload::Workload;

/// How it gets into the cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "WrittenInstall")]
pub struct Install {
    pub by: By,
    more_operators: Vec<Beside>,
}

/// An operator that stands beside what brings the type into the cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "WrittenOperator")]
struct Beside {
    source: OperatorSource,
    /// The slot whose links need it; it is always needed without one.
    slot: Option<String>,
}

/// What brings it there.
#[derive(Clone, Debug)]
pub enum By {
    Chart(ChartSource),
    Operator(OperatorSource),
    Manifests,
    Workload(Box<Workload>),
}

/// How it gets into the cluster: a chart, an operator, manifests or a workload, one of the four.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Install", extend("oneOf" = [{"required": ["chart"]}, {"required": ["operator"]}, {"required": ["manifests"]}, {"required": ["workload"]}]))]
struct WrittenInstall {
    /// A Helm chart; the release is named after the object.
    chart: Option<ChartSource>,
    /// An operator, once per type, and a custom resource per component.
    operator: Option<OperatorSource>,
    /// Operators that the first one needs beside it.
    #[serde(default)]
    more_operators: Vec<Beside>,
    /// Plain Kubernetes objects of ours, by templates beside the entry.
    #[serde(default)]
    manifests: bool,
    /// Pods of ours, by the templates that all such entries share.
    workload: Option<Workload>,
}

impl TryFrom<WrittenInstall> for Install {
    type Error = &'static str;
    fn try_from(written: WrittenInstall) -> Result<Self, Self::Error> {
        let by = match (written.chart, written.operator, written.manifests, written.workload) {
            (Some(chart), None, false, None) => By::Chart(chart),
            (None, Some(operator), false, None) => By::Operator(operator),
            (None, None, true, None) => By::Manifests,
            (None, None, false, Some(workload)) => By::Workload(Box::new(workload)),
            _ => return Err("has one of `chart`, `operator`, `manifests` and `workload`"),
        };
        Ok(Self {
            by,
            more_operators: written.more_operators,
        })
    }
}

impl JsonSchema for Install {
    fn schema_name() -> Cow<'static, str> {
        WrittenInstall::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        WrittenInstall::json_schema(generator)
    }
}

impl Install {
    /// Whether every object is ours: no chart and no operator has a word in it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!(self.by, By::Manifests | By::Workload(_))
    }

    /// The chart of each component.
    #[must_use]
    pub fn chart(&self) -> Option<&ChartSource> {
        match &self.by {
            By::Chart(chart) => Some(chart),
            _ => None,
        }
    }

    /// API groups whose kinds come with the type, by whatever installs it.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let charts = self.chart().into_iter().flat_map(|chart| &chart.groups);
        let operators = self.placed().flat_map(|(_, operator)| operator.groups());
        charts.chain(operators).map(String::as_str)
    }

    #[must_use]
    pub fn workload(&self) -> Option<&Workload> {
        match &self.by {
            By::Workload(workload) => Some(workload),
            _ => None,
        }
    }

    fn operator(&self) -> Option<&OperatorSource> {
        match &self.by {
            By::Operator(operator) => Some(operator),
            _ => None,
        }
    }

    /// The operators of a component that has links of the slots that `is_taken` knows.
    pub fn operators(&self, is_taken: impl Fn(&str) -> bool) -> impl Iterator<Item = &OperatorSource> {
        let needed = move |beside: &&Beside| beside.slot.as_deref().is_none_or(&is_taken);
        let more = self.more_operators.iter().filter(needed);
        self.operator().into_iter().chain(more.map(|beside| &beside.source))
    }

    /// Slots that operators are there for, with their places in the entry.
    pub(super) fn slots(&self) -> impl Iterator<Item = ([String; 4], &str)> {
        let named = |position: usize| ["install", "more_operators", &position.to_string(), "slot"].map(str::to_owned);
        let more = self.more_operators.iter().enumerate();
        more.filter_map(move |(position, beside)| Some((named(position), beside.slot.as_deref()?)))
    }

    /// All operators with their places in the entry.
    fn placed(&self) -> impl Iterator<Item = (Vec<String>, &OperatorSource)> {
        let place = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let first = self.operator().into_iter();
        let first = first.map(move |operator| (place(&["install", "operator"]), operator));
        let more = self.more_operators.iter().enumerate();
        let more = more.map(move |(position, beside)| {
            (
                place(&["install", "more_operators", &position.to_string()]),
                &beside.source,
            )
        });
        first.chain(more)
    }

    /// All charts with their places in the entry.
    pub(super) fn charts(&self) -> Vec<(Vec<String>, &ChartSource)> {
        let own = self.chart().into_iter();
        let own = own.map(|chart| (vec!["install".to_owned(), "chart".to_owned()], chart));
        let of_operators = self
            .placed()
            .filter_map(|(path, operator)| Some((below(path, "chart"), operator.chart()?)));
        own.chain(of_operators).collect()
    }

    /// All sources in git with their places in the entry.
    pub(super) fn gits(&self) -> Vec<(Vec<String>, &GitSource)> {
        let found = self
            .placed()
            .filter_map(|(path, operator)| Some((below(path, "git"), operator.git()?)));
        found.collect()
    }

    /// All values files with their places in the entry.
    pub(super) fn values(&self) -> Vec<(Vec<String>, &str)> {
        let mut found = Vec::new();
        for (path, operator) in self.placed() {
            let files = [("values", operator.values()), ("ha_values", operator.ha_values())];
            found.extend(
                files
                    .into_iter()
                    .filter_map(|(key, file)| Some((below(path.clone(), key), file?))),
            );
        }
        found
    }
}

fn below(mut path: Vec<String>, key: &str) -> Vec<String> {
    path.push(key.to_owned());
    path
}

/// `chart grafana 12.11.1`, `operator cloudnative-pg 0.29.0`, `manifests`.
impl std::fmt::Display for Install {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.by {
            By::Chart(chart) => write!(formatter, "chart {} {}", chart.name, chart.version),
            By::Operator(OperatorSource::Chart { chart, .. }) => {
                write!(formatter, "operator {} {}", chart.name, chart.version)
            }
            By::Operator(OperatorSource::Git(git)) => write!(formatter, "operator {}", git.revision),
            By::Manifests | By::Workload(_) => formatter.write_str("manifests"),
        }
    }
}

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
struct WrittenOperator {
    chart: Option<ChartSource>,
    git: Option<GitSource>,
    /// Values file of the chart, beside the entry. Components share the operator, so it is copied as it is.
    values: Option<String>,
    /// Values file with what an environment with `profile: ha` changes: pods of the operator, and their budget for drains.
    ha_values: Option<String>,
    /// Of `more_operators`: the slot whose links need it. Without one it is there wherever the type is.
    slot: Option<String>,
}

impl TryFrom<WrittenOperator> for Beside {
    type Error = &'static str;
    fn try_from(mut written: WrittenOperator) -> Result<Self, Self::Error> {
        let slot = written.slot.take();
        let source = written.try_into()?;
        Ok(Self { source, slot })
    }
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

impl JsonSchema for Beside {
    fn schema_name() -> Cow<'static, str> {
        WrittenOperator::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        WrittenOperator::json_schema(generator)
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
