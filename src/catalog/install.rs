//! How a type gets into the cluster, and the sources that this takes: charts, operators, manifests in git.

use schemars::JsonSchema;
use serde::Deserialize;

use super::workload::Workload;

/// How it gets into the cluster: a chart, an operator, manifests or a workload, one of the four.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["chart"]}, {"required": ["operator"]}, {"required": ["manifests"]}, {"required": ["workload"]}]))]
pub struct Install {
    /// A Helm chart; the release is named after the object.
    pub chart: Option<ChartSource>,
    /// An operator, once per type, and a custom resource per component.
    pub operator: Option<OperatorSource>,
    /// Operators that the first one needs beside it.
    #[serde(default)]
    pub more_operators: Vec<OperatorSource>,
    /// Plain Kubernetes objects of ours, by templates beside the entry.
    #[serde(default)]
    pub manifests: bool,
    /// Pods of ours, by the templates that all such entries share.
    pub workload: Option<Workload>,
}

impl Install {
    /// Whether every object is ours: no chart and no operator has a word in it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.manifests || self.workload.is_some()
    }

    /// All operators of the type.
    pub fn operators(&self) -> impl Iterator<Item = &OperatorSource> {
        self.operator.iter().chain(&self.more_operators)
    }

    /// All operators with their places in the entry.
    fn placed(&self) -> impl Iterator<Item = (Vec<String>, &OperatorSource)> {
        let place = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let first = self
            .operator
            .iter()
            .map(move |operator| (place(&["install", "operator"]), operator));
        let more = self.more_operators.iter().enumerate();
        let more = more
            .map(move |(position, operator)| (place(&["install", "more_operators", &position.to_string()]), operator));
        first.chain(more)
    }

    /// All charts with their places in the entry.
    pub(super) fn charts(&self) -> Vec<(Vec<String>, &ChartSource)> {
        let own = self
            .chart
            .iter()
            .map(|chart| (vec!["install".to_owned(), "chart".to_owned()], chart));
        let of_operators = self
            .placed()
            .filter_map(|(path, operator)| Some((below(path, "chart"), operator.chart.as_ref()?)));
        own.chain(of_operators).collect()
    }

    /// All sources in git with their places in the entry.
    pub(super) fn gits(&self) -> Vec<(Vec<String>, &GitSource)> {
        let found = self
            .placed()
            .filter_map(|(path, operator)| Some((below(path, "git"), operator.git.as_ref()?)));
        found.collect()
    }

    /// All values files with their places in the entry.
    pub(super) fn values(&self) -> Vec<(Vec<String>, &String)> {
        let found = self
            .placed()
            .filter_map(|(path, operator)| Some((below(path, "values"), operator.values.as_ref()?)));
        found.collect()
    }
}

fn below(mut path: Vec<String>, key: &str) -> Vec<String> {
    path.push(key.to_owned());
    path
}

/// `chart grafana 12.11.1`, `operator cloudnative-pg 0.29.0`, `manifests`.
impl std::fmt::Display for Install {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let operator = self.operator.as_ref();
        if let Some(chart) = &self.chart {
            write!(formatter, "chart {} {}", chart.name, chart.version)
        } else if let Some(chart) = operator.and_then(|operator| operator.chart.as_ref()) {
            write!(formatter, "operator {} {}", chart.name, chart.version)
        } else if let Some(git) = operator.and_then(|operator| operator.git.as_ref()) {
            write!(formatter, "operator {}", git.revision)
        } else {
            formatter.write_str("manifests")
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
}

/// Where an operator comes from: a chart, or manifests in git.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["chart"]}, {"required": ["git"]}]))]
pub struct OperatorSource {
    pub chart: Option<ChartSource>,
    pub git: Option<GitSource>,
    /// Values file of the chart, beside the entry. Components share the operator, so it is copied as it is.
    pub values: Option<String>,
}

impl OperatorSource {
    /// Name of the chart, or of the repository.
    #[must_use]
    pub fn name(&self) -> &str {
        let repository = self.git.as_ref().and_then(|git| git.repository.rsplit('/').next());
        self.chart
            .as_ref()
            .map(|chart| chart.name.as_str())
            .or(repository)
            .unwrap_or_default()
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
    /// Images of its kustomization to pin: `old=new:tag`.
    #[serde(default)]
    pub images: Vec<String>,
}
