//! What a query returns, and which shape its records have.
//!
//! In: the text of `target`. Out: a `Target`. It must not know the stack.

use super::error::{Code, QueryError, shown};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The component itself.
    Component,
    /// Its databases, topics, queues, buckets, models.
    SubComponents,
    /// Its outbound links.
    LinksTo,
    /// Its inbound links.
    LinksFrom,
    /// Its configuration.
    Attributes,
    /// What depends on it, over any number of links.
    BlastRadius,
    /// How links lead from it to the component in `where.to`.
    Path,
}

/// What a record is about; it decides which fields there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Component = 1,
    Sub = 2,
    Link = 4,
    Hop = 8,
}

pub(super) const TARGETS: [(&str, Target); 7] = [
    ("component", Target::Component),
    ("sub_components", Target::SubComponents),
    ("links_to", Target::LinksTo),
    ("links_from", Target::LinksFrom),
    ("attributes", Target::Attributes),
    ("blast_radius", Target::BlastRadius),
    ("path", Target::Path),
];

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        let found = TARGETS.iter().find(|(name, _)| *name == text);
        found.map(|(_, target)| *target).ok_or_else(|| {
            QueryError::new(Code::E_TARGET, format!("`{}` is no target", shown(text)))
                .at(text, 0)
                .suggest(text, TARGETS.iter().map(|(name, _)| *name))
        })
    }

    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Component | Self::Attributes => Shape::Component,
            Self::SubComponents => Shape::Sub,
            Self::LinksTo | Self::LinksFrom => Shape::Link,
            Self::BlastRadius | Self::Path => Shape::Hop,
        }
    }
}
