//! One record of an answer: a component, a sub-component, a link or a hop, as a view into the index.
//!
//! In: a `Key`. Out: a `Value`. It holds no copies; a record of a link is about the component at the other end.

use std::borrow::Cow;

use super::field::{Fact, Key};
use super::index::{ComponentId, Index, LinkId};
use super::target::Shape;
use super::value::{SecretName, Value};
use crate::metadata::{AttributeMetadata, ComponentMetadata, LinkMetadata, SubComponentMetadata};

#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub(super) index: &'a Index,
    pub(super) shape: Shape,
    id: ComponentId,
    component: &'a ComponentMetadata,
    sub: Option<&'a SubComponentMetadata>,
    over: Option<Over<'a>>,
}

/// The link that a record was reached by, and from which component.
#[derive(Clone, Copy)]
struct Over<'a> {
    link: &'a LinkMetadata,
    source: &'a ComponentMetadata,
    depth: u64,
}

/// What stands for `{name}` in a check on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable<'a> {
    Text(Cow<'a, str>),
    /// The caller finds its value; it is never in the metadata.
    Secret(SecretName<'a>),
    /// A list or an object, which no check can take.
    NoText,
    /// Known in this stack, but this record has none.
    Unset,
    /// No record here has such a field.
    Unknown,
}

impl<'a> Record<'a> {
    pub(super) fn component(index: &'a Index, id: ComponentId) -> Self {
        Self {
            index,
            shape: Shape::Component,
            id,
            component: index.component(id),
            sub: None,
            over: None,
        }
    }

    pub(super) fn sub(index: &'a Index, id: ComponentId, sub: &'a SubComponentMetadata) -> Self {
        let record = Self::component(index, id);
        Self {
            shape: Shape::Sub,
            sub: Some(sub),
            ..record
        }
    }

    /// An outbound link, seen from its beginning: the sub-component that it reaches is part of the record.
    pub(super) fn link_to(index: &'a Index, link: LinkId) -> Self {
        let ends = index.ends(link);
        let sub = index.linked_sub(link);
        let over = Over::new(index, link, ends.from, 1);
        let record = Self::component(index, ends.to);
        Self {
            shape: Shape::Link,
            sub,
            over: Some(over),
            ..record
        }
    }

    /// An inbound link, seen from its end: its sub-component belongs to that end, not to the record.
    pub(super) fn link_from(index: &'a Index, link: LinkId) -> Self {
        let ends = index.ends(link);
        let over = Over::new(index, link, ends.to, 1);
        let record = Self::component(index, ends.from);
        Self {
            shape: Shape::Link,
            over: Some(over),
            ..record
        }
    }

    /// A component that a walk reached over a link.
    pub(super) fn hop(index: &'a Index, reached: ComponentId, link: LinkId, depth: u64) -> Self {
        let ends = index.ends(link);
        let source = if ends.from == reached { ends.to } else { ends.from };
        let over = Over::new(index, link, source, depth);
        let record = Self::component(index, reached);
        Self {
            shape: Shape::Hop,
            over: Some(over),
            ..record
        }
    }

    /// Name of the sub-component, else of the component.
    #[must_use]
    pub fn name(&self) -> &'a str {
        match (self.shape, self.sub) {
            (Shape::Sub, Some(sub)) => &sub.name,
            _ => &self.component.name,
        }
    }

    /// The component that the record is about: a check may reach its endpoints and no others.
    #[must_use]
    pub fn subject(&self) -> &'a ComponentMetadata {
        self.component
    }

    /// The sub-component that the record is about.
    #[must_use]
    pub fn sub_component(&self) -> Option<&'a SubComponentMetadata> {
        self.sub
    }

    /// What stands for a variable of a check.
    #[must_use]
    pub fn variable(&self, name: &str) -> Variable<'a> {
        let Some(key) = Key::find(self.index, self.shape, name) else {
            return Variable::Unknown;
        };
        match self.value(&key) {
            None => Variable::Unset,
            Some(Value::Secret(name)) => Variable::Secret(name),
            Some(value) => value.text().map_or(Variable::NoText, Variable::Text),
        }
    }

    pub(super) fn value(&self, key: &Key) -> Option<Value<'a>> {
        match key {
            Key::Fact(fact) => self.fact(*fact),
            Key::Attribute(name) => self.attribute(name),
            Key::EndpointHost(name) => Some(Value::Text(&self.component.endpoints.get(name)?.host)),
            Key::EndpointPort(name) => Some(count(self.component.endpoints.get(name)?.port.into())),
        }
    }

    /// Attributes of the record itself, without those that it borrows from its component.
    pub(super) fn own_attributes(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let (sub_component, attributes) = match self.sub {
            Some(sub) => (Some(sub.name.as_str()), &sub.attributes),
            None => (None, &self.component.attributes),
        };
        attributes.iter().filter_map(move |(name, value)| {
            let value = self.secret_or_plain(sub_component, name, value)?;
            Some((name.as_str(), value))
        })
    }

    /// The same record without its sub-component.
    pub(super) fn without_sub(&self) -> Self {
        Self { sub: None, ..*self }
    }

    /// An attribute of the sub-component, else of its component.
    fn attribute(&self, name: &str) -> Option<Value<'a>> {
        let of_sub = self.sub.and_then(|sub| {
            let (attribute, value) = sub.attributes.get_key_value(name)?;
            self.secret_or_plain(Some(&sub.name), attribute, value)
        });
        of_sub.or_else(|| {
            let (attribute, value) = self.component.attributes.get_key_value(name)?;
            self.secret_or_plain(None, attribute, value)
        })
    }

    fn secret_or_plain(
        &self,
        sub_component: Option<&'a str>,
        attribute: &'a str,
        value: &'a AttributeMetadata,
    ) -> Option<Value<'a>> {
        let name = SecretName {
            component: &self.component.name,
            sub_component,
            attribute,
        };
        Value::of(value, name)
    }

    fn fact(&self, fact: Fact) -> Option<Value<'a>> {
        let component = self.component;
        let text = |text: &'a String| Some(Value::Text(text));
        match fact {
            Fact::Name => Some(Value::Text(self.name())),
            Fact::Type => self.own_type(),
            Fact::Component => text(&component.name),
            Fact::ComponentType => text(&component.component_type),
            Fact::Namespace => text(&component.namespace),
            Fact::Group => text(&component.group),
            Fact::Object => text(&component.object),
            Fact::Host => component.host.as_deref().map(Value::Text),
            Fact::Port => component.port.map(|port| count(port.into())),
            Fact::IsExternal => Some(Value::Bool(component.is_external)),
            Fact::ExternalStack => component.external_stack.as_deref().map(Value::Text),
            Fact::Domain => text(&self.index.metadata.domain),
            Fact::Stack => text(&self.index.metadata.stack),
            Fact::Title => text(&component.title),
            Fact::Docs => text(&component.docs),
            Fact::Health => Some(names(&component.health)),
            Fact::Endpoints => Some(Value::Endpoints(&component.endpoints)),
            Fact::SubComponents => {
                let subs = component.sub_components.iter();
                Some(Value::Names(subs.map(|sub| sub.name.as_str()).collect()))
            }
            Fact::LinksTo => Some(self.linked(self.index.outbound(self.id), |link| &link.to)),
            Fact::LinksFrom => Some(self.linked(self.index.inbound(self.id), |link| &link.from)),
            Fact::Consumers => self.sub.map(|sub| names(&sub.consumers)),
            other => self.over?.fact(other),
        }
    }

    fn own_type(&self) -> Option<Value<'a>> {
        match (self.shape, self.sub) {
            (Shape::Sub, Some(sub)) => Some(Value::Text(&sub.sub_type)),
            _ => Some(Value::Text(&self.component.component_type)),
        }
    }

    /// Components at the other ends, each once and sorted.
    fn linked(&self, links: &[LinkId], end: impl Fn(&'a LinkMetadata) -> &'a String) -> Value<'a> {
        let mut found: Vec<&str> = links.iter().map(|id| end(self.index.link(*id)).as_str()).collect();
        found.sort_unstable();
        found.dedup();
        Value::Names(found)
    }
}

impl<'a> Over<'a> {
    fn new(index: &'a Index, link: LinkId, source: ComponentId, depth: u64) -> Self {
        Self {
            link: index.link(link),
            source: index.component(source),
            depth,
        }
    }

    fn fact(&self, fact: Fact) -> Option<Value<'a>> {
        match fact {
            Fact::Link => Some(Value::Text(&self.link.link_type)),
            Fact::From => Some(Value::Text(&self.link.from)),
            Fact::To => Some(Value::Text(&self.link.to)),
            Fact::SubComponent => self.link.sub_component.as_deref().map(Value::Text),
            Fact::WriteAccess => Some(Value::Bool(self.link.write_access)),
            Fact::Principal => self.link.principal.as_deref().map(Value::Text),
            Fact::SourceName => Some(Value::Text(&self.source.name)),
            Fact::SourceType => Some(Value::Text(&self.source.component_type)),
            Fact::SourceNamespace => Some(Value::Text(&self.source.namespace)),
            Fact::Depth => Some(count(self.depth)),
            _ => None,
        }
    }
}

fn count(number: u64) -> Value<'static> {
    Value::Number(number.into())
}

fn names(texts: &[String]) -> Value<'_> {
    Value::Names(texts.iter().map(String::as_str).collect())
}
