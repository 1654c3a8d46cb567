//! Flags of `stacktic diff` and `stacktic impact`, which compare two topologies.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{FailOnArg, ReportArg};

/// What is compared with what.
const SIDES: &str = "What is compared:
  FILE       another stack file; `-` is standard input
  REF        the stack file STACK as it was in a git revision: `main`, `HEAD~1`, a tag, a commit
  REF:PATH   another file of that revision, from the top of the repository
A name that is a file is that file, also where a revision is called like it; `refs/heads/NAME` is always the branch.
Metadata of other stacks (`external: {metadata: …}`) is read from the same revision where it is in it, else from the disk. The
catalog is that of this program and of --catalog for both, as it is now. Nothing is written.";

#[derive(Debug, Args)]
pub struct SidesArgs {
    /// Stack file
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stack: PathBuf,
    /// The older topology: a git revision of the stack file, or another file
    #[arg(long, value_name = "REF|FILE", default_value = "HEAD", env = "STACKTIC_FROM")]
    pub from: String,
    /// The newer topology [default: the stack file as it is]
    #[arg(long, value_name = "REF|FILE", env = "STACKTIC_TO")]
    pub to: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = help_of_diff())]
pub struct CompareArgs {
    #[command(flatten)]
    pub sides: SidesArgs,
    /// How the difference of the generated files is told
    #[arg(long, value_name = "HOW", default_value = "semantic", env = "STACKTIC_TREE")]
    pub tree: TreeArg,
    /// End with 3 when an AI would gain that much
    #[arg(long, value_name = "GAIN", default_value = "none", env = "STACKTIC_FAIL_ON")]
    pub fail_on: FailOnArg,
    /// Form of the report
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: ReportArg,
}

#[derive(Debug, Args)]
#[command(after_help = help_of_impact())]
pub struct ImpactArgs {
    #[command(flatten)]
    pub sides: SidesArgs,
    /// Form of the report
    #[arg(short, long, value_name = "FORM", default_value = "text", env = "STACKTIC_OUTPUT")]
    pub output: ReportArg,
}

fn help_of_diff() -> String {
    format!(
        "{SIDES}\n\nExit codes: 0 no difference, 2 a difference, 3 more gain than --fail-on lets through, 1 an error"
    )
}

fn help_of_impact() -> String {
    format!("{SIDES}\n\nExit codes: 0 no consumer, AI tool or account is touched, 2 something is, 1 an error")
}

/// How much is told of the generated files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TreeArg {
    /// How many change
    Counts,
    /// A line a file
    Files,
    /// Objects and their fields, by Kubernetes identity
    Semantic,
    /// Every line, as `git diff` does
    Unified,
}
