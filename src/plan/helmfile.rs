//! The releases of a stack as helmfile reads them: each once, with what must be there before it.
//!
//! A stack and its planned values files go in, the items of `helmfile.yaml` come out. The environment is a variable of
//! helmfile, which it expands in the values of a release.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Plan;
use crate::hook::releases::{self, Operator, Release};
use crate::layout;
use crate::name::ComponentName;
use crate::stack::{Component, Stack, Waves};
use crate::view::object;

/// The environment that helmfile is called with.
const ENVIRONMENT: &str = "{{ .Environment.Name }}";

/// The one document; nothing where Helm installs nothing.
/// `plans` are those of the bases and of the overlays.
pub(super) fn document(
    stack: &Stack,
    plans: (&Plan, &Plan),
    waves: &Waves<'_>,
    operators: &[Operator<'_>],
) -> Option<Json> {
    let graph = Graph::of(stack, waves, operators);
    // An environment that is not has no such file.
    let ha = (!stack.highly_available.is_empty()).then_some(ENVIRONMENT);
    let operators = graph.operators.iter().filter_map(|operator| {
        let release = operator.release(ha)?;
        let needs = graph.needed_types(operator);
        Some(item(&release, &needs))
    });
    let components = stack.deployed().filter_map(|component| {
        let release = releases::of_component(component, values(stack, plans, &component.name))?;
        Some(item(&release, &graph.needs(component)))
    });
    let releases: Vec<Json> = operators.chain(components).collect();
    let repositories: BTreeMap<String, String> = graph.repositories().collect();
    let repositories = repositories.into_iter();
    let repositories: Vec<Json> = repositories
        .map(|(name, url)| object! { "name": name, "url": url })
        .collect();
    (!releases.is_empty()).then(|| {
        object! { "environments": stack.environments.iter().map(ComponentName::as_str).collect::<Vec<_>>(), "repositories": repositories, "releases": releases }
    })
}

/// Values files: those of the base, then those that an environment has and a person's own, which may be absent.
fn values(stack: &Stack, (base, overlays): (&Plan, &Plan), component: &ComponentName) -> Vec<String> {
    let folder = format!("k8s/deploy/base/{component}/");
    let of_base = base
        .values_files(&folder)
        .into_iter()
        .map(|name| format!("{folder}{name}"));
    let mut names = BTreeSet::from(["values.local.yaml".to_owned()]);
    for environment in &stack.environments {
        let own = format!("k8s/deploy/overlays/{environment}/{component}/");
        names.extend(overlays.values_files(&own).into_iter().map(str::to_owned));
    }
    let own = layout::values_files(names.iter().map(String::as_str)).into_iter();
    let own = own.map(|name| format!("k8s/deploy/overlays/{ENVIRONMENT}/{component}/{name}"));
    of_base.chain(own).collect()
}

fn item(release: &Release, needs: &BTreeSet<String>) -> Json {
    object! {
        "name": &release.release,
        "namespace": &release.namespace,
        "chart": chart(release),
        "version": &release.version,
        "values": &release.values,
        "needs": needs.iter().collect::<Vec<_>>(),
    }
}

/// A registry by its address, a repository by the name that helmfile gives it.
fn chart(release: &Release) -> String {
    let name = &release.name;
    match release.repository.strip_prefix("oci://") {
        Some(registry) => {
            let registry = registry.strip_suffix(&format!("/{name}")).unwrap_or(registry);
            format!("oci://{registry}/{name}")
        }
        None => format!("{name}/{name}"),
    }
}

/// As `needs` names a release.
fn id(release: &Release) -> String {
    format!("{}/{}", release.namespace, release.release)
}

/// Which release comes after which.
struct Graph<'a> {
    stack: &'a Stack,
    waves: &'a Waves<'a>,
    operators: &'a [Operator<'a>],
    by_type: BTreeMap<&'a str, Vec<&'a Component>>,
}

impl<'a> Graph<'a> {
    fn of(stack: &'a Stack, waves: &'a Waves<'a>, operators: &'a [Operator<'a>]) -> Self {
        let mut by_type: BTreeMap<&str, Vec<&Component>> = BTreeMap::new();
        for component in stack.deployed() {
            by_type.entry(component.type_name()).or_default().push(component);
        }
        Self {
            stack,
            waves,
            operators,
            by_type,
        }
    }

    fn of_type(&self, name: &str) -> impl Iterator<Item = &'a Component> {
        self.by_type.get(name).into_iter().flatten().copied()
    }

    /// Repositories that are no registries, by the names of their charts.
    fn repositories(&self) -> impl Iterator<Item = (String, String)> {
        let of_components = self
            .stack
            .deployed()
            .filter_map(|one| releases::of_component(one, Vec::new()));
        let of_operators = self.operators.iter().filter_map(|operator| operator.release(None));
        let releases = of_components.chain(of_operators);
        releases
            .filter(|release| !release.repository.starts_with("oci://"))
            .map(|release| (release.name, release.repository))
    }

    /// Releases of what an operator's type needs.
    fn needed_types(&self, operator: &Operator<'_>) -> BTreeSet<String> {
        let users = self.of_type(operator.type_name());
        let needed: BTreeSet<&String> = users.flat_map(|one| self.stack.needs_of(one)).collect();
        let there = needed.into_iter().flat_map(|name| self.of_type(name));
        there.filter_map(Self::release).collect()
    }

    fn release(component: &Component) -> Option<String> {
        releases::of_component(component, Vec::new()).as_ref().map(id)
    }

    /// Releases that a component's own comes after: of what it links to, directly or by what has none, and of operators.
    fn needs(&self, component: &'a Component) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let (mut open, mut seen) = (vec![component], BTreeSet::new());
        while let Some(one) = open.pop() {
            if !seen.insert(&one.name) {
                continue;
            }
            found.extend(self.operators_of(one));
            let links = self.stack.links_from(&one.name).filter(|link| link.kind.uses());
            let mut targets: Vec<&Component> = links.map(|link| self.stack.component(&link.to)).collect();
            targets.extend(self.stack.needs_of(one).flat_map(|name| self.of_type(name)));
            // Components of a circle share a wave; none of them can come first.
            let earlier = |target: &&Component| {
                target.is_deployed() && self.waves.components[&target.name] < self.waves.components[&component.name]
            };
            for target in targets.into_iter().filter(earlier) {
                match Self::release(target) {
                    Some(release) => drop(found.insert(release)),
                    None => open.push(target),
                }
            }
        }
        found
    }

    fn operators_of(&self, component: &Component) -> impl Iterator<Item = String> {
        let own = self
            .operators
            .iter()
            .filter(|operator| operator.type_name() == component.type_name());
        own.filter_map(|operator| operator.release(None))
            .map(|release| id(&release))
    }
}
