//! Tools as `tools.json` describes them, and what they share as `contract.json` does, both derived from the server's Python.
//!
//! Bytes of a file go in, typed definitions come out, each constant with its hash. The build reads the files of the
//! repository through this module as well, so that a run need not hash what is the same in every stack; it must not know
//! more of the program than the names.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Error as _;
use serde_json::Value as Json;

use crate::name::sha256_hex;

/// What marks a closed list of the topology: the one item of a list, `<topology:NAME>`.
const PLACEHOLDER: (&str, &str) = ("<topology:", ">");

/// One tool.
#[derive(Clone, Debug)]
pub struct Tool {
    pub name: Cow<'static, str>,
    pub class: Class,
    /// Whether a call may destroy what was there.
    pub destructive: bool,
    pub limits: Limits,
    /// The argument that chooses among several instances.
    pub instance_argument: Cow<'static, str>,
    /// What people see in its place: `PostgreSQL: list tables`.
    pub title: Hashed,
    pub description: Hashed,
    pub input: Input,
    /// Schema of the envelope's `data`, where it says more than the envelope does.
    pub data: Option<Cow<'static, str>>,
}

/// What a call does at its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Read,
    /// It reads and leaves a trace, so that it is gated as a write.
    SideEffect,
    Write,
}

impl Class {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::SideEffect => "side_effect",
            Self::Write => "write",
        }
    }
}

/// What the server holds a call to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest wait for the target.
    pub timeout_ms: u64,
    /// Largest `data` of an answer.
    pub result_bytes: u64,
    /// Longest text within it.
    pub text_bytes: u64,
}

/// The input schema of a tool that serves one instance.
#[derive(Clone, Debug)]
pub enum Input {
    /// The same in every stack.
    Fixed(Hashed),
    /// With closed lists of the topology, to be filled in.
    Open(Cow<'static, str>),
}

/// A text with its hash. Only this folder puts the two together: here, or at build time.
#[derive(Clone, Debug)]
pub struct Hashed {
    pub(super) text: Cow<'static, str>,
    pub(super) sha256: Cow<'static, str>,
}

impl Hashed {
    #[must_use]
    pub fn of(text: String) -> Self {
        Self {
            sha256: Cow::Owned(sha256_hex(text.as_bytes())),
            text: Cow::Owned(text),
        }
    }

    /// The hash of a schema is that of its canonical form, in which the server hashes it too: sorted, without spaces.
    #[must_use]
    pub fn of_schema(schema: &Json) -> Self {
        Self::of(schema.to_string())
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// What all tools of an MCP server share.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Schema of every answer.
    pub envelope: Hashed,
    /// Schema of the argument that chooses among several instances.
    pub instance: Cow<'static, str>,
    /// What each key is held to, whatever the tool: names and numbers.
    pub limits: Cow<'static, str>,
    /// How long a client may keep a list that the lock settles.
    pub list_ttl_ms: u64,
    /// The tools that stand in front of all others where a stack wants them searched.
    pub search: Cow<'static, [SearchTool]>,
    /// Who a server says that it is, the same in every stack: JSON, `null` where it says nothing.
    pub identity: Cow<'static, str>,
}

/// A tool of the library that the server is made with: the same in every stack, and not of the envelope.
#[derive(Clone, Debug)]
pub struct SearchTool {
    pub name: Cow<'static, str>,
    /// Whether it calls the others, and so does whatever they do.
    pub calls: bool,
    /// Empty where the library gives none.
    pub title: Hashed,
    pub description: Hashed,
    pub input: Hashed,
    /// `null` where it publishes none.
    pub output: Hashed,
}

/// Read a `tools.json`.
///
/// # Errors
/// It is not of the form that the derivation writes.
pub(super) fn parse_tools(bytes: &[u8]) -> serde_json::Result<Vec<Tool>> {
    let file: ToolsFile = serde_json::from_slice(bytes)?;
    Ok(file.tools.into_iter().map(Tool::from).collect())
}

/// Read a `contract.json`.
///
/// # Errors
/// It is not of the form that the derivation writes.
pub(super) fn parse_contract(bytes: &[u8]) -> serde_json::Result<Contract> {
    let file: ContractFile = serde_json::from_slice(bytes)?;
    if !file.envelope["properties"].is_object() {
        return Err(serde_json::Error::custom("the envelope is no schema of an object"));
    }
    Ok(Contract {
        envelope: Hashed::of_schema(&file.envelope),
        instance: Cow::Owned(file.instance.to_string()),
        limits: Cow::Owned(file.limits.to_string()),
        list_ttl_ms: file.list_ttl_ms,
        search: file.search.into_iter().map(SearchTool::from).collect(),
        identity: Cow::Owned(file.identity.to_string()),
    })
}

/// The name of the closed list that a list of a schema stands for.
#[must_use]
pub fn placeholder(items: &[Json]) -> Option<&str> {
    let [Json::String(only)] = items else { return None };
    only.strip_prefix(PLACEHOLDER.0)?.strip_suffix(PLACEHOLDER.1)
}

fn is_open(schema: &Json) -> bool {
    match schema {
        Json::Array(items) => placeholder(items).is_some() || items.iter().any(is_open),
        Json::Object(map) => map.values().any(is_open),
        _ => false,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolsFile {
    tools: Vec<ToolEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolEntry {
    name: String,
    class: Class,
    destructive: bool,
    #[serde(rename = "idempotent")]
    _idempotent: bool,
    timeout_ms: u64,
    result_bytes: u64,
    text_bytes: u64,
    instance_argument: String,
    title: String,
    description: String,
    input_schema: Json,
    data_schema: Option<Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContractFile {
    envelope: Json,
    instance: Json,
    limits: Json,
    #[serde(default)]
    list_ttl_ms: u64,
    #[serde(default)]
    search: Vec<SearchEntry>,
    #[serde(default)]
    identity: Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchEntry {
    name: String,
    calls: bool,
    title: String,
    description: String,
    input_schema: Json,
    output_schema: Json,
}

impl From<SearchEntry> for SearchTool {
    fn from(entry: SearchEntry) -> Self {
        Self {
            name: Cow::Owned(entry.name),
            calls: entry.calls,
            title: Hashed::of(entry.title),
            description: Hashed::of(entry.description),
            input: Hashed::of_schema(&entry.input_schema),
            output: Hashed::of_schema(&entry.output_schema),
        }
    }
}

impl From<ToolEntry> for Tool {
    fn from(entry: ToolEntry) -> Self {
        let input = if is_open(&entry.input_schema) {
            Input::Open(Cow::Owned(entry.input_schema.to_string()))
        } else {
            Input::Fixed(Hashed::of_schema(&entry.input_schema))
        };
        Self {
            name: Cow::Owned(entry.name),
            class: entry.class,
            destructive: entry.destructive,
            limits: Limits {
                timeout_ms: entry.timeout_ms,
                result_bytes: entry.result_bytes,
                text_bytes: entry.text_bytes,
            },
            instance_argument: Cow::Owned(entry.instance_argument),
            title: Hashed::of(entry.title),
            description: Hashed::of(entry.description),
            input,
            data: entry.data_schema.map(|schema| Cow::Owned(schema.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_are_found() {
        for (schema, open) in [
            (json!({"properties": {"a": {"enum": ["<topology:databases>"]}}}), true),
            (json!({"anyOf": [{"items": {"enum": ["<topology:x>"]}}]}), true),
            (json!({"enum": ["<topology:databases>", "b"]}), false),
            (json!({"description": "<topology:databases>"}), false),
        ] {
            assert_eq!(is_open(&schema), open, "{schema}");
        }
        assert_eq!(placeholder(&[json!("<topology:databases>")]), Some("databases"));
    }

    #[test]
    fn canonical_form_is_sorted_and_dense() {
        let schema = json!({"b": [1, "é"], "a": null});
        assert_eq!(Hashed::of_schema(&schema).text(), r#"{"a":null,"b":[1,"é"]}"#);
    }
}
