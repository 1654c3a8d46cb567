//! `stack-metadata.json` in, an `Index` out, or one sentence that says why not.
//!
//! The file may be cut, huge or another program's: nothing in it is trusted before it is checked here. It must not know
//! queries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::shown;
use super::index::Index;
use crate::metadata::{AttributeMetadata, ComponentMetadata, LinkMetadata, StackMetadata};
use crate::name::{self, ComponentName, Namespace, SubName};
use crate::topology::caps::{MAX_COMPONENTS, MAX_FILE_BYTES, MAX_LINKS};

/// Largest file that is read: the largest that is written.
const MAX_BYTES: u64 = MAX_FILE_BYTES as u64;
const VERSION: u64 = 1;

/// Why a file is not the metadata of a stack.
#[derive(Debug)]
pub struct LoadError(String);

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

type Checked = Result<(), LoadError>;

/// Name of the file; its further parts, where it is too large for one ConfigMap, have `.001`, `.002` and so on after it.
const FILE: &str = "stack-metadata.json";

/// Read a file, or a folder that holds `stack-metadata.json` and its further parts.
///
/// # Errors
/// It cannot be read, a part is missing, or `Index::load` refuses it.
pub fn load_path(path: &Path) -> Result<Index, LoadError> {
    let mut bytes = Vec::new();
    for file in files(path)? {
        let unreadable = |error| LoadError(format!("could not read `{}`: {error}", file.display()));
        let room = (MAX_BYTES + 1).saturating_sub(bytes.len() as u64);
        let file = File::open(&file).map_err(unreadable)?;
        file.take(room).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    Index::load(&bytes).map_err(|error| LoadError(format!("`{}` {error}", path.display())))
}

/// The files that make up the metadata, in order.
fn files(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let whole = path.join(FILE);
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let part = |number: usize| match number {
        0 => whole.clone(),
        _ => path.join(format!("{FILE}.{number:03}")),
    };
    let parts: Vec<PathBuf> = (0..).map(part).take_while(|part| part.exists()).collect();
    let beyond = (parts.len() + 1..parts.len() + MAX_GAP)
        .map(part)
        .find(|part| part.exists());
    match (parts.is_empty(), beyond) {
        (_, Some(beyond)) => Err(LoadError(format!(
            "`{}` is there, but not `{}` before it",
            beyond.display(),
            part(parts.len()).display()
        ))),
        (true, None) => Err(LoadError(format!("`{}` holds no `{FILE}`", path.display()))),
        (false, None) => Ok(parts),
    }
}

/// How far beyond the last part another is looked for, which would tell that one between them is missing.
const MAX_GAP: usize = 1000;

impl Index {
    /// Read the bytes of a `stack-metadata.json`.
    ///
    /// # Errors
    /// One sentence without its subject: the bytes are too many, no JSON, or not the metadata of a stack.
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(LoadError("is larger than 64 MiB".to_owned()));
        }
        ensure_version(bytes)?;
        let metadata: StackMetadata = serde_json::from_slice(bytes).map_err(|error| not_ours(&error))?;
        check(&metadata)?;
        Ok(Self::build(metadata, name::sha256_hex(bytes)))
    }
}

#[derive(Deserialize)]
struct Version {
    version: Option<u64>,
}

fn ensure_version(bytes: &[u8]) -> Checked {
    let found: Version = serde_json::from_slice(bytes).map_err(|error| not_ours(&error))?;
    match found.version {
        Some(VERSION) => Ok(()),
        Some(other) => Err(LoadError(format!("has version {other}; this program reads version 1"))),
        None => Err(LoadError(
            "is not the metadata of a stack: it has no `version`".to_owned(),
        )),
    }
}

fn not_ours(error: &serde_json::Error) -> LoadError {
    let fact: String = error.to_string().chars().filter(|next| !next.is_control()).collect();
    LoadError(if error.is_eof() {
        format!("is cut off: {fact}")
    } else if error.is_syntax() {
        format!("is not JSON: {fact}")
    } else {
        format!("is not the metadata of a stack: {fact}")
    })
}

fn ensure(holds: bool, fact: impl FnOnce() -> String) -> Checked {
    if holds {
        return Ok(());
    }
    Err(LoadError(format!("is not the metadata of a stack: {}", fact())))
}

fn check(metadata: &StackMetadata) -> Checked {
    ensure(metadata.components.len() <= MAX_COMPONENTS, || {
        "it has more than 10000 components".to_owned()
    })?;
    ensure(metadata.links.len() <= MAX_LINKS, || {
        "it has more than 50000 links".to_owned()
    })?;
    ensure(name::is_fqdn(&metadata.domain), || {
        format!("`{}` is no domain", shown(&metadata.domain))
    })?;
    ensure_plain(&metadata.stack)?;
    let mut subs = BTreeMap::new();
    for component in &metadata.components {
        check_component(component)?;
        let names: BTreeSet<&str> = component.sub_components.iter().map(|sub| sub.name.as_str()).collect();
        ensure(names.len() == component.sub_components.len(), || {
            format!("`{}` has two sub-components of one name", component.name)
        })?;
        ensure(subs.insert(component.name.as_str(), names).is_none(), || {
            format!("two components are named `{}`", component.name)
        })?;
    }
    check_consumers(metadata, &subs)?;
    metadata.links.iter().try_for_each(|link| check_link(link, &subs))
}

fn check_component(component: &ComponentMetadata) -> Checked {
    let named = shown(&component.name);
    ensure(ComponentName::parse(&component.name).is_ok(), || {
        format!("`{named}` is no name of a component")
    })?;
    ensure(Namespace::parse(&component.namespace).is_ok(), || {
        format!("`{named}` has no legal namespace")
    })?;
    for text in [&component.component_type, &component.group, &component.object] {
        ensure_plain(text)?;
    }
    let endpoints = component.endpoints.values();
    let hosts = endpoints
        .clone()
        .map(|endpoint| &endpoint.host)
        .chain(component.host.as_ref());
    for host in hosts {
        ensure(name::is_fqdn(host), || {
            format!("`{named}` has the host `{}`", shown(host))
        })?;
    }
    let mut ports = endpoints.map(|endpoint| endpoint.port).chain(component.port);
    ensure(ports.all(|port| port > 0), || format!("`{named}` has port 0"))?;
    check_attributes(&named, &component.attributes)?;
    for sub in &component.sub_components {
        ensure(SubName::parse(&sub.name).is_ok(), || {
            format!("`{}` is no name of a sub-component", shown(&sub.name))
        })?;
        ensure_plain(&sub.sub_type)?;
        check_attributes(&named, &sub.attributes)?;
    }
    Ok(())
}

/// A mark that says it is no secret is not one of ours.
fn check_attributes(component: &str, attributes: &BTreeMap<String, AttributeMetadata>) -> Checked {
    for (name, value) in attributes {
        ensure_plain(name)?;
        ensure(!matches!(value, AttributeMetadata::Secret { secret: false }), || {
            format!("`{component}` has an attribute `{name}` that is no value and no secret")
        })?;
    }
    Ok(())
}

fn ensure_plain(text: &str) -> Checked {
    ensure(!text.chars().any(char::is_control), || {
        format!("`{}` has control characters", shown(text))
    })
}

type Subs<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn check_consumers(metadata: &StackMetadata, subs: &Subs<'_>) -> Checked {
    let all = metadata
        .components
        .iter()
        .flat_map(|component| &component.sub_components);
    for consumer in all.flat_map(|sub| &sub.consumers) {
        ensure(subs.contains_key(consumer.as_str()), || {
            format!("the consumer `{}` is not in the stack", shown(consumer))
        })?;
    }
    Ok(())
}

fn check_link(link: &LinkMetadata, subs: &Subs<'_>) -> Checked {
    ensure_plain(&link.link_type)?;
    for end in [&link.from, &link.to] {
        ensure(subs.contains_key(end.as_str()), || {
            format!("a link names `{}`, which is not in the stack", shown(end))
        })?;
    }
    let Some(sub) = &link.sub_component else {
        return Ok(());
    };
    let is_there = subs
        .get(link.to.as_str())
        .is_some_and(|subs| subs.contains(sub.as_str()));
    ensure(is_there, || {
        format!("a link names `{}/{}`, which is not in the stack", link.to, shown(sub))
    })
}
