//! Flags of `stacktic why` and `stacktic explain`.

use std::path::PathBuf;

use clap::Args;

use super::OutputArg;

#[derive(Debug, Args)]
pub struct WhyArgs {
    /// File of the output, and a line of it: `k8s/deploy/base/loki/values.yaml:12`
    #[arg(value_name = "PATH[:LINE]", required_unless_present = "link")]
    pub path: Option<String>,
    /// Tell all that the link between two components makes, each as a stack file writes it: `fastmcp cnpg/app_db`
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"], conflicts_with = "path")]
    pub link: Option<Vec<String>>,
    /// Stack file; `-` is standard input
    #[arg(long, value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stack: PathBuf,
    /// Output folder, which a path may begin with [default: `out` beside the stack file]
    #[arg(long, value_name = "DIR", env = "STACKTIC_OUT")]
    pub out: Option<PathBuf>,
    /// Form of the answer
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: OutputArg,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Component type, interface, link type or code; two types for what links between them make. Without a word: all codes
    #[arg(value_name = "WORD", num_args = 0..=2)]
    pub words: Vec<String>,
    /// Form of the answer
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: OutputArg,
}
