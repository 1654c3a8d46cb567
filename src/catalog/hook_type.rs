//! A hook entry: what `hooks/<name>/hook.yaml` says.

use schemars::JsonSchema;
use serde::Deserialize;

/// A hook: outputs made from the whole checked graph.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "stacktic hook")]
pub struct HookType {
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Function that prepares the items; `components` and `stack` serve hooks without Rust.
    pub values: String,
    /// What it reads: link types, attributes, other parts of the graph.
    #[serde(default)]
    pub reads: Vec<String>,
    pub outputs: Vec<HookOutput>,
}

/// One kind of file that a hook makes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HookOutput {
    /// Pattern of the path; its variables are text keys of the item.
    pub path: String,
    /// Template beside hook.yaml; absent where the item's `document` is written as JSON.
    pub template: Option<String>,
    /// Whether kustomize lists the file.
    #[serde(default)]
    pub resource: bool,
    /// List of the values that the output is made for, once per item.
    pub for_each: Option<String>,
    /// Written once, then the user's.
    #[serde(default)]
    pub seeded: bool,
    /// Most bytes of a document, as a string of JSON: what is more goes into further parts.
    pub split: Option<usize>,
}
