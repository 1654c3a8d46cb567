//! A decoded entry with the files beside it, which lie in the binary or in a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::{ComponentType, folders};
use crate::contents::{Constant, Contents};
use crate::fault::Code;
use crate::name::RelPath;
use crate::topology::Source;
use crate::yaml::Node;

/// An entry as it was written.
#[derive(Debug)]
pub struct Written {
    pub source: Source,
    pub document: Node,
}

/// A decoded entry with the files beside it.
#[derive(Debug)]
pub struct Entry<T> {
    pub definition: T,
    pub(super) name: String,
    /// Folder of the entry: in the repository of the program, or where `--catalog` found it.
    pub(super) home: String,
    pub(super) files: Files,
    pub(super) replaces: bool,
}

#[derive(Debug)]
pub(super) enum Files {
    Embedded(&'static [(&'static str, Constant)]),
    Folder(PathBuf),
}

impl<T> Entry<T> {
    /// Name of the folder or file of the entry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder of the overlay that it comes from; `None` for an entry of the core.
    #[must_use]
    pub fn overlay(&self) -> Option<&str> {
        match &self.files {
            Files::Embedded(_) => None,
            Files::Folder(_) => Some(&self.home),
        }
    }

    /// Whether it stands for an entry of the same name, of the core or of an overlay before.
    #[must_use]
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// Where a file beside the entry is, for messages.
    #[must_use]
    pub fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.home)
    }

    /// Whether there is a file beside the entry.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match &self.files {
            Files::Embedded(files) => files.iter().any(|(candidate, _)| *candidate == name),
            Files::Folder(folder) => folder.join(name).symlink_metadata().is_ok(),
        }
    }

    /// Its folder in the repository, when it is an entry of the binary.
    pub(super) fn embedded_home(&self) -> Option<&str> {
        matches!(self.files, Files::Embedded(_)).then_some(self.home.as_str())
    }

    /// Whether the entry is one of the program's own.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        matches!(self.files, Files::Embedded(_))
    }

    /// Names of all files beside the entry, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self) -> anyhow::Result<Vec<String>> {
        match &self.files {
            Files::Embedded(files) => Ok(files.iter().map(|(name, _)| (*name).to_owned()).collect()),
            Files::Folder(root) => folders::files_below(root, root),
        }
    }

    /// A file beside the entry.
    ///
    /// # Errors
    /// The entry names a file that is not there.
    pub fn file(&self, name: &str) -> anyhow::Result<Contents> {
        match &self.files {
            Files::Embedded(files) => files
                .binary_search_by(|(candidate, _)| (*candidate).cmp(name))
                .map(|index| Contents::from(&files[index].1))
                .map_err(|_| {
                    Code::E_CATALOG_FILE
                        .fault(format!("the catalog has no file `{name}`"))
                        .into()
                }),
            Files::Folder(folder) => read_beside(folder, name).map(Contents::from),
        }
    }

    /// Names of the files below a folder beside the entry, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn folder(&self, folder: &str) -> anyhow::Result<Vec<String>> {
        let prefix = format!("{folder}/");
        match &self.files {
            Files::Embedded(files) => Ok(files
                .iter()
                .filter(|(name, _)| name.starts_with(&prefix))
                .map(|(name, _)| (*name).to_owned())
                .collect()),
            Files::Folder(root) => folders::files_below(root, &root.join(folder)),
        }
    }
}

impl Entry<ComponentType> {
    /// Whether a template of the type goes through its links of a slot.
    #[must_use]
    pub fn prints(&self, slot: &str) -> bool {
        let asked = format!("component.gets.{slot}");
        let templates = self.definition.files.iter().filter_map(|file| file.template.as_ref());
        let mut texts = templates.filter_map(|name| self.file(name).ok());
        texts.any(|text| String::from_utf8_lossy(&text).contains(&asked))
    }
}

/// Read a file beside an entry, and no other file of the host: no `..`, no links on the way.
pub(super) fn read_beside(folder: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
    let relative = RelPath::parse(name).map_err(|rule| Code::E_CATALOG_FILE.fault(rule))?;
    let mut path = folder.to_owned();
    for segment in relative.segments() {
        path.push(segment);
        let metadata = path
            .symlink_metadata()
            .with_context(|| Code::E_CATALOG_FILE.fault(format!("could not read `{}`", path.display())))?;
        ensure!(
            !metadata.is_symlink(),
            Code::E_CATALOG_FILE.fault(format!("`{}` is a link", path.display()))
        );
    }
    std::fs::read(&path).with_context(|| Code::E_CATALOG_FILE.fault(format!("could not read `{}`", path.display())))
}
