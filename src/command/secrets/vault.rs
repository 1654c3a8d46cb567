//! How values stand in files: plain, or in a form that only a program opens.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::disk::{self, SecretFile};
use crate::name::shell;
use crate::secrets::Value;
use crate::stack::SecretsBackend;

/// How the values of a stack are kept.
pub(super) enum Vault {
    Plain,
}

impl Vault {
    pub(super) fn of(backend: SecretsBackend) -> Result<Self> {
        match backend {
            SecretsBackend::Files => Ok(Self::Plain),
            SecretsBackend::ExternalSecrets => bail!(disk::Refusal::new(
                "the values of this stack lie in a secret store, and no file holds one; put them there, under the keys that the \
                 ExternalSecrets name"
            )),
        }
    }

    /// # Errors
    /// The file is kept in another way than the stack says.
    pub(super) fn ensure_takes(&self, file: &SecretFile<'_>) -> Result<()> {
        match self {
            Self::Plain if file.is_encrypted => bail!(disk::Refusal::new(format!(
                "`{}` is encrypted, and the stack says `secrets: plain`: a Secret would hold the ciphertext; write `secrets: sops` \
                 into the stack file, or decrypt it with `sops decrypt --in-place {}`",
                file.path,
                shell::word(file.path.as_str())
            ))),
            Self::Plain => Ok(()),
        }
    }

    /// The values in the file, by key.
    pub(super) fn open(&self, file: &SecretFile<'_>) -> Result<BTreeMap<String, Value>> {
        match self {
            Self::Plain => {
                let values = disk::values_of(&file.bytes)?.into_iter();
                Ok(values.map(|(key, value)| (key, Value::new(value))).collect())
            }
        }
    }

    /// The file with new values; nothing where it stays as it is.
    pub(super) fn close(
        &self,
        file: &SecretFile<'_>,
        values: Option<&BTreeMap<String, Value>>,
    ) -> Result<Option<Vec<u8>>> {
        let Some(values) = values else { return Ok(None) };
        let texts = values
            .iter()
            .map(|(key, value)| (key.clone(), value.reveal().to_owned()))
            .collect();
        match self {
            Self::Plain => Ok(Some(disk::with_values(&file.bytes, &texts))),
        }
    }
}
