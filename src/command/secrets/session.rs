//! One run of a command about secret values: the files as they stand, and the write.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};

use super::vault::{self, Vault};
use super::{Done, Streams};
use crate::disk::{self, Output, Purpose, SecretFile};
use crate::layout::is_producible;
use crate::name::RelPath;
use crate::plan;
use crate::secrets::{self, Filling, Rotation, Value, Values, strong};
use crate::settings::SecretsSettings;
use crate::stack::{Component, Maker, Stack};
use crate::tree::{Holds, Kept, Tree};

/// Characters of a word that makes pods begin anew.
const WORD: usize = 8;

/// For whom files are encrypted.
const RULES: &str = ".sops.yaml";

/// A key of a secret file.
pub(super) struct Place {
    pub(super) path: RelPath,
    key: String,
}

pub(super) struct Session<'run> {
    pub(super) settings: &'run SecretsSettings,
    pub(super) files: Vec<SecretFile<'run>>,
    pub(super) kept: Vec<Kept>,
    stack: &'run Stack,
    tree: &'run Tree,
    output: Output,
    vault: Vault,
}

impl<'run> Session<'run> {
    /// Compares the output with the stack, and holds it until the end.
    ///
    /// # Errors
    /// Nothing was generated yet, or not for this stack.
    pub(super) fn open(
        stack: &'run Stack,
        tree: &'run Tree,
        settings: &'run SecretsSettings,
        purpose: Purpose,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<Self> {
        let vault = Vault::of(stack.secrets, settings)?;
        disk::ensure_no_link_of_a_repository(&settings.out, &settings.stack_folder)?;
        let shown = settings.out.display().to_string();
        let note = streams.style.hint("note");
        let output = Output::open(&settings.out, purpose, &mut || {
            // A message that nobody can read is no reason not to wait.
            _ = writeln!(
                streams.messages,
                "{note}: another run of stacktic works in `{shown}`; waiting for it"
            );
        })?;
        let mut session = Self {
            settings,
            files: Vec::new(),
            kept: Vec::new(),
            stack,
            tree,
            output,
            vault,
        };
        session.look()?;
        Ok(session)
    }

    /// Reads the files as they stand now.
    fn look(&mut self) -> anyhow::Result<()> {
        let changes = self.output.compare(self.tree, &is_producible)?;
        self.files = disk::secret_files(self.tree, &changes, &self.output)?;
        Ok(())
    }

    /// Gets files ready: for their owner alone, and rules that say for whom they are encrypted. What was done, a line each.
    pub(super) fn init(&self) -> anyhow::Result<Vec<String>> {
        let (all, changed) = (self.files.len(), self.make_private()?);
        let mut done = vec![format!(
            "{all} secret files are for their owner alone, {changed} of them from now on"
        )];
        if let Vault::Sops { .. } = self.vault {
            let path = RelPath::parse(RULES).map_err(anyhow::Error::msg)?;
            let text = self
                .output
                .read(&path)?
                .with_context(|| format!("`{RULES}` is not there; run `stacktic gen`"))?;
            let text = String::from_utf8(text).with_context(|| format!("`{RULES}` is no text"))?;
            match vault::rules(&text, self.settings)? {
                Some((text, recipients)) => {
                    let changes = self.output.compare(self.tree, &is_producible)?;
                    self.output
                        .put_values(changes, BTreeMap::from([(path, text.into_bytes())]))?;
                    done.push(format!("`{RULES}` encrypts for {recipients}"));
                }
                None => done.push(format!("`{RULES}` says for whom files are encrypted")),
            }
        }
        Ok(done)
    }

    fn make_private(&self) -> anyhow::Result<usize> {
        let paths: Vec<RelPath> = self.files.iter().map(|file| file.path.clone()).collect();
        self.output.make_private(&paths)
    }

    /// Brings everything to its end: a rotation that was interrupted, then whatever is empty.
    pub(super) fn settle(&mut self) -> anyhow::Result<Done> {
        let rotation = self.noted_rotation()?;
        self.write(&rotation)
    }

    /// New values for `ids`; from the note on, the next run ends what this one began.
    pub(super) fn rotate(&mut self, ids: &BTreeSet<&str>) -> anyhow::Result<Done> {
        let ours = self.ours(ids);
        ensure!(
            !ours.is_empty(),
            "the link has no value of our own choice: a new one comes from whoever issues it, and goes into the emptied key"
        );
        let rotation = self.rotation_of(&ours)?;
        self.output.begin_rotation(&serde_json::to_vec(&rotation)?)?;
        self.write(&rotation)
    }

    pub(super) fn noted_rotation(&self) -> anyhow::Result<Rotation> {
        let note = self.output.rotation()?;
        let parsed = note.map(|note| serde_json::from_slice(&note)).transpose();
        Ok(parsed
            .context("could not read the note of an interrupted rotation")?
            .unwrap_or_default())
    }

    pub(super) fn work_out(&self, rotation: &Rotation) -> anyhow::Result<Filling> {
        secrets::fill(&self.values(&self.open_files()?)?, rotation, &mut strong)
    }

    /// The digests of what stands under `ids` now.
    fn rotation_of(&self, ids: &BTreeSet<&str>) -> anyhow::Result<Rotation> {
        Ok(Rotation::of(ids, &self.values(&self.open_files()?)?))
    }

    /// All files in plain.
    fn open_files(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let open = |file| {
            self.vault
                .open(file)
                .with_context(|| format!("could not open `{}`", file.path))
        };
        self.files.iter().map(open).collect()
    }

    /// What stands in files that are `plain`.
    fn values(&self, plain: &[Vec<u8>]) -> anyhow::Result<Vec<Values<'_>>> {
        let values = self.files.iter().zip(plain).map(|(file, plain)| {
            let values = disk::values_of(plain).with_context(|| format!("could not read `{}`", file.path))?;
            Ok(Values {
                path: &file.path,
                skeleton: file.skeleton,
                values: values
                    .into_iter()
                    .map(|(key, value)| (key, Value::new(value)))
                    .collect(),
            })
        });
        values.collect()
    }

    /// Those of `ids` that are of our own choice.
    fn ours<'id>(&self, ids: &BTreeSet<&'id str>) -> BTreeSet<&'id str> {
        let keys = self.files.iter().flat_map(|file| &file.skeleton.keys);
        let texts = keys.filter_map(|key| match &key.holds {
            Holds::Secret(text) => Some(text),
            _ => None,
        });
        let ours = texts
            .flat_map(|text| text.values())
            .filter(|value| matches!(value.maker, Maker::Us { .. }));
        let ours: BTreeSet<&str> = ours.map(|value| value.id.as_str()).collect();
        ids.iter().filter(|id| ours.contains(**id)).copied().collect()
    }

    /// Where a server has the digests of its clients' keys.
    pub(super) fn digests_of(&self, server: &Component) -> anyhow::Result<Place> {
        let folder = format!("k8s/deploy/base/{}/secret/", server.name);
        let files = self.files.iter().filter(|file| file.path.as_str().starts_with(&folder));
        let mut keys = files.flat_map(|file| file.skeleton.keys.iter().map(move |key| (file, key)));
        let found = keys.find(|(_, key)| matches!(key.holds, Holds::Digests(_)));
        let (file, key) = found.with_context(|| format!("`{}` takes no keys of clients", server.name))?;
        Ok(Place {
            path: file.path.clone(),
            key: key.key.clone(),
        })
    }

    /// What stands there now.
    pub(super) fn value(&self, place: &Place) -> anyhow::Result<String> {
        let plain = self.vault.open(self.file(place)?);
        let plain = plain.with_context(|| format!("could not open `{}`", place.path))?;
        let mut values = disk::values_of(&plain).with_context(|| format!("could not read `{}`", place.path))?;
        Ok(values.remove(&place.key).unwrap_or_default())
    }

    /// Another value in that one place; everything else stays as it is.
    pub(super) fn put(&mut self, place: &Place, value: Value) -> anyhow::Result<()> {
        let file = self.file(place)?;
        let told = || format!("could not write `{}`", place.path);
        let plain = self.vault.open(file).with_context(told)?;
        let closed = self
            .vault
            .close(file, &plain, &BTreeMap::from([(place.key.clone(), value)]));
        let contents = closed.with_context(told)?.map(|bytes| (place.path.clone(), bytes));
        let changes = self.output.compare(self.tree, &is_producible)?;
        self.kept
            .extend(self.output.put_values(changes, contents.into_iter().collect())?);
        self.make_private()?;
        self.look()
    }

    fn file(&self, place: &Place) -> anyhow::Result<&SecretFile<'run>> {
        let mut files = self.files.iter();
        let file = files.find(|file| file.path == place.path);
        file.with_context(|| format!("`{}` is gone", place.path))
    }

    fn write(&mut self, rotation: &Rotation) -> anyhow::Result<Done> {
        let plain = self.open_files()?;
        let filling = secrets::fill(&self.values(&plain)?, rotation, &mut strong)?;
        let (mut contents, nothing) = (BTreeMap::new(), BTreeMap::new());
        for (file, plain) in self.files.iter().zip(&plain) {
            let values = filling.writes.get(&file.path).unwrap_or(&nothing);
            let closed = self.vault.close(file, plain, values);
            let closed = closed.with_context(|| format!("could not fill in `{}`", file.path))?;
            contents.extend(closed.map(|bytes| (file.path.clone(), bytes)));
        }
        let readers = plan::readers(self.stack, &contents.keys().map(RelPath::as_str).collect())?;
        contents.extend(self.words(&readers.words)?);
        let changed = contents.keys().map(ToString::to_string).collect();
        // Who was told a first value has no old one to go on with.
        let commands = match *rotation == Rotation::default() {
            true => Vec::new(),
            false => readers.commands,
        };
        let changes = self.output.compare(self.tree, &is_producible)?;
        self.kept.extend(self.output.put_values(changes, contents)?);
        self.output.end_rotation()?;
        self.make_private()?;
        self.look()?;
        Ok(Done::of(filling, changed, commands))
    }

    /// Files that make pods begin anew, with a new word each; one that is gone, or says it no more, is its owner's.
    fn words(&self, paths: &[RelPath]) -> anyhow::Result<BTreeMap<RelPath, Vec<u8>>> {
        let mut found = BTreeMap::new();
        for path in paths {
            let Some(bytes) = self.output.read(path)? else { continue };
            let text = String::from_utf8(bytes).with_context(|| format!("`{path}` is no text"))?;
            let word = strong(0)?.reveal()[..WORD].to_owned();
            found.extend(plan::with_word(&text, &word).map(|text| (path.clone(), text.into_bytes())));
        }
        Ok(found)
    }
}
