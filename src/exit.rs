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
