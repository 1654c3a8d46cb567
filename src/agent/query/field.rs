//! Names of fields, resolved once a query.
//!
//! In: a name, the shape of the records and the index. Out: a `Key` that every record can look up, or the nearest name.
//! What a record has by itself comes before an attribute of the same name; `attribute_NAME` is always the attribute.

use std::borrow::Cow;

use super::error::{Code, QueryError, shown};
use super::index::Index;
use super::target::{Shape, TARGETS};

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Fact(Fact),
    Attribute(String),
    EndpointHost(String),
    EndpointPort(String),
}

/// What a record has beside attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Name,
    Type,
    Component,
    ComponentType,
    Namespace,
    Group,
    Object,
    Host,
    Port,
    IsExternal,
    ExternalStack,
    Domain,
    Stack,
    Title,
    Docs,
    Health,
    Endpoints,
    SubComponents,
    LinksTo,
    LinksFrom,
    Consumers,
    Link,
    From,
    To,
    SubComponent,
    WriteAccess,
    Principal,
    SourceName,
    SourceType,
    SourceNamespace,
    Depth,
}

const ANY: u8 = 15;
const COMPONENT: u8 = Shape::Component as u8 | Shape::Hop as u8;
const SUB: u8 = Shape::Sub as u8;
const LINK: u8 = Shape::Link as u8;
const OVER: u8 = Shape::Link as u8 | Shape::Hop as u8;
const HOP: u8 = Shape::Hop as u8;

/// Every fact by its names, and the shapes that have it. `linked_…` says the same of a link's record as the plain name: the
/// record is about the component at the other end.
const FACTS: [(&str, Fact, u8); 39] = [
    ("name", Fact::Name, ANY),
    ("type", Fact::Type, ANY),
    ("component", Fact::Component, ANY),
    ("component_type", Fact::ComponentType, ANY),
    ("namespace", Fact::Namespace, ANY),
    ("group", Fact::Group, ANY),
    ("object", Fact::Object, ANY),
    ("host", Fact::Host, ANY),
    ("port", Fact::Port, ANY),
    ("is_external", Fact::IsExternal, ANY),
    ("external_stack", Fact::ExternalStack, ANY),
    ("domain", Fact::Domain, ANY),
    ("stack", Fact::Stack, ANY),
    ("endpoints", Fact::Endpoints, ANY),
    ("title", Fact::Title, COMPONENT),
    ("docs", Fact::Docs, COMPONENT),
    ("health", Fact::Health, COMPONENT),
    ("sub_components", Fact::SubComponents, COMPONENT),
    ("links_to", Fact::LinksTo, COMPONENT),
    ("links_from", Fact::LinksFrom, COMPONENT),
    ("consumers", Fact::Consumers, SUB),
    ("link", Fact::Link, OVER),
    ("link_name", Fact::Link, OVER),
    ("from", Fact::From, OVER),
    ("to", Fact::To, OVER),
    ("sub_component", Fact::SubComponent, OVER),
    ("write_access", Fact::WriteAccess, OVER),
    ("principal", Fact::Principal, OVER),
    ("source_name", Fact::SourceName, OVER),
    ("source_type", Fact::SourceType, OVER),
    ("source_namespace", Fact::SourceNamespace, OVER),
    ("depth", Fact::Depth, HOP),
    ("linked_name", Fact::Component, LINK),
    ("linked_type", Fact::ComponentType, LINK),
    ("linked_namespace", Fact::Namespace, LINK),
    ("linked_group", Fact::Group, LINK),
    ("linked_host", Fact::Host, LINK),
    ("linked_port", Fact::Port, LINK),
    ("linked_is_external", Fact::IsExternal, LINK),
];

/// Attributes that every stack may be asked for, whether or not one of its components has them.
const COMMON: [&str; 4] = ["password", "database", "username", "subdomain"];

const ATTRIBUTE: &str = "attribute_";

impl Key {
    /// # Errors
    /// No record of the shape has a field of that name.
    pub(super) fn resolve(index: &Index, shape: Shape, name: &str) -> Result<Self, QueryError> {
        Self::find(index, shape, name).ok_or_else(|| unknown(index, shape, name))
    }

    pub(super) fn find(index: &Index, shape: Shape, name: &str) -> Option<Self> {
        if let Some(fact) = fact(shape, name) {
            return Some(Self::Fact(fact));
        }
        if has_attribute(index, shape, name) {
            return Some(Self::Attribute(name.to_owned()));
        }
        if let Some(attribute) = name.strip_prefix(ATTRIBUTE)
            && has_attribute(index, shape, attribute)
        {
            return Some(Self::Attribute(attribute.to_owned()));
        }
        let (endpoint, part) = name.strip_prefix("endpoint_")?.rsplit_once('_')?;
        if !index.endpoints.contains(endpoint) {
            return None;
        }
        match part {
            "host" => Some(Self::EndpointHost(endpoint.to_owned())),
            "port" => Some(Self::EndpointPort(endpoint.to_owned())),
            _ => None,
        }
    }

    /// Whether the field is a secret anywhere in the stack: then it answers only `__exists`.
    pub(super) fn is_secret(&self, index: &Index) -> bool {
        let Self::Attribute(name) = self else {
            return false;
        };
        index.component_attributes.get(name) == Some(&true) || index.sub_attributes.get(name) == Some(&true)
    }
}

/// The name under which an attribute stands among a record's own fields.
pub(super) fn attribute_field(shape: Shape, name: &str) -> Cow<'_, str> {
    if fact(shape, name).is_some() {
        return format!("{ATTRIBUTE}{name}").into();
    }
    name.into()
}

/// Names of the facts of a shape.
pub(super) fn fact_names(shape: Shape) -> impl Iterator<Item = &'static str> {
    FACTS
        .iter()
        .filter(move |(_, _, shapes)| shapes & shape as u8 != 0)
        .map(|(name, ..)| *name)
}

fn fact(shape: Shape, name: &str) -> Option<Fact> {
    FACTS
        .iter()
        .find(|(known, _, shapes)| *known == name && shapes & shape as u8 != 0)
        .map(|(_, fact, _)| *fact)
}

fn has_attribute(index: &Index, shape: Shape, name: &str) -> bool {
    let has_subs = matches!(shape, Shape::Sub | Shape::Link);
    COMMON.contains(&name)
        || index.component_attributes.contains_key(name)
        || (has_subs && index.sub_attributes.contains_key(name))
}

/// A field of another target is named with it; else the nearest name is.
fn unknown(index: &Index, shape: Shape, name: &str) -> QueryError {
    let message = format!("no record here has a field `{}`", shown(name));
    let error = QueryError::new(Code::E_FIELD, message).at(name, 0);
    let other = TARGETS
        .iter()
        .find(|(_, target)| Key::find(index, target.shape(), name).is_some());
    match other {
        Some((target, _)) => error.because(&format!("target `{target}` has it")),
        None => error.suggest(name, known_names(index, shape).into_iter()),
    }
}

fn known_names(index: &Index, shape: Shape) -> Vec<&str> {
    let mut names: Vec<&str> = fact_names(shape).chain(COMMON).collect();
    names.extend(index.component_attributes.keys().map(String::as_str));
    if matches!(shape, Shape::Sub | Shape::Link) {
        names.extend(index.sub_attributes.keys().map(String::as_str));
    }
    names.sort_unstable();
    names.dedup();
    names
}
