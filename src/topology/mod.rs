//! stack.yaml as written: text in, a [`Topology`] with its source and the findings about its shape out.
//!
//! Knows the schema of the file, nothing of the catalog. The only file it reads is the stack file.

pub mod caps;
mod described;
pub mod document;
pub mod forms;
pub(crate) mod shape;
mod variants;

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

use crate::finding::{Code, Finding};
use crate::yaml::{self, Node, ProblemKind, Span};

pub use caps::{MAX_BYTES, MAX_COMPONENTS, MAX_LINKS, MAX_OVERLAYS};
pub use described::Described;
pub use document::{
    ClusterDocument, ComponentDocument, EnvironmentDocument, ExternalDocument, GitopsDocument, LinkDocument,
    OperatorOwner, Resolver, SecretsBackend, StackDocument, SubComponentDocument, Targets,
};
pub use shape::UnknownKey;

/// The text of a stack file and the name to show for it.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub text: String,
}

/// A stack file: what it says, and where it says it.
#[derive(Clone, Debug)]
pub struct Topology {
    pub document: StackDocument,
    /// Keys that the schema does not have, for those who know the catalog.
    pub unknown: Vec<UnknownKey>,
    root: Node,
    refused: Vec<Vec<String>>,
}

/// Read the stack file; `-` is standard input.
///
/// # Errors
/// The file cannot be read.
pub fn read(path: &Path) -> anyhow::Result<(Source, Vec<Finding>)> {
    let name = if path.as_os_str() == "-" {
        "<stdin>".to_owned()
    } else {
        path.to_string_lossy().into_owned()
    };
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    if path.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(limit)
            .read_to_end(&mut bytes)
            .context("could not read standard input")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("could not read `{name}`"))?;
        file.take(limit)
            .read_to_end(&mut bytes)
            .with_context(|| format!("could not read `{name}`"))?;
    }
    Ok(source(name, &bytes))
}

/// The text of a stack file that was read from elsewhere, and what keeps it from being one.
#[must_use]
pub fn source(name: String, bytes: &[u8]) -> (Source, Vec<Finding>) {
    let start = Span {
        line: 1,
        column: 1,
        length: 1,
    };
    let findings = if bytes.len() > MAX_BYTES {
        vec![
            Finding::new(Code::E_TOPOLOGY_LIMIT, start, "the file is larger than 1 MB")
                .hint("split the stack; another stack's services are `external`"),
        ]
    } else if let Err(error) = std::str::from_utf8(bytes) {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
        let (line, column) = (
            before.lines().count().max(1),
            before.lines().last().map_or(0, |line| line.chars().count()) + 1,
        );
        let finding = Finding::new(
            Code::E_TOPOLOGY_YAML,
            Span {
                line,
                column,
                length: 1,
            },
            "the file is not UTF-8 text",
        );
        vec![finding.hint("save it as UTF-8")]
    } else {
        Vec::new()
    };
    let text = String::from_utf8_lossy(bytes).into_owned();
    (Source { name, text }, findings)
}

/// Read the text of a stack file.
///
/// # Errors
/// The findings, when no document could be made of the text at all.
pub fn parse(source: &Source) -> Result<(Topology, Vec<Finding>), Vec<Finding>> {
    let mut root =
        yaml::parse(&source.text).map_err(|problems| problems.into_iter().map(from_problem).collect::<Vec<_>>())?;
    let (json, shape) = shape::check(&root);
    for (place, name) in &shape.renamed {
        root.rename(*place, name);
    }
    let mut findings = shape.findings;
    match serde_json::from_value(json) {
        Ok(document) => {
            let topology = Topology {
                document,
                unknown: shape.unknown,
                root,
                refused: shape.refused,
            };
            topology.check_counts(&mut findings);
            Ok((topology, findings))
        }
        Err(error) => {
            findings.extend(shape.unknown.iter().map(UnknownKey::finding));
            if findings.is_empty() {
                findings.push(Finding::new(Code::E_TOPOLOGY_SCHEMA, root.span, error.to_string()));
            }
            Err(findings)
        }
    }
}

fn from_problem(problem: yaml::Problem) -> Finding {
    let code = match problem.kind {
        ProblemKind::Syntax | ProblemKind::Unreadable | ProblemKind::Number => Code::E_TOPOLOGY_YAML,
        ProblemKind::Limit => Code::E_TOPOLOGY_LIMIT,
    };
    Finding::new(code, problem.span, problem.message).maybe_hint(problem.hint)
}

impl Topology {
    /// Where the value at `path` stands; the nearest enclosing value when it is not there.
    #[must_use]
    pub fn place(&self, path: &[&str]) -> Span {
        self.root.place(path)
    }

    /// Whether the value at `path` was refused as a whole, so that nothing is known of what it holds.
    #[must_use]
    pub fn is_refused(&self, path: &[&str]) -> bool {
        self.refused.iter().any(|refused| refused.iter().eq(path))
    }

    /// Take the value at `path` for refused: others say that nothing is known of what it holds.
    pub fn refuse(&mut self, path: &[&str]) {
        self.refused.push(path.iter().map(|&part| part.to_owned()).collect());
    }

    /// Whether the file has something at `path`.
    #[must_use]
    pub fn holds(&self, path: &[&str]) -> bool {
        self.root.at(path).is_some()
    }

    /// Where the key at the end of `path` stands.
    #[must_use]
    pub fn key_place(&self, path: &[&str]) -> Span {
        self.root.key_place(path)
    }

    /// Every text of the file that a person wrote as a value or a key, with its place.
    pub fn texts(&self) -> Vec<(&str, Span)> {
        self.root.texts()
    }

    fn check_counts(&self, findings: &mut Vec<Finding>) {
        let links = self.document.links.iter().map(|link| link.to.iter().count()).sum();
        let counts = [
            ("components", self.document.components.len(), MAX_COMPONENTS),
            ("links", links, MAX_LINKS),
        ];
        for (what, count, most) in counts {
            if count > most {
                let message = format!("{count} {what}; a stack has at most {most}");
                findings.push(Finding::new(Code::E_TOPOLOGY_LIMIT, self.key_place(&[what]), message));
            }
        }
        self.check_overlays(findings);
    }

    fn check_overlays(&self, findings: &mut Vec<Finding>) {
        let (components, environments) = (self.document.components.len(), self.document.environments.len());
        let count = components.saturating_mul(environments);
        if count > MAX_OVERLAYS {
            let message = format!(
                "{components} components in {environments} environments make {count} overlays; a stack has at most \
                 {MAX_OVERLAYS}"
            );
            let finding = Finding::new(Code::E_TOPOLOGY_LIMIT, self.key_place(&["environments"]), message);
            findings.push(finding.hint("split the stack; another stack's services are `external`"));
        }
    }
}
