//! Counts the steps of a run, so that a test can end it between any two of them, as a kill would.

use anyhow::{Result, bail};

/// Every change to the disk is one step.
pub(super) struct Steps {
    left: Option<usize>,
}

impl Steps {
    pub(super) fn unlimited() -> Self {
        Self { left: None }
    }

    #[cfg(test)]
    pub(super) fn limited(steps: usize) -> Self {
        Self { left: Some(steps) }
    }

    /// Comes before each change.
    pub(super) fn take(&mut self) -> Result<()> {
        match &mut self.left {
            Some(0) => bail!("stopped"),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }

    /// A killed run does not clean up.
    pub(super) fn is_stopped(&self) -> bool {
        self.left == Some(0)
    }
}
