//! What templates wrote is what the names of their files say: YAML, or JSON, and objects where objects lie.

use serde_json::Value as Json;

use super::blame::{Blame, Case};
use super::suspects::Suspect;
use crate::catalog::Kind;
use crate::fault::Code;
use crate::name::{ComponentName, RelPath};
use crate::stack::Stack;
use crate::tree::{Content, Tree};
use crate::yaml;

const OF_TEXTS: &str = "values go through the filter `yaml` or `json`, blocks keep their indentation";
const OF_OBJECTS: &str = "give each object `apiVersion`, `kind` and a `metadata.name` of a-z, 0-9, `-` and `.`";

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
        if let Some((mistake, hint)) = mistake(path, &String::from_utf8_lossy(bytes), tree) {
            let fact = format!("`{}` is written, and {mistake}", path.file_name());
            blame.beside(suspect, template, 1, Code::E_CATALOG_TEMPLATE, &fact, hint)?;
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

/// What is wrong with a file, and what to do.
fn mistake(path: &RelPath, text: &str, tree: &Tree) -> Option<(String, &'static str)> {
    match path.as_str().rsplit('.').next() {
        Some("yaml") => match yaml::documents(text) {
            Ok(documents) if is_of_objects(path, tree) => Some((documents.iter().find_map(no_object)?, OF_OBJECTS)),
            Ok(_) => None,
            Err(error) => Some((error.to_string(), OF_TEXTS)),
        },
        Some("json") => serde_json::from_str::<serde_json::Value>(text)
            .err()
            .map(|error| (error.to_string(), OF_TEXTS)),
        _ => None,
    }
}

/// Whether a file holds Kubernetes objects: the kustomization of its folder lists it.
fn is_of_objects(path: &RelPath, tree: &Tree) -> bool {
    let Some((folder, name)) = path.as_str().rsplit_once('/') else {
        return false;
    };
    let kustomization = RelPath::parse(&format!("{folder}/kustomization.yaml")).ok();
    let Some(Content::Bytes(bytes)) = kustomization.and_then(|path| Some(&tree.get(&path)?.content)) else {
        return false;
    };
    let documents = yaml::documents(&String::from_utf8_lossy(bytes)).unwrap_or_default();
    let listed = documents.iter().filter_map(|document| document["resources"].as_array());
    listed.flatten().any(|listed| listed == name)
}

/// What the API server would miss in an object; it is told with the word that stands there.
fn no_object(object: &Json) -> Option<String> {
    let is_word = |value: &Json| value.as_str().is_some_and(|word| !word.is_empty());
    let name = &object["metadata"]["name"];
    if !object.is_object() {
        return Some("a document of it is no object".to_owned());
    }
    if let Some(key) = ["apiVersion", "kind"].into_iter().find(|key| !is_word(&object[*key])) {
        return Some(format!("an object in it has no `{key}`"));
    }
    match name.as_str() {
        None => Some("an object in it has no `metadata.name`".to_owned()),
        Some(name) if !is_object_name(name) => Some(format!(
            "the {} `{name}` in it has a name that Kubernetes refuses",
            object["kind"].as_str().unwrap_or_default()
        )),
        Some(_) => None,
    }
}

/// The form of most names; those of roles may have colons.
fn is_object_name(name: &str) -> bool {
    let is_end = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let inner = bytes.iter().all(|byte| is_end(*byte) || b"-.:".contains(byte));
    inner && bytes.first().copied().is_some_and(is_end) && bytes.last().copied().is_some_and(is_end)
}
