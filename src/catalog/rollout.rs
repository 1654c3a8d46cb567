//! How pods that read a Secret learn of a new value, where the Secret keeps its name.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// One of these. Workloads of ours need none: the names of their Secrets follow from the values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rollout {
    /// Its pods begin anew with an annotation: maps of pods' annotations in the values of its chart, as `server.podAnnotations`.
    Values(Vec<String>),
    /// Its pods begin anew with an annotation in objects of its own: by kind, the map of annotations that its template writes, as
    /// a JSON pointer (RFC 6901).
    Objects(BTreeMap<String, String>),
    /// Nothing has to begin anew, since somebody sees the change: who, in one line for people.
    Follows(String),
    /// A person runs this command afterwards; a pattern.
    Command(String),
}
