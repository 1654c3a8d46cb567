//! Flags of the commands about secret values.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OutputArg;

#[derive(Debug, Args)]
pub struct SecretsArgs {
    #[command(subcommand)]
    pub command: SecretsCommand,
}

/// No value is ever printed, taken from the command line or written over, but for `rotate`.
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Get ready: secret files for their owner alone, an age key and its recipient in `.sops.yaml` where SOPS keeps them
    Init(SecretsOfArgs),
    /// Make the values that are of our own choice, the same at both ends of a link, and tell what others must issue
    Fill(SecretsOfArgs),
    /// List every key: filled in, empty, or from elsewhere
    Status(SecretsOfArgs),
    /// Make new values for one link, at both of its ends
    Rotate(RotateArgs),
    /// Follow the stack after links came and went: keys, values and digests
    Sync(SecretsOfArgs),
}

#[derive(Debug, Args)]
pub struct SecretsOfArgs {
    /// Stack file
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stack: PathBuf,
    /// Output folder [default: `out` beside the stack file]
    #[arg(long, value_name = "DIR", env = "STACKTIC_OUT")]
    pub out: Option<PathBuf>,
    /// Form of the report
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: OutputArg,
}

#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The link, as `FROM:TO` or `FROM:TO/SUB`: `fastapi:cnpg/app_db`
    #[arg(value_name = "LINK")]
    pub link: String,
    #[command(flatten)]
    pub of: SecretsOfArgs,
}

impl SecretsCommand {
    /// What all of them are told.
    #[must_use]
    pub fn of(&self) -> &SecretsOfArgs {
        match self {
            Self::Init(of) | Self::Fill(of) | Self::Status(of) | Self::Sync(of) => of,
            Self::Rotate(args) => &args.of,
        }
    }
}
