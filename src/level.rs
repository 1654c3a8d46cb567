//! What the holder of an account may do, in one word.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a link may do at its end. Each level holds what the one before it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Ask whether it is well.
    Probe,
    /// See what is there.
    Read,
    /// Change what is there, and never how it is laid out.
    Write,
    /// Everything, the layout included: the account is that of the owner.
    Own,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::Probe, Self::Read, Self::Write, Self::Own];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Read => "read",
            Self::Write => "write",
            Self::Own => "own",
        }
    }

    /// Whether the holder may change anything.
    #[must_use]
    pub fn writes(self) -> bool {
        self >= Self::Write
    }

    /// The level of a link that names none: `read`, else the lowest one above it, and `probe` only where nothing else is
    /// taken.
    #[must_use]
    pub fn default_of(levels: &BTreeSet<Self>) -> Option<Self> {
        levels.range(Self::Read..).next().or_else(|| levels.first()).copied()
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults() {
        use Level::{Own, Probe, Read, Write};
        for (levels, expected) in [
            (vec![Probe, Read, Write], Some(Read)),
            (vec![Probe, Write, Own], Some(Write)),
            (vec![Own], Some(Own)),
            (vec![Probe], Some(Probe)),
            (vec![], None),
        ] {
            assert_eq!(
                Level::default_of(&levels.iter().copied().collect()),
                expected,
                "{levels:?}"
            );
        }
    }
}
