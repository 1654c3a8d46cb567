//! Rule: the tools of an entry have names of their own, text that a reviewer sees as it is, and closed schemas.
//!
//! `tools.json` beside an entry is what the running server will list and what a person approves by hash.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value as Json;

use super::files::TOOLS;
use super::{Held, tool_schemas, tool_values};
use crate::catalog::folders::WHOLE;
use crate::fault::Code::{E_CATALOG_TEXT, E_CATALOG_TOOLS};
use crate::finding::{Finding, suggestion};
use crate::name::is_hidden;
use crate::yaml::{self, Node, ProblemKind, Span};

/// What a tool does to its backend.
const CLASSES: [&str; 3] = ["read", "side_effect", "write"];
/// Longest title: it is one line of a list.
const MAX_TITLE: usize = 80;
/// Longest description: a client's model reads all of them before each answer.
const MAX_DESCRIPTION: usize = 300;
const MAX_NAME: usize = 64;
/// Longest wait for a backend, which the server refuses to exceed (`MAX_TIMEOUT_SECONDS` of its `core/governed.py`).
const MAX_TIMEOUT_MS: u64 = 30_000;

/// A key of a tool, what its value is, and whether one is that.
type Form = (&'static str, &'static str, fn(&Json) -> bool);

/// The keys of a tool, as `catalog/tools/definition.rs` reads them.
const FORMS: [Form; 12] = [
    ("name", "a text", Json::is_string),
    ("class", "a text", Json::is_string),
    ("destructive", "`true` or `false`", Json::is_boolean),
    ("idempotent", "`true` or `false`", Json::is_boolean),
    ("timeout_ms", "a whole number", Json::is_u64),
    ("result_bytes", "a whole number", Json::is_u64),
    ("text_bytes", "a whole number", Json::is_u64),
    ("instance_argument", "a text", Json::is_string),
    ("title", "a text", Json::is_string),
    ("description", "a text", Json::is_string),
    ("input_schema", "a schema", Json::is_object),
    (OPTIONAL, "a schema", Json::is_object),
];
/// The key that a tool may do without.
const OPTIONAL: &str = "data_schema";

#[derive(Deserialize)]
struct Definitions {
    tools: Vec<Json>,
}

/// The names of the tools that `tools.json` defines; none where it cannot be read, which is told by itself.
pub(super) fn names(bytes: &[u8]) -> Vec<String> {
    let definitions = serde_json::from_slice::<Definitions>(bytes);
    let tools = definitions.map(|definitions| definitions.tools).unwrap_or_default();
    let names = tools.iter().filter_map(|tool| tool["name"].as_str());
    names.map(str::to_owned).collect()
}

/// The classes of the tools that `tools.json` defines.
pub(super) fn classes(bytes: &[u8]) -> Vec<String> {
    let definitions = serde_json::from_slice::<Definitions>(bytes);
    let tools = definitions.map(|definitions| definitions.tools).unwrap_or_default();
    let classes = tools.iter().filter_map(|tool| tool["class"].as_str());
    classes.map(str::to_owned).collect()
}

/// Hold `tools.json` beside an entry to the rule.
///
/// `lists` are the closed lists of a link; nothing where the pair makes no link type.
pub(super) fn check<T>(held: &mut Held<'_, T>, may_write: bool, lists: Option<&BTreeSet<String>>) {
    let Ok(bytes) = held.entry.file(TOOLS) else {
        return; // told where the file is missed
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let definitions = match read(&text, held.entry.is_embedded()) {
        Ok(definitions) => definitions,
        Err(findings) => {
            for finding in findings {
                held.blame_beside(TOOLS, &text, finding);
            }
            return;
        }
    };
    let mut judge = Judge { found: Vec::new() };
    if definitions.tools.is_empty() {
        judge.blame(&[], "the file defines no tool", "define one, or leave out `tools`");
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, tool) in definitions.tools.iter().enumerate() {
        judge.tool(position, tool, may_write);
        if let Some(name) = tool["name"].as_str()
            && seen.insert(name, position).is_some()
        {
            let fact = format!("two tools are called `{name}`");
            judge.blame(&at(position, &["name"]), fact, "give one of them another name");
        }
    }
    let is_own = !held.entry.is_embedded();
    judge.found.extend(tool_schemas::findings(&definitions.tools, is_own));
    judge.found.extend(tool_values::findings(&definitions.tools, lists));
    // Places cost a second reading, which is only made where there is something to show.
    if judge.found.is_empty() {
        return;
    }
    let document = yaml::parse(&text).ok();
    for mistake in judge.found {
        held.blame_beside(TOOLS, &text, mistake.finding(document.as_ref()));
    }
}

/// The definitions, or why the text holds none that every reader takes for the same.
///
/// What the build has read already has no key twice, and is not read twice for that.
fn read(text: &str, is_built_in: bool) -> Result<Definitions, Vec<Finding>> {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    if text.starts_with(BYTE_ORDER_MARK) {
        let span = Span {
            line: 1,
            column: 1,
            length: 1,
        };
        let fact = super::texts::fact(BYTE_ORDER_MARK);
        return Err(vec![
            Finding::new(E_CATALOG_TEXT, span, fact).hint("save the file without a byte order mark"),
        ]);
    }
    let definitions = serde_json::from_str(text).map_err(|error| vec![unreadable(&error)])?;
    let problems = match is_built_in {
        true => Vec::new(),
        false => yaml::parse(text).err().unwrap_or_default(),
    };
    // JSON that is no YAML is JSON all the same.
    let told = problems
        .into_iter()
        .filter(|problem| problem.kind != ProblemKind::Unreadable);
    let findings: Vec<Finding> = told
        .map(|problem| Finding::new(E_CATALOG_TOOLS, problem.span, problem.message).maybe_hint(problem.hint))
        .collect();
    match findings.is_empty() {
        true => Ok(definitions),
        false => Err(findings),
    }
}

fn unreadable(error: &serde_json::Error) -> Finding {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let why = error.to_string().replace(&place, "");
    let span = Span {
        line: error.line(),
        column: error.column().max(1),
        length: 1,
    };
    let fact = format!("the file holds no definitions of tools: {why}");
    Finding::new(E_CATALOG_TOOLS, span, fact).hint("write `{\"tools\": [{\"name\": …}]}`")
}

/// A mistake in the definitions, by its path in the document.
pub(super) struct Mistake {
    pub(super) path: Vec<String>,
    pub(super) code: crate::fault::Code,
    pub(super) fact: String,
    pub(super) hint: String,
}

impl Mistake {
    fn finding(self, document: Option<&Node>) -> Finding {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let span = document.map_or(WHOLE, |document| document.place(&path));
        Finding::new(self.code, span, self.fact).hint(self.hint)
    }
}

/// The path of a part of a tool.
pub(super) fn at(position: usize, path: &[&str]) -> Vec<String> {
    let head = ["tools".to_owned(), position.to_string()];
    head.into_iter()
        .chain(path.iter().map(|part| (*part).to_owned()))
        .collect()
}

struct Judge {
    found: Vec<Mistake>,
}

impl Judge {
    fn blame(&mut self, path: &[String], fact: impl Into<String>, hint: impl Into<String>) {
        self.found.push(Mistake {
            path: path.to_vec(),
            code: E_CATALOG_TOOLS,
            fact: fact.into(),
            hint: hint.into(),
        });
    }

    fn tool(&mut self, position: usize, tool: &Json, may_write: bool) {
        let name = tool["name"].as_str().unwrap_or_default();
        if !super::names::is_word(name) || name.len() > MAX_NAME {
            let hint = "write a-z, 0-9 and _, begin with a letter, at most 40 characters";
            self.blame(&at(position, &["name"]), format!("`{name}` is no name of a tool"), hint);
        }
        match tool["class"].as_str() {
            Some("read") if tool["destructive"] == true => {
                let fact = format!("`{name}` says that it reads, and that it destroys");
                let hint = "write `\"destructive\": false`, or make it a write tool";
                self.blame(&at(position, &["destructive"]), fact, hint);
            }
            Some("read") => {}
            Some(class) if CLASSES.contains(&class) => {
                if !may_write {
                    let fact = format!("`{name}` writes, and no link may carry it");
                    self.blame(
                        &at(position, &["class"]),
                        fact,
                        "let links of the pair have the level `write`",
                    );
                }
            }
            class => {
                let class = class.unwrap_or_default();
                let hint = suggestion(class, &CLASSES).unwrap_or_default();
                self.blame(
                    &at(position, &["class"]),
                    format!("`{class}` is no class of a tool"),
                    hint,
                );
            }
        }
        let description = tool["description"].as_str().unwrap_or_default();
        let length = description.chars().count();
        if description.trim().is_empty() || length > MAX_DESCRIPTION {
            let fact = format!("the description of `{name}` has {length} characters");
            let hint = format!("say in 1 to {MAX_DESCRIPTION} characters what it does");
            self.blame(&at(position, &["description"]), fact, hint);
        }
        let title = tool["title"].as_str().unwrap_or_default();
        if title.trim().is_empty() || title.chars().count() > MAX_TITLE {
            let fact = format!("the title of `{name}` has {} characters", title.chars().count());
            let hint = format!("say in 1 to {MAX_TITLE} characters what people should see");
            self.blame(&at(position, &["title"]), fact, hint);
        }
        let timeout = tool["timeout_ms"].as_u64();
        if let Some(timeout) = timeout.filter(|timeout| !(1..=MAX_TIMEOUT_MS).contains(timeout)) {
            let fact = format!("`{name}` waits for its backend {timeout} ms");
            let hint = format!("write 1 to {MAX_TIMEOUT_MS}");
            self.blame(&at(position, &["timeout_ms"]), fact, hint);
        }
        self.keys(position, name, tool);
        self.instance(position, name, tool);
        self.texts(&mut at(position, &[]), tool);
    }

    /// The argument by which a caller chooses among linked components: the server adds it where there are several.
    fn instance(&mut self, position: usize, name: &str, tool: &Json) {
        let Some(argument) = tool["instance_argument"].as_str() else {
            return;
        };
        let is_taken = tool["input_schema"]["properties"].get(argument).is_some();
        let fact = match argument {
            _ if !super::names::is_word(argument) => format!("`{argument}` is no name of an argument"),
            _ if is_taken => format!("`{name}` has an argument `{argument}` already, which chooses no instance"),
            _ => return,
        };
        self.blame(
            &at(position, &["instance_argument"]),
            fact,
            "write another name, such as `instance`",
        );
    }

    /// The keys that a derivation writes, each of its form.
    fn keys(&mut self, position: usize, name: &str, tool: &Json) {
        let empty = serde_json::Map::new();
        let held = tool.as_object().unwrap_or(&empty);
        let known: Vec<&str> = FORMS.iter().map(|(key, ..)| *key).collect();
        for key in held.keys().filter(|key| !known.contains(&key.as_str())) {
            let fact = format!("the key `{key}` of `{name}` is not known here");
            self.blame(&at(position, &[key]), fact, suggestion(key, &known).unwrap_or_default());
        }
        for (key, wanted, is_good) in FORMS {
            match held.get(key) {
                None if key == OPTIONAL => {}
                None => {
                    let hint = format!("add `\"{key}\":` with {wanted}, or derive the file anew from its modules");
                    self.blame(&at(position, &[]), format!("`{name}` lacks the key `{key}`"), hint);
                }
                Some(value) if !is_good(value) => {
                    let fact = format!("`{key}` of `{name}` must be {wanted}");
                    self.blame(&at(position, &[key]), fact, "derive the file anew from its modules");
                }
                Some(_) => {}
            }
        }
    }

    /// Every text that a client or a reviewer is shown.
    fn texts(&mut self, path: &mut Vec<String>, value: &Json) {
        match value {
            Json::String(text) => self.text(path, text),
            Json::Array(items) => {
                for (position, item) in items.iter().enumerate() {
                    path.push(position.to_string());
                    self.texts(path, item);
                    path.pop();
                }
            }
            Json::Object(map) => {
                for (key, item) in map {
                    path.push(key.clone());
                    self.text(path, key);
                    self.texts(path, item);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, path: &[String], text: &str) {
        if let Some(character) = text.chars().find(|one| is_hidden(*one)) {
            self.found.push(Mistake {
                path: path.to_vec(),
                code: E_CATALOG_TEXT,
                fact: super::texts::fact(character),
                hint: "remove it: a model reads what no reviewer sees".to_owned(),
            });
        }
        if let Some(word) = super::texts::mixed_word(text) {
            self.found.push(Mistake {
                path: path.to_vec(),
                code: E_CATALOG_TEXT,
                fact: super::texts::mixed_fact(word),
                hint: super::texts::SAME_LETTERS.to_owned(),
            });
        }
    }
}
