//! How half-written files are called: next to the file they become, by a name that the path alone decides, so that the next
//! run finds what an interrupted one left.

use super::digest::Digest;
use crate::rel_path::RelPath;
use crate::tree::TEMPORARY_PREFIX;

pub(super) fn name(path: &RelPath) -> String {
    let digest = Digest::of(path.as_str().as_bytes()).to_string();
    format!("{TEMPORARY_PREFIX}{}", &digest[..16])
}

pub(super) fn path(path: &RelPath) -> String {
    let name = name(path);
    path.parent()
        .map_or_else(|| name.clone(), |parent| format!("{parent}/{name}"))
}
