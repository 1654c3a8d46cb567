//! The tools of the server's library that stand in front of all others, where a stack wants tools to be searched.
//!
//! Each is the same in every stack and reaches no link by itself: what it calls passes the gates of the tool that is called.

use serde_json::Value as Json;

use super::document::{CallLimits, ToolHashes, ToolLock};
use crate::catalog::tools::{Class, Contract, SearchTool};

pub(super) fn tools(contract: &Contract, reached: &[ToolLock]) -> serde_json::Result<Vec<ToolLock>> {
    contract.search.iter().map(|tool| tool_lock(tool, reached)).collect()
}

fn tool_lock(tool: &SearchTool, reached: &[ToolLock]) -> serde_json::Result<ToolLock> {
    let limits = reached.iter().map(|tool| tool.limits);
    Ok(ToolLock {
        hashes: ToolHashes {
            name: tool.name.to_string(),
            class: class(tool, reached),
            link: Vec::new(),
            gate: None,
            title_sha256: tool.title.sha256().to_owned(),
            description_sha256: tool.description.sha256().to_owned(),
            input_sha256: tool.input.sha256().to_owned(),
            output_sha256: tool.output.sha256().to_owned(),
        },
        destructive: tool.calls && reached.iter().any(|tool| tool.destructive),
        title: tool.title.text().to_owned(),
        description: tool.description.text().to_owned(),
        input_schema: serde_json::from_str(tool.input.text())?,
        data_schema: None,
        output_schema: Some(serde_json::from_str::<Json>(tool.output.text())?),
        credential_keys: Vec::new(),
        limits: limits.fold(CallLimits::default(), CallLimits::or_wider),
    })
}

/// One that calls others is of the highest class among them.
fn class(tool: &SearchTool, reached: &[ToolLock]) -> &'static str {
    let can = |class: Class| tool.calls && reached.iter().any(|tool| tool.hashes.class == class.word());
    let class = [Class::Write, Class::SideEffect].into_iter().find(|class| can(*class));
    class.unwrap_or(Class::Read).word()
}
