//! How a record is shown: the fields that were selected, or those of its target.
//!
//! In: `select` and the target. Out: columns, and rows that write themselves as JSON. A selected field that a record lacks is
//! `null`; an unselected one is left out.

use std::borrow::Cow;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::error::QueryError;
use super::field::{self, Fact, Key};
use super::index::Index;
use super::record::Record;
use super::target::Target;
use super::value::Value;

/// The fields of every row of an answer.
#[derive(Debug)]
pub(super) struct Columns {
    named: Vec<(Cow<'static, str>, Key)>,
    /// Whether a field that a record lacks is shown as `null`.
    is_selected: bool,
    with_attributes: bool,
}

impl Columns {
    pub(super) fn new(
        index: &Index,
        target: Target,
        select: Option<&[String]>,
        from_one: bool,
    ) -> Result<Self, QueryError> {
        match select {
            None | Some([]) => Ok(Self::of(target, from_one)),
            Some(names) => Self::selected(index, target, names),
        }
    }

    fn selected(index: &Index, target: Target, names: &[String]) -> Result<Self, QueryError> {
        let mut named: Vec<(Cow<'static, str>, Key)> = Vec::with_capacity(names.len());
        for name in names {
            let key = Key::resolve(index, target.shape(), name)?;
            if !named.iter().any(|(known, _)| known == name) {
                named.push((name.clone().into(), key));
            }
        }
        Ok(Self {
            named,
            is_selected: true,
            with_attributes: false,
        })
    }

    /// The fields of a target. Where the source is one component, a link need not repeat it.
    fn of(target: Target, from_one: bool) -> Self {
        let facts: &[(&'static str, Fact)] = match target {
            Target::Component => &[
                ("name", Fact::Name),
                ("type", Fact::Type),
                ("namespace", Fact::Namespace),
                ("group", Fact::Group),
                ("external_stack", Fact::ExternalStack),
            ],
            Target::SubComponents => &[
                ("name", Fact::Name),
                ("type", Fact::Type),
                ("component", Fact::Component),
                ("consumers", Fact::Consumers),
            ],
            Target::LinksTo | Target::LinksFrom if from_one => &[
                ("link", Fact::Link),
                ("component", Fact::Component),
                ("sub_component", Fact::SubComponent),
            ],
            Target::LinksTo | Target::LinksFrom => &[
                ("link", Fact::Link),
                ("component", Fact::Component),
                ("from", Fact::From),
                ("to", Fact::To),
                ("sub_component", Fact::SubComponent),
            ],
            Target::Attributes => &[
                ("name", Fact::Name),
                ("host", Fact::Host),
                ("port", Fact::Port),
                ("external_stack", Fact::ExternalStack),
            ],
            Target::BlastRadius | Target::Path => &[
                ("component", Fact::Component),
                ("depth", Fact::Depth),
                ("link", Fact::Link),
                ("from", Fact::From),
                ("to", Fact::To),
            ],
        };
        let named = facts.iter().map(|(name, fact)| ((*name).into(), Key::Fact(*fact)));
        Self {
            named: named.collect(),
            is_selected: false,
            with_attributes: matches!(target, Target::SubComponents | Target::Attributes),
        }
    }
}

/// One record with the fields that are shown of it.
pub struct Row<'r, 'a> {
    pub(super) columns: &'r Columns,
    pub(super) record: &'r Record<'a>,
}

impl<'a> Row<'_, 'a> {
    /// Each field once, in the order of `select`; `None` is a selected field that the record lacks.
    pub fn fields(&self) -> impl Iterator<Item = (Cow<'_, str>, Option<Value<'a>>)> {
        let named = self.columns.named.iter().filter_map(|(name, key)| {
            let value = self.record.value(key);
            (value.is_some() || self.columns.is_selected).then_some((Cow::Borrowed(name.as_ref()), value))
        });
        let attributes = self
            .columns
            .with_attributes
            .then(|| self.record.own_attributes())
            .into_iter()
            .flatten();
        let shape = self.record.shape;
        named.chain(attributes.map(move |(name, value)| (field::attribute_field(shape, name), Some(value))))
    }
}

impl Serialize for Row<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.fields() {
            map.serialize_entry(name.as_ref(), &value)?;
        }
        map.end()
    }
}
