//! How temporary files are called: next to the file they become, by a name that the path alone decides, so that the next run
//! finds what an interrupted one left.
//!
//! Two names, because the next run may delete a file that is half written without a look, and must look at what was displaced.

use super::digest::Digest;
use crate::rel_path::RelPath;
use crate::tree::TEMPORARY_PREFIX;

/// The name of the file while it is written.
pub(super) fn name(path: &RelPath) -> String {
    let digest = Digest::of(path.as_str().as_bytes()).to_string();
    format!("{TEMPORARY_PREFIX}{}", &digest[..16])
}

/// The name of what stood at the path until it was replaced or deleted; just before, that of the complete new file.
pub(super) fn displaced(path: &RelPath) -> String {
    name(path) + "-old"
}

/// The path of a file called `name` beside `path`.
pub(super) fn beside(path: &RelPath, name: &str) -> String {
    path.parent()
        .map_or_else(|| name.to_owned(), |parent| format!("{parent}/{name}"))
}
