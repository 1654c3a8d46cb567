//! The command line: flags and their help, no logic.

mod diff;
mod dna;
mod freeze;
mod generate;
mod graph;
mod keys;
mod secrets;
mod verify;
mod why;

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub use diff::{CompareArgs, ImpactArgs, SidesArgs, TreeArg};
pub use dna::{DetailArg, DnaArgs};
pub use freeze::FreezeArgs;
pub use generate::{DiffArg, FailOnArg, GenArgs, OnEditArg, ReportArg};
pub use graph::{GraphArgs, PictureArg, ViewArg};
pub use keys::{AddKeyArgs, KeysArgs, KeysCommand, KeysOfArgs, RevokeKeyArgs};
pub use secrets::{RotateArgs, SecretsArgs, SecretsCommand, SecretsOfArgs};
pub use verify::VerifyArgs;
pub use why::{ExplainArgs, WhyArgs};

/// Exit codes, printed under `--help`.
const EXIT_CODES: &str = "Exit codes:
  0   done, or nothing to do
  1   error: findings in the stack file, or a file that cannot be read or written
  2   changes are pending (`--check`), something differs (`diff`) or is touched (`impact`)
  3   refused or left: a foreign or edited file, too many deletes, an encrypted secret out of step
  4   the catalog or the lock file does not fit
  64  wrong usage";

/// Generate a governed MCP server, and everything around it, from a stack topology.
#[derive(Debug, Parser)]
#[command(name = "stacktic", version, about, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: GlobalArgs,
}

impl Cli {
    /// What flags alone cannot say of each other.
    ///
    /// # Errors
    /// One output folder for several stacks.
    pub fn checked(self) -> Result<Self, clap::Error> {
        match &self.command {
            Command::Gen(args) if args.stacks.len() > 1 && args.out.is_some() => {
                let message =
                    "the argument '--out <DIR>' is of one stack file: each of several is written beside its own";
                Err(Self::command().error(clap::error::ErrorKind::ArgumentConflict, message))
            }
            _ => Ok(self),
        }
    }
}

/// Flags of every command.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// Folder with more catalog entries; those of the last folder win
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        env = "STACKTIC_CATALOG",
        value_delimiter = ':'
    )]
    pub catalog: Vec<PathBuf>,
    /// Colors in messages
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        env = "STACKTIC_COLOR",
        default_value = "auto"
    )]
    pub color: ColorArg,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a stack file to start from
    Init(InitArgs),
    /// Write the output of a stack
    Gen(GenArgs),
    /// Check a stack file
    Check(CheckArgs),
    /// Tell what differs between two topologies, of access, of the stack and of what is generated
    Diff(CompareArgs),
    /// Tell which consumers, AI tools and accounts a change touches
    Impact(ImpactArgs),
    /// Check what was generated, without the stack file
    Verify(VerifyArgs),
    /// Tell why a file, or a line of it, is in the output, or all that a link makes
    Why(WhyArgs),
    /// Explain a component type, an interface, a pair of types or a code
    Explain(ExplainArgs),
    /// Ask the Stack Agent's questions of a stack file, offline
    Query(QueryArgs),
    /// Print the whole stack in one read, as its MCP server tells a model
    Dna(DnaArgs),
    /// Draw who reaches whom, and what an AI does
    Graph(GraphArgs),
    /// Run the MCP server and the Stack Agent of a stack on this machine, without a cluster
    #[cfg(feature = "agent")]
    Dev(DevArgs),
    /// Serve a stack's metadata, and run its checks
    #[cfg(feature = "agent")]
    Agent(AgentArgs),
    /// Make, copy and look after the values of secret files
    Secrets(SecretsArgs),
    /// Stop every call of the stack's MCP servers, within seconds and without a restart
    Freeze(FreezeArgs),
    /// Let AI clients in, and shut them out: keys of an MCP server
    Keys(KeysArgs),
    /// Look at the catalog
    Catalog(CatalogArgs),
    /// Print a JSON Schema
    Schema(SchemaArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
}

impl Command {
    /// The form in which the command was asked to answer.
    #[must_use]
    pub fn output(&self) -> ReportArg {
        match self {
            Self::Gen(args) => args.output,
            Self::Check(args) => args.output,
            Self::Diff(args) => args.output,
            Self::Impact(args) => args.output,
            Self::Verify(args) => args.output.into(),
            Self::Dna(args) => args.output.into(),
            Self::Graph(args) => args.output.into(),
            Self::Why(args) => args.output.into(),
            Self::Explain(args) => args.output.into(),
            Self::Secrets(args) => args.command.of().output.into(),
            Self::Keys(args) => args.command.of().of.output.into(),
            Self::Catalog(CatalogArgs {
                command: CatalogCommand::Check(args),
            }) => args.output.into(),
            Self::Catalog(CatalogArgs {
                command: CatalogCommand::Audit(args),
            }) => args.output.into(),
            _ => ReportArg::Text,
        }
    }
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The stack file that is made; one that is there stays as it is
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stack: PathBuf,
    /// What to start from; `stacktic catalog ls` lists all
    #[arg(
        short,
        long,
        value_name = "NAME",
        default_value = "minimal-mcp",
        env = "STACKTIC_BLUEPRINT"
    )]
    pub blueprint: String,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Stack files; `-` is standard input. Several are checked against each other, too
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stacks: Vec<PathBuf>,
    /// Form of the report
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: ReportArg,
}

#[derive(Debug, Args)]
pub struct QueryArgs {
    /// Stack file
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stack: PathBuf,
    /// Body of the query, as for POST /metadata/q; `-` is standard input
    #[arg(short, long, value_name = "JSON", default_value = r#"{"source": "all"}"#)]
    pub query: String,
}

#[cfg(feature = "agent")]
#[derive(Debug, Args)]
pub struct DevArgs {
    /// Stack file
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stack: PathBuf,
    /// Which MCP server, where the stack has several [default: the first by name]
    #[arg(long, value_name = "NAME", env = "STACKTIC_SERVER")]
    pub server: Option<String>,
    /// Port of the MCP server on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8000, env = "STACKTIC_PORT")]
    pub port: u16,
    /// Folder for generated output and Python environments [default: `stacktic` in the user's cache]
    #[arg(long, value_name = "DIR", env = "STACKTIC_CACHE")]
    pub cache: Option<PathBuf>,
    /// Python 3.12 to make the environment with [default: one from PATH, pyenv or uv that answers]
    #[arg(long, value_name = "PYTHON", env = "STACKTIC_PYTHON", conflicts_with = "environment")]
    pub python: Option<PathBuf>,
    /// Use this virtual environment, which has the server's packages, instead of making one
    #[arg(long, value_name = "DIR", env = "STACKTIC_ENVIRONMENT")]
    pub environment: Option<PathBuf>,
    /// Form of what is told; `json` passes audit lines unchanged
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: OutputArg,
}

#[cfg(feature = "agent")]
#[derive(Debug, Args)]
pub struct AgentArgs {
    #[command(subcommand)]
    pub command: AgentCommand,
}

#[cfg(feature = "agent")]
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Answer queries and run checks over HTTP
    #[command(after_help = SECRET_FILES)]
    Serve(ServeArgs),
    /// Take limits upon itself and become a program; the agent starts its checks through this
    #[command(hide = true)]
    Launch(LaunchArgs),
}

/// How the folder of secrets is laid out, printed under `agent serve --help`.
#[cfg(feature = "agent")]
const SECRET_FILES: &str = "Files of the folder of secrets:
  AGENT_API_KEYS                       who may ask: `name:sha256hex` of each key, separated by commas; read at start
  COMPONENT.ATTRIBUTE                  a secret attribute, as in `valkey.password`
  COMPONENT.SUB-COMPONENT.ATTRIBUTE    one of a sub-component, as in `cnpg.app_db.password`

Programs of checks (psql, pg_isready, kubectl, curl, valkey-cli, redis-cli, nc) are looked up on PATH.";

#[cfg(feature = "agent")]
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// stack-metadata.json, or a folder with it or its parts
    #[arg(long, value_name = "PATH", env = "STACKTIC_METADATA")]
    pub metadata: PathBuf,
    /// Folder of secrets, one file a value
    #[arg(long, value_name = "DIR", env = "STACKTIC_SECRETS")]
    pub secrets: PathBuf,
    /// Address to listen on, `[::]:PORT` for every address of IPv4 and IPv6; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "STACKTIC_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: std::net::SocketAddr,
}

#[cfg(feature = "agent")]
#[derive(Debug, Args)]
pub struct LaunchArgs {
    /// Process that this one must not outlive
    #[arg(long, value_name = "PID")]
    pub parent: u32,
    /// Limits beside that
    #[arg(long, value_name = "LIMITS", default_value = "check")]
    pub limits: LimitsArg,
    /// Program and its arguments
    #[arg(required = true, last = true)]
    pub program: Vec<std::ffi::OsString>,
}

#[cfg(feature = "agent")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LimitsArg {
    None,
    Check,
}

#[derive(Debug, Args)]
pub struct CatalogArgs {
    #[command(subcommand)]
    pub command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// List component types, interfaces, conventions, pairs, hooks and blueprints
    Ls {
        /// Form of the list
        #[arg(short, long, value_name = "FORM", default_value = "text")]
        output: OutputArg,
    },
    /// List every legal link with its levels and what it causes
    Links {
        /// Form of the list
        #[arg(short, long, value_name = "FORM", default_value = "text")]
        output: OutputArg,
    },
    /// Hold entries to the laws of the catalog
    Check(CatalogCheckArgs),
    /// Print the whole catalog as a page of Markdown
    Docs,
    /// Compare charts and images with the newest versions that are known; ends with 2 where something has aged
    Audit(CatalogAuditArgs),
    /// Show what an entry does
    Show {
        /// Component type, interface, convention, link type, hook or blueprint; `interface:kafka` where several have the name
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct CatalogCheckArgs {
    /// Folder whose entries are checked [default: those of the program and of `--catalog`]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Virtual environment with the server's packages, in which tools are tried [default: the one that `dev` made]
    #[arg(long, value_name = "DIR", env = "STACKTIC_ENVIRONMENT")]
    pub environment: Option<PathBuf>,
    /// Folder with the environments that `dev` made [default: `stacktic` in the user's cache]
    #[arg(long, value_name = "DIR", env = "STACKTIC_CACHE")]
    pub cache: Option<PathBuf>,
    /// Form of the report
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: OutputArg,
}

#[derive(Debug, Args)]
pub struct CatalogAuditArgs {
    /// Folder with what is known: indexes of Helm repositories, or files with `chart` and `version`
    #[arg(long, value_name = "DIR", env = "STACKTIC_FACTS")]
    pub facts: Option<PathBuf>,
    /// Form of the list
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: OutputArg,
}

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which schema
    #[arg(default_value = "stack")]
    pub which: SchemaArg,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    pub shell: clap_complete::Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputArg {
    Text,
    Json,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaArg {
    Stack,
    Component,
    Interface,
    Convention,
    Pair,
    Hook,
    Metadata,
    ToolsLock,
    ServerToolsLock,
}
