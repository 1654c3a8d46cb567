//! Values of a secret file that nothing wants any more: kept below the orphans folder, for their owner alone.
//!
//! In: the file's path and the values. Out: a dotenv file at the same path below the orphans folder, under a name that is
//! free. It must not know why the values go.

use anyhow::{Result, bail};

use super::orphans::{self, Planned};
use super::root::{Obstacle, Parent, Root};
use super::steps::Steps;
use super::write::{self, Onto, Target};
use crate::rel_path::RelPath;

/// A file below the orphans folder.
pub(super) struct Aside {
    pub(super) path: RelPath,
    pub(super) bytes: Vec<u8>,
}

/// The file for `values` of the secret file at `path`, or what makes the folder unusable.
pub(super) fn plan(
    path: &RelPath,
    values: &[(String, String)],
    root: &mut Root,
    planned: &mut Planned,
) -> Result<Result<Aside, Obstacle>> {
    let bytes = text(path, values).into_bytes();
    let place = planned.place_of(root, path, Some(&bytes))?;
    Ok(place.map(|path| Aside { path, bytes }))
}

fn text(path: &RelPath, values: &[(String, String)]) -> String {
    let mut text = format!("# Values of {path} that nothing in the stack asks for any more.\n");
    for (key, value) in values {
        text += &format!("{key}={value}\n");
    }
    text
}

pub(super) fn write(path: &RelPath, bytes: &[u8], root: &mut Root, steps: &mut Steps<'_>) -> Result<()> {
    orphans::ignore(root, steps)?;
    if orphans::has(root, path, Some(bytes))? {
        return Ok(());
    }
    let shown = root.show(path.as_str());
    let directory = path.parent().map(|parent| parent.to_string()).unwrap_or_default();
    let Parent::Directory(parent) = root.ensure_directory(&directory, &mut || steps.take())? else {
        bail!("could not write {shown}: its directory is none")
    };
    let target = Target {
        parent,
        path,
        shown,
        onto: Onto::Nothing,
        is_secret: true,
    };
    write::write(&target, bytes, steps)
}
