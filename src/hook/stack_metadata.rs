//! Values of `hooks/stack_metadata`: the document for the whole output, and one for each Stack Agent.

use anyhow::Context as _;
use serde_json::Value as Json;

use crate::catalog::Role;
use crate::metadata;
use crate::stack::Stack;

pub(super) fn values(stack: &Stack) -> anyhow::Result<Json> {
    let document = serde_json::to_value(metadata::of(stack)).context("the stack metadata is plain data")?;
    let agents = stack.of_role(Role::Agent).filter(|agent| agent.is_deployed());
    let agents: Vec<Json> = agents
        .map(|agent| super::document(Some(agent.name.as_str()), document.clone()))
        .collect();
    let lists = [("agents", agents), ("documents", vec![super::document(None, document)])];
    Ok(Json::Object(
        lists
            .into_iter()
            .map(|(name, items)| (name.to_owned(), Json::Array(items)))
            .collect(),
    ))
}
