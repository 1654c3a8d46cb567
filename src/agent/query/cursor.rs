//! Where a page ended, as text that the client hands back.
//!
//! In: a query and the index. Out: `HASH.COMPONENT.PLACE`. Nothing is kept between calls; the hash binds a cursor to its query
//! and to the topology, so it cannot be used to ask something else.

use serde_json::json;

use super::error::{Code, QueryError};
use super::index::Index;
use super::request::Query;

/// The next record to look at: a component, and the place among its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) component: usize,
    pub(super) inner: usize,
}

pub(super) fn encode(index: &Index, query: &Query, place: Place) -> String {
    format!("{}.{}.{}", hash(index, query), place.component, place.inner)
}

/// The place where a query's page begins.
pub(super) fn decode(index: &Index, query: &Query) -> Result<Place, QueryError> {
    let Some(cursor) = &query.cursor else {
        return Ok(Place::default());
    };
    let mut parts = cursor.split('.');
    let bound = parts.next() == Some(hash(index, query).as_str());
    match (
        bound,
        parts.next().and_then(number),
        parts.next().and_then(number),
        parts.next(),
    ) {
        (true, Some(component), Some(inner), None) => Ok(Place { component, inner }),
        _ => {
            let message = "the cursor is not one of this query; start again without it";
            Err(QueryError::new(Code::E_PARSE, message).at(cursor, 0))
        }
    }
}

fn number(digits: &str) -> Option<usize> {
    let is_plain = digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| digits.parse().ok()).flatten()
}

/// Of everything that decides which records there are and in which order; a page may have another length than the one before.
fn hash(index: &Index, query: &Query) -> String {
    let bound = json!([
        index.digest,
        query.source,
        query.target,
        query.conditions,
        query.select,
        query.command,
        query.on_success,
        query.on_failure,
    ]);
    let mut hash = crate::name::sha256_hex(bound.to_string().as_bytes());
    hash.truncate(16);
    hash
}
