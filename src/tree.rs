//! The rendered output in memory, and what it would change on disk. Pure.
//!
//! In: files from `render`. Out: a `Tree` that any file system can hold, and the `Changes` that `disk` fills in, applies and
//! that the commands print. It must not know how files are read or written, nor what is in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::rel_path::RelPath;

/// The folder that belongs to `disk` alone.
pub const STATE_DIR: &str = ".stacktic";
/// How the names of half-written files start.
pub const TEMPORARY_PREFIX: &str = ".stacktic-tmp-";
/// A larger file on disk was not written by stacktic, so it need not be read to know that it differs.
pub const MAX_FILE_BYTES: usize = 16 << 20;

/// Who may change a file after it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Rewritten and pruned by stacktic.
    Owned,
    /// Written once, then the user's.
    Seeded,
}

/// One key of a secret file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkeletonKey {
    pub key: String,
    /// Prefilled where the value is no secret; empty otherwise.
    pub value: String,
    /// Where the value comes from.
    pub comment: String,
}

/// A dotenv file whose values a user fills in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skeleton {
    pub header: Vec<String>,
    pub keys: Vec<SkeletonKey>,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Bytes(Cow<'static, [u8]>),
    Skeleton(Skeleton),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    pub class: Class,
    pub content: Content,
    /// The link, component or hook and the template that ask for this file.
    pub why: String,
}

/// All files of one run, sorted by path.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<RelPath, TreeFile>,
    places: Places,
}

impl Tree {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file; refuses a path that another one takes, or that belongs to `disk`.
    pub fn insert(&mut self, path: RelPath, file: TreeFile) -> Result<(), String> {
        ensure_not_reserved(&path)?;
        ensure_content(&path, &file)?;
        self.places.insert(&path)?;
        self.files.insert(path, file);
        Ok(())
    }

    /// This tree with the files of another; refuses what `insert` refuses.
    pub fn joined(mut self, other: Self) -> Result<Self, String> {
        for (path, file) in other.files {
            self.insert(path, file)?;
        }
        Ok(self)
    }

    pub fn get(&self, path: &RelPath) -> Option<&TreeFile> {
        self.files.get(path)
    }

    /// Some file stands below `path`.
    pub(crate) fn has_directory(&self, path: &str) -> bool {
        let place = self.places.0.get(&path.to_ascii_lowercase());
        place.is_some_and(|place| place.is_directory && place.spelling == path)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&RelPath, &TreeFile)> {
        self.files.iter()
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// The names in use, folded, so that a tree fits a file system that does not tell upper from lower case.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<String, Place>);

#[derive(Debug)]
struct Place {
    spelling: String,
    is_directory: bool,
}

impl Places {
    /// Takes the place of `path` and of the directories above it.
    pub(crate) fn insert(&mut self, path: &RelPath) -> Result<(), String> {
        if let Some(place) = self.0.get(&path.folded()) {
            return Err(clash(path, place));
        }
        for directory in path.ancestors() {
            let place = self.0.entry(directory.to_ascii_lowercase()).or_insert_with(|| Place {
                spelling: directory.to_owned(),
                is_directory: true,
            });
            if !place.is_directory || place.spelling != directory {
                return Err(clash(path, place));
            }
        }
        let place = Place {
            spelling: path.as_str().to_owned(),
            is_directory: false,
        };
        self.0.insert(path.folded(), place);
        Ok(())
    }
}

fn clash(path: &RelPath, place: &Place) -> String {
    let taken = &place.spelling;
    match place.is_directory {
        _ if taken == path.as_str() && !place.is_directory => format!("`{path}` is produced twice"),
        true if taken == path.as_str() => format!("`{path}` is both a file and a directory"),
        false if path.as_str().starts_with(&format!("{taken}/")) => format!("`{taken}` is both a file and a directory"),
        _ => format!("`{path}` and `{taken}` differ only in upper and lower case"),
    }
}

pub(crate) fn ensure_not_reserved(path: &RelPath) -> Result<(), String> {
    let folded = path.folded();
    let is_state = folded == STATE_DIR || folded.starts_with(&format!("{STATE_DIR}/"));
    if is_state || folded.split('/').any(|segment| segment.starts_with(TEMPORARY_PREFIX)) {
        return Err(format!("`{path}` is a path that stacktic keeps for itself"));
    }
    Ok(())
}

fn ensure_content(path: &RelPath, file: &TreeFile) -> Result<(), String> {
    match &file.content {
        Content::Bytes(bytes) if bytes.len() > MAX_FILE_BYTES => {
            Err(format!("`{path}` is larger than {} MiB", MAX_FILE_BYTES >> 20))
        }
        Content::Bytes(_) => Ok(()),
        Content::Skeleton(_) if file.class == Class::Owned => Err(format!(
            "`{path}` is a secret skeleton and must be seeded: its values are the user's"
        )),
        Content::Skeleton(skeleton) => ensure_skeleton(path, skeleton),
    }
}

/// A key that a dotenv reader or SOPS would take for something else makes a file that nobody can fill in.
fn ensure_skeleton(path: &RelPath, skeleton: &Skeleton) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    for SkeletonKey { key, value, comment } in &skeleton.keys {
        if !is_dotenv_key(key) || key.starts_with("sops_") {
            return Err(format!("`{key}` in `{path}` is not a name for a secret"));
        }
        if !seen.insert(key) {
            return Err(format!("`{key}` stands twice in `{path}`"));
        }
        if value.chars().any(char::is_control) || value.trim() != value {
            return Err(format!(
                "the value prefilled for `{key}` in `{path}` does not fit on a dotenv line"
            ));
        }
        if comment
            .chars()
            .any(|character| character.is_control() && character != '\n')
        {
            return Err(format!("the comment of `{key}` in `{path}` holds a control character"));
        }
    }
    Ok(())
}

/// What kustomize and SOPS take for a key of a dotenv file; the keys of charts' Secrets are seldom in capitals.
pub(crate) fn is_dotenv_key(key: &str) -> bool {
    let starts_well = key.starts_with(|first: char| first.is_ascii_alphabetic() || "_.".contains(first));
    starts_well
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// What a run does, or refuses to do, at one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Create,
    /// The file was there before the lock knew it, byte for byte as it should be.
    Adopt,
    Same,
    Update,
    Recreate,
    /// Edited by hand and written over, because `--on-edit overwrite` says so.
    OverwriteEdited,
    /// Edited by hand and left, because `--on-edit keep` says so.
    KeepEdited,
    /// A seeded file is written for the first and only time.
    Seed,
    /// A seeded file is the user's now, whatever they made of it.
    SeedSame,
    /// Keys of a plain secret skeleton come or go.
    SkeletonUpdate,
    Delete,
    /// Edited by hand and no longer produced: moved away, kept.
    Quarantine,
    /// A path that is no longer produced holds a link, a directory or another thing that is no file.
    LeaveObstacle,
    /// A path that the lock lists, but that the catalog could never have produced.
    LeaveUnproducible,
    /// The keys of an encrypted secret are not those of the links.
    SecretOutOfStep,
    /// A secret file that cannot be read as dotenv.
    SecretUnreadable,
    RefuseForeign,
    RefuseEdited,
    /// A link, a directory or another thing that is no file stands where a file must go.
    RefuseObstacle,
}

impl Action {
    /// The word for it in a plan.
    pub fn label(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Same => "same",
            Self::Update => "update",
            Self::Recreate => "recreate",
            Self::OverwriteEdited => "overwrite edited",
            Self::KeepEdited => "keep edited",
            Self::Seed => "seed",
            Self::SeedSame => "seeded before",
            Self::SkeletonUpdate => "update keys",
            Self::Delete => "delete",
            Self::Quarantine => "quarantine",
            Self::LeaveObstacle => "leave (not a file)",
            Self::LeaveUnproducible => "leave (not producible)",
            Self::SecretOutOfStep => "secret out of step",
            Self::SecretUnreadable => "secret unreadable",
            Self::RefuseForeign => "refuse (foreign file)",
            Self::RefuseEdited => "refuse (edited file)",
            Self::RefuseObstacle => "refuse (in the way)",
        }
    }

    /// Changes the file itself.
    pub fn writes(self) -> bool {
        self.puts_content() || self.removes()
    }

    /// Writes the new content.
    pub fn puts_content(self) -> bool {
        use Action::{Create, OverwriteEdited, Recreate, Seed, SkeletonUpdate, Update};
        matches!(
            self,
            Create | Update | Recreate | OverwriteEdited | Seed | SkeletonUpdate
        )
    }

    /// Takes the file away from its path.
    pub fn removes(self) -> bool {
        matches!(self, Self::Delete | Self::Quarantine)
    }

    /// Nothing at all is written while this stands (exit 3).
    pub fn blocks(self) -> bool {
        matches!(self, Self::RefuseForeign | Self::RefuseEdited | Self::RefuseObstacle)
    }

    /// Everything else is written, and the run still ends with exit 3.
    pub fn reports(self) -> bool {
        use Action::{LeaveObstacle, LeaveUnproducible, Quarantine, SecretOutOfStep, SecretUnreadable};
        matches!(
            self,
            Quarantine | LeaveObstacle | LeaveUnproducible | SecretOutOfStep | SecretUnreadable
        )
    }
}

/// One path of `Changes`.
pub struct Change<'tree> {
    pub path: RelPath,
    pub action: Action,
    pub class: Class,
    pub why: Cow<'tree, str>,
    /// The next step for the user, one or more lines.
    pub note: Option<String>,
    /// A secret file: its contents are never shown.
    pub secret: bool,
    pub(crate) before: Option<Vec<u8>>,
    pub(crate) after: Option<Cow<'tree, [u8]>>,
    /// What the file was when it was looked at, to notice a change made meanwhile.
    pub(crate) stamp: Option<Stamp>,
}

impl Change<'_> {
    /// The contents before, for a preview: of a file that is updated, overwritten, kept, refused or deleted.
    pub fn before(&self) -> Option<&[u8]> {
        self.before.as_deref().filter(|_| !self.secret)
    }

    /// The contents after, for a preview: of every produced file that is not as it should be.
    pub fn after(&self) -> Option<&[u8]> {
        self.after.as_deref().filter(|_| !self.secret)
    }
}

/// Leaves contents out: they are long, and some are secret.
impl fmt::Debug for Change<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} `{}`", self.action.label(), self.path)
    }
}

/// The identity of a file at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) size: u64,
    pub(crate) modified: (i64, i64),
    pub(crate) mode: u32,
}

/// More files would go than a run may take away unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MassDelete {
    /// How many files would be deleted or moved away.
    pub deletes: usize,
    /// How many may be, by the default or by `--max-deletes`.
    pub allowed: usize,
    /// The stack has no components: no delete goes unasked.
    pub empty_stack: bool,
}

/// What one run would do to the output directory.
#[derive(Debug, Default)]
pub struct Changes<'tree> {
    /// Every produced or formerly produced path, sorted.
    pub files: Vec<Change<'tree>>,
    pub mass_delete: Option<MassDelete>,
    /// The lock as it was read, and as it is to be.
    pub(crate) lock_before: Option<Vec<u8>>,
    pub(crate) lock_after: Vec<u8>,
    /// The journal to keep while writing.
    pub(crate) journal: Vec<u8>,
    /// An interrupted run left its journal behind.
    pub(crate) was_interrupted: bool,
    /// Paths that the interrupted run may have left half-written files for.
    pub(crate) half_written: Vec<RelPath>,
    /// Formerly produced paths, whose directories go when they are empty.
    pub(crate) leftovers: Vec<RelPath>,
}

impl Changes<'_> {
    /// How many files each action concerns.
    pub fn counts(&self) -> BTreeMap<Action, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.files {
            *counts.entry(change.action).or_insert(0) += 1;
        }
        counts
    }

    /// What stops the run or makes it end with exit 3, apart from `mass_delete`.
    pub fn refusals(&self) -> impl Iterator<Item = &Change<'_>> {
        self.files
            .iter()
            .filter(|change| change.action.blocks() || change.action.reports())
    }

    /// Nothing may be written.
    pub fn blocks(&self) -> bool {
        self.mass_delete.is_some() || self.files.iter().any(|change| change.action.blocks())
    }

    /// The run ends with exit 3, whether or not it writes.
    pub fn reports(&self) -> bool {
        self.blocks() || self.files.iter().any(|change| change.action.reports())
    }

    /// Applying would write something: a file, the lock, or the end of an interrupted run.
    pub fn pending(&self) -> bool {
        self.was_interrupted || self.lock_changes() || self.files.iter().any(|change| change.action.writes())
    }

    /// The lock file itself would be written.
    pub fn lock_changes(&self) -> bool {
        self.lock_before.as_deref() != Some(&self.lock_after)
    }

    /// Nothing to write and nothing to say.
    pub fn is_clean(&self) -> bool {
        !self.pending() && !self.reports()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    fn file(class: Class, content: Content) -> TreeFile {
        TreeFile {
            class,
            content,
            why: "test".to_owned(),
        }
    }

    fn owned() -> TreeFile {
        file(Class::Owned, Content::Bytes(Cow::Borrowed(b"x")))
    }

    #[test]
    fn refuses_paths_that_clash() {
        for (first, second, part) in [
            ("a/b", "a/b", "twice"),
            ("a/b", "a/B", "upper and lower"),
            ("a/b", "A/c", "upper and lower"),
            ("a", "a/b", "both a file and a directory"),
            ("a/b", "a", "both a file and a directory"),
            ("x", ".stacktic/lock.json", "keeps for itself"),
            ("x", ".Stacktic/y", "keeps for itself"),
            ("x", "y/.stacktic-tmp-1", "keeps for itself"),
        ] {
            let mut tree = Tree::new();
            tree.insert(path(first), owned()).unwrap();
            let message = tree.insert(path(second), owned()).unwrap_err();
            assert!(message.contains(part), "{first} {second}: {message}");
            assert_eq!(tree.len(), 1);
        }
    }

    #[test]
    fn joins_trees_that_do_not_clash() {
        let tree = |at: &str| {
            let mut tree = Tree::new();
            tree.insert(path(at), owned()).unwrap();
            tree
        };
        let joined = tree("a/b").joined(tree("a/c")).unwrap();
        assert_eq!(
            joined.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
            ["a/b", "a/c"]
        );
        assert!(joined.joined(tree("A")).is_err());
    }

    #[test]
    fn refuses_skeletons_that_nobody_can_fill_in() {
        let key = |key: &str, value: &str| SkeletonKey {
            key: key.to_owned(),
            value: value.to_owned(),
            comment: "where\nfrom".to_owned(),
        };
        for (keys, is_good) in [
            (vec![key("A", ""), key("_B1", "x y"), key("admin-password", "")], true),
            (vec![key("A", ""), key("A", "")], false),
            (vec![key("sops_mac", "")], false),
            (vec![key("1A", "")], false),
            (vec![key("A B", "")], false),
            (vec![key("A=B", "")], false),
            (vec![key("-A", "")], false),
            (vec![key("A", "x\ny")], false),
            (vec![key("A", " x")], false),
        ] {
            let skeleton = Skeleton { header: vec![], keys };
            let result = Tree::new().insert(path("s"), file(Class::Seeded, Content::Skeleton(skeleton.clone())));
            assert_eq!(result.is_ok(), is_good, "{skeleton:?}");
        }
        let skeleton = Content::Skeleton(Skeleton::default());
        assert!(Tree::new().insert(path("s"), file(Class::Owned, skeleton)).is_err());
    }

    #[test]
    fn never_shows_a_secret() {
        let change = Change {
            path: path("secret/cloud.env"),
            action: Action::SkeletonUpdate,
            class: Class::Seeded,
            why: Cow::Borrowed("test"),
            note: None,
            secret: true,
            before: Some(b"A=hidden".to_vec()),
            after: Some(Cow::Borrowed(b"A=hidden")),
            stamp: None,
        };
        assert_eq!((change.before(), change.after()), (None, None));
        assert_eq!(format!("{change:?}"), "update keys `secret/cloud.env`");
    }
}
