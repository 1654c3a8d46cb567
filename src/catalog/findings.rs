//! Findings of entries, each with its file: what a person must change in a catalog, all at once.

use std::collections::BTreeMap;
use std::fmt;

use crate::finding::Finding;
use crate::topology::Source;

/// The findings of one file. A file that is not there has no text, and its findings no line.
#[derive(Clone, Debug)]
pub struct FileFindings {
    pub source: Source,
    pub findings: Vec<Finding>,
}

/// Findings by file, sorted.
#[derive(Clone, Debug, Default)]
pub struct Report(BTreeMap<String, FileFindings>);

impl Report {
    pub fn add(&mut self, source: &Source, finding: Finding) {
        let file = self.0.entry(source.name.clone()).or_insert_with(|| FileFindings {
            source: source.clone(),
            findings: Vec::new(),
        });
        file.findings.push(finding);
    }

    /// A finding about a file or folder as a whole.
    pub fn add_whole(&mut self, name: &str, finding: Finding) {
        let source = Source {
            name: name.to_owned(),
            text: String::new(),
        };
        self.add(&source, finding);
    }

    pub fn join(&mut self, other: Self) {
        for file in other.0.into_values() {
            for finding in file.findings {
                self.add(&file.source, finding);
            }
        }
    }

    /// Whether there is a finding about the file `name`.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All files with what was found in them, in order of their places.
    #[must_use]
    pub fn into_files(self) -> Vec<FileFindings> {
        let sorted = self.0.into_values().map(|mut file| {
            file.findings.sort_by(|left, right| {
                (left.span, left.code, &left.message).cmp(&(right.span, right.code, &right.message))
            });
            file.findings.dedup();
            file
        });
        sorted.collect()
    }

    /// Nothing, or the error that carries the findings to whoever prints them.
    ///
    /// # Errors
    /// There are findings.
    pub fn ensure_empty(self) -> Result<(), CatalogFindings> {
        if self.is_empty() {
            return Ok(());
        }
        Err(CatalogFindings(self.into_files()))
    }
}

/// A catalog with findings, as an error: nothing can be made of it.
#[derive(Debug)]
pub struct CatalogFindings(pub Vec<FileFindings>);

impl fmt::Display for CatalogFindings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.iter().flat_map(|file| {
            let name = &file.source.name;
            file.findings.iter().map(move |finding| (name, finding))
        });
        for (position, (name, finding)) in all.enumerate() {
            let comma = if position > 0 { "; " } else { "" };
            let (code, line, message) = (finding.code.as_str(), finding.span.line, &finding.message);
            write!(formatter, "{comma}{code}: `{name}:{line}`: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogFindings {}
