//! Values of secret files, for the commands that fill them in.
//!
//! In: the comparison of a tree with the output directory, then new contents of secret files. Out: those files as they stand;
//! and the write, by the journal and the steps of every other one, so that an interrupted run loses nothing. It must not know
//! where values come from, and what a rotation is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use rustix::fs::{AtFlags, Mode, OFlags, fchmod, openat, unlinkat};
use rustix::io::Errno;

use super::Refusal;
use super::apply::apply;
use super::change;
use super::dotenv::{self, Item};
use super::journal::Journal;
use super::lock::Lock;
use super::output::Output;
use super::placement::entries;
use super::root::{Parent, Root};
use super::skeleton::{self, Outcome};
use super::sops;
use super::state;
use super::steps::Steps;
use super::tracked::Tracked;
use super::write::{self, Onto, SECRET_MODE, Target};
use crate::rel_path::RelPath;
use crate::tree::{Action, Changes, Class, Content, Kept, STATE_DIR, Skeleton, Tree};

/// What a rotation replaces; there while one is under way.
const ROTATION: &str = ".stacktic/rotation.json";

/// A secret file as it stands.
pub struct SecretFile<'tree> {
    pub path: RelPath,
    pub skeleton: &'tree Skeleton,
    pub bytes: Vec<u8>,
    pub is_encrypted: bool,
    /// Of an encrypted file: its keys are not those of the stack.
    pub is_out_of_step: bool,
    tracked: Tracked,
}

impl SecretFile<'_> {
    /// The file, which is `plain`, with the keys of today; what nothing wants any more is left out.
    ///
    /// # Errors
    /// It is no dotenv file.
    pub fn with_keys(&self, plain: &[u8]) -> Result<Vec<u8>> {
        match skeleton::compare(self.skeleton, plain, &self.tracked, self.path.as_str()) {
            Outcome::Plain(merged) => Ok(merged.bytes),
            Outcome::Unreadable(why) => bail!(why),
            Outcome::InStep | Outcome::OutOfStep(_) => bail!("it is encrypted twice"),
        }
    }
}

/// Whether SOPS made the file.
#[must_use]
pub fn is_encrypted(bytes: &[u8]) -> bool {
    dotenv::parse(bytes).is_ok_and(|items| sops::is_encrypted(&items))
}

/// A folder, with all above it, that its owner alone may look into.
///
/// # Errors
/// It cannot be made.
pub fn make_private_folder(folder: &Path) -> Result<()> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("could not create the folder `{}`", folder.display()))
}

/// The secret files of `tree`, whose comparison with the directory is `changes`.
///
/// # Errors
/// A file that is not there, or whose keys are not those of the stack: `gen` comes first.
pub(crate) fn files<'tree>(
    tree: &'tree Tree,
    changes: &Changes<'_>,
    output: &Output,
) -> Result<Vec<SecretFile<'tree>>> {
    let state = Root::open(output.path())?
        .as_mut()
        .map(state::State::load)
        .transpose()?
        .unwrap_or_default();
    let mut found = Vec::new();
    for change in changes.files.iter().filter(|change| change.secret) {
        let Some(Content::Skeleton(skeleton)) = tree.get(&change.path).map(|file| &file.content) else {
            continue;
        };
        ensure_in_step(change.action, &change.path, change.note.as_deref())?;
        let bytes = output.read(&change.path)?.unwrap_or_default();
        found.push(SecretFile {
            tracked: state.tracked(&change.path),
            path: change.path.clone(),
            skeleton,
            is_encrypted: is_encrypted(&bytes),
            bytes,
            is_out_of_step: change.action == Action::SecretOutOfStep,
        });
    }
    Ok(found)
}

fn ensure_in_step(action: Action, path: &RelPath, note: Option<&str>) -> Result<()> {
    match action {
        Action::SeedSame | Action::Adopt | Action::SecretOutOfStep => Ok(()),
        Action::SecretUnreadable => bail!(Refusal(format!(
            "`{path}` is no file of values: {}",
            note.unwrap_or("it cannot be read")
        ))),
        _ if action.blocks() => bail!(Refusal(format!(
            "`{path}` is not stacktic's; run `stacktic gen` and read its note"
        ))),
        _ => bail!(Refusal(format!(
            "`{path}` is not in step with the stack; run `stacktic gen` first"
        ))),
    }
}

/// What kustomize takes from a plain file, by key.
///
/// # Errors
/// A file that kustomize would not read as it is meant, by the number of the line.
pub fn values_of(bytes: &[u8]) -> Result<BTreeMap<String, String>> {
    let items = dotenv::parse(bytes).map_err(|faults| {
        let first = faults.into_iter().next();
        let told = first.map(|fault| format!("line {}: {}", fault.line, fault.message));
        anyhow::Error::msg(told.unwrap_or_default())
    })?;
    let owned = entries(&items).map(|entry| (entry.key.to_owned(), entry.value.to_owned()));
    Ok(owned.collect())
}

/// The plain file `bytes` with other values; a key that it does not have is left out.
#[must_use]
pub fn with_values(bytes: &[u8], values: &BTreeMap<String, String>) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let entry = match dotenv::parse(line).as_deref() {
            Ok([Item::Entry(entry)]) => values.get(entry.key).map(|value| (entry.key, value)),
            _ => None,
        };
        match entry {
            Some((key, value)) => out.extend(format!("{key}={value}\n").bytes()),
            None => out.extend(line),
        }
    }
    out
}

impl Output {
    /// Writes `contents` over secret files that were compared in `changes`, and nothing else. Returns what a user saved in
    /// that instant, and what interrupted runs left.
    ///
    /// # Errors
    /// A run of `gen` was interrupted: it has to end first.
    pub fn put_values(&self, changes: Changes<'_>, contents: BTreeMap<RelPath, Vec<u8>>) -> Result<Vec<Kept>> {
        self.put_values_in_steps(changes, contents, &mut Steps::unlimited())
    }

    pub(super) fn put_values_in_steps(
        &self,
        changes: Changes<'_>,
        mut contents: BTreeMap<RelPath, Vec<u8>>,
        steps: &mut Steps<'_>,
    ) -> Result<Vec<Kept>> {
        let is_of_gen = changes
            .files
            .iter()
            .any(|change| !change.secret && change.action.writes());
        if changes.was_interrupted && is_of_gen {
            bail!(Refusal(
                "a run of `stacktic gen` was interrupted; run it again first".to_owned()
            ));
        }
        let Some(lock_bytes) = changes.lock_before.clone() else {
            bail!(Refusal(
                "nothing was generated here; run `stacktic gen` first".to_owned()
            ));
        };
        let mut files = Vec::new();
        for mut change in changes.files {
            if let Some(bytes) = contents.remove(&change.path).filter(|_| change.class == Class::Seeded) {
                (change.action, change.after) = (Action::SkeletonUpdate, Some(Cow::Owned(bytes)));
                files.push(change);
            }
        }
        let lock = Lock::parse(&lock_bytes)?;
        let is_written = |path: &RelPath| files.iter().any(|change| change.path == *path);
        let mut journal = Journal::default().next(&lock, &lock, &is_written);
        journal.moved = change::moved(&files, &changes.kept);
        let changes = Changes {
            lock_after: lock_bytes.clone(),
            lock_before: Some(lock_bytes),
            mass_delete: None,
            leftovers: Vec::new(),
            journal: journal.render(),
            files,
            ..changes
        };
        let kept = apply(&changes, self.path(), steps)?;
        Ok(changes.kept.into_iter().chain(kept).collect())
    }

    /// Takes the rights of others from secret files, as a checkout may have given them; how many had some.
    ///
    /// # Errors
    /// A mode that cannot be changed.
    pub fn make_private(&self, paths: &[RelPath]) -> Result<usize> {
        let Some(mut root) = Root::open(self.path())? else {
            return Ok(0);
        };
        let mut changed = 0;
        for path in paths {
            let shown = root.show(path.as_str());
            let Parent::Directory(parent) = root.parent(path)? else {
                continue;
            };
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let context = || format!("could not make {shown} private");
            let file = openat(parent, path.file_name(), flags, Mode::empty()).with_context(context)?;
            let mode = Mode::from_raw_mode(rustix::fs::fstat(&file).with_context(context)?.st_mode);
            if mode.intersects(Mode::RWXG | Mode::RWXO) {
                fchmod(&file, SECRET_MODE).with_context(context)?;
                changed += 1;
            }
        }
        Ok(changed)
    }

    /// The note of a rotation that is under way.
    ///
    /// # Errors
    /// What stands there cannot be read.
    pub fn rotation(&self) -> Result<Option<Vec<u8>>> {
        self.read(&rotation_path()?)
    }

    /// Notes, for the owner alone, what a rotation replaces.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin_rotation(&self, note: &[u8]) -> Result<()> {
        let mut root = Root::create(self.path())?;
        state::ensure_directory(&mut root, &mut Steps::unlimited())?;
        let path = rotation_path()?;
        let shown = root.show(path.as_str());
        let Parent::Directory(parent) = root.parent(&path)? else {
            bail!("{} went away", root.show(STATE_DIR))
        };
        let target = Target {
            parent,
            path: &path,
            shown,
            onto: Onto::State,
            is_secret: true,
        };
        write::write(&target, note, &mut Steps::unlimited())
    }

    /// # Errors
    /// The note cannot be deleted.
    pub fn end_rotation(&self) -> Result<()> {
        let mut root = Root::create(self.path())?;
        let path = rotation_path()?;
        let shown = root.show(path.as_str());
        let Parent::Directory(parent) = root.parent(&path)? else {
            return Ok(());
        };
        match unlinkat(parent, path.file_name(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("could not delete {shown}")),
        }
    }
}

fn rotation_path() -> Result<RelPath> {
    RelPath::parse(ROTATION).map_err(anyhow::Error::msg)
}
