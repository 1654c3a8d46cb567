//! Counts the steps of a run, so that a test can end it between any two of them, as a kill would, or act there as somebody else.

use anyhow::{Result, bail};

/// Every change to the disk is one step.
#[derive(Default)]
pub(super) struct Steps<'hook> {
    taken: usize,
    limit: Option<usize>,
    before_each: Option<&'hook mut dyn FnMut(usize)>,
}

impl<'hook> Steps<'hook> {
    pub(super) fn unlimited() -> Self {
        Self::default()
    }

    #[cfg(test)]
    pub(super) fn limited(steps: usize) -> Self {
        Self {
            limit: Some(steps),
            ..Self::default()
        }
    }

    /// Calls `before_each` with the number of steps so far.
    #[cfg(test)]
    pub(super) fn watched(before_each: &'hook mut dyn FnMut(usize)) -> Self {
        Self {
            before_each: Some(before_each),
            ..Self::default()
        }
    }

    #[cfg(test)]
    pub(super) fn until(mut self, steps: usize) -> Self {
        self.limit = Some(steps);
        self
    }

    /// Comes before each change.
    pub(super) fn take(&mut self) -> Result<()> {
        if self.is_stopped() {
            bail!("stopped");
        }
        if let Some(before_each) = &mut self.before_each {
            before_each(self.taken);
        }
        self.taken += 1;
        Ok(())
    }

    /// A killed run does not clean up.
    pub(super) fn is_stopped(&self) -> bool {
        self.limit == Some(self.taken)
    }
}
