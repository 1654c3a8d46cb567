//! How values stand in files: plain, or in a form that only a program opens.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

use super::programs;
use crate::disk::{self, SecretFile};
use crate::secrets::Value;
use crate::settings::SecretsSettings;
use crate::stack::SecretsBackend;

/// How the values of a stack are kept.
pub(super) enum Vault {
    Plain,
    /// Encrypted by the rules in this folder.
    Sops {
        out: PathBuf,
    },
}

impl Vault {
    pub(super) fn of(backend: SecretsBackend, settings: &SecretsSettings) -> Result<Self> {
        match backend {
            SecretsBackend::Plain => Ok(Self::Plain),
            SecretsBackend::Sops => Ok(Self::Sops {
                out: settings.out.clone(),
            }),
            SecretsBackend::ExternalSecrets => bail!(disk::Refusal::new(
                "the values of this stack lie in a secret store, and no file holds one; put them there, under the keys that the \
                 ExternalSecrets name"
            )),
        }
    }

    /// The file in plain.
    pub(super) fn open(&self, file: &SecretFile<'_>) -> Result<Vec<u8>> {
        match self {
            Self::Sops { out } if file.is_encrypted => programs::decrypt(out, file.path.as_str(), &file.bytes),
            Self::Plain | Self::Sops { .. } => Ok(file.bytes.clone()),
        }
    }

    /// The file, which is `plain`, with new values; nothing where it stays as it is.
    pub(super) fn close(
        &self,
        file: &SecretFile<'_>,
        plain: &[u8],
        values: &BTreeMap<String, Value>,
    ) -> Result<Option<Vec<u8>>> {
        let texts = values
            .iter()
            .map(|(key, value)| (key.clone(), value.reveal().to_owned()))
            .collect();
        match self {
            Self::Plain => Ok((!values.is_empty()).then(|| disk::with_values(plain, &texts))),
            Self::Sops { out } => {
                if file.is_encrypted && !file.is_out_of_step && values.is_empty() {
                    return Ok(None);
                }
                let plain = disk::with_values(&file.with_keys(plain)?, &texts);
                ensure_read_alike(&plain)?;
                let bytes = programs::encrypt(out, file.path.as_str(), &plain)?;
                // What it read by may have been another format.
                ensure!(disk::is_encrypted(&bytes), "`sops` has not encrypted it");
                Ok(Some(bytes))
            }
        }
    }
}

/// KSOPS reads dotenv as shells do, and everything else here as kustomize does: a value must mean the same to both.
///
/// Its reader (`github.com/joho/godotenv` 1.5.1) takes quotes and blanks away, expands `$`, and ends a value at ` #`; a key has
/// letters, digits, `_` and `.` for it.
fn ensure_read_alike(plain: &[u8]) -> Result<()> {
    for (key, value) in disk::values_of(plain)? {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"_.".contains(&byte);
        let refused = !key.bytes().all(is_known)
            || value.trim() != value
            || value.contains(" #")
            || value.starts_with('#')
            || value
                .bytes()
                .any(|byte| b"\"'`$\\".contains(&byte) || !(b' '..=b'~').contains(&byte));
        ensure!(
            !refused,
            "`{key}` would be read otherwise by KSOPS: keys are of letters, digits, `_` and `.`, and values have no quotes, `$`, \
             backslash, ` #` or blanks around them"
        );
    }
    Ok(())
}

/// The rules in the folder with the recipient of the key in `age_keys`, which is made where there is none; `None` where the
/// rules name somebody already.
pub(super) fn rules(text: &str, settings: &SecretsSettings) -> Result<Option<(String, String)>> {
    const NOBODY: &str = "age: \"\"";
    if !text.contains(NOBODY) {
        return Ok(None);
    }
    let file = settings
        .age_keys
        .as_deref()
        .context("neither SOPS_AGE_KEY_FILE nor HOME says where the age key lies")?;
    if !file.exists() {
        if let Some(folder) = file.parent() {
            disk::make_private_folder(folder)?;
        }
        programs::make_key(file)?;
    }
    let recipients = programs::recipients(file)?.join(",");
    ensure!(!recipients.is_empty(), "`{}` holds no age key", file.display());
    Ok(Some((
        text.replace(NOBODY, &format!("age: \"{recipients}\"")),
        recipients,
    )))
}
