//! Values of `hooks/argo_cd_apps`: what Argo CD deploys, in which order. Item shapes stand in its
//! hook.yaml.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::deploy;
use super::releases::{self, Operator};
use crate::catalog::derived::DEPLOYED;
use crate::catalog::{ChartSource, OperatorSource};
use crate::layout::NAMESPACES;
use crate::name::ComponentName;
use crate::stack::delivery::{EXTERNAL_SECRETS, OWN_CLUSTER};
use crate::stack::{Component, Gitops, SecretsBackend, Stack, Waves};
use crate::view::{self, object};

/// What is delivered of a component.
#[derive(Debug)]
pub struct Delivered {
    /// The folder that is built, below the output.
    pub folder: String,
    /// Whether it has Secrets that are decrypted while it is built.
    pub is_sealed: bool,
    /// Values files of its release, below the output, the weakest first; a person's own last, which may be absent.
    pub values: Vec<String>,
}

/// The values of one environment, whose view of the stack goes in; `delivered` is by component, `_namespaces` among them.
#[must_use]
pub fn values(stack: &Stack, environment: &ComponentName, delivered: &BTreeMap<&str, Delivered>) -> Json {
    let mut lists = Lists::default();
    if let Some(gitops) = &stack.gitops {
        let waves = stack.waves();
        let operators = releases::operators(stack, &waves);
        lists.add(&Project::of(stack, gitops, environment, delivered), &waves, &operators);
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
    fn add(&mut self, project: &Project<'_>, waves: &Waves<'_>, operators: &[Operator<'_>]) {
        let applications: Vec<Json> = project
            .stack
            .deployed()
            .map(|component| project.application(component, waves.components[&component.name]))
            .collect();
        let chart_operators: Vec<Json> = operators
            .iter()
            .filter_map(|operator| project.chart_operator(operator))
            .collect();
        let git_operators: Vec<Json> = operators
            .iter()
            .filter_map(|operator| project.git_operator(operator))
            .collect();
        let namespaces = project.namespaces();
        let files = files(&namespaces, &applications, &chart_operators, &git_operators);
        self.projects
            .push(project.item(&applications, &chart_operators, &git_operators));
        self.indexes
            .push(json!({ "environment": project.environment, "files": files }));
        self.namespaces.extend(namespaces);
        self.roots.push(project.root());
        self.applications.extend(applications);
        self.chart_operators.extend(chart_operators);
        self.git_operators.extend(git_operators);
    }
}

fn files(
    namespaces: &Option<Json>,
    applications: &[Json],
    chart_operators: &[Json],
    git_operators: &[Json],
) -> BTreeSet<String> {
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
    files.extend(namespaces.iter().map(|_| "namespaces.yaml".to_owned()));
    files.insert("project.yaml".to_owned());
    files
}

/// What all Applications of an environment share.
struct Project<'a> {
    stack: &'a Stack,
    gitops: &'a Gitops,
    /// The component of the stack that reads them, where there is one.
    delivery: Option<&'a Component>,
    environment: &'a ComponentName,
    name: String,
    delivered: &'a BTreeMap<&'a str, Delivered>,
    /// Components that Argo CD keeps in step by itself.
    synced: BTreeSet<&'a ComponentName>,
}

impl<'a> Project<'a> {
    fn of(
        stack: &'a Stack,
        gitops: &'a Gitops,
        environment: &'a ComponentName,
        delivered: &'a BTreeMap<&'a str, Delivered>,
    ) -> Self {
        let delivery = stack.delivery();
        let links = delivery
            .into_iter()
            .flat_map(|delivery| stack.links_from(&delivery.name));
        let synced = links
            .filter(|link| link.kind.interface_name() == DEPLOYED)
            .map(|link| &link.to)
            .collect();
        Self {
            stack,
            gitops,
            name: stack.project(environment),
            delivery,
            environment,
            delivered,
            synced,
        }
    }

    /// The keys that every item has. No name is shortened: whoever knows the project knows the Application of a component.
    fn base(&self, name: &str) -> Json {
        object! {
            "environment": self.environment,
            "name": format!("{}{name}", self.name),
            "namespace": &self.gitops.namespace,
            "project": &self.name,
            "repository": &self.gitops.repository,
            "revision": &self.gitops.revision,
            "destination": self.cluster(),
            "labels": view::shared_label_pairs(self.stack),
        }
    }

    /// The cluster of the environment, as a destination names it.
    fn cluster(&self) -> Json {
        match self.stack.cluster(self.environment) {
            OWN_CLUSTER => own_cluster(),
            name => object! { "key": "name", "value": name },
        }
    }

    /// The Application of the folder itself, which makes the waves count.
    fn root(&self) -> Json {
        let mut item = self.base("");
        item["path"] = format!("{}/argocd/{}", self.gitops.path, self.environment).into();
        // Applications are objects of the cluster that Argo CD runs in, wherever their components are.
        item["destination"] = own_cluster();
        item
    }

    /// The Application of all namespaces, before everything that lies in one.
    fn namespaces(&self) -> Option<Json> {
        self.delivered.get(NAMESPACES)?;
        let mut item = self.base(".all.namespaces");
        item["wave"] = (-1).into();
        self.set_path(&mut item, NAMESPACES);
        Some(item)
    }

    /// What is built of a component, and the plugin that builds it.
    fn set_path(&self, item: &mut Json, component: &str) {
        if let Some(delivered) = self.delivered.get(component) {
            item["path"] = format!("{}/{}", self.gitops.path, delivered.folder).into();
            item["plugin"] = json!(delivered.is_sealed.then_some(deploy::PLUGIN));
        }
    }

    fn application(&self, component: &Component, wave: usize) -> Json {
        let automated = self.synced.contains(&component.name);
        let chart = component.entry.definition.install.chart();
        let release = chart.map(|chart| self.chart(chart, &component.object, &self.value_files(component)));
        let mut item = self.base(&format!(".{}", component.name));
        item["component"] = json!(component.name);
        item["brings"] = chart.map_or(String::new(), |chart| chart.groups.join(",")).into();
        item["labels"] = view::label_pairs(self.stack, component);
        item["wave"] = wave.into();
        item["destination_namespace"] = json!(component.namespace);
        item["automated"] = automated.into();
        self.set_path(&mut item, component.name.as_str());
        item["charts"] = Json::Array(release.into_iter().collect());
        item
    }

    /// Values files, the weakest first; Argo CD leaves out those that do not exist.
    fn value_files(&self, component: &Component) -> Vec<String> {
        let files = self.delivered.get(component.name.as_str());
        let files = files.into_iter().flat_map(|delivered| &delivered.values);
        files
            .map(|file| format!("$values/{}/{file}", self.gitops.path))
            .collect()
    }

    fn chart(&self, chart: &ChartSource, release: &str, value_files: &[String]) -> Json {
        json!({
            "repository": repository_of(&chart.repository, &chart.name),
            "name": chart.name,
            "version": chart.version,
            "release": release,
            "value_files": value_files,
            "skip_crds": chart.skip_crds,
        })
    }

    fn chart_operator(&self, operator: &Operator<'_>) -> Option<Json> {
        let chart = operator.source.chart()?;
        let files = operator.values_files(releases::ha(self.stack, self.environment));
        let files: Vec<String> = files
            .iter()
            .map(|file| format!("$values/{}/{file}", self.gitops.path))
            .collect();
        let mut item = self.operator(operator);
        item["chart"] = self.chart(chart, &chart.name, &files);
        Some(item)
    }

    fn git_operator(&self, operator: &Operator<'_>) -> Option<Json> {
        let git = operator.source.git()?;
        let mut item = self.operator(operator);
        item["repository"] = git.repository.clone().into();
        item["revision"] = git.revision.clone().into();
        item["path"] = git.path.clone().into();
        item["images"] = json!(git.images);
        Some(item)
    }

    fn operator(&self, operator: &Operator<'_>) -> Json {
        let mut item = self.base(&format!(".operator.{}", operator.name));
        item["operator"] = operator.name.clone().into();
        item["brings"] = operator.source.groups().join(",").into();
        item["serves"] = match operator.source.serves_own_namespace() {
            true => operator.namespace.into(),
            false => "".into(),
        };
        item["wave"] = operator.wave.into();
        item["destination_namespace"] = operator.namespace.into();
        item
    }

    /// API groups that the cluster has before anything of the stack is there, sorted.
    fn expects(&self) -> String {
        let components = self
            .stack
            .components
            .values()
            .filter(|component| !component.is_deployed());
        let mut groups: BTreeSet<&str> = components
            .flat_map(|component| component.entry.definition.install.groups())
            .collect();
        let operators = self
            .stack
            .deployed()
            .flat_map(|component| self.stack.external_operators_of(component));
        groups.extend(operators.flat_map(OperatorSource::groups).map(String::as_str));
        if self.stack.secrets == SecretsBackend::ExternalSecrets && self.stack.secret_operator().is_none() {
            groups.insert(EXTERNAL_SECRETS);
        }
        groups.into_iter().collect::<Vec<_>>().join(",")
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
        // That of the Application of all namespaces, too, which has to name one that no component takes along.
        namespaces.insert(self.gitops.namespace.to_string());
        let own = (own_cluster(), self.gitops.namespace.to_string());
        let mut destinations: Vec<(Json, String)> = namespaces
            .into_iter()
            .map(|namespace| (self.cluster(), namespace))
            .collect();
        if !destinations.contains(&own) {
            destinations.push(own);
        }
        let destination = |(cluster, namespace)| object! { "cluster": cluster, "namespace": namespace };
        let destinations: Vec<Json> = destinations.into_iter().map(destination).collect();
        let accounts = self
            .delivery
            .into_iter()
            .flat_map(|delivery| self.stack.accounts_at(&delivery.name));
        let roles = accounts.filter_map(|account| {
            let link = self.stack.links_of(account).next()?;
            Some(json!({ "name": account.name, "title": format!("link {}", link.arrow().replace('→', "->")), "write": account.level.writes() }))
        });
        json!({
            "environment": self.environment,
            "name": self.name,
            "namespace": self.gitops.namespace,
            "expects": self.expects(),
            "description": format!("components of {} in {}", self.stack.name, self.environment),
            "repositories": repositories,
            "destinations": destinations,
            "roles": roles.collect::<Vec<_>>(),
            "labels": view::shared_label_pairs(self.stack),
        })
    }
}

/// The cluster that Argo CD runs in, as a destination names it.
fn own_cluster() -> Json {
    object! { "key": "server", "value": "https://kubernetes.default.svc" }
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
