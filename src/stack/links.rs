//! What follows from a link: its names, environment keys, principal, lists and grants.
//!
//! The link itself is checked before; a failure here is a mistake of the catalog.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail, ensure};

use super::attributes::{Variables, add_variables, lookup};
use super::{Attributes, Component, EnvValue, Link, SubComponent};
use crate::catalog::{EnumSource, LinkType, Target, pattern};
use crate::fault::Code;
use crate::finding::suggestion;
use crate::name::{ComponentName, MAX_LABEL, SubName, env_form, is_file_name, shortened};

/// The parts of the stack that a link's values are made from.
pub(super) struct Graph<'a> {
    pub(super) stack: &'a str,
    pub(super) domain: &'a str,
    pub(super) components: &'a BTreeMap<ComponentName, Component>,
    /// Of every link.
    pub(super) ends: &'a [Ends],
}

/// What a link joins.
pub(super) struct Ends {
    pub(super) from: ComponentName,
    pub(super) to: ComponentName,
    pub(super) sub: Option<SubName>,
    /// Whether it uses what the target holds by a principal of its own.
    pub(super) uses: bool,
}

impl Ends {
    /// The target as a stack file writes it.
    fn target(&self) -> String {
        match &self.sub {
            Some(sub) => format!("{}/{sub}", self.to),
            None => self.to.to_string(),
        }
    }
}

/// Fill in what follows from the link's type.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn resolve(link: &mut Link, graph: &Graph<'_>) -> anyhow::Result<()> {
    let from = &graph.components[&link.from];
    let to = &graph.components[&link.to];
    let sub = link.sub.as_ref().and_then(|name| to.sub_components.get(name));
    let entry = std::rc::Rc::clone(&link.entry);
    let kind = &entry.definition;
    link.object = object(link, sub);
    link.env_prefix = env_prefix(link, from, to);
    let mut variables = variables(link, from, to, sub, graph);
    let context = || Code::E_CATALOG_LINK.fault(format!("link type `{}`", link.type_name));
    if let Some(principal) = &kind.principal {
        let principal = pattern::expand(principal, lookup(&variables))
            .with_context(context)?
            .into_owned();
        let principal = shortened(&principal, MAX_LABEL);
        variables.insert("link.principal".to_owned(), principal.clone());
        link.principal = Some(principal);
    }
    link.env = env(kind, link, from, &variables).with_context(context)?;
    link.grants = grants(kind, link.write_access, &variables).with_context(context)?;
    for (name, source) in &kind.enums {
        let list = closed_list(source, link, to, graph).with_context(context)?;
        link.enums.insert(name.clone(), list);
    }
    for (name, text) in &kind.data {
        let value = pattern::expand(text, lookup(&variables))
            .with_context(context)?
            .into_owned();
        link.data.insert(name.clone(), value);
    }
    Ok(())
}

/// `fastmcp-cnpg`, `fastapi-cnpg-app-db`, `fastapi-kafka-bridge`.
fn object(link: &Link, sub: Option<&SubComponent>) -> String {
    let kind = &link.entry.definition;
    let name = match (sub, purpose(kind)) {
        (Some(sub), _) => format!("{}-{}-{}", link.from, link.to, sub.object),
        (None, Some(purpose)) => format!("{}-{}-{purpose}", link.from, link.to),
        (None, None) => format!("{}-{}", link.from, link.to),
    };
    shortened(&name, MAX_LABEL)
}

/// `bridge` of `fastapi-kafka_bridge`.
fn purpose(kind: &LinkType) -> Option<&str> {
    let Target::Type(to) = &kind.to else { return None };
    kind.name
        .strip_prefix(kind.from.as_str())?
        .strip_prefix('-')?
        .strip_prefix(to.as_str())?
        .strip_prefix('_')
}

/// `CNPG`, `CNPG_APP_DB`, or what the stack file gives; `MCP_CNPG` for all links of an MCP server to one component.
///
/// It follows from the link alone: a prefix that other links had a say in would rename keys, and whoever filled in their
/// values would have to do it again, when a component or link is added.
fn env_prefix(link: &Link, from: &Component, to: &Component) -> String {
    let is_server = is_mcp_server(from);
    let service = &to.entry.definition.service;
    let name = match (&link.given_env, &link.sub) {
        (Some(given), _) => given.to_string(),
        (None, Some(sub)) if !is_server => format!("{service}_{}", env_form(sub.as_str())),
        (None, _) => service.clone(),
    };
    if is_server { format!("MCP_{name}") } else { name }
}

pub(super) fn is_mcp_server(component: &Component) -> bool {
    component.type_name() == "fastmcp"
}

fn variables(
    link: &Link,
    from: &Component,
    to: &Component,
    sub: Option<&SubComponent>,
    graph: &Graph<'_>,
) -> Variables {
    let mut variables = Variables::new();
    let mut add = |name: &str, value: &str| {
        variables.insert(name.to_owned(), value.to_owned());
    };
    add("env", &link.env_prefix);
    add("stack", graph.stack);
    add("domain", graph.domain);
    add("link.object", &link.object);
    add("link.id", &link.object.replace('-', "_"));
    add("link.type", &link.type_name);
    for (name, endpoint) in &to.endpoints {
        add(&format!("endpoint.{name}.host"), &endpoint.host);
        add(&format!("endpoint.{name}.port"), &endpoint.port.to_string());
    }
    add_component(&mut variables, "from", from);
    add_component(&mut variables, "to", to);
    if let Some(sub) = sub {
        let mut inner = Variables::from([
            ("name".to_owned(), sub.name.to_string()),
            ("object".to_owned(), sub.object.clone()),
        ]);
        add_variables(&mut inner, &sub.attributes);
        add_prefixed(&mut variables, "sub", inner);
    }
    variables
}

fn add_component(variables: &mut Variables, prefix: &str, component: &Component) {
    let mut inner = component_variables(component);
    if let Some(endpoint) = component.primary_endpoint() {
        inner.insert("host".to_owned(), endpoint.host.clone());
        inner.insert("port".to_owned(), endpoint.port.to_string());
    }
    add_variables(&mut inner, &component.attributes);
    add_prefixed(variables, prefix, inner);
}

fn component_variables(component: &Component) -> Variables {
    Variables::from([
        ("name".to_owned(), component.name.to_string()),
        ("type".to_owned(), component.type_name().to_owned()),
        ("namespace".to_owned(), component.namespace.to_string()),
        ("group".to_owned(), component.group.clone()),
        ("object".to_owned(), component.object.clone()),
    ])
}

fn add_prefixed(variables: &mut Variables, prefix: &str, inner: Variables) {
    variables.extend(
        inner
            .into_iter()
            .map(|(name, value)| (format!("{prefix}.{name}"), value)),
    );
}

/// The keys of the link's type, and the write gate where the link type has writes.
fn env(kind: &LinkType, link: &Link, from: &Component, variables: &Variables) -> anyhow::Result<Vec<EnvValue>> {
    let expand = |text: &str| pattern::expand(text, lookup(variables)).map(std::borrow::Cow::into_owned);
    let mut values = Vec::new();
    for spec in kind.env.iter().filter(|key| link.write_access || !key.write) {
        let value = match &spec.value {
            Some(text) if !spec.secret => Some(expand(text)?),
            _ => None,
        };
        let key = expand(&spec.key)?;
        let file = spec.file.as_deref().map(expand).transpose()?;
        ensure!(
            file.as_deref().is_none_or(|file| value.is_none() && is_file_name(file)),
            "`{key}` has the file {file:?}; only a secret has one, of letters, digits, `_`, `-` and `.`, not a dot first"
        );
        values.push(EnvValue {
            file: file.unwrap_or_else(|| key.clone()),
            of: format!("{} {}", link.end(), key.replacen(&link.env_prefix, "*", 1)),
            key,
            value,
            help: expand(&spec.help)?,
        });
    }
    if kind.write_access && is_mcp_server(from) {
        let key = format!("{}_WRITE_ACCESS", link.env_prefix);
        values.push(EnvValue {
            file: key.clone(),
            key,
            value: Some(link.write_access.to_string()),
            help: String::new(),
            of: String::new(),
        });
    }
    Ok(values)
}

fn grants(kind: &LinkType, write_access: bool, variables: &Variables) -> anyhow::Result<Vec<String>> {
    let writes = if write_access {
        kind.grants.write.as_slice()
    } else {
        &[]
    };
    let expand = |text: &String| pattern::expand(text, lookup(variables)).map(std::borrow::Cow::into_owned);
    kind.grants.read.iter().chain(writes).map(expand).collect()
}

fn closed_list(source: &EnumSource, link: &Link, to: &Component, graph: &Graph<'_>) -> anyhow::Result<Vec<String>> {
    let set: BTreeSet<String> = match source {
        EnumSource::SubComponents {
            sub_type,
            attribute,
            parent,
        } => to
            .sub_components
            .values()
            .filter(|sub| sub.sub_type == *sub_type)
            .map(|sub| sub_value(sub, attribute.as_deref(), parent.as_deref()))
            .collect::<anyhow::Result<_>>()?,
        EnumSource::Consumers => {
            let others = graph
                .ends
                .iter()
                .filter(|ends| ends.uses && ends.to == link.to && ends.from != link.from);
            others.map(|ends| ends.from.to_string()).collect()
        }
        EnumSource::LinksTo => {
            let targets = graph.ends.iter().filter(|ends| ends.from == link.to);
            targets.map(|ends| ends.to.to_string()).collect()
        }
        EnumSource::Reached => {
            let targets = graph.ends.iter().filter(|ends| ends.from == link.to);
            targets.map(Ends::target).collect()
        }
        EnumSource::Deployed => {
            let deployed = graph
                .components
                .values()
                .filter(|component| component.external.is_none());
            deployed.map(|component| component.name.to_string()).collect()
        }
        EnumSource::Attribute { name } => {
            let text = text_of(&to.attributes, name)?.unwrap_or_default();
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()
        }
        EnumSource::Values { values } => values.iter().cloned().collect(),
    };
    Ok(set.into_iter().collect())
}

fn sub_value(sub: &SubComponent, attribute: Option<&str>, parent: Option<&str>) -> anyhow::Result<String> {
    let text = |name| text_of(&sub.attributes, name);
    let own = attribute.map(text).transpose()?.flatten();
    let own = own.unwrap_or_else(|| sub.name.to_string());
    Ok(match parent.map(text).transpose()?.flatten() {
        Some(parent) => format!("{parent}.{own}"),
        None => own,
    })
}

/// The text of an attribute, which may have none; a name that no attribute has is a mistake, or the list would be empty
/// without a word.
fn text_of(attributes: &Attributes, name: &str) -> anyhow::Result<Option<String>> {
    let known: Vec<&str> = attributes.keys().map(String::as_str).collect();
    let Some(value) = attributes.get(name) else {
        let hint = suggestion(name, &known).unwrap_or_default();
        bail!("a closed list names the attribute `{name}`, which is not there; {hint}")
    };
    Ok(value.text())
}
