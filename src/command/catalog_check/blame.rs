//! Blame: a fault, or the findings of a stack that is refused, become a finding in the entry that they are due to.
//!
//! A mistake shows in many stacks. It is told once: the first finding at a place counts.

use std::collections::BTreeSet;
use std::path::Path;

use super::suspects::Suspect;
use crate::catalog::{Catalog, Each, HookOutput, Kind, Report, Written};
use crate::fault::{Code, Fault, Work};
use crate::finding::Finding;
use crate::topology::Source;
use crate::yaml::{Node, Span};

/// What is tried, and who may be to blame for it.
pub(super) struct Case {
    pub(super) source: Source,
    /// What the stack is of, for people: `a link …`.
    pub(super) told: String,
    pub(super) is_link: bool,
    /// Whether a rule of stacks may say that there can be no such stack.
    pub(super) may_be_refused: bool,
    pub(super) suspects: Vec<Suspect>,
}

/// What was blamed so far.
pub(super) struct Blame<'a> {
    catalog: &'a Catalog,
    report: Report,
    blamed: BTreeSet<(Kind, String)>,
    places: BTreeSet<(String, Span)>,
}

impl<'a> Blame<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            report: Report::default(),
            blamed: BTreeSet::new(),
            places: BTreeSet::new(),
        }
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    pub(super) fn is_empty(&self) -> bool {
        self.report.is_empty()
    }

    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        self.blamed.contains(&(kind, name.to_owned()))
    }

    /// A fault of the catalog as a finding; any other error stays one.
    pub(super) fn fault(&mut self, case: &Case, error: anyhow::Error) -> anyhow::Result<()> {
        let Some(fault) = Fault::behind(&error).cloned() else {
            return Err(error);
        };
        if self.by_place(case, &fault)? || self.by_pattern(case, &fault)? {
            return Ok(());
        }
        let work = error.downcast_ref::<Work>();
        let at_work = case
            .suspects
            .iter()
            .find(|suspect| work.is_some_and(|work| suspect.is_at(work)));
        let Some(suspect) = at_work.or(case.suspects.first()) else {
            return Err(error);
        };
        let hint = match (suspect.kind, fault.code) {
            (Kind::Hook, Code::E_OUTPUT_PATH) => {
                "write a path that tells items apart, or one file for each group of them"
            }
            (Kind::Pair, Code::E_OUTPUT_PATH) => {
                "write a path that tells links apart: `{link.object}` is the name of one"
            }
            (Kind::Hook, _) => "see what its outputs write",
            _ => "see what its templates make",
        };
        let hint = case.tried(hint);
        self.entry(suspect, &borrowed(&suspect.field), fault.code, &fault.message, &hint)
    }

    /// A stack that a person could write and could not use.
    pub(super) fn refused(&mut self, case: &Case, findings: Vec<Finding>) -> anyhow::Result<()> {
        let told: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
        let fact = format!("a stack with {} is refused: {}", case.told, told.join("; "));
        let Some(suspect) = case.suspects.first() else {
            return Ok(());
        };
        let (code, field, hint) = match case.is_link {
            true => (
                Code::E_CATALOG_LINK,
                borrowed(&suspect.field),
                "give names, keys and required settings that a link can have",
            ),
            false => (
                Code::E_CATALOG_ATTRIBUTE,
                vec!["attributes"],
                "give defaults, and patterns of required values, that fit together",
            ),
        };
        self.entry(suspect, &field, code, fact, hint)
    }

    /// A fault whose file lies beside an entry under check.
    fn by_place(&mut self, case: &Case, fault: &Fault) -> anyhow::Result<bool> {
        let Some((file, line)) = &fault.place else {
            return Ok(false);
        };
        for suspect in &case.suspects {
            let Some(written) = self.written(suspect)? else {
                continue;
            };
            let home = Path::new(&written.source.name).parent().unwrap_or(Path::new(""));
            if let Ok(beside) = Path::new(file).strip_prefix(home) {
                let beside = beside.to_string_lossy().into_owned();
                let hint = self.sees(suspect, &beside)?;
                let hint = if case.is_link {
                    format!("{hint}; tried with {}", case.told)
                } else {
                    hint
                };
                self.beside(suspect, &beside, *line, fault.code, &fault.message, &hint)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A fault in a text that an entry under check has.
    fn by_pattern(&mut self, case: &Case, fault: &Fault) -> anyhow::Result<bool> {
        let Some(pattern) = &fault.pattern else {
            return Ok(false);
        };
        for suspect in &case.suspects {
            let Some(written) = self.written(suspect)? else {
                continue;
            };
            let texts = written.document.texts();
            let Some((_, span)) = texts.into_iter().find(|(text, _)| text == pattern) else {
                continue;
            };
            let hint = match suspect.kind {
                Kind::Hook => self.named_by_paths(suspect, pattern)?,
                _ => "name what is there in every such stack".to_owned(),
            };
            let hint = case.tried(&hint);
            let finding = Finding::new(fault.code, span, &fault.message).hint(hint);
            self.tell(suspect, &written.source, finding);
            return Ok(true);
        }
        Ok(false)
    }

    /// A mistake in the entry itself.
    pub(super) fn entry(
        &mut self,
        suspect: &Suspect,
        field: &[&str],
        code: Code,
        fact: impl Into<String>,
        hint: &str,
    ) -> anyhow::Result<()> {
        if let Some(written) = self.written(suspect)? {
            let finding = Finding::new(code, written.document.place(field), fact).hint(hint);
            self.tell(suspect, &written.source, finding);
        }
        Ok(())
    }

    /// A mistake in a line of a file beside an entry, or of a text in it that is a file's template.
    pub(super) fn beside(
        &mut self,
        suspect: &Suspect,
        file: &str,
        line: usize,
        code: Code,
        fact: &str,
        hint: &str,
    ) -> anyhow::Result<()> {
        let Some(written) = self.written(suspect)? else {
            return Ok(());
        };
        let Some((name, bytes)) = self.catalog.beside(suspect.kind, &suspect.name, file) else {
            let span = written.document.place(&borrowed(&text_of(&written.document, file)));
            self.tell(suspect, &written.source, Finding::new(code, span, fact).hint(hint));
            return Ok(());
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let indent = shown.chars().take_while(|one| one.is_whitespace()).count();
        let span = Span {
            line,
            column: indent + 1,
            length: shown.trim().chars().count().max(1),
        };
        self.tell(
            suspect,
            &Source { name, text },
            Finding::new(code, span, fact).hint(hint),
        );
        Ok(())
    }

    fn tell(&mut self, suspect: &Suspect, source: &Source, finding: Finding) {
        self.blamed.insert((suspect.kind, suspect.name.clone()));
        if self.places.insert((source.name.clone(), finding.span)) {
            self.report.add(source, finding);
        }
    }

    fn written(&self, suspect: &Suspect) -> anyhow::Result<Option<Written>> {
        self.catalog.written(suspect.kind, &suspect.name)
    }

    /// What a template beside an entry may name.
    fn sees(&self, suspect: &Suspect, file: &str) -> anyhow::Result<String> {
        let named = match suspect.kind {
            Kind::Hook => self.seen_by(suspect, |output| output.template.as_deref() == Some(file))?,
            Kind::Pair => "`stack`, `from`, `to` and `link`",
            _ => "`component`, `stack`, and `sub` under `for_each`",
        };
        Ok(format!("a template sees {named}"))
    }

    /// What the path of an output may name.
    fn named_by_paths(&self, hook: &Suspect, path: &str) -> anyhow::Result<String> {
        let seen = self.seen_by(hook, |output| output.path == path)?;
        Ok(format!(
            "a path names a text of what its template sees, which is {seen}"
        ))
    }

    fn seen_by(&self, hook: &Suspect, is_meant: impl Fn(&HookOutput) -> bool) -> anyhow::Result<&'static str> {
        let entry = self.catalog.hook(&hook.name)?;
        let mut outputs = entry.iter().flat_map(|entry| &entry.definition.outputs);
        let output = outputs.find(|output| is_meant(output));
        Ok(output.map_or("nothing", |output| seen_of(&output.each)))
    }
}

impl Case {
    /// A hint that says what showed the mistake, where it is more than the entry itself.
    fn tried(&self, hint: &str) -> String {
        match self.is_link {
            true => format!("{hint}; tried with {}", self.told),
            false => hint.to_owned(),
        }
    }
}

/// What the template of an output sees.
fn seen_of(each: &Each) -> &'static str {
    match each {
        Each::Links(links) if links.group_by.is_some() => "`stack`, `links`, and what they are grouped by",
        Each::Links(_) => "`stack`, `from`, `to` and `link`",
        Each::Components(components) if components.group_by.is_some() => "`stack`, `components` and `namespace`",
        Each::Components(_) => "`stack` and `component`",
        Each::Accounts(accounts) if accounts.group_by.is_some() => "`stack`, `accounts`, and what they are grouped by",
        Each::Accounts(_) => "`stack`, `component` and `account`",
        Each::Stack => "`stack`, `links` and `accounts`",
        Each::List(_) => "the fields of an item",
    }
}

/// Where the template of a file is a text of the entry: `component.yaml/<path>`.
fn text_of(document: &Node, file: &str) -> Vec<String> {
    let path = file.split_once('/').map_or(file, |(_, path)| path);
    let files = (0..).map_while(|position: usize| {
        let position = position.to_string();
        document.at(&["files", &position]).map(|_| position)
    });
    let is_meant = |position: &String| {
        let texts = document.at(&["files", position, "path"]).map(Node::texts);
        texts.into_iter().flatten().any(|(text, _)| text == path)
    };
    let found = files.into_iter().find(is_meant);
    let mut place = vec!["files".to_owned()];
    place.extend(found.into_iter().flat_map(|position| [position, "text".to_owned()]));
    place
}

fn borrowed(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}
