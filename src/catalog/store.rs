//! Where entries lie: in the binary, or in folders given with `--catalog`, which come first.
//!
//! The embedded entries are JSON made at build time; decoding one costs microseconds and happens
//! only for entries that are asked for.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context as _, bail, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::presets::{self, PresetError, Presets};
use crate::contents::{Constant, Contents};
use crate::fault::{Code, Fault};
use crate::name::{RelPath, nearest};
use crate::yaml;

/// An entry inside the binary.
pub(super) struct Embedded {
    pub(super) name: &'static str,
    pub(super) json: &'static str,
    pub(super) files: &'static [(&'static str, Constant)],
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// An entry that is not decoded yet.
enum Raw {
    Embedded { entry: &'static Embedded, home: String },
    Folder { definition: PathBuf, folder: PathBuf },
}

/// A decoded entry with the files beside it.
#[derive(Debug)]
pub struct Entry<T> {
    pub definition: T,
    name: String,
    /// Folder of the entry: in the repository of the program, or where `--catalog` found it.
    home: String,
    files: Files,
}

#[derive(Debug)]
enum Files {
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
            Files::Folder(root) => {
                let mut names = Vec::new();
                for item in walkdir::WalkDir::new(root.join(folder)).sort_by_file_name() {
                    let item = item.with_context(|| {
                        Code::E_CATALOG_FILE.fault(format!("could not read `{}`", root.join(folder).display()))
                    })?;
                    if item.file_type().is_file()
                        && let Ok(relative) = item.path().strip_prefix(root)
                    {
                        names.push(relative.to_string_lossy().replace('\\', "/"));
                    }
                }
                Ok(names)
            }
        }
    }
}

/// Read a file beside an entry, and no other file of the host: no `..`, no links on the way.
fn read_beside(folder: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
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

/// The entries of one kind, decoded on demand.
pub(super) struct Store<T> {
    slots: BTreeMap<String, Slot<T>>,
    /// What entries of folders may take; those of the binary have theirs.
    presets: Presets,
}

struct Slot<T> {
    raw: Raw,
    decoded: OnceCell<Rc<Entry<T>>>,
}

impl<T> From<Raw> for Slot<T> {
    fn from(raw: Raw) -> Self {
        Self {
            raw,
            decoded: OnceCell::new(),
        }
    }
}

impl<T: DeserializeOwned> Store<T> {
    pub(super) fn load(
        embedded: &'static [Embedded],
        overlays: &[PathBuf],
        folder: &str,
        file: &str,
    ) -> anyhow::Result<Self> {
        let mut slots = BTreeMap::new();
        for entry in embedded {
            let home = format!("{folder}/{}", entry.name);
            slots.insert(entry.name.to_owned(), Slot::from(Raw::Embedded { entry, home }));
        }
        for overlay in overlays {
            for (name, definition) in entries(&overlay.join(folder), file)? {
                let folder = definition.parent().map(Path::to_owned).unwrap_or_default();
                slots.insert(name, Slot::from(Raw::Folder { definition, folder }));
            }
        }
        Ok(Self {
            slots,
            presets: Presets::new(),
        })
    }

    pub(super) fn with_presets(mut self, presets: Presets) -> Self {
        self.presets = presets;
        self
    }

    /// Names that are `prefix`, or `prefix` with a suffix behind `_`.
    pub(super) fn names_from<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let from = self
            .slots
            .range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(prefix))
            .filter(move |name| name.len() == prefix.len() || name[prefix.len()..].starts_with('_'))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.slots.keys().map(String::as_str)
    }

    pub(super) fn get(&self, name: &str) -> anyhow::Result<Option<Rc<Entry<T>>>> {
        let Some(slot) = self.slots.get(name) else {
            return Ok(None);
        };
        if let Some(entry) = slot.decoded.get() {
            return Ok(Some(Rc::clone(entry)));
        }
        let entry = Rc::new(decode(name, &slot.raw, &self.presets)?);
        Ok(Some(Rc::clone(slot.decoded.get_or_init(|| entry))))
    }
}

fn decode<T: DeserializeOwned>(name: &str, raw: &Raw, presets: &Presets) -> anyhow::Result<Entry<T>> {
    match raw {
        Raw::Embedded { entry, home } => {
            let definition = serde_json::from_str(entry.json)
                .with_context(|| Code::E_CATALOG_SCHEMA.fault(format!("entry `{}`", entry.name)))?;
            Ok(Entry {
                definition,
                name: name.to_owned(),
                home: home.clone(),
                files: Files::Embedded(entry.files),
            })
        }
        Raw::Folder { definition, folder } => {
            let value =
                presets::resolve(read(definition)?, presets).map_err(|error| untaken(definition, &error, presets))?;
            let definition = serde_json::from_value(value)
                .with_context(|| Code::E_CATALOG_SCHEMA.fault(format!("`{}`", definition.display())))?;
            Ok(Entry {
                definition,
                name: name.to_owned(),
                home: folder.display().to_string(),
                files: Files::Folder(folder.clone()),
            })
        }
    }
}

/// A preset that an entry names in vain.
fn untaken(definition: &Path, error: &PresetError, presets: &Presets) -> Fault {
    let near = match error {
        PresetError::Unknown(name) => nearest(name, presets.keys().map(String::as_str)),
        PresetError::Circular(_) => None,
    };
    let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    Code::E_CATALOG_SCHEMA.fault(format!("`{}`: {error}{hint}", definition.display()))
}

/// A YAML file of a catalog folder.
fn read(path: &Path) -> anyhow::Result<Json> {
    let text = std::fs::read_to_string(path)
        .with_context(|| Code::E_CATALOG_FILE.fault(format!("could not read `{}`", path.display())))?;
    match yaml::parse(&text) {
        Ok(node) => Ok(node.to_json()),
        Err(problems) => match problems.first() {
            Some(problem) => bail!(Code::E_CATALOG_YAML.fault(format!(
                "`{}:{}`: {}",
                path.display(),
                problem.span.line,
                problem.told()
            ))),
            None => bail!(Code::E_CATALOG_YAML.fault(format!("`{}`", path.display()))),
        },
    }
}

/// The presets of the binary and of `overlays`, which add theirs and replace none.
///
/// # Errors
/// A file that is no map of presets, or a name that is taken.
pub(super) fn presets(overlays: &[PathBuf]) -> anyhow::Result<Presets> {
    let mut found: Presets = serde_json::from_str(SHARED.json).context("the build wrote a map of presets")?;
    for overlay in overlays {
        let path = overlay.join("catalog/_shared/presets.yaml");
        if !path.is_file() {
            continue;
        }
        let fault = |fact: &str| Code::E_CATALOG_SCHEMA.fault(format!("`{}`: {fact}", path.display()));
        let Json::Object(more) = read(&path)? else {
            bail!(fault("presets are a mapping of names to pieces of entries"))
        };
        for (name, preset) in more {
            ensure!(
                !found.contains_key(&name),
                fault(&format!(
                    "the preset `{name}` is there already; give yours another name"
                ))
            );
            found.insert(name, preset);
        }
    }
    Ok(found)
}

/// Templates that entries share.
pub(super) fn shared() -> Entry<()> {
    Entry {
        definition: (),
        name: SHARED.name.to_owned(),
        home: format!("catalog/{}", SHARED.name),
        files: Files::Embedded(SHARED.files),
    }
}

/// Names and definitions: folders that hold `file`, or the files themselves where that is an extension.
fn entries(folder: &Path, file: &str) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for item in walkdir::WalkDir::new(folder)
        .min_depth(1)
        .max_depth(1)
        .sort_by_file_name()
    {
        let item =
            item.with_context(|| Code::E_CATALOG_FILE.fault(format!("could not read `{}`", folder.display())))?;
        let name = item.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(file).filter(|_| file.starts_with('.')) {
            found.push((stem.to_owned(), item.into_path()));
            continue;
        }
        let definition = item.path().join(file);
        if definition.is_file() {
            found.push((name, definition));
        }
    }
    Ok(found)
}

pub(super) fn component_types() -> &'static [Embedded] {
    COMPONENT_TYPES
}

pub(super) fn interfaces() -> &'static [Embedded] {
    INTERFACES
}

pub(super) fn conventions() -> &'static [Embedded] {
    CONVENTIONS
}

pub(super) fn pairs() -> &'static [Embedded] {
    PAIRS
}

pub(super) fn hooks() -> &'static [Embedded] {
    HOOKS
}
