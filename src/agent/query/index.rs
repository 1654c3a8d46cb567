//! The stack, with what a query needs to find its records without looking at the others.
//!
//! In: checked `StackMetadata`. Out: an `Index`, built once and never changed. It must not know queries.

use std::collections::{BTreeMap, BTreeSet};

use crate::metadata::{AttributeMetadata, ComponentMetadata, LinkMetadata, StackMetadata, SubComponentMetadata};

/// Place of a component in the list sorted by name.
pub(super) type ComponentId = usize;
/// Place of a link in the sorted list.
pub(super) type LinkId = usize;

/// Names of attributes, each with whether it is a secret anywhere in the stack.
type AttributeNames = BTreeMap<String, bool>;

pub struct Index {
    pub(super) metadata: StackMetadata,
    /// Of the metadata: a cursor of another topology is refused.
    pub(super) digest: String,
    pub(super) component_attributes: AttributeNames,
    pub(super) sub_attributes: AttributeNames,
    pub(super) endpoints: BTreeSet<String>,
    by_type: Places,
    by_namespace: Places,
    by_group: Places,
    links: Vec<Ends>,
    outbound: Vec<Vec<LinkId>>,
    inbound: Vec<Vec<LinkId>>,
}

/// Components that share a type, namespace or group, in order.
pub(super) type Places = BTreeMap<String, Vec<ComponentId>>;

/// The two ends of a link, and the sub-component that it reaches.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) from: ComponentId,
    pub(super) to: ComponentId,
    sub: Option<usize>,
}

impl Index {
    /// Build from metadata that `load` has checked: every end of a link is a component of the stack.
    pub(super) fn build(mut metadata: StackMetadata, digest: String) -> Self {
        sort(&mut metadata);
        let components = &metadata.components;
        let links = metadata
            .links
            .iter()
            .filter_map(|link| ends(components, link))
            .collect();
        let mut index = Self {
            digest,
            component_attributes: AttributeNames::new(),
            sub_attributes: AttributeNames::new(),
            endpoints: components
                .iter()
                .flat_map(|component| component.endpoints.keys().cloned())
                .collect(),
            by_type: places(components, |component| &component.component_type),
            by_namespace: places(components, |component| &component.namespace),
            by_group: places(components, |component| &component.group),
            links,
            outbound: vec![Vec::new(); components.len()],
            inbound: vec![Vec::new(); components.len()],
            metadata,
        };
        index.join_links();
        index.name_attributes();
        index
    }

    fn join_links(&mut self) {
        for (id, ends) in self.links.iter().enumerate() {
            self.outbound[ends.from].push(id);
            self.inbound[ends.to].push(id);
        }
    }

    fn name_attributes(&mut self) {
        for component in &self.metadata.components {
            note(&mut self.component_attributes, &component.attributes);
            for sub in &component.sub_components {
                note(&mut self.sub_attributes, &sub.attributes);
            }
        }
    }

    #[must_use]
    pub fn metadata(&self) -> &StackMetadata {
        &self.metadata
    }

    pub(super) fn component(&self, id: ComponentId) -> &ComponentMetadata {
        &self.metadata.components[id]
    }

    pub(super) fn find(&self, name: &str) -> Option<ComponentId> {
        find(&self.metadata.components, name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.metadata.components.iter().map(|component| component.name.as_str())
    }

    pub(super) fn types(&self) -> &Places {
        &self.by_type
    }

    pub(super) fn namespaces(&self) -> &Places {
        &self.by_namespace
    }

    pub(super) fn groups(&self) -> &Places {
        &self.by_group
    }

    pub(super) fn link(&self, id: LinkId) -> &LinkMetadata {
        &self.metadata.links[id]
    }

    pub(super) fn ends(&self, id: LinkId) -> Ends {
        self.links[id]
    }

    /// The sub-component that a link reaches.
    pub(super) fn linked_sub(&self, id: LinkId) -> Option<&SubComponentMetadata> {
        let ends = self.links[id];
        self.component(ends.to).sub_components.get(ends.sub?)
    }

    pub(super) fn outbound(&self, id: ComponentId) -> &[LinkId] {
        &self.outbound[id]
    }

    pub(super) fn inbound(&self, id: ComponentId) -> &[LinkId] {
        &self.inbound[id]
    }
}

/// The generator sorts; a file from elsewhere answers in the same order.
fn sort(metadata: &mut StackMetadata) {
    metadata.components.sort_by(|left, right| left.name.cmp(&right.name));
    for component in &mut metadata.components {
        component
            .sub_components
            .sort_by(|left, right| left.name.cmp(&right.name));
    }
    metadata.links.sort_by(|left, right| key(left).cmp(&key(right)));
}

fn key(link: &LinkMetadata) -> (&str, &str, Option<&str>, &str) {
    (&link.from, &link.to, link.sub_component.as_deref(), &link.link_type)
}

fn find(components: &[ComponentMetadata], name: &str) -> Option<ComponentId> {
    components
        .binary_search_by(|component| component.name.as_str().cmp(name))
        .ok()
}

fn ends(components: &[ComponentMetadata], link: &LinkMetadata) -> Option<Ends> {
    let to = find(components, &link.to)?;
    let sub = link.sub_component.as_deref().and_then(|name| {
        components[to]
            .sub_components
            .binary_search_by(|sub| sub.name.as_str().cmp(name))
            .ok()
    });
    Some(Ends {
        from: find(components, &link.from)?,
        to,
        sub,
    })
}

fn places(components: &[ComponentMetadata], name: impl Fn(&ComponentMetadata) -> &String) -> Places {
    let mut places = Places::new();
    for (id, component) in components.iter().enumerate() {
        places.entry(name(component).clone()).or_default().push(id);
    }
    places
}

fn note(names: &mut AttributeNames, attributes: &BTreeMap<String, AttributeMetadata>) {
    for (name, value) in attributes {
        let is_secret = matches!(value, AttributeMetadata::Secret { .. });
        match names.get_mut(name) {
            Some(known) => *known |= is_secret,
            None => {
                names.insert(name.clone(), is_secret);
            }
        }
    }
}
