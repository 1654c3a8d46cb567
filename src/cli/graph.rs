//! Flags of `stacktic graph`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReportArg;
use crate::graph::{Form, View};

#[derive(Debug, Args)]
pub struct GraphArgs {
    /// Stack file; `-` is standard input
    #[arg(value_name = "STACK", default_value = "stack.yaml", env = "STACKTIC_STACK")]
    pub stack: PathBuf,
    /// What is shown
    #[arg(long, value_name = "VIEW", default_value = "all", env = "STACKTIC_VIEW")]
    pub view: ViewArg,
    /// Show what changed since this stack file, in the same picture
    #[arg(long, value_name = "FILE", env = "STACKTIC_GRAPH_DIFF")]
    pub diff: Option<PathBuf>,
    /// Form of the picture, which is written to standard output
    #[arg(
        short,
        long,
        value_name = "FORM",
        default_value = "svg",
        env = "STACKTIC_GRAPH_OUTPUT"
    )]
    pub output: PictureArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ViewArg {
    /// MCP servers, and what they reach
    Ai,
    /// Applications, and where their data lies
    Data,
    /// Gateways, certificates, monitoring, and what keeps components in step
    Delivery,
    /// Every link
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PictureArg {
    /// A picture
    Svg,
    /// A page with picture, search and tables, which asks the network for nothing
    Html,
    /// A flowchart for Markdown
    Mermaid,
    /// For Graphviz
    Dot,
    /// For programs
    Json,
}

impl From<ViewArg> for View {
    fn from(view: ViewArg) -> Self {
        match view {
            ViewArg::Ai => Self::Ai,
            ViewArg::Data => Self::Data,
            ViewArg::Delivery => Self::Delivery,
            ViewArg::All => Self::All,
        }
    }
}

impl From<PictureArg> for Form {
    fn from(output: PictureArg) -> Self {
        match output {
            PictureArg::Svg => Self::Svg,
            PictureArg::Html => Self::Html,
            PictureArg::Mermaid => Self::Mermaid,
            PictureArg::Dot => Self::Dot,
            PictureArg::Json => Self::Json,
        }
    }
}

/// The form in which mistakes are told.
impl From<PictureArg> for ReportArg {
    fn from(output: PictureArg) -> Self {
        match output {
            PictureArg::Json => Self::Json,
            _ => Self::Text,
        }
    }
}
