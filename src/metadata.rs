//! The contract between the generator and whatever runs later: the resolved topology of a stack, as `stack-metadata.json`.
//!
//! The types are its published schema; a secret is only ever `{"secret": true}`. Those who read the file (the Stack Agent,
//! `query`) know nothing of stacks, catalogs or hooks beside it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::catalog::Role;
use crate::catalog::SCHEME;
use crate::stack::{AttributeValue, Attributes, Component, External, Link, Stack, SubComponent};

/// The resolved topology of a stack.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[schemars(title = "stacktic stack metadata")]
pub struct StackMetadata {
    pub version: u32,
    pub stack: String,
    pub domain: String,
    pub environments: Vec<String>,
    /// Sorted by name.
    pub components: Vec<ComponentMetadata>,
    /// Sorted by source and target.
    pub links: Vec<LinkMetadata>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct ComponentMetadata {
    pub name: String,
    #[serde(rename = "type")]
    pub component_type: String,
    pub title: String,
    /// What it is to the rest of the stack: `gateway`, `agent` …
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    pub namespace: String,
    pub group: String,
    /// Name that its Kubernetes objects derive from.
    pub object: String,
    /// Host of its first endpoint.
    pub host: Option<String>,
    /// Port of its first endpoint.
    pub port: Option<u16>,
    /// Whether it lives in another stack.
    pub is_external: bool,
    /// Name of that stack.
    pub external_stack: Option<String>,
    pub endpoints: BTreeMap<String, EndpointMetadata>,
    /// File with the certificate of the authority that signed what it shows, where those who are linked to it find it; absent
    /// where it shows no certificate of the stack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    pub attributes: BTreeMap<String, AttributeMetadata>,
    pub sub_components: Vec<SubComponentMetadata>,
    /// Checks of its health, with `{variables}`.
    pub health: Vec<String>,
    pub docs: String,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct EndpointMetadata {
    pub host: String,
    pub port: u16,
    pub protocol: String,
}

/// A value, or the mark of a secret.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum AttributeMetadata {
    Secret { secret: bool },
    Plain(Json),
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct SubComponentMetadata {
    pub name: String,
    #[serde(rename = "type")]
    pub sub_type: String,
    pub attributes: BTreeMap<String, AttributeMetadata>,
    /// Components that use it by a link; those that only check or watch it are none.
    pub consumers: Vec<String>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct LinkMetadata {
    #[serde(rename = "type")]
    pub link_type: String,
    /// What joins the two ends.
    #[serde(default)]
    pub interface: String,
    pub from: String,
    pub to: String,
    pub sub_component: Option<String>,
    pub write_access: bool,
    /// What it may do, in one word: `probe`, `read`, `write` or `own`.
    #[serde(default)]
    pub access: String,
    pub principal: Option<String>,
}

/// The resolved topology of `stack`.
#[must_use]
pub fn of(stack: &Stack) -> StackMetadata {
    StackMetadata {
        version: 1,
        stack: stack.name.to_string(),
        domain: stack.domain.clone(),
        environments: stack.environments.iter().map(ToString::to_string).collect(),
        components: stack
            .components
            .values()
            .map(|component| self::component(stack, component))
            .collect(),
        links: stack.links.iter().map(link).collect(),
    }
}

fn component(stack: &Stack, component: &Component) -> ComponentMetadata {
    let kind = &component.entry.definition;
    let endpoint = component.primary_endpoint();
    let protocol = |endpoint: &crate::stack::Endpoint| {
        serde_json::to_value(endpoint.protocol)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    ComponentMetadata {
        name: component.name.to_string(),
        component_type: kind.name.clone(),
        title: kind.title.clone(),
        roles: kind.roles.clone(),
        namespace: component.namespace.to_string(),
        group: component.group.clone(),
        object: component.object.clone(),
        host: endpoint.map(|endpoint| endpoint.host.clone()),
        port: endpoint.map(|endpoint| endpoint.port),
        is_external: !component.is_deployed(),
        external_stack: component.external.as_ref().and_then(External::stack).map(str::to_owned),
        endpoints: component
            .endpoints
            .iter()
            .map(|(name, endpoint)| {
                (
                    name.clone(),
                    EndpointMetadata {
                        host: endpoint.host.clone(),
                        port: endpoint.port,
                        protocol: protocol(endpoint),
                    },
                )
            })
            .collect(),
        ca_file: stack.ca_file_of(component),
        attributes: attributes(&component.attributes),
        sub_components: component
            .sub_components
            .values()
            .map(|sub| sub_component(stack, component, sub))
            .collect(),
        health: health(component),
        docs: kind.docs.clone(),
    }
}

/// Its checks, which ask as the endpoint answers that they are for: by TLS, or without.
fn health(component: &Component) -> Vec<String> {
    let scheme = component
        .health_endpoints()
        .next()
        .map_or("http", |endpoint| endpoint.protocol.word());
    let checks = component.entry.definition.health.iter();
    checks.map(|check| check.replace(SCHEME, scheme)).collect()
}

fn sub_component(stack: &Stack, component: &Component, sub: &SubComponent) -> SubComponentMetadata {
    let links = stack.uses_of(&component.name, &sub.name);
    let consumers: BTreeSet<String> = links.map(|link| link.from.to_string()).collect();
    SubComponentMetadata {
        name: sub.name.to_string(),
        sub_type: sub.sub_type.clone(),
        attributes: attributes(&sub.attributes),
        consumers: consumers.into_iter().collect(),
    }
}

fn attributes(attributes: &Attributes) -> BTreeMap<String, AttributeMetadata> {
    let shown = |value: &AttributeValue| match value.shown() {
        None => AttributeMetadata::Secret { secret: true },
        Some(value) => AttributeMetadata::Plain(value),
    };
    attributes
        .iter()
        .map(|(name, value)| (name.clone(), shown(value)))
        .collect()
}

fn link(link: &Link) -> LinkMetadata {
    LinkMetadata {
        link_type: link.type_name().to_owned(),
        interface: link.kind.interface_name().to_owned(),
        from: link.from.to_string(),
        to: link.to.to_string(),
        sub_component: link.sub.as_ref().map(ToString::to_string),
        write_access: link.writes(),
        access: link.level.word().to_owned(),
        principal: link.principal.clone(),
    }
}
