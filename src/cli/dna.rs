//! Flags of `stacktic dna`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::OutputArg;

#[derive(Debug, Args)]
pub struct DnaArgs {
    /// Stack file; `-` is standard input
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stack: PathBuf,
    /// How much is told: at most 1500, 6000 or 20000 tokens of 4 bytes; each says what it leaves out
    #[arg(long, value_name = "SIZE", default_value = "normal", env = "STACKTIC_DETAIL")]
    pub detail: DetailArg,
    /// The stack as this environment has it [default: without what environments change]
    #[arg(long, value_name = "NAME", env = "STACKTIC_ENVIRONMENT_NAME")]
    pub environment: Option<String>,
    /// Form: the document, or an object with its digest and tokens beside it
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: OutputArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DetailArg {
    Brief,
    Normal,
    Full,
}
