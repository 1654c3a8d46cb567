//! The query engine of the Stack Agent: `(&Index, &Query) → Answer`, without files, sockets or processes.
//!
//! Modules stand in the order of reading. `load` is the one door into an `Index`, `answer` the one entry of a query; cost follows
//! the answer, not the stack. No secret's value is anywhere in it: the metadata has none.

mod answer;
mod condition;
mod cursor;
mod error;
mod field;
mod index;
mod load;
mod record;
mod request;
mod row;
mod source;
mod structure;
mod target;
mod value;
mod variables;
mod walk;

#[cfg(test)]
mod tests;

pub use answer::{Answer, answer};
pub use error::{Code, QueryError};
pub use index::Index;
pub use load::{LoadError, load_path};
pub use record::{Record, Variable};
pub use request::{Conditions, MAX_BODY, MAX_CHECKED, Query, Severity};
pub use row::Row;
pub use structure::{ComponentNode, LinkEdge, Structure, structure};
pub use value::{SECRET, SecretName, Value};
pub use variables::{Fields, SubFields, Variables, fields};
