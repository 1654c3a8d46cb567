//! What a governed MCP server is judged by: controls of public guidance, how far each is covered, and by which tests.
//!
//! `docs/controls.yaml` goes in, rows come out. It knows no stack: the tests hold for every server that is generated.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::yaml;

const TEXT: &str = include_str!("../../docs/controls.yaml");

/// How far a control is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Covered,
    Partly,
    Gap,
    #[serde(rename = "not ours")]
    NotOurs,
}

impl State {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Partly => "partly",
            Self::Gap => "gap",
            Self::NotOurs => "not ours",
        }
    }
}

/// One control.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its number; what is not ours has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    pub control: String,
    /// Where it is asked for, as the head of the file spells it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    pub state: State,
    /// The tests that prove it: `FILE::NAME`, below the repository.
    #[serde(default)]
    pub tests: Vec<String>,
    /// What is missing, or why it is not ours.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// All controls, in the order of the file.
///
/// # Errors
/// A file of another form, which a test keeps from being built in.
pub fn controls() -> anyhow::Result<Vec<Control>> {
    let node = yaml::parse(TEXT).ok().context("`docs/controls.yaml` is no YAML")?;
    serde_json::from_value(node.to_json()).context("`docs/controls.yaml` has another form")
}

/// How many controls are in each state.
#[must_use]
pub fn counts(controls: &[Control]) -> BTreeMap<State, usize> {
    let mut counts = BTreeMap::new();
    for control in controls {
        *counts.entry(control.state).or_default() += 1;
    }
    counts
}
