//! Where entries lie: in the binary, or in folders given with `--catalog`, which come first.
//!
//! The embedded entries are JSON made at build time; decoding one costs microseconds and happens
//! only for entries that are asked for. An entry of a folder is held to the laws when it is decoded; those of the binary
//! are held to them by the tests, and by `catalog check`.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context as _;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::check::{Among, Held, Law, LawAmong};
use super::entry::{Entry, Files, Written, read_beside};
use super::findings::Report;
use super::presets::Presets;
use super::{folders, reading, taken};
use crate::contents::{Constant, Contents};
use crate::fault::Code;
use crate::topology::Source;
use crate::yaml::{self, Node};

/// A kind of entry: where it is written, and what holds for each.
pub(super) trait Definition: DeserializeOwned + JsonSchema + 'static {
    /// The file that its folder holds; of an entry that is a file itself, the end of its name.
    const FILE: &'static str;
    /// What holds for an entry by itself.
    const LAWS: &'static [Law<Self>];
    /// What else a good entry says: asked by `catalog check` alone, since nothing that is generated is wrong without it.
    const MANNERS: &'static [Law<Self>] = &[];
    /// What holds for an entry among all others.
    const AMONG: &'static [LawAmong<Self>];

    /// Name of the file of the entry `name`.
    fn file(name: &str) -> String {
        match folders::is_extension(Self::FILE) {
            true => format!("{name}{}", Self::FILE),
            false => Self::FILE.to_owned(),
        }
    }
}

/// An entry inside the binary.
pub(super) struct Embedded {
    pub(super) name: &'static str,
    pub(super) json: &'static str,
    /// What the JSON was made of, for places.
    pub(super) yaml: &'static str,
    pub(super) files: &'static [(&'static str, Constant)],
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// An entry that is not decoded yet, with its folder.
enum Raw {
    Embedded { entry: &'static Embedded, home: String },
    Folder(PathBuf),
}

/// The entries of one kind, decoded on demand.
pub(super) struct Store<T> {
    slots: BTreeMap<String, Slot<T>>,
    /// What entries may take; those of the binary have theirs already, but not their texts.
    presets: Rc<Presets>,
}

struct Slot<T> {
    raw: Raw,
    /// It stands for an entry of the same name, of the core or of a folder before.
    replaces: bool,
    decoded: OnceCell<Rc<Entry<T>>>,
}

impl<T> From<Raw> for Slot<T> {
    fn from(raw: Raw) -> Self {
        Self {
            raw,
            replaces: false,
            decoded: OnceCell::new(),
        }
    }
}

impl<T: Definition> Store<T> {
    /// Findings about folders go into `report`.
    pub(super) fn load(
        embedded: &'static [Embedded],
        overlays: &[PathBuf],
        folder: &str,
        report: &mut Report,
    ) -> anyhow::Result<Self> {
        let mut slots = BTreeMap::new();
        for entry in embedded {
            let home = match folders::is_extension(T::FILE) {
                true => folder.to_owned(),
                false => format!("{folder}/{}", entry.name),
            };
            slots.insert(entry.name.to_owned(), Slot::from(Raw::Embedded { entry, home }));
        }
        for overlay in overlays {
            for (name, home) in folders::entries(&overlay.join(folder), T::FILE, report)? {
                let replaces = slots.contains_key(&name);
                let slot = Slot::from(Raw::Folder(home));
                slots.insert(name, Slot { replaces, ..slot });
            }
        }
        Ok(Self {
            slots,
            presets: Rc::default(),
        })
    }

    pub(super) fn with_presets(mut self, presets: Presets) -> Self {
        self.presets = Rc::new(presets);
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

    /// Names of the entries that lie below `folder`; of all entries without one.
    pub(super) fn names_below<'a>(&'a self, folder: Option<&'a Path>) -> impl Iterator<Item = &'a str> {
        let lies_below = move |raw: &Raw| match (folder, raw) {
            (None, _) => true,
            (Some(folder), Raw::Folder(home)) => home.starts_with(folder),
            (Some(_), Raw::Embedded { .. }) => false,
        };
        let found = self.slots.iter().filter(move |(_, slot)| lies_below(&slot.raw));
        found.map(|(name, _)| name.as_str())
    }

    pub(super) fn get(&self, name: &str) -> anyhow::Result<Option<Rc<Entry<T>>>> {
        let Some(slot) = self.slots.get(name) else {
            return Ok(None);
        };
        if let Some(entry) = slot.decoded.get() {
            return Ok(Some(Rc::clone(entry)));
        }
        let entry = Rc::new(self.decode(name, slot)?);
        Ok(Some(Rc::clone(slot.decoded.get_or_init(|| entry))))
    }

    /// A file beside the entry `name`, whatever the entry says, with its place.
    pub(super) fn file(&self, name: &str, file: &str) -> Option<(String, Contents)> {
        match &self.slots.get(name)?.raw {
            Raw::Embedded { entry, home } => {
                let (_, constant) = entry.files.iter().find(|(name, _)| *name == file)?;
                Some((format!("{home}/{file}"), Contents::from(constant)))
            }
            Raw::Folder(folder) => {
                let bytes = read_beside(folder, file).ok()?;
                Some((folder.join(file).display().to_string(), Contents::from(bytes)))
            }
        }
    }

    /// The text of the entry `name`; nothing where it is no YAML.
    pub(super) fn written(&self, name: &str) -> anyhow::Result<Option<Written>> {
        let Some(slot) = self.slots.get(name) else {
            return Ok(None);
        };
        let source = source::<T>(name, &slot.raw)?;
        let document = yaml::parse(&source.text).ok();
        Ok(document.map(|document| Written { source, document }))
    }

    /// Read the entry `name` as it was written and hold it to its laws, wherever it lies; among all others where they are known.
    pub(super) fn check(&self, name: &str, among: Option<&Among<'_>>, report: &mut Report) -> anyhow::Result<()> {
        let Some(slot) = self.slots.get(name) else {
            return Ok(());
        };
        let source = source::<T>(name, &slot.raw)?;
        let Some((entry, document)) = self.held(name, slot, &source, report) else {
            return Ok(());
        };
        for law in T::MANNERS {
            law(&mut Held::new(&entry, &document, &source, report));
        }
        if let Some(among) = among {
            for law in T::AMONG {
                law(&mut Held::new(&entry, &document, &source, report), among);
            }
        }
        Ok(())
    }

    fn decode(&self, name: &str, slot: &Slot<T>) -> anyhow::Result<Entry<T>> {
        if let Raw::Embedded { entry, .. } = &slot.raw {
            let definition = serde_json::from_str(entry.json)
                .with_context(|| Code::E_CATALOG_SCHEMA.fault(format!("entry `{}`", entry.name)))?;
            return Ok(slot.raw.entry(name, definition));
        }
        let mut report = Report::default();
        let source = source::<T>(name, &slot.raw)?;
        let held = self.held(name, slot, &source, &mut report);
        report.ensure_empty()?;
        let (entry, _) = held.with_context(|| Code::E_CATALOG_SCHEMA.fault("an entry could not be read"))?;
        Ok(entry)
    }

    /// The entry, when enough of it can be read, with what its form and the laws have to say.
    fn held(&self, name: &str, slot: &Slot<T>, source: &Source, report: &mut Report) -> Option<(Entry<T>, Node)> {
        let (document, definition) = reading::definition(source, &self.presets, report)?;
        let entry = Entry {
            replaces: slot.replaces,
            ..slot.raw.entry(name, definition)
        };
        for law in T::LAWS {
            law(&mut Held::new(&entry, &document, source, report));
        }
        Some((entry, document))
    }
}

impl Raw {
    fn entry<T>(&self, name: &str, definition: T) -> Entry<T> {
        let (home, files) = match self {
            Self::Embedded { entry, home } => (home.clone(), Files::Embedded(entry.files)),
            Self::Folder(folder) => (folder.display().to_string(), Files::Folder(folder.clone())),
        };
        Entry {
            definition,
            name: name.to_owned(),
            home,
            files,
            replaces: false,
        }
    }
}

/// The text of an entry, by the name of its file.
fn source<T: Definition>(name: &str, raw: &Raw) -> anyhow::Result<Source> {
    let file = T::file(name);
    match raw {
        Raw::Embedded { entry, home } => Ok(Source {
            name: format!("{home}/{file}"),
            text: entry.yaml.to_owned(),
        }),
        Raw::Folder(folder) => read(&folder.join(file)),
    }
}

/// The text of a file, by its path.
pub(super) fn read(path: &Path) -> anyhow::Result<Source> {
    let bytes = std::fs::read(path)
        .with_context(|| Code::E_CATALOG_FILE.fault(format!("could not read `{}`", path.display())))?;
    Ok(Source {
        name: path.display().to_string(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// The presets of the binary and of `overlays`.
pub(super) fn presets(overlays: &[PathBuf], report: &mut Report) -> anyhow::Result<Presets> {
    taken::presets(SHARED.json, overlays, report)
}

/// Templates that entries share.
pub(super) fn shared() -> Entry<()> {
    Entry {
        definition: (),
        name: SHARED.name.to_owned(),
        home: format!("catalog/{}", SHARED.name),
        files: Files::Embedded(SHARED.files),
        replaces: false,
    }
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

/// Names and texts.
pub(super) fn blueprints() -> &'static [(&'static str, &'static str)] {
    BLUEPRINTS
}
