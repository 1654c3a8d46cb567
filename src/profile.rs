//! What an environment is for, in one word: types say what follows from it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an environment is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Each component as its type makes it by default: as small as it runs.
    #[default]
    Dev,
    /// Highly available: what a type can keep up survives the loss of a node.
    Ha,
}

impl Profile {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Ha => "ha",
        }
    }
}
