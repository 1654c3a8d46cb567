//! Flags of the kill switch.

use std::path::PathBuf;

use clap::Args;

/// Puts a ConfigMap beside each MCP server, or takes it away, and prints how the accounts of its links are taken back.
#[derive(Debug, Args)]
pub struct FreezeArgs {
    /// Stack file
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stack: PathBuf,
    /// Why, in a sentence; whoever calls a tool reads it, and it stands in the audit log
    #[arg(long, value_name = "TEXT", conflicts_with = "lift")]
    pub reason: Option<String>,
    /// Let calls through again
    #[arg(long)]
    pub lift: bool,
    /// Run nothing; print the commands
    #[arg(long)]
    pub print: bool,
    /// Context of the kubeconfig that kubectl uses
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}
