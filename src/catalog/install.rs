//! How a type gets into the cluster: by a chart, an operator, manifests or a workload of ours.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::source::{ChartSource, GitSource, OperatorSource, WrittenOperator};
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

impl TryFrom<WrittenOperator> for Beside {
    type Error = &'static str;
    fn try_from(mut written: WrittenOperator) -> Result<Self, Self::Error> {
        let slot = written.slot.take();
        let source = written.try_into()?;
        Ok(Self { source, slot })
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

    /// Whether it comes by an operator.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.operator().is_some()
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

    /// All charts: its own, and those of its operators.
    pub fn all_charts(&self) -> impl Iterator<Item = &ChartSource> {
        self.charts().into_iter().map(|(_, chart)| chart)
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
