//! A stream whose reader may go away: `stacktic gen | head` still does its work and keeps its exit code.

use std::io::{ErrorKind, Result, Write};

/// Writes to a stream until nobody reads it any more, then to nowhere.
#[derive(Debug)]
pub struct Unread<W>(pub W);

impl<W: Write> Write for Unread<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            result => result,
        }
    }

    fn flush(&mut self) -> Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> Result<()> {
            Err(ErrorKind::PermissionDenied.into())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_others_are() {
        assert_eq!(Unread(Closed).write(b"abc").ok(), Some(3));
        assert!(Unread(Closed).flush().is_err());
    }
}
