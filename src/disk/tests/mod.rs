//! `diff` and `apply` together, on real directories.
#![expect(clippy::disallowed_methods, reason = "the tests play the user, who edits files")]

mod caps;
mod instant;
mod interrupted;
mod line_ends;
mod lock_file;
mod modes;
mod prune;
mod safety;
mod secrets;
mod table;
mod together;
mod values;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::apply::apply;
use super::diff::diff;
use super::steps::Steps;
use super::{OnEdit, Options, Output, Purpose};
use crate::rel_path::RelPath;
use crate::tree::{Action, Changes, Class, Content, Holds, Skeleton, SkeletonKey, Tree, TreeFile};

/// An output directory with something beside it.
struct Sandbox {
    _directory: tempfile::TempDir,
    out: PathBuf,
    outside: PathBuf,
    options: Options,
}

impl Sandbox {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (out, outside) = (directory.path().join("out"), directory.path().join("outside"));
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("file"), "outside").unwrap();
        Self {
            _directory: directory,
            out,
            outside,
            options: Options::default(),
        }
    }

    fn diff<'tree>(&self, tree: &'tree Tree) -> Changes<'tree> {
        diff(tree, &self.out, &self.options, &|_| true).unwrap()
    }

    /// A run: applies what may be applied, and returns what was decided.
    fn generate<'tree>(&self, tree: &'tree Tree) -> Changes<'tree> {
        let no_wait = &mut || panic!("no other run is here");
        let mut output = Output::open(&self.out, Purpose::Write, no_wait).unwrap();
        let changes = output.diff(tree, &self.options, &|_| true, no_wait).unwrap();
        if !changes.blocks() {
            assert_eq!(output.apply(&changes).unwrap(), []);
        }
        changes
    }

    fn apply(&self, changes: &Changes<'_>) -> anyhow::Result<()> {
        apply(changes, &self.out, &mut Steps::unlimited()).map(|kept| assert_eq!(kept, []))
    }

    fn at(&self, path: &str) -> PathBuf {
        self.out.join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    /// Every file and directory with its contents, but not `.stacktic/lock.json`.
    fn contents(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        let mut all = walk(&self.out);
        all.remove(".stacktic/lock.json");
        all.into_iter().map(|(path, seen)| (path, seen.contents)).collect()
    }

    fn names(&self) -> Vec<String> {
        self.contents()
            .into_iter()
            .filter(|(_, contents)| contents.is_some())
            .map(|(path, _)| path)
            .collect()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// `None` for a directory; of a link, where it leads.
    contents: Option<Vec<u8>>,
    modified: (i64, i64),
    inode: u64,
    mode: u32,
}

/// All that a directory holds, sorted by path.
fn walk(directory: &Path) -> BTreeMap<String, Seen> {
    let mut all = BTreeMap::new();
    let mut rest = vec![directory.to_owned()];
    while let Some(at) = rest.pop() {
        let Ok(entries) = fs::read_dir(&at) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let metadata = fs::symlink_metadata(&path).unwrap();
            let contents = if metadata.is_symlink() {
                Some(
                    fs::read_link(&path)
                        .unwrap()
                        .to_string_lossy()
                        .into_owned()
                        .into_bytes(),
                )
            } else {
                metadata.is_file().then(|| fs::read(&path).unwrap())
            };
            let modified = (metadata.mtime(), metadata.mtime_nsec());
            let seen = Seen {
                contents,
                modified,
                inode: metadata.ino(),
                mode: metadata.mode(),
            };
            all.insert(
                path.strip_prefix(directory).unwrap().to_string_lossy().into_owned(),
                seen,
            );
            if metadata.is_dir() {
                rest.push(path);
            }
        }
    }
    all
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text).unwrap()
}

fn file(class: Class, text: &str) -> TreeFile {
    TreeFile {
        class,
        content: Content::Bytes(text.as_bytes().to_vec().into()),
        why: "test".to_owned(),
    }
}

fn owned(files: &[(&str, &str)]) -> Tree {
    of_class(Class::Owned, files)
}

fn seeded(files: &[(&str, &str)]) -> Tree {
    of_class(Class::Seeded, files)
}

fn of_class(class: Class, files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new();
    for (at, text) in files {
        tree.insert(path(at), file(class, text)).unwrap();
    }
    tree
}

fn secret(keys: &[&str]) -> TreeFile {
    let key = |key: &&str| SkeletonKey {
        key: (*key).to_owned(),
        value: String::new(),
        comment: format!("where {key} comes from"),
        of: BTreeSet::new(),
        holds: Holds::default(),
    };
    let skeleton = Skeleton {
        header: vec!["Generated".to_owned()],
        keys: keys.iter().map(key).collect(),
        takes_ciphertext: true,
    };
    TreeFile {
        class: Class::Seeded,
        content: Content::Skeleton(skeleton),
        why: "test".to_owned(),
    }
}

fn secrets(keys: &[&str]) -> Tree {
    let mut tree = Tree::new();
    tree.insert(path("secret/cloud.env"), secret(keys)).unwrap();
    tree
}

fn actions(changes: &Changes<'_>) -> Vec<(String, Action)> {
    changes
        .files
        .iter()
        .map(|change| (change.path.to_string(), change.action))
        .collect()
}

fn check_actions(changes: &Changes<'_>, expected: &[(&str, Action)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(path, action)| ((*path).to_owned(), *action))
        .collect();
    assert_eq!(actions(changes), expected);
}
