//! A file of the user's own that was not there before.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;

/// Write a file, and its folder where there is none. Says whether it did: what is there stays as it is.
///
/// # Errors
/// The file cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    let place = || format!("could not write `{}`", path.display());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(place)?;
    }
    match std::fs::File::create_new(path) {
        Ok(mut file) => file.write_all(bytes).with_context(place).map(|()| true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(place),
    }
}
