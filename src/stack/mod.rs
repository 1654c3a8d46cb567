//! The checked model: a stack of which every name, type, link and host is known to be good.
//!
//! Only [`check::check`] makes a [`Stack`]; whoever holds one need not check again.

mod account;
mod accounts;
mod attributes;
mod authorities;
pub mod check;
mod connections;
mod deliver;
pub mod delivery;
pub mod difference;
mod dns;
mod endpoints;
mod external;
mod facts;
mod follow;
pub mod gateway;
mod gives;
mod granting;
mod graph;
mod keys;
pub mod linked;
mod links;
mod scope;
mod secret;
mod variables;
mod ways_out;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Map, Value as Json};

use crate::catalog::{ComponentType, Entry, Level, LinkKind, MonitorKind, Per, Protocol, Role, SecretKey, SecretSpec};
use crate::name::{ComponentName, EnvPrefix, Namespace, SubName};
pub use crate::topology::SecretsBackend;
pub use account::{Account, Credential, CredentialKey, Delivered, Fact, Origin, SecretFact};
pub use attributes::{AttributeValue, Attributes};
pub use authorities::Authority;
pub use connections::Connection;
pub use delivery::Gitops;
pub use dns::Dns;
pub use external::External;
pub use granting::Granting;
pub use graph::Waves;
pub use secret::{Maker, SecretText, SecretValue, TextPart};
pub use ways_out::WayOut;

/// A checked stack, as one environment sees it.
#[derive(Debug)]
pub struct Stack {
    pub name: ComponentName,
    pub domain: String,
    pub secrets: SecretsBackend,
    pub gitops: Option<Gitops>,
    /// Names of the environments; at least one.
    pub environments: Vec<ComponentName>,
    /// Those of them that are to survive the loss of a node.
    pub highly_available: BTreeSet<ComponentName>,
    /// Clusters as Argo CD knows them, of the environments that say it.
    pub clusters: BTreeMap<ComponentName, String>,
    /// Types whose operators and kinds others bring into the cluster.
    pub external_operators: BTreeSet<String>,
    /// Where pods ask for names.
    pub dns: Dns,
    /// Whether links have settings that differ from environment to environment.
    pub differs: bool,
    pub components: BTreeMap<ComponentName, Component>,
    /// Sorted by source, target, sub-component and type.
    pub links: Vec<Link>,
    /// Accounts at providers, in the order of the first links that have them.
    pub accounts: Vec<Account>,
    /// Positions in `accounts`, by provider.
    by_provider: BTreeMap<ComponentName, Vec<usize>>,
    /// Positions in `links`, by target.
    by_target: BTreeMap<ComponentName, Vec<usize>>,
    /// Positions of the links that use a sub-component, by component and sub-component.
    by_use: BTreeMap<ComponentName, BTreeMap<SubName, Vec<usize>>>,
}

/// A component with everything that follows from its type.
#[derive(Debug)]
pub struct Component {
    pub name: ComponentName,
    pub entry: Rc<Entry<ComponentType>>,
    pub namespace: Namespace,
    pub group: String,
    /// Name that its Kubernetes objects and Services derive from.
    pub object: String,
    pub attributes: Attributes,
    pub sub_components: BTreeMap<SubName, SubComponent>,
    pub external: Option<External>,
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Labels that select its pods.
    pub pods: BTreeMap<String, String>,
    /// Names that its certificate is for, where it can show one.
    pub certified_hosts: Vec<String>,
    pub metrics: Option<Metrics>,
    /// What its pods reach beside links, also where no link needs it.
    ways_out: Vec<WayOut>,
    /// Images at exact tags, by use.
    pub images: BTreeMap<String, String>,
    /// Plain keys that its convention sets where a secret is mounted.
    pub always: BTreeMap<String, String>,
}

/// Where a component answers with Prometheus metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub monitor: MonitorKind,
    pub port_name: String,
    pub port: u16,
    pub path: String,
    /// Labels of the Service or pods that the monitor selects.
    pub selector: BTreeMap<String, String>,
    /// Labels of the pods that answer.
    pub pods: BTreeMap<String, String>,
    pub exporter: Option<Exporter>,
}

/// Who answers with the metrics of a component's pods, asked for one at a time.
#[derive(Clone, Debug)]
pub struct Exporter {
    pub host: String,
    pub parameter: String,
    /// What follows the name of a pod in the name of the target.
    pub suffix: String,
}

/// A database, topic, queue, bucket …
#[derive(Debug)]
pub struct SubComponent {
    pub name: SubName,
    pub sub_type: String,
    pub object: String,
    pub attributes: Attributes,
}

/// A place where a component listens.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    pub protocol: Protocol,
    /// Port of the pod.
    pub target_port: u16,
    /// Labels of the pods behind it.
    pub pods: BTreeMap<String, String>,
}

/// A link with everything that follows from its type.
#[derive(Debug)]
pub struct Link {
    pub kind: Rc<LinkKind>,
    /// Position in the list of the stack file.
    pub position: usize,
    pub from: ComponentName,
    pub from_sub: Option<SubName>,
    pub to: ComponentName,
    pub sub: Option<SubName>,
    pub level: Level,
    /// The prefix of its keys that stack.yaml gives.
    pub given_env: Option<EnvPrefix>,
    /// Settings of the link.
    pub with: Attributes,
    /// DNS name of the link: `fastmcp-cnpg`.
    pub object: String,
    /// Prefix of its environment keys: `MCP_CNPG`.
    pub env_prefix: String,
    /// Position of its account in the stack.
    pub account: Option<usize>,
    /// Name of its account.
    pub principal: Option<String>,
    /// What it gives to the consumer, by the names of the interface.
    pub facts: BTreeMap<String, Fact>,
    pub env: Vec<EnvValue>,
    /// The Secret of the consumer that its facts are delivered in.
    pub delivered: Option<Delivered>,
    /// The Secrets of the consumer that lend its facts to providers which follow it, by these.
    pub lent: BTreeMap<ComponentName, Delivered>,
    /// Endpoints that the network opens.
    pub endpoints: Vec<String>,
    /// Closed lists of what it reaches.
    pub scope: BTreeMap<String, Vec<String>>,
    pub data: BTreeMap<String, String>,
    /// What its level grants.
    pub grants: Map<String, Json>,
}

/// A key in the environment of a link's source.
#[derive(Clone, Debug)]
pub struct EnvValue {
    pub key: String,
    /// `None` for a secret.
    pub value: Option<String>,
    /// Name of the file that a secret is mounted as.
    pub file: String,
    /// Where a secret's value comes from.
    pub help: String,
    /// What a secret is made of.
    pub secret: SecretText,
    /// What the key stands for, whatever its prefix: `valkey *_PASSWORD`.
    pub of: String,
}

impl Stack {
    /// The component `name`, which a checked link has.
    #[must_use]
    pub fn component(&self, name: &ComponentName) -> &Component {
        &self.components[name]
    }

    /// Components that something is deployed for.
    pub fn deployed(&self) -> impl Iterator<Item = &Component> {
        self.components.values().filter(|component| component.is_deployed())
    }

    /// Components of a role, those of other stacks included.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Component> {
        self.components
            .values()
            .filter(move |component| component.has_role(role))
    }

    /// Accounts at `name`.
    pub fn accounts_at<'a>(&'a self, name: &ComponentName) -> impl Iterator<Item = &'a Account> {
        let positions = self.by_provider.get(name).into_iter().flatten();
        positions.map(|position| &self.accounts[*position])
    }

    /// The links that share `account`.
    pub fn links_of<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Link> {
        account.links.iter().map(|position| &self.links[*position])
    }

    /// Links that begin at `name`.
    pub fn links_from<'a>(&'a self, name: &'a ComponentName) -> impl Iterator<Item = &'a Link> {
        let start = self.links.partition_point(|link| link.from < *name);
        self.links[start..].iter().take_while(move |link| link.from == *name)
    }

    /// Links that end at `name` or its sub-components.
    pub fn links_to<'a>(&'a self, name: &'a ComponentName) -> impl Iterator<Item = &'a Link> {
        self.by_target
            .get(name)
            .into_iter()
            .flatten()
            .map(|position| &self.links[*position])
    }

    /// Whether a link of `interface` ends at `component`.
    #[must_use]
    pub fn is_linked(&self, component: &Component, interface: &str) -> bool {
        let mut links = self.links_to(&component.name);
        links.any(|link| link.kind.interface_name() == interface)
    }

    /// The keys that a Secret of the component's type has in this stack.
    pub fn keys_of<'a>(
        &'a self,
        component: &'a Component,
        spec: &'a SecretSpec,
    ) -> impl Iterator<Item = &'a SecretKey> {
        let is_there = |key: &&SecretKey| {
            let linked = key.linked.as_deref();
            linked.is_none_or(|interface| self.is_linked(component, interface))
        };
        spec.keys.iter().filter(is_there)
    }

    /// The keys of the type that join those of the component's links.
    pub fn own_keys<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a SecretKey> {
        let specs = component.own_credentials();
        specs.flat_map(|spec| self.keys_of(component, spec))
    }

    /// Links that use a sub-component of `component`: those that watch or check it are left out.
    pub fn uses_of<'a>(&'a self, component: &'a ComponentName, sub: &'a SubName) -> impl Iterator<Item = &'a Link> {
        self.by_use
            .get(component)
            .and_then(|subs| subs.get(sub))
            .into_iter()
            .flatten()
            .map(|position| &self.links[*position])
    }

    /// Order of roll-out: a component's wave is greater than that of what it uses.
    #[must_use]
    pub fn waves(&self) -> Waves<'_> {
        graph::waves(self)
    }
}

impl Component {
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.entry.definition.name
    }

    #[must_use]
    pub fn has_role(&self, role: Role) -> bool {
        self.entry.definition.roles.contains(&role)
    }

    /// Whether something is deployed for it: it is not of another stack.
    #[must_use]
    pub fn is_deployed(&self) -> bool {
        self.external.is_none()
    }

    /// The host that it answers at in another stack.
    #[must_use]
    pub fn foreign_host(&self) -> Option<&str> {
        let external = self.external.as_ref().filter(|external| external.stack().is_some())?;
        let endpoint = self.primary_endpoint().map(|endpoint| endpoint.host.as_str());
        external.host().or(endpoint)
    }

    /// The endpoint behind `{host}` and `{port}`.
    #[must_use]
    pub fn primary_endpoint(&self) -> Option<&Endpoint> {
        match &self.entry.definition.primary_endpoint {
            Some(name) => self.endpoints.get(name),
            None => self.endpoints.values().next(),
        }
    }

    /// The endpoints that its health checks connect to.
    pub fn health_endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let named = &self.entry.definition.health_endpoints;
        let primary = self.primary_endpoint().filter(|_| named.is_empty());
        named.iter().filter_map(|name| self.endpoints.get(name)).chain(primary)
    }

    /// The text of an attribute; empty when it has none.
    #[must_use]
    pub fn text(&self, attribute: &str) -> String {
        self.attributes
            .get(attribute)
            .and_then(AttributeValue::text)
            .unwrap_or_default()
    }

    /// Secrets of the type that join the keys of its links in `secret/cloud.env`.
    pub fn own_credentials(&self) -> impl Iterator<Item = &SecretSpec> {
        let secrets = self.entry.definition.secrets.iter();
        secrets.filter(|spec| spec.file == "cloud.env")
    }
}

impl Link {
    /// Whether it may change what it reaches.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.level.writes()
    }

    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.kind.name
    }

    /// What it begins at: `kafka` or `kafka/orders`.
    #[must_use]
    pub fn start(&self) -> String {
        end_of(&self.from, self.from_sub.as_ref())
    }

    /// `fastmcp → cnpg` or `fastapi → cnpg/app_db`.
    #[must_use]
    pub fn arrow(&self) -> String {
        format!("{} → {}", self.start(), self.end())
    }

    /// What it ends at: `cnpg` or `cnpg/app_db`.
    #[must_use]
    pub fn end(&self) -> String {
        end_of(&self.to, self.sub.as_ref())
    }

    /// Whose secrets the link brings: those of an account of its own at its end, or of one that the end has anyway. A value
    /// of the one is never one of the other.
    #[must_use]
    pub fn holder(&self) -> String {
        let account = self.kind.account(self.level);
        match account.map(|account| account.per) {
            Some(Per::SubComponent | Per::Component) => format!("{} itself", self.end()),
            Some(Per::Link | Per::Connection) | None => self.end(),
        }
    }
}

fn end_of(component: &ComponentName, sub: Option<&SubName>) -> String {
    sub.map_or_else(|| component.to_string(), |sub| format!("{component}/{sub}"))
}
