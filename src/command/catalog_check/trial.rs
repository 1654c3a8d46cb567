//! A type on trial: a stack of it goes through the whole pipeline, in memory, and what does not work is told with the
//! template, the check or the field that it is due to.

use anyhow::Context as _;

use super::smallest::{self, NAME};
use crate::agent::check::Check;
use crate::agent::pipeline;
use crate::agent::query::{Index, Query};
use crate::catalog::{Catalog, ComponentType, Entry, Report, Written};
use crate::command::assemble::assemble;
use crate::fault::{Code, Fault};
use crate::finding::Finding;
use crate::metadata;
use crate::plan::matches;
use crate::stack::{self, Stack};
use crate::topology::{self, Source};
use crate::tree::{Content, Tree};
use crate::yaml::{self, Span};

/// Try the type `name`; one that keeps no law is not tried, since it has been blamed already.
///
/// # Errors
/// A file cannot be read.
pub(super) fn component_type(catalog: &Catalog, name: &str, report: &mut Report) -> anyhow::Result<()> {
    let Some(entry) = catalog.component_type(name)? else {
        return Ok(());
    };
    let written = catalog
        .written_type(name)?
        .context("an entry that was read has a text")?;
    let mut trial = Trial {
        catalog,
        entry: &entry,
        written: &written,
        report,
    };
    let mut trees = Vec::new();
    for source in smallest::stacks(&entry.definition) {
        let Some((stack, tree)) = trial.run(&source)? else {
            return Ok(());
        };
        trial.texts(&tree);
        trees.push((stack, tree));
    }
    if let Some((stack, tree)) = trees.last() {
        trial.health(stack)?;
        trial.config_maps(tree);
    }
    Ok(())
}

struct Trial<'a> {
    catalog: &'a Catalog,
    entry: &'a Entry<ComponentType>,
    written: &'a Written,
    report: &'a mut Report,
}

impl Trial<'_> {
    /// The stack and its output, or a finding.
    fn run(&mut self, source: &Source) -> anyhow::Result<Option<(Stack, Tree)>> {
        let checked = match topology::parse(source) {
            Err(findings) => Err(findings),
            Ok((topology, shape)) => match stack::check::check(&topology, self.catalog, shape, None) {
                Ok(checked) => checked.map(|stack| (topology, stack)),
                Err(error) => return self.refused(error),
            },
        };
        let (topology, stack) = match checked {
            Ok(checked) => checked,
            Err(findings) => {
                let told: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
                let fact = format!("a stack with such a component alone is refused: {}", told.join("; "));
                let hint = "give defaults, and patterns of required values, that fit together";
                self.blame(Code::E_CATALOG_ATTRIBUTE, &["attributes"], fact, hint);
                return Ok(None);
            }
        };
        match assemble(&topology, &stack, self.catalog) {
            Ok(tree) => Ok(Some((stack, tree))),
            Err(error) => self.refused(error),
        }
    }

    /// A fault of the catalog as a finding; any other error stays one.
    fn refused<T>(&mut self, error: anyhow::Error) -> anyhow::Result<Option<T>> {
        let Some(fault) = error.downcast_ref::<Fault>() else {
            return Err(error);
        };
        let root = format!("{}/", self.entry.place("").trim_end_matches('/'));
        let beside = fault
            .place
            .as_ref()
            .and_then(|(file, line)| Some((file.strip_prefix(&root)?, *line)));
        match beside {
            Some((file, line)) => {
                let hint = "a template sees `component`, `stack`, and `sub` under `for_each`";
                self.blame_beside(
                    file,
                    line,
                    Finding::new(fault.code, Span::default(), &fault.message).hint(hint),
                );
            }
            None => {
                // The finding has the code already.
                let fact = format!("{error:#}").replace(&format!("{}: ", fault.code.as_str()), "");
                self.blame(fault.code, &["files"], fact, "see what its templates make");
            }
        }
        Ok(None)
    }

    fn blame(&mut self, code: Code, path: &[&str], fact: impl Into<String>, hint: &str) {
        let finding = Finding::new(code, self.written.document.place(path), fact).hint(hint);
        self.report.add(&self.written.source, finding);
    }

    fn blame_beside(&mut self, file: &str, line: usize, finding: Finding) {
        let bytes = self.entry.file(file).unwrap_or_default();
        let source = Source {
            name: self.entry.place(file),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        };
        let shown = source.text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let indent = shown.chars().take_while(|one| one.is_whitespace()).count();
        let span = Span {
            line,
            column: indent + 1,
            length: shown.trim().chars().count().max(1),
        };
        self.report.add(&source, Finding { span, ..finding });
    }

    /// What the type's own templates wrote is what the names of their files say.
    fn texts(&mut self, tree: &Tree) {
        let folder = format!("k8s/deploy/base/{NAME}/");
        for (path, file) in tree.below(&folder) {
            let (Some(template), Content::Bytes(bytes)) = (file.why.split(", template ").nth(1), &file.content) else {
                continue;
            };
            let text = String::from_utf8_lossy(bytes);
            let mistake = match path.as_str().rsplit('.').next() {
                Some("yaml") => yaml::documents(&text).err().map(|error| error.to_string()),
                Some("json") => serde_json::from_str::<serde_json::Value>(&text)
                    .err()
                    .map(|error| error.to_string()),
                _ => None,
            };
            if let Some(fact) = mistake {
                let fact = format!("`{}` is written, and {fact}", path.file_name());
                let finding = Finding::new(Code::E_CATALOG_TEMPLATE, Span::default(), fact);
                let hint = "values go through the filter `yaml` or `json`, blocks keep their indentation";
                self.blame_beside(template, 1, finding.hint(hint));
            }
        }
    }

    /// Every sentence compiles for the component that it is a sentence of.
    fn health(&mut self, stack: &Stack) -> anyhow::Result<()> {
        let metadata = serde_json::to_vec(&metadata::of(stack)).context("the stack metadata is plain data")?;
        let index = Index::load(&metadata).context("the stack metadata")?;
        let context = pipeline::context(&index);
        let query = Query::new(NAME, "component");
        for (position, sentence) in self.entry.definition.health.iter().enumerate() {
            let refusal = match Check::parse(sentence) {
                Err(refusal) => Some(refusal),
                Ok(_) => match pipeline::jobs(&index, &context, &query, sentence) {
                    Err(pipeline::PipelineError::Check(refusal)) => Some(refusal),
                    _ => None,
                },
            };
            if let Some(refusal) = refusal {
                let fact = format!("the Stack Agent refuses this check: {}", refusal.message);
                let hint =
                    "a check is a sentence of the agent's language, such as `nc -z {host} {port}`; there is no shell";
                self.blame(Code::E_CATALOG_HEALTH, &["health", &position.to_string()], fact, hint);
            }
        }
        Ok(())
    }

    /// A ConfigMap that no file goes into would not be made, and a pod that mounts it not start.
    fn config_maps(&mut self, tree: &Tree) {
        let folder = format!("k8s/deploy/base/{NAME}/");
        let files: Vec<&str> = tree
            .below(&folder)
            .filter_map(|(path, _)| path.as_str().strip_prefix(&folder))
            .collect();
        for (name, patterns) in &self.entry.definition.config_maps {
            for (position, pattern) in patterns.iter().enumerate() {
                if !files.iter().any(|file| matches(pattern, file)) {
                    let fact = format!("no file of a component is called `{pattern}`");
                    let path = ["config_maps", name, &position.to_string()];
                    self.blame(
                        Code::E_CATALOG_FILE,
                        &path,
                        fact,
                        "name files that the type makes or copies",
                    );
                }
            }
        }
    }
}
