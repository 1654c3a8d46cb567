//! Where a query starts: the components that `source` names, or fewer when a condition narrows them by index.
//!
//! In: the text of `source` and the compiled conditions. Out: places of components, in order. The conditions are asked again of
//! every record, so a narrower list may only leave out what could not match.

use super::condition::Condition;
use super::error::{Code, QueryError, shown};
use super::field::{Fact, Key};
use super::index::{ComponentId, Index, LinkId, Places};
use super::target::Target;

#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    All,
    Shared(&'a [ComponentId]),
    One(ComponentId),
}

const KINDS: [&str; 4] = ["all", "type:", "namespace:", "group:"];

impl<'a> Source<'a> {
    pub(super) fn parse(index: &'a Index, text: &str) -> Result<Self, QueryError> {
        let Some((kind, name)) = text.split_once(':') else {
            return Self::parse_name(index, text);
        };
        let (places, word) = match kind {
            "type" => (index.types(), "type"),
            "namespace" => (index.namespaces(), "namespace"),
            "group" => (index.groups(), "group"),
            _ => {
                let message = format!("`{}` is no kind of source", shown(kind));
                return Err(QueryError::new(Code::E_SOURCE, message)
                    .at(text, 0)
                    .suggest(kind, KINDS.into_iter()));
            }
        };
        shared(places, name).map(Source::Shared).ok_or_else(|| {
            let message = format!("no component of the stack has the {word} `{}`", shown(name));
            QueryError::new(Code::E_SOURCE, message)
                .at(text, kind.len() + 1)
                .suggest(name, places.keys().map(String::as_str))
        })
    }

    fn parse_name(index: &Index, text: &str) -> Result<Self, QueryError> {
        if text == "all" {
            return Ok(Self::All);
        }
        index.find(text).map(Self::One).ok_or_else(|| {
            QueryError::new(Code::E_SOURCE, format!("`{}` is not in the stack", shown(text)))
                .at(text, 0)
                .suggest(text, index.names().chain(KINDS))
        })
    }

    fn contains(self, id: ComponentId) -> bool {
        match self {
            Self::All => true,
            Self::Shared(places) => places.binary_search(&id).is_ok(),
            Self::One(one) => one == id,
        }
    }

    pub(super) fn ids(self, index: &Index) -> Vec<ComponentId> {
        match self {
            Self::All => (0..index.metadata.components.len()).collect(),
            Self::Shared(places) => places.to_vec(),
            Self::One(one) => vec![one],
        }
    }
}

fn shared<'a>(places: &'a Places, name: &str) -> Option<&'a [ComponentId]> {
    places.get(name).map(Vec::as_slice)
}

/// The components whose records are looked at, in order.
pub(super) enum Candidates<'a> {
    All(usize),
    Shared(&'a [ComponentId]),
    Few(Vec<ComponentId>),
}

impl<'a> Candidates<'a> {
    /// The shortest list that holds every match.
    pub(super) fn choose(index: &'a Index, source: Source<'a>, target: Target, conditions: &[Condition<'_>]) -> Self {
        let mut best = match source {
            Source::All => Self::All(index.metadata.components.len()),
            Source::Shared(places) => Self::Shared(places),
            Source::One(one) => return Self::Few(vec![one]),
        };
        for condition in conditions {
            if let Some((Key::Fact(fact), text)) = condition.equal_text()
                && let Some(narrower) = Self::with(index, target, *fact, text)
                && narrower.len() < best.len()
            {
                best = narrower;
            }
        }
        best.within(source)
    }

    /// Components that can have a record whose `fact` is `text`; none when no index knows.
    fn with(index: &'a Index, target: Target, fact: Fact, text: &str) -> Option<Self> {
        let of = |places: &'a Places| Some(Self::Shared(shared(places, text).unwrap_or_default()));
        let one = || Some(Self::Few(index.find(text).into_iter().collect()));
        match (target, fact) {
            (Target::Component | Target::Attributes, Fact::Name | Fact::Component)
            | (Target::SubComponents, Fact::Component)
            | (Target::LinksTo | Target::LinksFrom, Fact::SourceName)
            | (Target::LinksTo, Fact::From)
            | (Target::LinksFrom, Fact::To) => one(),
            (Target::Component | Target::Attributes, Fact::Type | Fact::ComponentType)
            | (Target::SubComponents, Fact::ComponentType)
            | (Target::LinksTo | Target::LinksFrom, Fact::SourceType) => of(index.types()),
            (Target::Component | Target::Attributes | Target::SubComponents, Fact::Namespace)
            | (Target::LinksTo | Target::LinksFrom, Fact::SourceNamespace) => of(index.namespaces()),
            (Target::Component | Target::Attributes | Target::SubComponents, Fact::Group) => of(index.groups()),
            (Target::LinksTo, Fact::To | Fact::Name | Fact::Component) => {
                let far = |link: LinkId| index.ends(link).from;
                Some(Self::at_other_ends(index.find(text).map(|id| index.inbound(id)), far))
            }
            (Target::LinksFrom, Fact::From | Fact::Name | Fact::Component) => {
                let far = |link: LinkId| index.ends(link).to;
                Some(Self::at_other_ends(index.find(text).map(|id| index.outbound(id)), far))
            }
            _ => None,
        }
    }

    fn at_other_ends(links: Option<&[LinkId]>, far: impl Fn(LinkId) -> ComponentId) -> Self {
        let mut ids: Vec<ComponentId> = links.unwrap_or_default().iter().map(|link| far(*link)).collect();
        ids.sort_unstable();
        ids.dedup();
        Self::Few(ids)
    }

    /// Leave out what the source does not name.
    fn within(self, source: Source<'_>) -> Self {
        match (self, source) {
            (Self::Shared(ids), Source::Shared(places)) if std::ptr::eq(ids, places) => Self::Shared(ids),
            (Self::Shared(ids), Source::Shared(_)) => {
                Self::Few(ids.iter().copied().filter(|id| source.contains(*id)).collect())
            }
            (Self::Few(mut ids), _) => {
                ids.retain(|id| source.contains(*id));
                Self::Few(ids)
            }
            (other, _) => other,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Shared(ids) => ids.len(),
            Self::Few(ids) => ids.len(),
        }
    }

    /// Those at or after `first`, which an earlier page came to.
    pub(super) fn from(&self, first: ComponentId) -> impl Iterator<Item = ComponentId> {
        let ids: &[ComponentId] = match self {
            Self::All(_) => &[],
            Self::Shared(ids) => ids,
            Self::Few(ids) => ids,
        };
        let rest = match self {
            Self::All(count) => first..*count,
            _ => 0..0,
        };
        let begin = ids.partition_point(|id| *id < first);
        rest.chain(ids[begin..].iter().copied())
    }
}
