//! What the commands about secret values are asked to do.

use std::path::{Path, PathBuf};

use super::out_beside;
use crate::cli::{OutputArg, SecretsOfArgs};

#[derive(Debug)]
pub struct SecretsSettings {
    pub stack_file: PathBuf,
    /// Where the stack file lies.
    pub stack_folder: PathBuf,
    pub out: PathBuf,
    pub output: OutputArg,
    /// The file of age keys that `sops` looks into.
    pub age_keys: Option<PathBuf>,
}

impl SecretsSettings {
    #[must_use]
    pub fn new(args: &SecretsOfArgs) -> Self {
        let stack_folder = args.stack.parent().map(Path::to_owned).unwrap_or_default();
        Self {
            stack_file: args.stack.clone(),
            out: args.out.clone().unwrap_or_else(|| out_beside(&args.stack)),
            stack_folder,
            output: args.output,
            age_keys: age_keys(),
        }
    }
}

/// As `sops` finds it, on systems without a folder of their own for settings.
fn age_keys() -> Option<PathBuf> {
    let folder = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    folder("SOPS_AGE_KEY_FILE").or_else(|| {
        let settings = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
        settings.map(|settings| settings.join("sops/age/keys.txt"))
    })
}
