//! One run of a command about secret values: the files as they stand, and the write.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;

use super::vault::Vault;
use super::{Done, Streams, rotation_of};
use crate::cli::SecretsCommand;
use crate::disk::{self, Output, Purpose, SecretFile};
use crate::layout::is_producible;
use crate::name::RelPath;
use crate::secrets::{self, Filling, Rotation, Values, strong};
use crate::settings::SecretsSettings;
use crate::stack::{Maker, Stack};
use crate::tree::{Holds, Kept, Tree};

pub(super) struct Session<'run> {
    pub(super) settings: &'run SecretsSettings,
    pub(super) files: Vec<SecretFile<'run>>,
    pub(super) kept: Vec<Kept>,
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
        stack: &Stack,
        tree: &'run Tree,
        settings: &'run SecretsSettings,
        command: &SecretsCommand,
        streams: &mut Streams<'_>,
    ) -> anyhow::Result<Self> {
        let vault = Vault::of(stack.secrets)?;
        disk::ensure_no_link_of_a_repository(&settings.out, &settings.stack_folder)?;
        let purpose = match command {
            SecretsCommand::Status(_) => Purpose::Look,
            _ => Purpose::Write,
        };
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
        self.files.iter().try_for_each(|file| self.vault.ensure_takes(file))
    }

    /// Files for their owner alone; how many were not.
    pub(super) fn init(&self) -> anyhow::Result<usize> {
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
        let rotation = rotation_of(self, ids)?;
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
        secrets::fill(&self.values()?, rotation, &mut strong)
    }

    /// What stands in the files.
    pub(super) fn values(&self) -> anyhow::Result<Vec<Values<'_>>> {
        let values = |file: &'_ SecretFile<'run>| self.vault.open(file);
        let opened = self.files.iter().map(|file| {
            Ok(Values {
                path: &file.path,
                skeleton: file.skeleton,
                values: values(file).with_context(|| format!("could not read `{}`", file.path))?,
            })
        });
        opened.collect()
    }

    /// Those of `ids` that are of our own choice.
    pub(super) fn ours<'id>(&self, ids: &BTreeSet<&'id str>) -> BTreeSet<&'id str> {
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

    fn write(&mut self, rotation: &Rotation) -> anyhow::Result<Done> {
        let filling = self.work_out(rotation)?;
        let mut contents = BTreeMap::new();
        for file in &self.files {
            let values = filling.writes.get(&file.path);
            if let Some(bytes) = self
                .vault
                .close(file, values)
                .with_context(|| format!("could not fill in `{}`", file.path))?
            {
                contents.insert(file.path.clone(), bytes);
            }
        }
        let changes = self.output.compare(self.tree, &is_producible)?;
        self.kept.extend(self.output.put_values(changes, contents)?);
        self.output.end_rotation()?;
        self.init()?;
        self.look()?;
        Ok(Done::of(filling))
    }
}
