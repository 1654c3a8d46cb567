//! Rule: stacks that are generated together leave each other alone: on disk, in Git, in Argo CD and in the clusters that
//! they share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{cluster_needs, sorted};
use crate::catalog::{Catalog, ChartSource, OperatorSource, Role};
use crate::finding::{Code, Finding};
use crate::name::ComponentName;
use crate::stack::delivery::OWN_CLUSTER;
use crate::stack::{Component, Stack};
use crate::topology::Topology;

/// A checked stack among others.
pub(crate) struct Member<'a> {
    /// The stack file, as people call it.
    pub(crate) file: &'a str,
    /// Output folder.
    pub(crate) out: &'a Path,
    pub(crate) topology: &'a Topology,
    pub(crate) stack: &'a Stack,
    /// What each environment makes of the stack, in their order.
    pub(crate) environments: &'a [Stack],
}

/// What each member does to those before it, in the order of the members.
///
/// # Errors
/// A mistake in the catalog.
pub(crate) fn check(members: &[Member<'_>], catalog: &Catalog) -> anyhow::Result<Vec<Vec<Finding>>> {
    let needed = cluster_needs::of_clusters(catalog)?;
    let of_one = |(position, later)| {
        let pairs = members[..position].iter().map(|earlier| Pair {
            earlier,
            later,
            needed: &needed,
        });
        let findings = pairs.flat_map(|pair| {
            let place = pair.one_place();
            // Of one and the same stack the rest follows.
            if place.is_empty() { pair.one_cluster() } else { place }
        });
        sorted(findings.collect())
    };
    Ok(members.iter().enumerate().map(of_one).collect())
}

struct Pair<'a> {
    earlier: &'a Member<'a>,
    later: &'a Member<'a>,
    /// Types that clusters have, whoever brought them there.
    needed: &'a BTreeSet<String>,
}

impl Pair<'_> {
    /// The other component, for people.
    fn other(&self, component: &Component) -> String {
        format!("`{}` of `{}`", component.name, self.earlier.file)
    }

    fn blame(&self, path: &[&str], message: String, hint: impl Into<String>) -> Finding {
        let span = self.later.topology.key_place(path);
        Finding::new(Code::E_TOPOLOGY_COLLISION, span, message).hint(hint)
    }

    fn blame_component(&self, own: &Component, message: String, hint: impl Into<String>) -> Finding {
        self.blame(&["components", own.name.as_str()], message, hint)
    }

    /// What two stacks may never share, wherever they are installed.
    fn one_place(&self) -> Vec<Finding> {
        let (one, two) = (self.earlier, self.later);
        let mut found = Vec::new();
        if one.out == two.out {
            let message = format!(
                "its output and that of `{}` are one folder, `{}`",
                one.file,
                two.out.display()
            );
            found.push(self.blame(&["name"], message, "put each stack file into a folder of its own"));
        }
        if one.stack.name == two.stack.name {
            let message = format!("`{}` is called `{}`, too", one.file, two.stack.name);
            let hint = "give it another name: Applications and entries of stores begin with it";
            found.push(self.blame(&["name"], message, hint));
        }
        let same_folder = one.stack.gitops.iter().zip(&two.stack.gitops).find(|(one, two)| {
            (&one.repository, &one.revision, &one.path) == (&two.repository, &two.revision, &two.path)
        });
        if let Some((_, gitops)) = same_folder {
            let message = format!(
                "Argo CD reads it from `{}` of the repository, where `{}` lies",
                gitops.path, one.file
            );
            let hint = format!("give one of the two another folder: `path: {}`", two.stack.name);
            found.push(self.blame(&["gitops"], message, hint));
        }
        found
    }

    /// What two stacks may not share in a cluster.
    fn one_cluster(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut is_shared = false;
        for (one, first) in self.earlier.stack.environments.iter().zip(self.earlier.environments) {
            for (two, second) in self.later.stack.environments.iter().zip(self.later.environments) {
                if self.meet(one, two) {
                    is_shared = true;
                    self.hosts(first, second, &mut found);
                }
            }
        }
        if is_shared {
            self.namespaces(&mut found);
            self.kinds(&mut found);
            self.releases(&mut found);
        }
        found
    }

    /// Whether two environments are installed in one cluster; where a stack names none, those of one name are.
    fn meet(&self, one: &ComponentName, two: &ComponentName) -> bool {
        match (cluster(self.earlier.stack, one), cluster(self.later.stack, two)) {
            (Some(first), Some(second)) => first == second,
            _ => one == two,
        }
    }

    /// A namespace has one owner, with its quota and the policies that close it.
    fn namespaces(&self, found: &mut Vec<Finding>) {
        let mut owners: BTreeMap<&str, &Component> = BTreeMap::new();
        for component in self.earlier.stack.deployed() {
            owners.entry(component.namespace.as_str()).or_insert(component);
        }
        for own in self.later.stack.deployed() {
            let Some(other) = owners.get(own.namespace.as_str()) else {
                continue;
            };
            let message = format!(
                "`{}` lies in the namespace `{}`, as does {}",
                own.name,
                own.namespace,
                self.other(other)
            );
            let hint = "give one of the two another `namespace`: in a cluster each has one owner";
            found.push(self.blame_component(own, message, hint));
        }
    }

    /// Kinds are of the whole cluster: who brings them a second time takes them from the first.
    fn kinds(&self, found: &mut Vec<Finding>) {
        let brought = brought(self.earlier.stack);
        let mut both: BTreeMap<&ComponentName, (&Brought<'_>, &Component, Vec<&str>)> = BTreeMap::new();
        let theirs = self::brought(self.later.stack);
        for (group, own) in &theirs {
            if let Some(other) = brought.get(group) {
                let known = both.entry(&own.component.name);
                known.or_insert((own, other.component, Vec::new())).2.push(group);
            }
        }
        for (own, other, groups) in both.into_values() {
            let (own, kind) = (own.component, (own.by, own.component.type_name()));
            let groups = groups.join(", ");
            let message = format!(
                "`{}` brings the kinds of {groups}, as does {}",
                own.name,
                self.other(other)
            );
            let hint = match kind {
                (By::Operator, kind) => format!("write `operators: {{{kind}: external}}` into one of the two"),
                (By::Chart, kind) if self.needed.contains(kind) => {
                    format!("in one of the two: `{}: {{type: {kind}, external: {{}}}}`", own.name)
                }
                (By::Chart, _) => "remove one of the two: it serves the whole cluster".to_owned(),
            };
            found.push(self.blame_component(own, message, hint));
        }
    }

    /// Releases that name objects of the whole cluster after themselves.
    fn releases(&self, found: &mut Vec<Finding>) {
        let mut seen: BTreeMap<(&str, &str), &Component> = BTreeMap::new();
        for (chart, component) in reaching_charts(self.earlier.stack) {
            seen.insert((chart.name.as_str(), component.object.as_str()), component);
        }
        for (chart, own) in reaching_charts(self.later.stack) {
            let Some(other) = seen.get(&(chart.name.as_str(), own.object.as_str())) else {
                continue;
            };
            let message = format!(
                "`{}` is the release `{}` of {}, as is {}: objects of the cluster are called after it",
                own.name,
                own.object,
                chart.name,
                self.other(other)
            );
            found.push(self.blame_component(own, message, "rename one of the two components"));
        }
    }

    /// Two routes of one host would send the keys of one service to the other.
    fn hosts(&self, one: &Stack, two: &Stack, found: &mut Vec<Finding>) {
        let theirs = published(one);
        for (host, own) in published(two) {
            let Some(other) = theirs.get(&host) else { continue };
            let message = format!("`{}` is published as `{host}`, as is {}", own.name, self.other(other));
            let hint = "give one of the two another `subdomain`, or the stack another `domain`";
            found.push(self.blame_component(own, message, hint));
        }
    }
}

/// The cluster of an environment, where the stack says it.
fn cluster<'a>(stack: &'a Stack, environment: &ComponentName) -> Option<&'a str> {
    let own = stack.gitops.as_ref().map(|_| OWN_CLUSTER);
    stack.clusters.get(environment).map(String::as_str).or(own)
}

/// A component that brings kinds into the cluster.
struct Brought<'a> {
    component: &'a Component,
    by: By,
}

#[derive(Clone, Copy)]
enum By {
    Chart,
    Operator,
}

/// API groups whose kinds a stack brings, each with a component that needs them.
fn brought(stack: &Stack) -> BTreeMap<&str, Brought<'_>> {
    let mut found = BTreeMap::new();
    for component in stack.deployed() {
        let install = &component.entry.definition.install;
        for group in install.chart().into_iter().flat_map(|chart| &chart.groups) {
            let by = By::Chart;
            found.entry(group.as_str()).or_insert(Brought { component, by });
        }
        for group in stack.operators_of(component).flat_map(OperatorSource::groups) {
            let by = By::Operator;
            found.entry(group.as_str()).or_insert(Brought { component, by });
        }
    }
    found
}

fn reaching_charts(stack: &Stack) -> impl Iterator<Item = (&ChartSource, &Component)> {
    stack.deployed().filter_map(|component| {
        let chart = component.entry.definition.install.chart()?;
        chart.cluster_objects.then_some((chart, component))
    })
}

/// Components by the hosts that gateways publish them under.
fn published(stack: &Stack) -> BTreeMap<String, &Component> {
    let gateways = stack.of_role(Role::Gateway).filter(|gateway| gateway.is_deployed());
    let links = gateways.flat_map(|gateway| stack.published(gateway));
    let components = links.map(|link| stack.component(&link.to));
    components.map(|one| (stack.published_host(one), one)).collect()
}
