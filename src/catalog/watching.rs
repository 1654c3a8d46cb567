//! What is to be told and shown of a component's metrics: alerts and the rows of a dashboard, as data of its type.
//!
//! Expressions are PromQL, in which `$own` stands for the labels of the component's own series: whoever scrapes them says
//! which these are. They must not know a component, a scraper or a data source.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Stands in every selector of an expression, for the matchers of the component's own series.
pub const OWN: &str = "$own";

/// Alerts by name: `PostgresConnectionsNearLimit`.
pub type Alerts = BTreeMap<String, Alert>;

/// When somebody has to know, and what they read then.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// What it is about.
    pub watches: Watched,
    /// The slot without a link of which there is nothing to watch.
    pub slot: Option<String>,
    /// PromQL that has a result while the state lasts; each selector begins with `$own`.
    pub expr: String,
    /// How long the state must last.
    #[serde(rename = "for")]
    pub lasts: String,
    pub severity: Severity,
    /// One line for people.
    pub summary: String,
    /// What it means and what to look at; `{{ $value }}` and `{{ $labels.<name> }}` are filled in by Prometheus.
    pub description: String,
}

/// What an alert is about. Whether the component answers at all is told of every one, without a word in its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Watched {
    /// A part of it is down, or out of step with the others.
    Availability,
    /// Something that has a limit comes close to it.
    Saturation,
    /// Work fails.
    Errors,
    /// The age of the last backup.
    Backup,
}

/// Who is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody has to act now.
    Critical,
    /// Somebody has to look at it today.
    Warning,
}

impl Watched {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Saturation => "saturation",
            Self::Errors => "errors",
            Self::Backup => "backup",
        }
    }
}

impl Severity {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// A row of a dashboard, as wide as the page; its panels share the width.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub row: String,
    pub panels: Vec<Panel>,
}

/// One graph over time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    pub title: String,
    /// PromQL as in an alert.
    pub expr: String,
    pub unit: Unit,
    /// Name of each line, over the labels of the result: `{{pod}}`.
    pub legend: String,
}

/// Units of Grafana, by its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Unit {
    /// A plain number.
    #[serde(rename = "short")]
    Number,
    /// A part of one.
    #[serde(rename = "percentunit")]
    Ratio,
    #[serde(rename = "bytes")]
    Bytes,
    #[serde(rename = "Bps")]
    BytesPerSecond,
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "reqps")]
    RequestsPerSecond,
    #[serde(rename = "ops")]
    OperationsPerSecond,
}

/// An expression over the series that `matchers` select: `component="kafka"`.
#[must_use]
pub fn over(expr: &str, matchers: &str) -> String {
    expr.replace(OWN, matchers)
}
