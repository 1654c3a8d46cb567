//! Flags of the commands about keys of AI clients.

use clap::{Args, Subcommand};

use super::SecretsOfArgs;

#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    pub command: KeysCommand,
}

/// A key itself is printed once, by `add`, and stands nowhere: the server knows its SHA-256.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and print it, alone, to standard output
    Add(AddKeyArgs),
    /// List keys: name, end, profile, and how their digests begin
    List(KeysOfArgs),
    /// Take a key away
    Revoke(RevokeKeyArgs),
}

#[derive(Debug, Args)]
pub struct AddKeyArgs {
    /// Name of the key, which the audit log has for its calls
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    pub of: KeysOfArgs,
    /// When it ends: so many days from now, as in `90d`, a date, or `YYYY-MM-DDTHH:MM:SSZ` [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<String>,
    /// The client of the server whose links it opens [default: the client that it is called like, else all links of the server]
    #[arg(long, value_name = "CLIENT")]
    pub profile: Option<String>,
    /// Add a successor, NAME.2, to a key that is there; the older one ends after `--overlap`
    #[arg(long)]
    pub rotate: bool,
    /// How long both are valid
    #[arg(long, value_name = "DAYS", default_value = "7d", requires = "rotate")]
    pub overlap: String,
}

#[derive(Debug, Args)]
pub struct RevokeKeyArgs {
    /// Name of the key
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    pub of: KeysOfArgs,
}

#[derive(Debug, Args)]
pub struct KeysOfArgs {
    #[command(flatten)]
    pub of: SecretsOfArgs,
    /// Which MCP server, where the stack has several
    #[arg(long, value_name = "NAME", env = "STACKTIC_SERVER")]
    pub server: Option<String>,
}

impl KeysCommand {
    /// What all of them are told.
    #[must_use]
    pub fn of(&self) -> &KeysOfArgs {
        match self {
            Self::Add(args) => &args.of,
            Self::List(of) => of,
            Self::Revoke(args) => &args.of,
        }
    }
}
