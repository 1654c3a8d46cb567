//! The server's Python package on this machine: its files at the places that they have in the pod.
//!
//! In: where each file of the output belongs, the folder of the run. Out: a folder that Python imports from. It must
//! not know how a pod mounts files.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::cache::{make_folder, write_private};
use crate::plan::Package;

/// Put the files of `package`, which lie in `base`, below `run`.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn place(package: &Package, base: &Path, run: &Path) -> anyhow::Result<PathBuf> {
    let app = run.join("app");
    for (file, placed) in package {
        let from = base.join(file);
        let text = std::fs::read_to_string(&from).with_context(|| format!("could not read `{}`", from.display()))?;
        let to = app.join(&placed.path);
        if let Some(folder) = to.parent() {
            make_folder(folder)?;
        }
        write_private(&to, &text)?;
    }
    Ok(app)
}
