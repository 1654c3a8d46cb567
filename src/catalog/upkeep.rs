//! How the product behind a type is kept: its licence, whether its upstream goes on, and what only a cluster can show.

use schemars::JsonSchema;
use serde::Deserialize;

/// The product is no longer maintained. The type renders as before, and is not offered to new stacks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deprecated {
    /// What happened, in one line.
    pub because: String,
    /// Types to take instead.
    pub instead: Vec<String>,
}

/// What happened, and what to take instead.
impl std::fmt::Display for Deprecated {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let instead = self.instead.iter().map(|name| format!("`{name}`"));
        let instead = instead.collect::<Vec<_>>().join(" or ");
        write!(formatter, "{}; take {instead}", self.because)
    }
}
