//! How a run ended, as the shell sees it.

/// Exit codes; the numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Findings, or an I/O error.
    Error,
    /// `--check` found something to write.
    Pending,
    /// A foreign or edited file, too many deletes, an encrypted secret out of step.
    Refused,
    /// The catalog or the lock file does not fit.
    Mismatch,
    /// Wrong usage.
    Usage,
}

impl Exit {
    /// How a run ended of which two parts ended like this: the error before what is left, that before what is pending.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        let weight = |exit: Self| match exit {
            Self::Done => 0,
            Self::Pending => 1,
            Self::Refused => 2,
            Self::Error => 3,
            Self::Mismatch => 4,
            Self::Usage => 5,
        };
        if weight(other) > weight(self) { other } else { self }
    }

    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Pending => 2,
            Self::Refused => 3,
            Self::Mismatch => 4,
            Self::Usage => 64,
        }
    }
}
