//! A component type: what `catalog/<type>/component.yaml` says.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use super::attribute::{AttributeType, Choice};
use super::convention::Following;
use super::file_spec::{FileSpec, FolderSpec};
use super::forms::OneOrMany;
use super::install::Install;
use super::job::Job;
use super::network::NetworkSpec;
use super::package::PackageSpec;
use super::profiles::Profiles;
use super::provision::Provision;
use super::rollout::Rollout;
use super::secret::SecretSpec;
use super::slot::Slot;
use super::upkeep::Deprecated;
use super::watching::{Alerts, Row};

/// Stands in health checks for the protocol of the endpoint that they connect to.
pub const SCHEME: &str = "{scheme}";

/// A component type of the catalog.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "stacktic component type")]
pub struct ComponentType {
    /// Name of the type; the folder has the same.
    #[serde(rename = "type")]
    pub name: String,
    /// Presets of `_shared/presets.yaml` that it is a merge patch on.
    #[serde(default, rename = "use")]
    pub uses: Vec<String>,
    /// One line for people.
    pub title: String,
    /// Chapter of the catalog.
    pub category: String,
    /// What it is to the rest of a stack.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    /// The form in which it takes what hooks write for it: types that share one are served by the same hooks.
    pub dialect: Option<String>,
    /// A gateway that leads all requests of one caller to one pod, by a header of theirs, where a workload asks for it.
    #[serde(default)]
    pub keeps_callers: bool,
    /// Where its own documentation stands.
    pub docs: String,
    /// Licence of the product, as SPDX writes it.
    pub licence: Option<String>,
    /// Its upstream no longer goes on with it.
    pub deprecated: Option<Deprecated>,
    /// What no check without a cluster can prove of it, a line each.
    #[serde(default)]
    pub unproven: Vec<String>,
    /// Default namespace.
    pub namespace: String,
    /// Default group.
    pub group: String,
    /// Pattern of the name that its resources and Services derive from.
    pub object: String,
    /// Longest object name that its operator or chart takes.
    pub max_object: Option<usize>,
    /// Word for it in environment keys.
    pub service: String,
    pub install: Install,
    /// Types that must be in its cluster: a stack with it has a component of each, or says that the cluster has one.
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, AttributeType>,
    /// What it makes of the profile of an environment.
    #[serde(default)]
    pub profiles: Profiles,
    #[serde(default)]
    pub sub_components: BTreeMap<String, SubComponentType>,
    /// By name; `primary_endpoint` says which one gives `{host}` and `{port}`.
    #[serde(default)]
    pub endpoints: BTreeMap<String, EndpointSpec>,
    /// The endpoint behind `{host}` and `{port}`; may be left out where there is one.
    pub primary_endpoint: Option<String>,
    /// Labels that select its pods.
    #[serde(default)]
    pub pods: BTreeMap<String, String>,
    /// Narrower labels for the pods behind one endpoint.
    #[serde(default)]
    pub pods_of: BTreeMap<String, BTreeMap<String, String>>,
    /// The certificate that its server shows while a link of its own leads to an issuer.
    pub certificate: Option<CertificateSpec>,
    pub metrics: Option<MetricsSpec>,
    /// Checks, in the language of the Stack Agent; `{scheme}` is that of their endpoint.
    #[serde(default)]
    pub health: Vec<String>,
    /// Endpoints that these checks connect to; the primary one when there are none.
    #[serde(default)]
    pub health_endpoints: Vec<String>,
    #[serde(default)]
    pub network: NetworkSpec,
    /// What links that end at it get, by interface.
    #[serde(default)]
    pub provides: BTreeMap<String, Provisions>,
    /// What links that begin at it take, in order of preference.
    #[serde(default)]
    pub consumes: Vec<Slot>,
    /// How it expects the settings of its links; without one they set no keys.
    pub convention: Option<Following>,
    /// Images at exact tags.
    #[serde(default)]
    pub images: BTreeMap<String, String>,
    /// Secrets that its own resources read.
    #[serde(default)]
    pub secrets: Vec<SecretSpec>,
    /// How pods that read Secrets learn of new values, where a chart or a custom resource names the Secrets.
    pub rollout: Option<Rollout>,
    /// Programs that run beside it in pods of their own, by name.
    #[serde(default)]
    pub jobs: BTreeMap<String, Job>,
    #[serde(default)]
    pub files: Vec<FileSpec>,
    /// Folders beside the entry that are copied as they are.
    #[serde(default)]
    pub folders: Vec<FolderSpec>,
    /// The Python package that its pods run, which links add tool files to.
    pub package: Option<PackageSpec>,
    /// ConfigMaps made from files, by the end of their names.
    #[serde(default)]
    pub config_maps: BTreeMap<String, Vec<String>>,
    /// Kinds of its own objects that hold data: they stay in the cluster when their files go.
    #[serde(default)]
    pub holds_data: Vec<String>,
    /// What a platform engineer has to know.
    pub notes: Option<String>,
}

/// A certificate in the Secret `<object>.tls`, with its key and that of the authority.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateSpec {
    /// Patterns of the Services that lead to it: each under all its names, from the shortest to that of the whole cluster.
    pub services: Vec<String>,
    /// Patterns of further host names, such as `localhost` for a program beside it.
    pub hosts: Vec<String>,
    /// Labels of the Secret that make an operator look at it.
    pub labels: BTreeMap<String, String>,
    /// Its pods show it to each other as well, as who connects.
    pub client: bool,
}

/// A kind of sub-component.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubComponentType {
    /// Presets of `_shared/presets.yaml` that it is a merge patch on.
    #[serde(default, rename = "use")]
    pub uses: Vec<String>,
    /// One line for people.
    pub title: String,
    /// Pattern of its object name; the lower-case form of its name by default.
    pub object: Option<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, AttributeType>,
}

/// A place where the component listens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointSpec {
    /// Pattern of the Service host.
    pub host: String,
    /// Service port, or a pattern that names an attribute.
    pub port: PortSpec,
    pub protocol: Protocol,
    /// Port of the pod, where it differs: network policies speak of pods.
    pub target_port: Option<PortSpec>,
    /// What changes while the component itself has a link of a slot, by the slot's name.
    #[serde(default)]
    pub when: BTreeMap<String, EndpointChange>,
}

/// Where and how an endpoint listens instead.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointChange {
    pub port: PortSpec,
    pub protocol: Protocol,
    pub target_port: Option<PortSpec>,
}

/// A port number, or a pattern of an attribute.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PortSpec {
    Number(u16),
    Pattern(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Tcp,
    Http,
    Https,
    Amqp,
    Amqps,
}

impl Protocol {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Https => "https",
            Self::Amqp => "amqp",
            Self::Amqps => "amqps",
        }
    }
}

/// Where it answers with Prometheus metrics.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricsSpec {
    pub monitor: MonitorKind,
    /// Name of the port in the Service or pod.
    pub port_name: String,
    /// Port of the pod.
    pub port: PortSpec,
    /// Path on that port, or a pattern that names an attribute.
    pub path: String,
    /// Labels of the Service or pods; `pods` by default.
    #[serde(default)]
    pub selector: BTreeMap<String, String>,
    /// Labels of the pods that answer, when they are not the component's.
    #[serde(default)]
    pub pods: BTreeMap<String, String>,
    /// Who answers in the place of the pods that the monitor selects, asked once for each of them.
    pub exporter: Option<ExporterSpec>,
    /// Where it answers over TLS, while the component itself has a link of a slot, by the slot's name.
    #[serde(default)]
    pub when: BTreeMap<String, MetricsChange>,
    /// When somebody has to know, by name; that it answers is watched without a word.
    #[serde(default)]
    pub alerts: Alerts,
    /// What people look at first.
    #[serde(default)]
    pub dashboard: Vec<Row>,
}

/// A program that connects to the target it is asked for, and answers with the target's metrics.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExporterSpec {
    /// Pattern of its host; its port is that of the metrics.
    pub host: String,
    /// The parameter that names the target.
    pub parameter: String,
    /// Pattern of what follows the name of a pod in the name of the target: `.{object}-nodes.{namespace}.svc:3306`.
    pub suffix: String,
}

/// Another port for metrics, which shows the component's certificate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricsChange {
    pub port_name: String,
    pub port: PortSpec,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
pub enum MonitorKind {
    ServiceMonitor,
    PodMonitor,
}

impl ComponentType {
    /// Every convention that a component of the type may follow.
    #[must_use]
    pub fn conventions(&self) -> Vec<&str> {
        match &self.convention {
            None => Vec::new(),
            Some(Following::Named(name)) => vec![name],
            Some(Following::Chosen(by)) => {
                let kind = self.attributes.get(&by.attribute);
                let choices = kind.and_then(|kind| kind.choices.as_ref()).into_iter().flatten();
                choices.filter_map(Choice::word).collect()
            }
        }
    }

    /// The attribute whose values name conventions.
    #[must_use]
    pub fn choosing(&self) -> Option<&str> {
        match &self.convention {
            Some(Following::Chosen(by)) => Some(&by.attribute),
            _ => None,
        }
    }

    /// Whether a stack has a component of the type at most once: it delivers the stack, or brings kinds of the whole cluster.
    #[must_use]
    pub fn is_once(&self) -> bool {
        let brings = self.install.chart().is_some_and(|chart| !chart.groups.is_empty());
        brings || self.excludes(self)
    }

    /// Whether nothing of it runs: its operator is kinds alone, and no object of a stack is of it.
    #[must_use]
    pub fn is_of_kinds(&self) -> bool {
        let has_none = self.files.is_empty() && self.images.is_empty() && self.endpoints.is_empty();
        self.install.is_operator() && self.pods.is_empty() && has_none
    }

    /// The types that it may need in its cluster, whatever its links.
    pub fn all_needs(&self) -> impl Iterator<Item = &String> {
        let by_links = self.consumes.iter().flat_map(|slot| &slot.body.needs);
        self.needs.iter().chain(by_links)
    }

    /// Whether a stack has a component of one of the two types at most: both would deliver all of it, in the same form.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        let delivers = |kind: &Self| kind.roles.contains(&Role::Delivery) && kind.dialect.is_some();
        delivers(self) && delivers(other) && self.dialect == other.dialect
    }
}

/// What a type is to the rest of a stack: behaviour follows it, never the name of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A program of the user's own.
    Application,
    /// Offers governed tools to AI clients.
    McpServer,
    /// Answers questions about the topology and runs checks.
    Agent,
    /// Publishes web interfaces below the domain.
    Gateway,
    /// Keeps components in step with the repository.
    Delivery,
    /// Collects metrics.
    Scraper,
    /// Shows data of others.
    Dashboards,
}

/// One provision of an interface, or several that differ in what links end at.
#[derive(Clone, Debug, Default)]
pub struct Provisions(pub Vec<Provision>);

impl<'de> Deserialize<'de> for Provisions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::forms::one_or_many(deserializer).map(Self)
    }
}

impl JsonSchema for Provisions {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Provisions".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        OneOrMany::<Provision>::json_schema(generator)
    }
}
