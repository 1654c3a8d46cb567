//! What templates wrote is what the names of their files say: YAML, or JSON.

use super::blame::{Blame, Case};
use super::suspects::Suspect;
use crate::catalog::Kind;
use crate::fault::Code;
use crate::name::ComponentName;
use crate::stack::Stack;
use crate::tree::{Content, Tree};
use crate::yaml;

const HINT: &str = "values go through the filter `yaml` or `json`, blocks keep their indentation";

/// Look at what the entries under check wrote.
///
/// # Errors
/// A file cannot be read.
pub(super) fn check(case: &Case, stack: &Stack, tree: &Tree, blame: &mut Blame<'_>) -> anyhow::Result<()> {
    for (path, file) in tree.iter() {
        let Content::Bytes(bytes) = &file.content else { continue };
        let Some((suspect, template)) = written_by(case, stack, &file.why) else {
            continue;
        };
        if let Some(mistake) = mistake(path.as_str(), &String::from_utf8_lossy(bytes)) {
            let fact = format!("`{}` is written, and {mistake}", path.file_name());
            blame.beside(suspect, template, 1, Code::E_CATALOG_TEMPLATE, &fact, HINT)?;
        }
    }
    Ok(())
}

/// The entry under check and its template that made a file, by the reason of the file: `hook mail, template page.md.j2`.
fn written_by<'a>(case: &'a Case, stack: &Stack, why: &'a str) -> Option<(&'a Suspect, &'a str)> {
    let (entry, template) = why.split_once(", template ")?;
    let (what, name) = entry.split_once(' ')?;
    let of_component = || Some(stack.component(&ComponentName::parse(name).ok()?).type_name());
    let (kind, name) = match what {
        "component" => (Kind::Type, of_component()?),
        "pair" => (Kind::Pair, name),
        "hook" => (Kind::Hook, name),
        _ => return None,
    };
    let mut suspects = case.suspects.iter();
    let suspect = suspects.find(|suspect| suspect.kind == kind && suspect.name == name)?;
    Some((suspect, template))
}

fn mistake(path: &str, text: &str) -> Option<String> {
    match path.rsplit('.').next() {
        Some("yaml") => yaml::documents(text).err().map(|error| error.to_string()),
        Some("json") => serde_json::from_str::<serde_json::Value>(text)
            .err()
            .map(|error| error.to_string()),
        _ => None,
    }
}
