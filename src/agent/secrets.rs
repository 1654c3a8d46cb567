//! The agent's folder of secrets: one file a value, read anew for each call, so that a rotated value is used at once.
//!
//! Values leave this file in two ways: into the environment of one process, and into a redactor. Both come from one
//! reading, or a value that is rotated between two could be shown. `Secret` has no `Debug` and no `Display`, so none
//! reaches a log by accident.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::agent::check::{Redactor, Unfit, unfit};
use crate::agent::pipeline::SecretRef;

/// The file that holds the keys of clients: digests, so nothing to keep out of a text.
pub const KEYS_FILE: &str = "AGENT_API_KEYS";

/// Largest file that is read: a Kubernetes Secret holds no more.
const MAX_BYTES: u64 = 1024 * 1024;

/// The value of a secret.
pub struct Secret(String);

impl Secret {
    /// The value itself, for the environment of a process.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

/// A value that is no secret, by the name of its file; it never repeats the value.
#[derive(Debug)]
pub struct UnfitSecret {
    file_name: String,
    why: Unfit,
}

impl fmt::Display for UnfitSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the value of `{}` {}, so that answers without it would lack ordinary text; give it a long random one",
            self.file_name, self.why
        )
    }
}

impl std::error::Error for UnfitSecret {}

/// A folder of secrets.
#[derive(Clone, Debug)]
pub struct SecretFolder(PathBuf);

impl SecretFolder {
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// All values, as they are now.
    ///
    /// # Errors
    /// The folder, or a file of it, cannot be read: without all values nothing may be shown.
    pub fn read_all(&self) -> io::Result<Secrets> {
        let mut values = BTreeMap::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            // Kubernetes keeps the files of a volume in `..data`, and links to them from here.
            let Some(name) = name
                .to_str()
                .filter(|name| !name.starts_with('.') && *name != KEYS_FILE)
            else {
                continue;
            };
            if self.0.join(name).is_file()
                && let Some(value) = self.read(name)?
            {
                values.insert(name.to_owned(), value);
            }
        }
        let redactor = Redactor::new(values.values().map(Secret::reveal));
        Ok(Secrets { values, redactor })
    }

    /// The text of a file of this folder; none where there is no such file, or an empty one.
    ///
    /// # Errors
    /// It is there and cannot be read, or is no text.
    pub(super) fn read(&self, file_name: &str) -> io::Result<Option<Secret>> {
        let file = match File::open(self.0.join(file_name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text)?;
        let text = text.trim_end_matches(['\r', '\n']);
        Ok((!text.is_empty()).then(|| Secret(text.to_owned())))
    }
}

/// The values of a folder at one time.
pub struct Secrets {
    /// By file name.
    values: BTreeMap<String, Secret>,
    redactor: Redactor,
}

impl Secrets {
    /// The value of a secret of the topology; none where this agent has not been given it.
    #[must_use]
    pub fn get(&self, name: &SecretRef) -> Option<&Secret> {
        self.values.get(&name.file_name())
    }

    /// Check that taking the values out of answers takes no ordinary text out of them. For the start: a value that is
    /// rotated later is taken out whatever it is.
    ///
    /// # Errors
    /// The first value, by the name of its file, that is too short or too common.
    pub fn ensure_fit(&self) -> Result<(), UnfitSecret> {
        let wrong = |(name, value): (&String, &Secret)| {
            let file_name = name.clone();
            unfit(value.reveal()).map(|why| UnfitSecret { file_name, why })
        };
        self.values.iter().find_map(wrong).map_or(Ok(()), Err)
    }

    /// What takes every value out of a text.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[track_caller]
    fn put(folder: &Path, name: &str, text: &str) {
        File::create(folder.join(name))
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    fn name(sub_component: Option<&str>) -> SecretRef {
        SecretRef {
            variable: "password",
            component: "cnpg".to_owned(),
            sub_component: sub_component.map(str::to_owned),
            attribute: "password".to_owned(),
        }
    }

    #[test]
    fn a_secret_is_the_text_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "cnpg.app_db.password", "pass word\n");
        put(folder.path(), "cnpg.password", "\n");
        let secrets = SecretFolder::new(folder.path()).read_all().unwrap();
        let found = secrets.get(&name(Some("app_db"))).unwrap();
        assert_eq!(found.reveal(), "pass word");
        assert!(secrets.get(&name(Some("other"))).is_none());
        assert!(secrets.get(&name(None)).is_none(), "an empty file holds no secret");
    }

    #[test]
    fn the_redactor_knows_every_file_as_it_was_read() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "cnpg.app_db.password", "first-value");
        put(folder.path(), "other", "second-value\n");
        fs::create_dir(folder.path().join("..data")).unwrap();
        let secrets = SecretFolder::new(folder.path()).read_all().unwrap();
        put(folder.path(), "other", "rotated-value\n");
        let redacted = secrets.redactor().redact("first-value second-value rotated-value");
        assert_eq!(redacted, "[secret] [secret] rotated-value");
    }

    #[test]
    fn a_value_that_would_hide_ordinary_text_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "cnpg.password", "a-long-enough-value");
        put(folder.path(), "other", "true\n");
        let secrets = SecretFolder::new(folder.path()).read_all().unwrap();
        let told = secrets.ensure_fit().unwrap_err().to_string();
        assert_eq!(
            secrets.redactor().redact("it is true"),
            "it is [secret]",
            "taken out all the same"
        );
        assert!(told.contains("`other` is shorter than 8 bytes"), "{told}");
        assert!(!told.contains("true"), "{told}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = [0xff, 0xfe];
        File::create(folder.path().join("cnpg.password"))
            .and_then(|mut file| file.write_all(&bytes))
            .unwrap();
        assert!(SecretFolder::new(folder.path()).read_all().is_err());
        assert!(SecretFolder::new(Path::new("/nonexistent")).read_all().is_err());
    }
}
