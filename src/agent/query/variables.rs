//! `GET /metadata/fields/{component}`: which `{variables}` a check on a component may use, and what they stand for.
//!
//! In: the index and a name. Out: a value that writes itself as JSON; a secret reads `[secret]`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::error::{Code, QueryError, shown};
use super::field::{self, Key};
use super::index::Index;
use super::record::Record;
use super::value::{SECRET, Value};

#[derive(Serialize)]
pub struct Fields<'a> {
    pub component: &'a str,
    #[serde(rename = "type")]
    pub component_type: &'a str,
    /// Variables with target `component`.
    pub variables: Variables<'a>,
    /// Variables with target `sub_components` beside those above, for the first of each type.
    pub sub_components: BTreeMap<&'a str, SubFields<'a>>,
    /// Variables with target `links_to`, for the first link: those of the component at the other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links_to: Option<Variables<'a>>,
    /// Fields that a query can select or filter by, but no check can use.
    pub not_in_checks: Vec<&'a str>,
}

/// Values by the names that stand in braces.
pub type Variables<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

#[derive(Serialize)]
pub struct SubFields<'a> {
    /// How many sub-components have this type.
    pub count: usize,
    pub example: &'a str,
    pub variables: Variables<'a>,
}

/// The variables of a component.
///
/// # Errors
/// The stack has no component of that name.
pub fn fields<'a>(index: &'a Index, name: &str) -> Result<Fields<'a>, QueryError> {
    let Some(id) = index.find(name) else {
        let message = format!("`{}` is not in the stack", shown(name));
        return Err(QueryError::new(Code::E_SOURCE, message)
            .at(name, 0)
            .suggest(name, index.names()));
    };
    let component = index.component(id);
    let record = Record::component(index, id);
    let mut sub_components: BTreeMap<&str, SubFields<'_>> = BTreeMap::new();
    for sub in &component.sub_components {
        let entry = sub_components.entry(&sub.sub_type).or_insert_with(|| SubFields {
            count: 0,
            example: &sub.name,
            variables: differing(&record, &Record::sub(index, id, sub)),
        });
        entry.count += 1;
    }
    let first = index.outbound(id).first();
    Ok(Fields {
        component: &component.name,
        component_type: &component.component_type,
        variables: variables(&record),
        sub_components,
        links_to: first.map(|link| variables(&Record::link_to(index, *link))),
        not_in_checks: without_text(&record),
    })
}

/// Every variable that has a value on the record.
fn variables<'a>(record: &Record<'a>) -> Variables<'a> {
    let facts = field::fact_names(record.shape).filter_map(|name| {
        let key = Key::find(record.index, record.shape, name)?;
        Some((Cow::Borrowed(name), text(&record.value(&key)?)?))
    });
    // The later of two wins: what a sub-component has comes before what its component has.
    let attributes = record
        .without_sub()
        .own_attributes()
        .chain(record.own_attributes())
        .filter_map(|(name, value)| Some((field::attribute_field(record.shape, name), text(&value)?)));
    let endpoints = record.subject().endpoints.iter().flat_map(|(name, endpoint)| {
        [
            (format!("endpoint_{name}_host").into(), endpoint.host.as_str().into()),
            (format!("endpoint_{name}_port").into(), endpoint.port.to_string().into()),
        ]
    });
    facts.chain(attributes).chain(endpoints).collect()
}

/// The variables that a sub-component has beside or instead of those of its component.
fn differing<'a>(component: &Record<'a>, sub: &Record<'a>) -> Variables<'a> {
    let common = variables(component);
    let mut found = variables(sub);
    found.retain(|name, value| common.get(name) != Some(value));
    found
}

fn text<'a>(value: &Value<'a>) -> Option<Cow<'a, str>> {
    match value {
        Value::Secret(_) => Some(Cow::Borrowed(SECRET)),
        other => other.text(),
    }
}

fn without_text<'a>(record: &Record<'a>) -> Vec<&'a str> {
    field::fact_names(record.shape)
        .filter(|name| {
            let value = Key::find(record.index, record.shape, name).and_then(|key| record.value(&key));
            value.is_some_and(|value| text(&value).is_none())
        })
        .collect()
}
