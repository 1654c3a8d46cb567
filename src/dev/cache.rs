//! The cache folder of one stack file, held by one run at a time.
//!
//! In: the cache folder and the stack file. Out: a folder whose name tells the stack file apart from
//! every other, an empty folder for this run, and both gone or released when the run ends. It must not
//! know what is kept there.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::problem::Problem;
use crate::name::sha256_hex;

const PRIVATE_FOLDER: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;
/// Characters of the hash that tells stack files of one name apart.
const SHORT_HASH: usize = 10;
const MAX_STEM: usize = 40;

/// What `dev` keeps for one stack file.
#[derive(Debug)]
pub struct StackCache {
    folder: PathBuf,
    /// Held as long as this lives: the system releases it, however the run ends.
    _lock: File,
}

impl StackCache {
    /// Take the folder of `stack_file` below `cache`, and empty what a run before left of its own.
    ///
    /// # Errors
    /// Another run holds it, or it cannot be written.
    pub fn take(cache: &Path, stack_file: &Path) -> anyhow::Result<Self> {
        let folder = cache.join("stacks").join(folder_name(stack_file)?);
        make_folder(&folder)?;
        let lock = open_lock(&folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("`stacktic dev` is already running for `{}`", stack_file.display());
                let hint = "stop it, or give this one a folder of its own with `--cache DIR`";
                return Err(Problem::new(message).hint(hint).into());
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("could not lock `{}`", folder.display()));
            }
        }
        let taken = Self { folder, _lock: lock };
        taken.empty_run()?;
        make_folder(&taken.run())?;
        Ok(taken)
    }

    /// Where output is generated.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    /// What this run alone needs: keys.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.folder.join("run")
    }

    fn empty_run(&self) -> anyhow::Result<()> {
        remove_folder(&self.run())
    }
}

impl Drop for StackCache {
    fn drop(&mut self) {
        // What stays after a failure here is emptied by the next run.
        let _ = self.empty_run();
    }
}

/// `<name>-<short hash of the absolute path>`: readable, and different for every stack file.
fn folder_name(stack_file: &Path) -> anyhow::Result<String> {
    let path =
        std::fs::canonicalize(stack_file).with_context(|| format!("could not find `{}`", stack_file.display()))?;
    let stem = match (path.file_stem(), path.parent().and_then(Path::file_name)) {
        // Most stack files have one name; the folder around them says more.
        (Some(stem), Some(parent)) if stem == "stack" => parent,
        (Some(stem), _) => stem,
        (None, _) => path.as_os_str(),
    };
    let stem: String = stem
        .to_string_lossy()
        .chars()
        .map(|next| {
            if next.is_ascii_alphanumeric() || next == '-' {
                next
            } else {
                '_'
            }
        })
        .take(MAX_STEM)
        .collect();
    let hash = sha256_hex(path.as_os_str().as_encoded_bytes());
    Ok(format!("{stem}-{}", &hash[..SHORT_HASH]))
}

/// A folder that nobody else may look into, with those above it.
pub(super) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(PRIVATE_FOLDER);
    builder
        .create(folder)
        .with_context(|| format!("could not make the folder `{}`", folder.display()))
}

/// A new file that nobody else may read.
pub(super) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(PRIVATE_FILE).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("could not write `{}`", path.display()))
}

pub(super) fn open_lock(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(PRIVATE_FILE);
    options
        .open(path)
        .with_context(|| format!("could not open `{}`", path.display()))
}

#[expect(clippy::disallowed_methods, reason = "the file is in the cache, and made by `dev`")]
pub(super) fn remove_file(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the folder is in the cache, and made by `dev`")]
pub(super) fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn stack_file(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_private(&path, "").unwrap();
        path
    }

    #[test]
    fn names_tell_stack_files_apart() {
        let folder = tempfile::tempdir().unwrap();
        let name = |path: &str| folder_name(&stack_file(folder.path(), path)).unwrap();
        let (shop, other, plain) = (
            name("shop/stack.yaml"),
            name("b/shop/stack.yaml"),
            name("big shop.yaml"),
        );
        assert!(
            shop.starts_with("shop-") && other.starts_with("shop-"),
            "{shop} {other}"
        );
        assert!(plain.starts_with("big_shop-"), "{plain}");
        assert_ne!(shop, other);
    }

    #[test]
    fn a_second_run_is_refused_and_a_later_one_finds_nothing_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let stack = stack_file(folder.path(), "stack.yaml");
        let cache = folder.path().join("cache");
        let first = StackCache::take(&cache, &stack).unwrap();
        write_private(&first.run().join("key"), "k").unwrap();
        let refused = StackCache::take(&cache, &stack).unwrap_err();
        assert!(refused.to_string().contains("already running"), "{refused}");
        let run = first.run();
        drop(first);
        assert!(!run.exists());
        let again = StackCache::take(&cache, &stack).unwrap();
        assert_eq!(std::fs::read_dir(again.run()).unwrap().count(), 0);
    }

    #[test]
    fn nobody_else_may_look() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("a/b");
        make_folder(&made).unwrap();
        let file = made.join("key");
        write_private(&file, "k").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&made), mode(&file)), (0o700, 0o600));
        assert!(
            write_private(&file, "other").is_err(),
            "an existing file is not taken over"
        );
    }
}
