//! What other stacks say of components that live there: their metadata, as this run makes it or as it lies on disk.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::catalog::derived::TLS;
use crate::finding::{Code, Finding, suggestion};
use crate::metadata::{AttributeMetadata, ComponentMetadata, StackMetadata};
use crate::topology::{ComponentDocument, Described, ExternalDocument, SubComponentDocument, Topology};

/// The format that is read.
const VERSION: u32 = 1;

/// More than the metadata of the largest stack has.
const MAX_BYTES: u64 = 64 << 20;

/// Metadata that is not taken from the disk, by where it would lie.
#[derive(Default)]
pub(super) struct Others(BTreeMap<PathBuf, Other>);

/// Where metadata comes from.
enum Other {
    /// This run makes it.
    Made(StackMetadata),
    /// Text of a file as it once was.
    Text(String),
}

impl Others {
    pub(super) fn insert(&mut self, path: &Path, metadata: StackMetadata) {
        self.0.insert(plain(path), Other::Made(metadata));
    }

    pub(super) fn insert_text(&mut self, path: &Path, text: String) {
        self.0.insert(plain(path), Other::Text(text));
    }

    /// Let the external components of `topology` be as the metadata describes them that they name.
    pub(super) fn describe(&self, topology: &mut Topology, folder: &Path) -> Vec<Finding> {
        let components = topology.document.components.iter();
        let found: Vec<(String, Result<Described, Finding>)> = components
            .filter_map(|(name, component)| {
                let (external, path) = metadata_of(component)?;
                let found = self.find(topology, folder, (name, component, external, path));
                Some((name.clone(), found))
            })
            .collect();
        let mut findings = Vec::new();
        for (name, found) in found {
            match found {
                Ok(described) => topology.describe(&name, described),
                Err(finding) => {
                    findings.push(finding);
                    topology.refuse(&["components", &name, "sub_components"]);
                }
            }
        }
        findings
    }

    fn find(
        &self,
        topology: &Topology,
        folder: &Path,
        (name, component, external, path): (&str, &ComponentDocument, &ExternalDocument, &str),
    ) -> Result<Described, Finding> {
        let blame = |key: &str, message: String| {
            let own = ["components", name, "external", key];
            let span = match topology.holds(&own) {
                true => topology.place(&own),
                false => topology.key_place(&own[..3]),
            };
            Finding::new(Code::E_TOPOLOGY_EXTERNAL, span, message)
        };
        let file = folder.join(path);
        let read;
        let metadata = match self.0.get(&plain(&file)) {
            Some(Other::Made(fresh)) => fresh,
            other => {
                read = once_or_now(other, &file);
                let hint =
                    "name the `stack-metadata.json` in the output of the other stack, from the folder of this file";
                read.as_ref()
                    .map_err(|fact| blame("metadata", format!("the metadata `{path}` {fact}")).hint(hint))?
            }
        };
        let stack = &metadata.stack;
        if !external.stack.is_empty() && external.stack != *stack {
            let message = format!("`{path}` is of the stack `{stack}`, not of `{}`", external.stack);
            return Err(blame("stack", message).hint(format!("write `stack: {stack}`, or leave it out")));
        }
        let wanted = external.component.as_deref().unwrap_or(name);
        let found = metadata.components.iter().find(|one| one.name == wanted);
        let Some(found) = found.filter(|one| one.component_type == component.component_type) else {
            let alike = metadata.components.iter();
            let alike = alike.filter(|one| one.component_type == component.component_type);
            let alike: Vec<&str> = alike.map(|one| one.name.as_str()).collect();
            let message = match found {
                Some(other) => format!(
                    "`{wanted}` of the stack `{stack}` is of the type `{}`",
                    other.component_type
                ),
                None => format!("the stack `{stack}` has no component `{wanted}`"),
            };
            let hint = suggestion(wanted, &alike).map(|names| format!("{names} (`component:` names it)"));
            let none = || {
                format!(
                    "the stack `{stack}` has none of the type `{}`",
                    component.component_type
                )
            };
            return Err(blame("component", message).hint(hint.unwrap_or_else(none)));
        };
        if found.is_external {
            let owner = found.external_stack.as_deref().unwrap_or("the cluster");
            let message = format!("`{wanted}` is external in the stack `{stack}`, too");
            return Err(blame("metadata", message).hint(format!("take it from where it is deployed: {owner}")));
        }
        let mut links = metadata.links.iter().filter(|link| link.from == wanted);
        if links.any(|link| link.interface == TLS) {
            let message = format!("`{wanted}` of the stack `{stack}` shows a certificate that nobody here can verify");
            let hint = "an authority is known in its own stack: write `stack:` and `host:` of a listener without one";
            return Err(blame("metadata", message).hint(hint));
        }
        Ok(described(stack, found))
    }
}

/// What a component takes from metadata, and the file.
fn metadata_of(component: &ComponentDocument) -> Option<(&ExternalDocument, &str)> {
    let external = component.external.as_ref()?;
    Some((external, external.metadata.as_deref()?))
}

/// The metadata files that a stack file names.
pub(super) fn named<'a>(topology: &'a Topology, folder: &'a Path) -> impl Iterator<Item = PathBuf> + 'a {
    let components = topology.document.components.values();
    components.filter_map(|component| Some(plain(&folder.join(metadata_of(component)?.1))))
}

/// Where metadata of an output lies.
pub(super) fn place(out: &Path) -> PathBuf {
    plain(&out.join("stack-metadata.json"))
}

/// A path by which files are told apart, whether they are there yet or not.
fn plain(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut found = PathBuf::new();
    for part in absolute.components() {
        match part {
            std::path::Component::ParentDir => drop(found.pop()),
            part => found.push(part),
        }
    }
    found
}

/// A file as it once was, else as it is on disk.
fn once_or_now(once: Option<&Other>, file: &Path) -> Result<StackMetadata, String> {
    match once {
        Some(Other::Text(text)) => of_text(text),
        _ => read(file),
    }
}

/// The fact is about the file, and repeats nothing of what stands in it.
fn read(file: &Path) -> Result<StackMetadata, String> {
    let unread = |error: &dyn Display| format!("cannot be read: {error}");
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(|error| unread(&error))?;
    opened
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| unread(&error))?;
    of_text(&text)
}

fn of_text(text: &str) -> Result<StackMetadata, String> {
    let metadata: StackMetadata = serde_json::from_str(text).map_err(|error| {
        format!(
            "is not what `stacktic gen` writes (line {}, column {})",
            error.line(),
            error.column()
        )
    })?;
    if metadata.version != VERSION {
        return Err(format!(
            "is of version {}; this program reads {VERSION}",
            metadata.version
        ));
    }
    Ok(metadata)
}

fn described(stack: &str, component: &ComponentMetadata) -> Described {
    let endpoints = component.endpoints.iter();
    let subs = component.sub_components.iter();
    Described {
        stack: stack.to_owned(),
        namespace: component.namespace.clone(),
        object: component.object.clone(),
        endpoints: endpoints
            .map(|(name, endpoint)| (name.clone(), (endpoint.host.clone(), endpoint.port)))
            .collect(),
        attributes: plain_values(&component.attributes),
        sub_components: subs
            .map(|sub| {
                let document = SubComponentDocument {
                    sub_type: sub.sub_type.clone(),
                    attributes: plain_values(&sub.attributes),
                };
                (sub.name.clone(), document)
            })
            .collect(),
    }
}

fn plain_values(attributes: &BTreeMap<String, AttributeMetadata>) -> BTreeMap<String, serde_json::Value> {
    let plain = attributes.iter().filter_map(|(name, value)| match value {
        AttributeMetadata::Plain(value) if !value.is_null() => Some((name.clone(), value.clone())),
        _ => None,
    });
    plain.collect()
}
