//! Flags of `gen`, and the forms of what a pipeline reads.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::OutputArg;

#[derive(Debug, Args)]
pub struct GenArgs {
    /// Stack files; `-` is standard input. Several are checked against each other, and written together or not at all
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stacks: Vec<PathBuf>,
    /// Write nothing; compare, and end with 2 when something would change
    #[arg(long, conflicts_with_all = ["dry_run", "diff"], env = "STACKTIC_CHECK", value_parser = clap::builder::FalseyValueParser::new())]
    pub check: bool,
    /// Write nothing; print the plan
    #[arg(long, env = "STACKTIC_DRY_RUN", value_parser = clap::builder::FalseyValueParser::new())]
    pub dry_run: bool,
    /// Print what would change to standard output, every line or by Kubernetes object; writes nothing
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "unified", env = "STACKTIC_DIFF")]
    pub diff: Option<DiffArg>,
    /// End with 3, and write nothing, when an AI would gain that much
    #[arg(long, value_name = "GAIN", default_value = "none", env = "STACKTIC_FAIL_ON")]
    pub fail_on: FailOnArg,
    /// Output folder, of one stack file [default: `out` beside it]
    #[arg(long, value_name = "DIR", env = "STACKTIC_OUT")]
    pub out: Option<PathBuf>,
    /// What to do with generated files that were edited
    #[arg(long, value_name = "HOW", default_value = "fail", env = "STACKTIC_ON_EDIT")]
    pub on_edit: OnEditArg,
    /// Let at most N files go
    #[arg(long, value_name = "N", env = "STACKTIC_MAX_DELETES")]
    pub max_deletes: Option<usize>,
    /// Form of the report
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: ReportArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnEditArg {
    Fail,
    Keep,
    Overwrite,
}

/// How much of a difference `--diff` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffArg {
    /// Every line, as `git diff` does
    #[value(alias = "true", alias = "1")]
    Unified,
    /// Objects and their fields, by Kubernetes identity
    Semantic,
    /// Nothing is previewed, whatever the environment says
    #[value(hide = true, alias = "false", alias = "0", alias = "")]
    Off,
}

/// What an AI may gain without failing the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOnArg {
    /// Whatever it gains
    None,
    /// No way to change anything
    WriteGain,
    /// Nothing at all
    ReadGain,
}

/// Forms of what a pipeline reads, beside those of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportArg {
    /// For people
    Text,
    /// For programs
    Json,
    /// A comment on a pull request, at most 65 000 characters
    Md,
    /// Annotations of GitHub Actions
    Github,
    /// A Code Quality report of GitLab
    Gitlab,
    /// SARIF 2.1.0
    Sarif,
    /// JUnit XML
    Junit,
}

impl From<OutputArg> for ReportArg {
    fn from(output: OutputArg) -> Self {
        match output {
            OutputArg::Text => Self::Text,
            OutputArg::Json => Self::Json,
        }
    }
}
