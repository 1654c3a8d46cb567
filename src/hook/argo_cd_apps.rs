//! Values of `hooks/argo_cd_apps`: what Argo CD deploys, in which order. Item shapes stand in its
//! hook.yaml.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::deploy;
use crate::catalog::derived::DEPLOYED;
use crate::catalog::{ChartSource, OperatorSource, Role};
use crate::layout::{NAMESPACES, OPERATORS};
use crate::name::{ComponentName, MAX_LABEL, shortened};
use crate::stack::{Component, Stack};
use crate::view::{self, object};

/// The dialect of a delivery that reads Applications.
const DIALECT: &str = "argo_cd";

/// Values files of the release of each component, by their names in its base, the weakest first.
pub type ValuesFiles<'a> = BTreeMap<&'a ComponentName, Vec<String>>;

/// The values; `values_files` are those that were planned.
#[must_use]
pub fn values(stack: &Stack, values_files: &ValuesFiles<'_>) -> Json {
    let Some(argo) = delivery(stack) else {
        return json!({ "projects": [], "namespaces": [], "applications": [], "chart_operators": [], "git_operators": [], "indexes": [], "roots": [] });
    };
    let waves = stack.waves();
    let operators = operators(stack);
    let mut lists = Lists::default();
    for environment in &stack.environments {
        let project = Project::of(stack, argo, environment, values_files);
        lists.add(&project, &waves, &operators);
    }
    object! {
        "projects": lists.projects,
        "namespaces": lists.namespaces,
        "applications": lists.applications,
        "chart_operators": lists.chart_operators,
        "git_operators": lists.git_operators,
        "indexes": lists.indexes,
        "roots": lists.roots,
    }
}

/// The component that reads the Applications; a checked stack has one at most.
#[must_use]
pub fn delivery(stack: &Stack) -> Option<&Component> {
    let mut deliveries = stack.of_role(Role::Delivery);
    deliveries.find(|delivery| delivery.entry.definition.dialect.as_deref() == Some(DIALECT))
}

#[derive(Default)]
struct Lists {
    projects: Vec<Json>,
    namespaces: Vec<Json>,
    applications: Vec<Json>,
    chart_operators: Vec<Json>,
    git_operators: Vec<Json>,
    indexes: Vec<Json>,
    roots: Vec<Json>,
}

impl Lists {
    /// One environment's folder.
    fn add(
        &mut self,
        project: &Project<'_>,
        waves: &BTreeMap<&ComponentName, usize>,
        operators: &BTreeMap<String, Operator<'_>>,
    ) {
        let applications: Vec<Json> = project
            .stack
            .deployed()
            .map(|component| project.application(component, waves[&component.name] + 1))
            .collect();
        let chart_operators: Vec<Json> = operators
            .iter()
            .filter_map(|(name, operator)| project.chart_operator(name, operator))
            .collect();
        let git_operators: Vec<Json> = operators
            .iter()
            .filter_map(|(name, operator)| project.git_operator(name, operator))
            .collect();
        let files = files(&applications, &chart_operators, &git_operators);
        self.projects
            .push(project.item(&applications, &chart_operators, &git_operators));
        self.indexes
            .push(json!({ "environment": project.environment, "files": files }));
        self.namespaces.push(project.namespaces());
        self.roots.push(project.root());
        self.applications.extend(applications);
        self.chart_operators.extend(chart_operators);
        self.git_operators.extend(git_operators);
    }
}

/// An operator and the first component that needs it.
struct Operator<'a> {
    source: &'a OperatorSource,
    component: &'a Component,
}

/// The operators that the stack needs, once each, by name: the type's, then what stands beside it.
/// One that watches its own namespace only is needed in each.
fn operators(stack: &Stack) -> BTreeMap<String, Operator<'_>> {
    let mut found = BTreeMap::new();
    for component in stack.deployed() {
        for (position, source) in component.entry.definition.install.operators().enumerate() {
            let mut name = component.type_name().replace('_', "-");
            if position > 0 {
                name = format!("{name}-{}", source.name());
            }
            if source.chart().is_some_and(|chart| chart.namespace.is_none())
                && component.namespace.as_str() != component.entry.definition.namespace
            {
                name = format!("{name}-{}", component.namespace);
            }
            found.entry(name).or_insert(Operator { source, component });
        }
    }
    found
}

/// Name of the values file of an operator's chart, below `OPERATORS`.
#[must_use]
pub fn operator_values(type_name: &str, source: &OperatorSource) -> String {
    format!("values-{}-{}.yaml", type_name.replace('_', "-"), source.name())
}

fn files(applications: &[Json], chart_operators: &[Json], git_operators: &[Json]) -> BTreeSet<String> {
    let text = |item: &Json, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let mut files: BTreeSet<String> = applications
        .iter()
        .map(|item| format!("applications/{}.yaml", text(item, "component")))
        .collect();
    files.extend(
        chart_operators
            .iter()
            .chain(git_operators)
            .map(|item| format!("operators/{}.yaml", text(item, "operator"))),
    );
    files.extend(["namespaces.yaml", "project.yaml"].map(str::to_owned));
    files
}

/// What all Applications of a stack share.
struct Project<'a> {
    stack: &'a Stack,
    argo: &'a Component,
    repository: String,
    revision: String,
    path: String,
    environment: &'a ComponentName,
    values_files: &'a ValuesFiles<'a>,
    /// Components that Argo CD keeps in step by itself.
    synced: BTreeSet<&'a ComponentName>,
}

impl<'a> Project<'a> {
    fn of(
        stack: &'a Stack,
        argo: &'a Component,
        environment: &'a ComponentName,
        values_files: &'a ValuesFiles<'a>,
    ) -> Self {
        let links = stack.links_from(&argo.name);
        let synced = links
            .filter(|link| link.kind.interface_name() == DEPLOYED)
            .map(|link| &link.to)
            .collect();
        Self {
            stack,
            argo,
            environment,
            values_files,
            synced,
            repository: argo.text("repository"),
            revision: argo.text("revision"),
            path: argo.text("path"),
        }
    }

    /// The keys that every item has.
    fn base(&self, name: &str) -> Json {
        object! {
            "environment": self.environment,
            "name": shortened(format!("{}-{name}", self.stack.name).trim_end_matches('-'), MAX_LABEL),
            "namespace": &self.argo.namespace,
            "project": &self.stack.name,
            "repository": &self.repository,
            "revision": &self.revision,
            "labels": view::label_pairs(self.stack, self.argo),
        }
    }

    /// The Application of the folder itself, which makes the waves count.
    fn root(&self) -> Json {
        let mut item = self.base("");
        item["path"] = format!("{}/argocd/{}", self.path, self.environment).into();
        item
    }

    /// The Application of all namespaces, before everything that lies in one.
    fn namespaces(&self) -> Json {
        let mut item = self.base("all.namespaces");
        item["wave"] = (-1).into();
        self.set_path(&mut item, NAMESPACES);
        item
    }

    /// What is built of a component, and the plugin that builds it.
    fn set_path(&self, item: &mut Json, component: &str) {
        let folder = deploy::folder(self.stack, self.environment.as_str(), Some(component));
        item["path"] = format!("{}/{folder}", self.path).into();
        item["plugin"] = json!(deploy::plugin(self.stack));
    }

    fn application(&self, component: &Component, wave: usize) -> Json {
        let automated = self.synced.contains(&component.name);
        let chart = component.entry.definition.install.chart();
        let chart = chart.map(|chart| self.chart(chart, &component.object, &self.value_files(component)));
        let mut item = self.base(component.name.as_str());
        item["component"] = json!(component.name);
        item["labels"] = view::label_pairs(self.stack, component);
        item["wave"] = wave.into();
        item["destination_namespace"] = json!(component.namespace);
        item["automated"] = automated.into();
        self.set_path(&mut item, component.name.as_str());
        item["charts"] = Json::Array(chart.into_iter().collect());
        item
    }

    /// Values files, the weakest first; Argo CD leaves out those that do not exist.
    fn value_files(&self, component: &Component) -> Vec<String> {
        let base = format!("$values/{}/k8s/deploy/base/{}", self.path, component.name);
        let overlay = format!(
            "$values/{}/k8s/deploy/overlays/{}/{}",
            self.path, self.environment, component.name
        );
        let names = self.values_files.get(&component.name).into_iter().flatten();
        let of_folder = |folder: &str| names.clone().map(|name| format!("{folder}/{name}")).collect::<Vec<_>>();
        let local = format!("{overlay}/values.local.yaml");
        [of_folder(&base), of_folder(&overlay), vec![local]].concat()
    }

    fn chart(&self, chart: &ChartSource, release: &str, value_files: &[String]) -> Json {
        json!({
            "repository": repository_of(&chart.repository, &chart.name),
            "name": chart.name,
            "version": chart.version,
            "release": release,
            "value_files": value_files,
        })
    }

    fn chart_operator(&self, name: &str, operator: &Operator<'_>) -> Option<Json> {
        let chart = operator.source.chart()?;
        let file = operator.source.values().map(|_| {
            let file = operator_values(operator.component.type_name(), operator.source);
            format!("$values/{}/k8s/deploy/base/{OPERATORS}/{file}", self.path)
        });
        let namespace = chart
            .namespace
            .as_deref()
            .unwrap_or(operator.component.namespace.as_str());
        let mut item = self.operator(name, namespace);
        item["chart"] = self.chart(chart, &chart.name, &file.into_iter().collect::<Vec<_>>());
        Some(item)
    }

    fn git_operator(&self, name: &str, operator: &Operator<'_>) -> Option<Json> {
        let git = operator.source.git()?;
        let mut item = self.operator(name, &git.namespace);
        item["repository"] = git.repository.clone().into();
        item["revision"] = git.revision.clone().into();
        item["path"] = git.path.clone().into();
        item["images"] = json!(git.images);
        Some(item)
    }

    fn operator(&self, name: &str, namespace: &str) -> Json {
        let mut item = self.base(&format!("operator.{name}"));
        item["operator"] = name.into();
        item["wave"] = 0.into();
        item["destination_namespace"] = namespace.into();
        item
    }

    fn item(&self, applications: &[Json], chart_operators: &[Json], git_operators: &[Json]) -> Json {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let all = || applications.iter().chain(chart_operators).chain(git_operators);
        let mut repositories: BTreeSet<String> = all().map(|item| text(&item["repository"])).collect();
        let charts = applications
            .iter()
            .filter_map(|item| item["charts"].get(0))
            .chain(chart_operators.iter().map(|item| &item["chart"]));
        repositories.extend(charts.map(|chart| text(&chart["repository"])));
        let mut namespaces: BTreeSet<String> = all().map(|item| text(&item["destination_namespace"])).collect();
        namespaces.insert(self.argo.namespace.to_string());
        let roles = self.stack.accounts_at(&self.argo.name).filter_map(|account| {
            let link = self.stack.links_of(account).next()?;
            Some(json!({ "name": account.name, "title": format!("link {}", link.arrow().replace('→', "->")), "write": account.level.writes() }))
        });
        json!({
            "environment": self.environment,
            "name": self.stack.name,
            "namespace": self.argo.namespace,
            "description": format!("components of {}", self.stack.name),
            "repositories": repositories,
            "namespaces": namespaces,
            "roles": roles.collect::<Vec<_>>(),
            "labels": view::label_pairs(self.stack, self.argo),
        })
    }
}

/// Argo CD names an OCI registry without its scheme, and the chart apart from it.
fn repository_of(repository: &str, chart: &str) -> String {
    match repository.strip_prefix("oci://") {
        Some(registry) => registry
            .strip_suffix(&format!("/{chart}"))
            .unwrap_or(registry)
            .to_owned(),
        None => repository.to_owned(),
    }
}
