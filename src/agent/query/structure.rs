//! `GET /metadata/structure`: every component with the number of its sub-components, and every link.
//!
//! In: the index. Out: a value that writes itself as JSON. It must not know queries.

use serde::Serialize;

use super::index::Index;
use crate::metadata::{ComponentMetadata, LinkMetadata};

#[derive(Serialize)]
pub struct Structure<'a> {
    pub stack: &'a str,
    pub domain: &'a str,
    pub components: Vec<ComponentNode<'a>>,
    pub links: Vec<LinkEdge<'a>>,
}

#[derive(Serialize)]
pub struct ComponentNode<'a> {
    pub name: &'a str,
    #[serde(rename = "type")]
    pub component_type: &'a str,
    pub namespace: &'a str,
    pub group: &'a str,
    /// How many it has.
    pub sub_components: usize,
    /// The other stack that it lives in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_stack: Option<&'a str>,
}

#[derive(Serialize)]
pub struct LinkEdge<'a> {
    pub from: &'a str,
    pub to: &'a str,
    #[serde(rename = "type")]
    pub link_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_component: Option<&'a str>,
}

/// The tree of the stack.
#[must_use]
pub fn structure(index: &Index) -> Structure<'_> {
    let metadata = &index.metadata;
    Structure {
        stack: &metadata.stack,
        domain: &metadata.domain,
        components: metadata.components.iter().map(node).collect(),
        links: metadata.links.iter().map(edge).collect(),
    }
}

fn node(component: &ComponentMetadata) -> ComponentNode<'_> {
    ComponentNode {
        name: &component.name,
        component_type: &component.component_type,
        namespace: &component.namespace,
        group: &component.group,
        sub_components: component.sub_components.len(),
        external_stack: component.external_stack.as_deref(),
    }
}

fn edge(link: &LinkMetadata) -> LinkEdge<'_> {
    LinkEdge {
        from: &link.from,
        to: &link.to,
        link_type: &link.link_type,
        sub_component: link.sub_component.as_deref(),
    }
}
