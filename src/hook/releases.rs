//! What Helm installs of a stack: a release for each component with a chart, and for each operator.
//!
//! A stack and the values files that there are go in, releases come out; people are told of them by commands and by a page.

use std::collections::BTreeMap;

use crate::catalog::{ChartSource, OperatorSource};
use crate::layout::OPERATORS;
use crate::name::{ComponentName, shell};
use crate::stack::{Component, Stack, Waves};
/// A release of a Helm chart at an exact version.
#[derive(Clone, Debug)]
pub struct Release {
    pub release: String,
    pub namespace: String,
    /// `https://…` of a repository, or `oci://…` of a registry, with or without the name of the chart.
    pub repository: String,
    pub name: String,
    pub version: String,
    /// Whether the CRDs of the chart come from elsewhere.
    pub skip_crds: bool,
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

/// An operator that the stack needs, once however many components do.
pub struct Operator<'a> {
    /// The type's, then what stands beside it.
    pub name: String,
    pub source: &'a OperatorSource,
    pub namespace: &'a str,
    pub wave: usize,
    type_name: &'a str,
}

/// The operators of a stack by name, each once. One that watches its own namespace only is needed in each.
#[must_use]
pub fn operators<'a>(stack: &'a Stack, waves: &Waves<'_>) -> Vec<Operator<'a>> {
    let mut found = BTreeMap::new();
    for component in stack.deployed() {
        for (position, source) in stack.operators_of(component).enumerate() {
            let mut name = component.type_name().replace('_', "-");
            if position > 0 {
                name = format!("{name}-{}", source.name());
            }
            let own = component.namespace.as_str();
            let namespace = source.namespace().unwrap_or(own);
            if source.namespace().is_none() && own != component.entry.definition.namespace {
                name = format!("{name}-{own}");
            }
            found.entry(name.clone()).or_insert(Operator {
                name,
                source,
                namespace,
                wave: waves.operators[component.type_name()],
                type_name: component.type_name(),
            });
        }
    }
    found.into_values().collect()
}

impl Operator<'_> {
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.type_name
    }

    /// The values files of its chart, below the output folder; `ha` is the environment, where it is highly available.
    #[must_use]
    pub fn values_files(&self, ha: Option<&str>) -> Vec<String> {
        let own = self.source.values().map(|_| None);
        let of_ha = ha.filter(|_| self.source.ha_values().is_some()).map(Some);
        let files = own.into_iter().chain(of_ha);
        let named = files.map(|environment| operator_values(self.type_name, self.source, environment));
        named
            .map(|file| format!("k8s/deploy/base/{OPERATORS}/{file}"))
            .collect()
    }

    /// Its release, where a chart installs it; `ha` is the environment, where it is highly available.
    #[must_use]
    pub fn release(&self, ha: Option<&str>) -> Option<Release> {
        let chart = self.source.chart()?;
        let values = self.values_files(ha);
        Some(Release::of(&chart.name, self.namespace.to_owned(), chart, values))
    }
}

/// The environment, where it is highly available.
#[must_use]
pub fn ha<'a>(stack: &Stack, environment: &'a ComponentName) -> Option<&'a str> {
    let is_ha = stack.highly_available.contains(environment);
    is_ha.then_some(environment.as_str())
}

/// Name of a values file of an operator's chart, below `OPERATORS`: the one for all, or what an environment changes.
#[must_use]
pub fn operator_values(type_name: &str, source: &OperatorSource, environment: Option<&str>) -> String {
    let end = environment.map(|name| format!(".{name}")).unwrap_or_default();
    format!("values-{}-{}{end}.yaml", type_name.replace('_', "-"), source.name())
}

impl Release {
    fn of(release: &str, namespace: String, chart: &ChartSource, values: Vec<String>) -> Self {
        Self {
            release: release.to_owned(),
            namespace,
            repository: chart.repository.clone(),
            name: chart.name.clone(),
            version: chart.version.clone(),
            skip_crds: chart.skip_crds,
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
        let crds = if self.skip_crds { " --skip-crds" } else { "" };
        format!(
            "helm upgrade --install {} {source} --version {} --create-namespace{crds} -n {}{values}",
            self.release, self.version, self.namespace
        )
    }
}
