//! Answer a query: the one entry of the engine.
//!
//! In: the index and a query. Out: a page of records, or what is wrong with the query. Pure: it runs no check, and looks at the
//! records between the page's first and the one after its last, not at the whole stack.

use serde::ser::{SerializeSeq as _, SerializeStruct as _};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::condition::{self, Condition, Work};
use super::cursor::{self, Place};
use super::error::{Code, QueryError, shown};
use super::index::{ComponentId, Index};
use super::record::Record;
use super::request::Query;
use super::row::{Columns, Row};
use super::source::{Candidates, Source};
use super::target::Target;
use super::walk::{self, Hop};

/// One page of records.
pub struct Answer<'a> {
    pub records: Vec<Record<'a>>,
    /// Hand it back for the next page; none on the last one.
    pub next_cursor: Option<String>,
    columns: Columns,
}

impl<'a> Answer<'a> {
    /// The records as they are shown.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_, 'a>> {
        self.records.iter().map(|record| self.row(record))
    }

    /// One record as it is shown, for a caller that adds the outcome of a check.
    pub fn row<'r>(&'r self, record: &'r Record<'a>) -> Row<'r, 'a> {
        Row {
            columns: &self.columns,
            record,
        }
    }
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_struct("Answer", 2)?;
        answer.serialize_field("results", &Rows(self))?;
        answer.serialize_field("next_cursor", &self.next_cursor)?;
        answer.end()
    }
}

struct Rows<'r, 'a>(&'r Answer<'a>);

impl Serialize for Rows<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.records.len()))?;
        for row in self.0.rows() {
            rows.serialize_element(&row)?;
        }
        rows.end()
    }
}

/// Answer a query.
///
/// # Errors
/// What is wrong with it: a source, target, field, operator, limit or cursor.
pub fn answer<'a>(index: &'a Index, query: &Query) -> Result<Answer<'a>, QueryError> {
    query.ensure_limits()?;
    let source = Source::parse(index, &query.source)?;
    let target = Target::parse(&query.target)?;
    let end = matches!(target, Target::Path)
        .then(|| path_end(index, query))
        .transpose()?;
    let skipped = end.map(|_| "to");
    let conditions = condition::compile(index, target.shape(), &query.conditions, skipped)?;
    let from_one = matches!(source, Source::One(_));
    let columns = Columns::new(index, target, query.select.as_deref(), from_one)?;
    let mut page = Page::new(&conditions, query.page_length());
    let start = cursor::decode(index, query)?;
    let next = match (target, end) {
        (Target::BlastRadius, _) => page.take_hops(index, start, &walk::blast_radius(index, &source.ids(index))),
        (_, Some(end)) => page.take_hops(index, start, &walk::path(index, &source.ids(index), end)),
        _ => {
            let candidates = Candidates::choose(index, source, target, &conditions);
            page.take_components(index, target, start, &candidates)
        }
    };
    page.work.ensure_done()?;
    Ok(Answer {
        records: page.records,
        next_cursor: next.map(|place| cursor::encode(index, query, place)),
        columns,
    })
}

/// The component that `path` leads to: `where.to`.
fn path_end(index: &Index, query: &Query) -> Result<ComponentId, QueryError> {
    let Some(Json::String(name)) = query.conditions.get("to") else {
        let message = "target `path` needs the component it leads to: `where: {to: NAME}`";
        return Err(QueryError::new(Code::E_TARGET, message));
    };
    index.find(name).ok_or_else(|| {
        QueryError::new(Code::E_TARGET, format!("`{}` is not in the stack", shown(name)))
            .at(name, 0)
            .suggest(name, index.names())
    })
}

/// The records of a page while it fills.
struct Page<'p, 'q, 'a> {
    conditions: &'p [Condition<'q>],
    length: usize,
    records: Vec<Record<'a>>,
    work: Work,
}

impl<'p, 'q, 'a> Page<'p, 'q, 'a> {
    fn new(conditions: &'p [Condition<'q>], length: usize) -> Self {
        Self {
            conditions,
            length,
            records: Vec::new(),
            work: Work::default(),
        }
    }

    /// Take a record that meets the conditions; false when it belongs to the next page.
    fn take(&mut self, record: Record<'a>) -> bool {
        let work = &mut self.work;
        if !self.conditions.iter().all(|condition| condition.holds(&record, work)) {
            return true;
        }
        if self.records.len() == self.length {
            return false;
        }
        self.records.push(record);
        true
    }

    /// Fill from the records of components; the place of the first that did not fit.
    fn take_components(
        &mut self,
        index: &'a Index,
        target: Target,
        start: Place,
        candidates: &Candidates<'_>,
    ) -> Option<Place> {
        for component in candidates.from(start.component) {
            let first = if component == start.component { start.inner } else { 0 };
            for inner in first..count(index, target, component) {
                if !self.take(record(index, target, component, inner)) {
                    return Some(Place { component, inner });
                }
            }
        }
        None
    }

    fn take_hops(&mut self, index: &'a Index, start: Place, hops: &[Hop]) -> Option<Place> {
        for (place, hop) in hops.iter().enumerate().skip(start.component) {
            if !self.take(Record::hop(index, hop.reached, hop.link, hop.depth)) {
                return Some(Place {
                    component: place,
                    inner: 0,
                });
            }
        }
        None
    }
}

/// How many records a component has.
fn count(index: &Index, target: Target, id: ComponentId) -> usize {
    match target {
        Target::SubComponents => index.component(id).sub_components.len(),
        Target::LinksTo => index.outbound(id).len(),
        Target::LinksFrom => index.inbound(id).len(),
        Target::Component | Target::Attributes | Target::BlastRadius | Target::Path => 1,
    }
}

/// The record at a place below `count`.
fn record(index: &Index, target: Target, id: ComponentId, inner: usize) -> Record<'_> {
    match target {
        Target::SubComponents => Record::sub(index, id, &index.component(id).sub_components[inner]),
        Target::LinksTo => Record::link_to(index, index.outbound(id)[inner]),
        Target::LinksFrom => Record::link_from(index, index.inbound(id)[inner]),
        Target::Component | Target::Attributes | Target::BlastRadius | Target::Path => Record::component(index, id),
    }
}
