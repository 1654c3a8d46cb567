//! The form of `tools.lock.json`: the stack's, which reviewers read, and that of each server, which holds hashes alone.
//!
//! Every text stands once, in the stack's document; a server compares what it offers with the hashes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::catalog::Level;

/// Version of both documents.
pub(super) const VERSION: u32 = 2;

/// `tools.lock.json`: every tool that an AI can call, by MCP server, as reviewers read it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "tools.lock.json of a stack")]
pub struct ToolsLock {
    pub version: u32,
    /// JSON Schema of every answer; `data` is that of the tool where it has a `data_schema`.
    pub envelope: Option<Json>,
    pub servers: BTreeMap<String, ServerLock>,
    /// Links of each agent: what it checks, and the means that it holds for that.
    pub agents: BTreeMap<String, Vec<HoldLock>>,
}

/// What one MCP server offers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ServerLock {
    pub limits: KeyLimits,
    /// How long a client may keep the list of its tools.
    pub list_ttl_ms: u64,
    /// Components that call it or publish it.
    pub callers: Vec<HoldLock>,
    pub links: Vec<LinkLock>,
    pub tools: Vec<ToolLock>,
}

/// `config/tools.lock.json` of one MCP server: what it must offer, and by which means.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "tools.lock.json of an MCP server")]
pub struct ServedLock {
    pub version: u32,
    /// How long a client may keep the list of tools.
    pub list_ttl_ms: u64,
    pub links: Vec<LinkLock>,
    pub tools: Vec<ToolHashes>,
}

impl ServedLock {
    /// What a server itself holds: no texts.
    pub(super) fn of(server: &ServerLock) -> Self {
        Self {
            version: VERSION,
            list_ttl_ms: server.list_ttl_ms,
            links: server.links.clone(),
            tools: server.tools.iter().map(|tool| tool.hashes.clone()).collect(),
        }
    }
}

/// What the server holds each key of a client to, over all tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyLimits {
    pub calls_per_second: u64,
    /// Calls that may come at once after a pause.
    pub calls_in_a_burst: u64,
    pub calls_at_once: u64,
    pub streams_at_once: u64,
    pub sessions_at_once: u64,
    /// Largest body of a request.
    pub request_bytes: u64,
    /// Longest time until a call is answered or given up.
    pub answer_ms: u64,
}

/// What the server holds a call to: of a tool, or the widest of a link's tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CallLimits {
    /// Longest wait for the target.
    pub timeout_ms: u64,
    /// Largest `data` of an answer, as JSON.
    pub result_bytes: u64,
    /// Longest text within it.
    pub text_bytes: u64,
    /// Most items of a page: the greatest `limit` that the input schema takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_items: Option<u64>,
}

impl CallLimits {
    /// The wider of each limit.
    #[must_use]
    pub fn or_wider(self, other: Self) -> Self {
        Self {
            timeout_ms: self.timeout_ms.max(other.timeout_ms),
            result_bytes: self.result_bytes.max(other.result_bytes),
            text_bytes: self.text_bytes.max(other.text_bytes),
            page_items: self.page_items.max(other.page_items),
        }
    }
}

/// One link that brings no tools: its account and the keys of that.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HoldLock {
    /// Component at the other end.
    pub component: String,
    /// Its sub-component that the link ends at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_component: Option<String>,
    /// Link type.
    pub link: String,
    /// What it may do, in one word.
    pub access: Level,
    /// Whether it publishes the server below the domain.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub publishes: bool,
    pub principal: Option<String>,
    pub credential_keys: Vec<String>,
}

/// One link of the server: its account, what that may do and what it reaches.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LinkLock {
    /// Component at the other end.
    pub component: String,
    /// Its sub-component that the link ends at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_component: Option<String>,
    /// Link type.
    pub link: String,
    pub write_access: bool,
    /// What the account may do, in one word.
    pub access: Level,
    pub principal: Option<String>,
    /// By what the link has its level: its account, an edge of the network alone, another stack.
    pub granted_by: String,
    /// What the account is granted, in the words of its provider, for all links that share it.
    pub grants: Json,
    /// The closed lists that the tools of the link are held to: databases, topics, buckets …
    pub scope: BTreeMap<String, Vec<String>>,
    pub credential_keys: Vec<String>,
    /// The widest of its tools.
    pub limits: CallLimits,
}

/// One tool with the texts that a model sees.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ToolLock {
    #[serde(flatten)]
    pub hashes: ToolHashes,
    /// Whether a call may destroy what was there.
    pub destructive: bool,
    /// What clients show people in place of the name.
    pub title: String,
    pub description: String,
    /// As the server lists it: with the closed lists of the topology.
    pub input_schema: Json,
    /// Schema of the envelope's `data`, where it says more than the envelope does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_schema: Option<Json>,
    /// Schema of the answer of a tool that does not answer in the envelope; `null` where it publishes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Json>,
    /// Keys of the links that it reaches its targets with.
    pub credential_keys: Vec<String>,
    pub limits: CallLimits,
}

/// One tool as a server compares it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ToolHashes {
    pub name: String,
    #[schemars(extend("enum" = ["read", "side_effect", "write"]))]
    pub class: &'static str,
    /// Components that it reaches.
    pub link: Vec<String>,
    /// Environment keys that must be `true`; one of them is enough.
    pub gate: Option<Vec<String>>,
    /// SHA-256 of the title.
    pub title_sha256: String,
    /// SHA-256 of the description.
    pub description_sha256: String,
    /// SHA-256 of the input schema as JSON with sorted keys and without spaces.
    pub input_sha256: String,
    /// SHA-256 of the output schema, in the same form.
    pub output_sha256: String,
}
