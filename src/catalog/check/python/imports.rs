//! What a module imports, and what the server has.
//!
//! The tables are made by `scripts/derive_import_names.py` from an environment with the server's lock: a distribution
//! (`pyyaml`) has other names than the modules that it brings (`yaml`).

use std::sync::LazyLock;

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

use super::words::Word;
use crate::yaml::Span;

#[derive(Deserialize)]
struct Table {
    standard_library: BTreeSet<String>,
    distributions: BTreeMap<String, Vec<String>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("import_names.json")).unwrap_or(Table {
        standard_library: BTreeSet::new(),
        distributions: BTreeMap::new(),
    })
});

pub(super) fn is_standard(name: &str) -> bool {
    TABLE.standard_library.contains(name)
}

pub(super) fn is_installed(name: &str) -> bool {
    installed().any(|module| module == name)
}

/// Modules that the server's lock installs.
pub(super) fn installed() -> impl Iterator<Item = &'static str> {
    TABLE.distributions.values().flatten().map(String::as_str)
}

/// A module that is imported, or why the import says nothing that could be looked up.
pub(super) struct Import {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) refusal: Option<&'static str>,
}

const AT_RUN_TIME: &str = "a module is imported by a name that is made at run time";
const MORE: &str = "`importlib` is used for more than `import_module` of a written name";
const UNSEEN: &str = "a module that can do more than a tool needs is imported where nobody looks for it";

/// Every import of a module, in order.
pub(super) fn names_of(words: &[Word<'_>]) -> Vec<Import> {
    let mut found = Vec::new();
    for (position, word) in words.iter().enumerate() {
        let rest = &words[position + 1..];
        match word.text {
            "import" if word.begins => found.extend(plain(rest)),
            "from" if word.begins => found.extend(from(rest)),
            "importlib" if position > 0 && !is_imported(words, position) => found.extend(by_function(rest)),
            _ => {}
        }
    }
    found
}

/// Whether the word stands in an import statement, which is looked at by itself.
fn is_imported(words: &[Word<'_>], position: usize) -> bool {
    let before = words[..=position].iter().rposition(|word| word.begins);
    before.is_some_and(|begin| matches!(words[begin].text, "import" | "from"))
}

/// `import a.b as c, d`.
fn plain(words: &[Word<'_>]) -> Vec<Import> {
    let mut found = Vec::new();
    let statement: Vec<&Word<'_>> = words
        .iter()
        .take_while(|word| !word.begins && word.text != ";")
        .collect();
    for part in statement.split(|word| word.text == ",") {
        let name: String = part
            .iter()
            .take_while(|word| word.text != "as")
            .map(|word| word.text)
            .collect();
        let is_renamed = part.iter().any(|word| word.text == "as");
        let refusal = (name.starts_with("importlib") && (is_renamed || name != "importlib")).then_some(MORE);
        if let Some(first) = part.first() {
            let span = Span {
                length: name.chars().count().max(1),
                ..first.span
            };
            found.push(Import { name, span, refusal });
        }
    }
    found
}

/// `from a.b import c`; with a dot in front it is a module of the same package.
fn from(words: &[Word<'_>]) -> Option<Import> {
    let name: Vec<&Word<'_>> = words.iter().take_while(|word| word.text != "import").collect();
    let first = name.first().filter(|word| word.text != "." && word.text != "...")?;
    let text: String = name.iter().map(|word| word.text).collect();
    let refusal = (first.text == "importlib").then_some(MORE);
    let span = Span {
        length: text.chars().count(),
        ..first.span
    };
    Some(Import {
        name: text,
        span,
        refusal,
    })
}

/// `importlib.import_module("a.b")`, whose first name at least must be written.
fn by_function(words: &[Word<'_>]) -> Option<Import> {
    let [dot, function, open, argument, ..] = words else {
        return None;
    };
    let refused = |span: Span, refusal| {
        Some(Import {
            name: String::new(),
            span,
            refusal: Some(refusal),
        })
    };
    if dot.text != "." || function.text != "import_module" || open.text != "(" {
        return refused(function.span, MORE);
    }
    let quoted = if matches!(argument.text, "f" | "F" | "r" | "R") {
        words.get(4)?
    } else {
        argument
    };
    let name = quoted.content;
    let written = name.split('{').next().unwrap_or_default();
    let is_written = written == name || written.contains('.');
    if name.is_empty() || !is_written {
        return refused(function.span, AT_RUN_TIME);
    }
    let top = written.split('.').next().unwrap_or_default();
    Some(Import {
        name: name.to_owned(),
        span: argument.span,
        refusal: super::reach::is_narrow(top).then_some(UNSEEN),
    })
}
