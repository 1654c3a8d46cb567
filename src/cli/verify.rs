//! Flags of `stacktic verify`.

use std::path::PathBuf;

use clap::Args;

use super::OutputArg;

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Output folder
    #[arg(value_name = "OUT", default_value = "out", env = "STACKTIC_OUT")]
    pub out: PathBuf,
    /// Install it in mind, wave by wave: when an object comes, its namespace, kind, Secrets and operator are there
    #[arg(long, required_unless_present_any = ["audit", "controls"])]
    pub install: bool,
    /// Audit logs of MCP servers, of one or several pods, in any order; `-` is standard input. Lines of others in between are
    /// passed over
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["install", "out"])]
    pub audit: Vec<PathBuf>,
    /// File with heads that were kept: `NUMBER SHA256 [REPLICA]` a line, as the report prints them
    #[arg(long, value_name = "FILE", requires = "audit")]
    pub head: Vec<PathBuf>,
    /// A `tools.lock.json`: list calls that were made under it, and of tools that it does not know
    #[arg(long, value_name = "FILE", requires = "audit")]
    pub lock: Option<PathBuf>,
    /// What a governed MCP server is judged by: each control of public guidance, how far it is covered, and the tests that prove
    /// it
    #[arg(long, conflicts_with_all = ["install", "audit", "out"])]
    pub controls: bool,
    /// Form of the report
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: OutputArg,
}
