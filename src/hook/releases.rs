//! What Helm installs of a stack: a release for each component with a chart, and for each operator.
//!
//! A stack and the values files that there are go in, releases come out; people are told of them by commands and by a page.

use std::collections::BTreeMap;

use crate::catalog::{ChartSource, GitSource, OperatorSource};
use crate::layout::OPERATORS;
use crate::name::{ComponentName, shell};
use crate::stack::{Component, Stack};

use super::operator_values;

/// A release of a Helm chart at an exact version.
#[derive(Clone, Debug)]
pub struct Release {
    pub release: String,
    pub namespace: String,
    /// `https://…` of a repository, or `oci://…` of a registry, with or without the name of the chart.
    pub repository: String,
    pub name: String,
    pub version: String,
    /// Paths of values files below the output folder, the last one wins.
    pub values: Vec<String>,
}

/// Folders that may hold values files of a component, the weakest first.
#[must_use]
pub fn folders(component: &ComponentName, environment: &ComponentName) -> [String; 2] {
    [
        format!("k8s/deploy/base/{component}/"),
        format!("k8s/deploy/overlays/{environment}/{component}/"),
    ]
}

/// The release of a component; nothing where no chart installs it.
#[must_use]
pub fn of_component(component: &Component, values: Vec<String>) -> Option<Release> {
    let chart = component.entry.definition.install.chart()?;
    let namespace = component.namespace.to_string();
    Some(Release::of(&component.object, namespace, chart, values))
}

/// Charts of operators, each once; one that watches its own namespace only is needed in each.
#[must_use]
pub fn operators(stack: &Stack, is_made: &dyn Fn(&str) -> bool) -> Vec<Release> {
    let mut found = BTreeMap::new();
    for component in stack.deployed() {
        for operator in stack.operators_of(component) {
            let Some(chart) = operator.chart() else { continue };
            let file = operator_values(component.type_name(), operator);
            let values = [format!("k8s/deploy/base/{OPERATORS}/{file}")];
            let values = values.into_iter().filter(|path| is_made(path)).collect();
            let own = component.namespace.to_string();
            let namespace = chart.namespace.clone().unwrap_or(own);
            let release = Release::of(&chart.name, namespace.clone(), chart, values);
            found.insert((chart.name.clone(), namespace), release);
        }
    }
    found.into_values().collect()
}

/// Operators that are no charts, each once.
#[must_use]
pub fn git_operators(stack: &Stack) -> Vec<&GitSource> {
    let operators = stack.deployed().flat_map(|component| stack.operators_of(component));
    let sources = operators.filter_map(OperatorSource::git);
    let found: BTreeMap<_, _> = sources.map(|git| ((&git.repository, &git.path), git)).collect();
    found.into_values().collect()
}

impl Release {
    fn of(release: &str, namespace: String, chart: &ChartSource, values: Vec<String>) -> Self {
        Self {
            release: release.to_owned(),
            namespace,
            repository: chart.repository.clone(),
            name: chart.name.clone(),
            version: chart.version.clone(),
            values,
        }
    }

    /// The command that makes or changes the release; `shown` is a path as it stands in it.
    pub fn command(&self, shown: impl Fn(&str) -> String) -> String {
        let name = &self.name;
        let source = match self.repository.strip_prefix("oci://") {
            Some(registry) => {
                let registry = registry.strip_suffix(&format!("/{name}")).unwrap_or(registry);
                shell::word(&format!("oci://{registry}/{name}"))
            }
            None => format!("{} --repo {}", shell::word(name), shell::word(&self.repository)),
        };
        let values: String = self.values.iter().map(|path| format!(" -f {}", shown(path))).collect();
        format!(
            "helm upgrade --install {} {source} --version {} --create-namespace -n {}{values}",
            self.release, self.version, self.namespace
        )
    }
}
