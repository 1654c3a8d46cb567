//! What the commands about secret values are asked to do.

use std::path::{Path, PathBuf};

use crate::cli::{OutputArg, SecretsOfArgs};

#[derive(Debug)]
pub struct SecretsSettings {
    pub stack_file: PathBuf,
    /// Where the stack file lies.
    pub stack_folder: PathBuf,
    pub out: PathBuf,
    pub output: OutputArg,
}

impl SecretsSettings {
    #[must_use]
    pub fn new(args: &SecretsOfArgs) -> Self {
        let stack_folder = args.stack.parent().map(Path::to_owned).unwrap_or_default();
        Self {
            stack_file: args.stack.clone(),
            out: args.out.clone().unwrap_or_else(|| stack_folder.join("out")),
            stack_folder,
            output: args.output,
        }
    }
}
