//! How large a stack may be, and how large what is written for it may be therefore.
//!
//! The caps of stack files are chosen; all others follow from them, so that no file is written that is refused when it is read.

/// Largest stack file, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Most components of a stack.
pub const MAX_COMPONENTS: usize = 10_000;
/// Most links of a stack.
pub const MAX_LINKS: usize = 50_000;
/// Most overlays of a stack: each component has one in each environment.
pub const MAX_OVERLAYS: usize = 3 * MAX_COMPONENTS;

/// Largest file of the output. Metadata have about ten times the bytes of the stack file.
pub const MAX_FILE_BYTES: usize = 64 * MAX_BYTES;

/// What the lock says of a component's base, of its overlay in one environment, and of what a byte of the stack file adds to
/// these (sub-components and links have files and keys of their own). On average: the sum is the cap, and it is checked
/// before a lock is written. `tests/caps.rs` holds these against every type of the catalog.
pub const LOCK_BYTES_OF_BASE: usize = 24 * 1024;
pub const LOCK_BYTES_OF_OVERLAY: usize = 2 * 1024;
pub const LOCK_BYTES_OF_TEXT: usize = 16;

/// Largest lock.
pub const MAX_LOCK_BYTES: usize =
    MAX_COMPONENTS * LOCK_BYTES_OF_BASE + MAX_OVERLAYS * LOCK_BYTES_OF_OVERLAY + MAX_BYTES * LOCK_BYTES_OF_TEXT;

/// Largest journal: what three runs in a row that were interrupted meant to write, and the run that mends it.
pub const MAX_JOURNAL_BYTES: usize = 4 * MAX_LOCK_BYTES;
