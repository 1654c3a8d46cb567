//! Tools on trial: each that says it reads is called against a recorder, and what it sends is looked at.
//!
//! A class is what a person approves a tool by, so it is not taken on trust. Python is needed, with the packages of the
//! server; where they are not at hand that is said, and how to have them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::smallest;
use crate::catalog::{Catalog, ComponentType, Entry, Pair, Report};
use crate::command::assemble::assemble;
use crate::dev::{Ran, TrialOptions, run_script};
use crate::fault::Code::{E_CATALOG_MODULE, E_CATALOG_TOOLS};
use crate::finding::Finding;
use crate::stack;
use crate::topology::{self, Source};
use crate::tree::Content;
use crate::yaml::{self, Span};

const SCRIPT: &str = include_str!("tools_on_trial.py");
const DEFINITIONS: &str = "tools.json";
const CLASS: &str = "class";
const LOCK: &str = "/requirements.txt";

#[derive(Deserialize)]
struct Told {
    writes: Vec<Write>,
    unseen: Vec<Differs>,
    differs: Vec<Differs>,
    broken: Option<String>,
}

#[derive(Deserialize)]
struct Write {
    tool: String,
    request: String,
}

#[derive(Deserialize)]
struct Differs {
    tool: String,
    /// The key of the definition that is meant.
    key: Option<String>,
    fact: String,
}

/// Try the tools of a pair; what is not blamed and a person has to know comes back.
///
/// # Errors
/// A file cannot be read, or Python does not do as it is told.
pub(super) fn pair(
    catalog: &Catalog,
    name: &str,
    options: &TrialOptions,
    report: &mut Report,
) -> anyhow::Result<Vec<String>> {
    let Some(entry) = catalog.pair(name)?.filter(|entry| entry.definition.tools.is_some()) else {
        return Ok(Vec::new());
    };
    let from = &entry.definition.from;
    let server = catalog
        .component_type(from)?
        .with_context(|| format!("type `{from}`"))?;
    let (core, lock) = (package(&server)?, lock(catalog, &server)?);
    let text = String::from_utf8_lossy(&entry.file(DEFINITIONS)?).into_owned();
    let definitions: Json = serde_json::from_str(&text).context("the definitions of tools")?;
    let folder = &server.package()?.folder;
    let mut modules = BTreeMap::new();
    for file in entry.definition.tool_files()? {
        let bytes = entry.tool_file(&server, file)?;
        let module = dotted(&format!("{folder}/{}/{}", file.folder(), file.name));
        modules.insert(module, String::from_utf8_lossy(&bytes).into_owned());
    }
    let input = json!({ "core": core, "modules": modules, "tools": definitions["tools"], "type": name });
    match run_script(options, &lock, SCRIPT, input.to_string().as_bytes())? {
        Ran::Told(output) => {
            let told: Told = serde_json::from_slice(&output).context("what the trial of the tools told")?;
            Ok(blame(&entry, &text, &definitions, told, report))
        }
        Ran::TooLong(limit) => {
            let fact = format!("the tools were not through after {} seconds", limit.as_secs());
            let hint = "a module does nothing while it is imported, and a tool waits for its backend alone";
            blame_modules(&entry, fact, hint, report);
            Ok(Vec::new())
        }
        Ran::Nowhere => Ok(vec![format!(
            "the tools of `{name}` were not called: no Python environment with the server's packages is at hand; \
             `stacktic dev` makes one, `--environment` names one"
        )]),
    }
}

/// The server's Python files by module.
fn package(server: &Entry<ComponentType>) -> anyhow::Result<BTreeMap<String, String>> {
    let inside = format!("{}/", server.package()?.folder);
    let mut modules = BTreeMap::new();
    let files = server.files()?;
    for file in files
        .iter()
        .filter(|file| file.starts_with(&inside) && file.ends_with(".py"))
    {
        modules.insert(dotted(file), String::from_utf8_lossy(&server.file(file)?).into_owned());
    }
    Ok(modules)
}

/// The lock of the server's packages as the output has it.
fn lock(catalog: &Catalog, server: &Entry<ComponentType>) -> anyhow::Result<Vec<u8>> {
    let stacks = smallest::alone(&server.definition);
    let Some(Ok((topology, shape))) = stacks.first().map(topology::parse) else {
        return Ok(Vec::new());
    };
    let Ok(stack) = stack::check::check(&topology, catalog, shape, None)? else {
        return Ok(Vec::new());
    };
    let tree = assemble(&topology, &stack, catalog)?;
    let file = tree.iter().find(|(path, _)| path.as_str().ends_with(LOCK));
    Ok(match file.map(|(_, file)| &file.content) {
        Some(Content::Bytes(bytes)) => bytes.to_vec(),
        _ => Vec::new(),
    })
}

/// `a/b.py` as it is imported.
fn dotted(file: &str) -> String {
    let name = file.strip_suffix(".py").unwrap_or(file).replace('/', ".");
    name.strip_suffix(".__init__").map_or(name.clone(), str::to_owned)
}

/// A mistake of the modules together, told of the one that registers.
fn blame_modules(entry: &Entry<Pair>, fact: String, hint: &str, report: &mut Report) {
    let modules = entry.definition.modules();
    let module = modules.first().map(String::as_str).unwrap_or_default();
    let finding = Finding::new(E_CATALOG_MODULE, Span::default(), fact);
    report.add_whole(&entry.place(module), finding.hint(hint));
}

fn blame(entry: &Entry<Pair>, text: &str, definitions: &Json, told: Told, report: &mut Report) -> Vec<String> {
    let source = Source {
        name: entry.place(DEFINITIONS),
        text: text.to_owned(),
    };
    let document = yaml::parse(text).ok();
    let place = |tool: &str, key: &str| {
        let tools = definitions["tools"].as_array();
        let position = tools.and_then(|tools| tools.iter().position(|one| one["name"] == tool));
        let position = position.unwrap_or_default().to_string();
        document
            .as_ref()
            .map_or_else(Span::default, |document| document.place(&["tools", &position, key]))
    };
    if let Some(fact) = told.broken {
        let fact = format!("the modules do not register: {fact}");
        blame_modules(entry, fact, "a module has a function `register(tools)`", report);
    }
    for write in told.writes {
        let fact = format!("`{}` says that it reads, and sends `{}`", write.tool, write.request);
        let hint =
            "make it a write tool; a question that a backend takes by POST stands in `READS_BY_POST` of its module";
        report.add(
            &source,
            Finding::new(E_CATALOG_TOOLS, place(&write.tool, CLASS), fact).hint(hint),
        );
    }
    for differs in told.differs {
        let fact = format!("`{}` {}", differs.tool, differs.fact);
        let hint = "derive the file anew from its modules";
        report.add(
            &source,
            Finding::new(
                E_CATALOG_TOOLS,
                place(&differs.tool, differs.key.as_deref().unwrap_or(CLASS)),
                fact,
            )
            .hint(hint),
        );
    }
    let note = |unseen: Differs| {
        format!(
            "of `{}` was not looked at {}: a trial answers HTTP, and shortly",
            unseen.tool, unseen.fact
        )
    };
    told.unseen.into_iter().map(note).collect()
}
