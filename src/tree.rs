//! The rendered output in memory, and what it would change on disk. Pure.
//!
//! In: files from `render`. Out: a `Tree` that any file system can hold, and the `Changes` that `disk` fills in, applies and
//! that the commands print. It must not know how files are read or written, nor what is in them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::contents::Contents;
use crate::rel_path::{self, RelPath};
use crate::stack::{SecretText, SecretValue};
use crate::topology::caps::MAX_FILE_BYTES;

mod between;
mod changes;

pub use between::between;
pub use changes::{Action, Change, Changes, Kept, MassDelete};
pub(crate) use changes::{Leftover, Stamp};

/// The folder that belongs to `disk` alone.
pub const STATE_DIR: &str = ".stacktic";
/// How the names of half-written files start.
pub const TEMPORARY_PREFIX: &str = ".stacktic-tmp-";

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
    /// What the key stands for, whatever it is called: `valkey *_PASSWORD` is the password of the link to `valkey`. By this a
    /// value is found again when its key is renamed; empty where the name never changes.
    pub of: BTreeSet<String>,
    pub holds: Holds,
}

/// What stands under a key once it is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Holds {
    /// What is prefilled, which is no secret.
    #[default]
    Prefilled,
    /// Values, which may stand in other files as well.
    Secret(SecretText),
    /// `name:sha256hex` of each value.
    Digests(Vec<(String, SecretValue)>),
}

/// A dotenv file whose values a user fills in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skeleton {
    pub header: Vec<String>,
    pub keys: Vec<SkeletonKey>,
    /// Whoever reads the file decrypts it; to all others ciphertext would be the value.
    pub takes_ciphertext: bool,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Bytes(Contents),
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
        if file.why.chars().any(char::is_control) {
            return Err(format!("the reason for `{path}` holds a control character"));
        }
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
        self.places.has_directory(path)
    }

    /// Files whose paths begin with `folder`, which ends in `/`.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a RelPath, &'a TreeFile)> {
        self.files
            .range::<str, _>((std::ops::Bound::Included(folder), std::ops::Bound::Unbounded))
            .take_while(move |(path, _)| path.as_str().starts_with(folder))
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
    /// Where it is not the folded name.
    spelling: Option<String>,
    is_directory: bool,
}

impl Place {
    fn of(path: &str, folded: &str, is_directory: bool) -> Self {
        Self {
            spelling: (path != folded).then(|| path.to_owned()),
            is_directory,
        }
    }

    fn is_spelled(&self, path: &str, folded: &str) -> bool {
        self.spelling.as_deref().unwrap_or(folded) == path
    }
}

impl Places {
    /// Takes the place of `path` and of the directories above it.
    pub(crate) fn insert(&mut self, path: &RelPath) -> Result<(), String> {
        // A directory that is known lies in directories that are known.
        let above = path.as_str().rsplit_once('/').map(|(directory, _)| directory);
        if !above.is_some_and(|directory| self.has_directory(directory)) {
            path.ancestors()
                .try_for_each(|directory| self.insert_directory(path, directory))?;
        }
        match self.0.entry(path.folded().into_owned()) {
            Entry::Occupied(taken) => return Err(clash(path, taken.get(), taken.key())),
            Entry::Vacant(free) => {
                let place = Place::of(path.as_str(), free.key(), false);
                free.insert(place);
            }
        }
        Ok(())
    }

    fn insert_directory(&mut self, path: &RelPath, directory: &str) -> Result<(), String> {
        let folded = rel_path::folded(directory);
        match self.0.get(folded.as_ref()) {
            Some(place) if place.is_directory && place.is_spelled(directory, &folded) => {}
            Some(place) => return Err(clash(path, place, &folded)),
            None => {
                let place = Place::of(directory, &folded, true);
                self.0.insert(folded.into_owned(), place);
            }
        }
        Ok(())
    }

    fn has_directory(&self, path: &str) -> bool {
        let folded = rel_path::folded(path);
        let place = self.0.get(folded.as_ref());
        place.is_some_and(|place| place.is_directory && place.is_spelled(path, &folded))
    }
}

/// `path` and `place`, which is called `folded`, exclude each other.
fn clash(path: &RelPath, place: &Place, folded: &str) -> String {
    let taken = place.spelling.as_deref().unwrap_or(folded);
    match place.is_directory {
        _ if taken == path.as_str() && !place.is_directory => format!("`{path}` is produced twice"),
        true if taken == path.as_str() => format!("`{path}` is both a file and a directory"),
        false if path.as_str().starts_with(&format!("{taken}/")) => format!("`{taken}` is both a file and a directory"),
        _ => format!("`{path}` and `{taken}` differ only in upper and lower case"),
    }
}

pub(crate) fn ensure_not_reserved(path: &RelPath) -> Result<(), String> {
    let folded = path.folded();
    let rest = folded.strip_prefix(STATE_DIR);
    let is_state = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
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
    let mut seen = BTreeSet::new();
    for SkeletonKey {
        key, value, comment, ..
    } in &skeleton.keys
    {
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
        file(Class::Owned, Content::Bytes(b"x".to_vec().into()))
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
    fn refuses_a_reason_that_no_lock_may_hold() {
        let why = "link\u{1b}[2J".to_owned();
        let message = Tree::new().insert(path("a"), TreeFile { why, ..owned() }).unwrap_err();
        assert_eq!(message, "the reason for `a` holds a control character");
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
            of: BTreeSet::new(),
            holds: Holds::default(),
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
            let skeleton = Skeleton {
                header: vec![],
                keys,
                takes_ciphertext: true,
            };
            let result = Tree::new().insert(path("s"), file(Class::Seeded, Content::Skeleton(skeleton.clone())));
            assert_eq!(result.is_ok(), is_good, "{skeleton:?}");
        }
        let skeleton = Content::Skeleton(Skeleton::default());
        assert!(Tree::new().insert(path("s"), file(Class::Owned, skeleton)).is_err());
    }
}
