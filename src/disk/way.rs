//! Whether the way to the output directory may be gone.
//!
//! In: the directory as the user named it, and the folder of the stack file. Out: nothing, or a `Refusal`. Whoever proposes a
//! change to a repository can put a link into it, at the output directory or at any folder above, and would so have a run of
//! somebody else write and delete outside of what a reviewer looks at. A link elsewhere is the machine's own and followed: on
//! macOS, `/tmp` is one. The root once open, `root` follows no link below it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Refusal;

/// What version control keeps at the top of a repository.
const MARKS: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

/// Refuses a link on the way to `out` that lies in a repository, or below the folder of the stack file.
pub fn ensure_no_link_of_a_repository(out: &Path, stack_folder: &Path) -> Result<()> {
    let absolute = std::path::absolute(out).with_context(|| format!("could not find `{}`", out.display()))?;
    // Without a slash at the end, which would ask for what is behind a link.
    let absolute: PathBuf = absolute.components().collect();
    let above: Vec<&Path> = absolute.ancestors().collect();
    for path in above.into_iter().rev() {
        // What is missing or cannot be looked at is told when the directory is opened.
        let Ok(metadata) = path.symlink_metadata() else { break };
        let folder = path.parent().filter(|_| metadata.is_symlink());
        if folder.is_some_and(|folder| is_in_repository(folder, stack_folder)) {
            let refusal = Refusal(format!(
                "`{}` is a link in the repository, and stacktic does not follow it: a change to the repository could make it \
                 lead anywhere; put a directory there, or name the one that it leads to with `--out`",
                path.display()
            ));
            return Err(refusal.into());
        }
    }
    Ok(())
}

/// `folder` or one above it, without links, is the folder of the stack file or has a mark.
fn is_in_repository(folder: &Path, stack_folder: &Path) -> bool {
    let stack_folder = if stack_folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        stack_folder
    };
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let stack = stack_folder.metadata().map(identity).ok();
    let mut above = folder.to_owned();
    let mut last = None;
    loop {
        let here = above.metadata().map(identity).ok();
        // The root is above itself; what cannot be looked at is the end, too.
        if here.is_none() || here == last {
            return false;
        }
        if here == stack || MARKS.iter().any(|mark| above.join(mark).symlink_metadata().is_ok()) {
            return true;
        }
        last = here;
        above.push("..");
    }
}
