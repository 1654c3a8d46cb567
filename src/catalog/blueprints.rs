//! Blueprints: stack files to start from, `blueprints/<name>.yaml`, in the binary and in folders given with `--catalog`.
//!
//! A blueprint is a stack file and nothing else, so it is checked like any other. Its first comment is its title.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::folders::{self, BLUEPRINTS};
use super::{Report, store};
use crate::topology::Source;

const END: &str = ".yaml";

/// By name; those of the last folder win.
pub(super) struct Blueprints(BTreeMap<String, Raw>);

enum Raw {
    Embedded(&'static str),
    Folder(PathBuf),
}

impl Blueprints {
    /// # Errors
    /// A folder cannot be read.
    pub(super) fn load(overlays: &[PathBuf], report: &mut Report) -> anyhow::Result<Self> {
        let embedded = store::blueprints().iter();
        let mut found: BTreeMap<String, Raw> = embedded
            .map(|(name, text)| ((*name).to_owned(), Raw::Embedded(text)))
            .collect();
        for overlay in overlays {
            for (name, folder) in folders::entries(&overlay.join(BLUEPRINTS), END, report)? {
                found.insert(name, Raw::Folder(folder));
            }
        }
        Ok(Self(found))
    }

    /// Names of those that lie below `folder`; of all without one.
    pub(super) fn names_below(&self, folder: Option<&Path>) -> Vec<&str> {
        let lies_below = |raw: &Raw| match (folder, raw) {
            (None, _) => true,
            (Some(folder), Raw::Folder(home)) => home.starts_with(folder),
            (Some(_), Raw::Embedded(_)) => false,
        };
        let found = self.0.iter().filter(|(_, raw)| lies_below(raw));
        found.map(|(name, _)| name.as_str()).collect()
    }

    /// The stack file of a blueprint, with its place.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn get(&self, name: &str) -> anyhow::Result<Option<Source>> {
        let Some(raw) = self.0.get(name) else { return Ok(None) };
        let file = format!("{name}{END}");
        Ok(Some(match raw {
            Raw::Embedded(text) => Source {
                name: format!("{BLUEPRINTS}/{file}"),
                text: (*text).to_owned(),
            },
            Raw::Folder(folder) => store::read(&folder.join(file))?,
        }))
    }
}

/// The first comment of a blueprint that is written for people.
#[must_use]
pub fn title(text: &str) -> &str {
    let comments = text.lines().map_while(|line| line.strip_prefix('#'));
    let mut for_people = comments
        .map(str::trim)
        .filter(|line| !line.starts_with("yaml-language-server:"));
    for_people.next().unwrap_or_default()
}
