//! The stack in one read, for a model: what is there, who uses whom, what flows where, what an AI reaches.
//!
//! A checked stack goes in, three sizes of one document come out. `hooks/stack_dna` gives them to MCP servers, which serve
//! them as they are; `stacktic dna` prints them. Names of secrets are in it, values never: the stack has none.
//!
//! The form is lines of columns, `a | b | c`, below a heading that names the columns. A column's name stands once and not in
//! each line, as in JSON or YAML, which says the same in twice the tokens; a table of Markdown pads and frames. A line is
//! one fact, so that whatever is left out is whole lines.

mod care;
mod components;
mod document;
mod links;
mod reach;
mod words;

use serde_json::{Value as Json, json};

use crate::catalog::Role;
use crate::stack::Stack;

pub use document::{Dna, Size};

/// Version of the file that servers read.
const VERSION: u32 = 1;

/// The documents of a stack, from the smallest.
///
/// # Errors
/// A mistake in the catalog.
pub fn documents(stack: &Stack) -> anyhow::Result<Vec<Dna>> {
    let sections = [
        components::sections(stack),
        links::sections(stack),
        reach::sections(stack)?,
        care::sections(stack),
    ]
    .concat();
    Ok(Size::ALL
        .into_iter()
        .map(|size| Dna::of(stack.name.as_str(), size, &sections))
        .collect())
}

pub(super) fn values(stack: &Stack) -> anyhow::Result<Json> {
    let servers = stack.of_role(Role::McpServer).filter(|server| server.is_deployed());
    let servers: Vec<&str> = servers.map(|server| server.name.as_str()).collect();
    if servers.is_empty() {
        return Ok(json!({ "documents": [] }));
    }
    let mut file = json!({ "version": VERSION });
    for dna in documents(stack)? {
        file[dna.size.word()] = dna.served();
    }
    let items: Vec<Json> = servers
        .into_iter()
        .map(|server| super::document(Some(server), file.clone()))
        .collect();
    Ok(json!({ "documents": items }))
}
