//! Who asks for a planned file, and where in the catalog that stands.
//!
//! In: the reason that a plan gives for each file, and the catalog. Out: the entry, the file that it was made from, and the line
//! of the entry that names that file, as far as they are known.

use std::rc::Rc;

use serde::Serialize;

use crate::catalog::{Catalog, ComponentType, Entry, Kind};
use crate::name::ComponentName;
use crate::stack::Stack;
use crate::yaml::{Node, Value};

/// What a reason says: `component kafka, template topic.yaml.j2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Cause {
    /// `component`, `pair`, `hook`, `type`, `namespace` or `environment`.
    pub(super) kind: String,
    pub(super) name: String,
    /// What of it: `template topic.yaml.j2`.
    pub(super) what: String,
}

impl Cause {
    /// The reason `why` of a plan, taken apart.
    pub(super) fn of(why: &str) -> Option<Self> {
        let (who, what) = why.split_once(", ")?;
        let (kind, name) = who.split_once(' ')?;
        Some(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            what: what.to_owned(),
        })
    }

    /// The file of the catalog that it names.
    fn file(&self) -> Option<&str> {
        let named = |word| self.what.strip_prefix(word);
        named("template ").or_else(|| named("file "))
    }

    /// The file that was copied, by its place in the catalog.
    pub(super) fn source(&self, stack: &Stack, catalog: &Catalog) -> anyhow::Result<Option<String>> {
        let Some(file) = self.file() else { return Ok(None) };
        Ok(match self.kind.as_str() {
            "component" => self.component_type(stack).map(|entry| entry.place(file)),
            "type" => catalog.component_type(&self.name)?.map(|entry| entry.place(file)),
            "hook" => catalog.hook(&self.name)?.map(|entry| entry.place(file)),
            "pair" => match catalog.pair(&self.name)? {
                Some(entry) if entry.has(file) => Some(entry.place(file)),
                Some(entry) => of_package(&entry.definition.from, file, catalog)?,
                None => None,
            },
            _ => None,
        })
    }

    /// The line of the entry that asks for the file: `hooks/kustomize/hook.yaml:12`.
    pub(super) fn entry(&self, stack: &Stack, catalog: &Catalog) -> anyhow::Result<Option<String>> {
        let (kind, name) = match self.kind.as_str() {
            "component" => (
                Kind::Type,
                self.component_type(stack).map(|entry| entry.name().to_owned()),
            ),
            "type" => (Kind::Type, Some(self.name.clone())),
            "hook" => (Kind::Hook, Some(self.name.clone())),
            "pair" => (Kind::Pair, Some(self.name.clone())),
            _ => return Ok(None),
        };
        let Some(name) = name else { return Ok(None) };
        let Some(written) = catalog.written(kind, &name)? else {
            return Ok(None);
        };
        let line = self.file().and_then(|file| line_of(&written.document, file));
        Ok(Some(match line {
            Some(line) => format!("{}:{line}", written.source.name),
            None => written.source.name,
        }))
    }

    fn component_type(&self, stack: &Stack) -> Option<Rc<Entry<ComponentType>>> {
        let name = ComponentName::parse(&self.name).ok()?;
        stack.components.get(&name).map(|component| Rc::clone(&component.entry))
    }
}

/// A tool file of the package that the type has.
fn of_package(component_type: &str, file: &str, catalog: &Catalog) -> anyhow::Result<Option<String>> {
    let Some(entry) = catalog.component_type(component_type)? else {
        return Ok(None);
    };
    let end = format!("/{file}");
    let mut all = entry.files()?.into_iter();
    Ok(all.find(|place| place.ends_with(&end)).map(|place| entry.place(&place)))
}

/// The first line that has `text` as a whole value.
fn line_of(node: &Node, text: &str) -> Option<usize> {
    match &node.value {
        Value::String(value) => (value == text).then_some(node.span.line),
        Value::Sequence(items) => items.iter().find_map(|item| line_of(item, text)),
        Value::Mapping(mapping) => mapping.entries.iter().find_map(|entry| line_of(&entry.node, text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_taken_apart() {
        let parts = |why: &str| Cause::of(why).map(|cause| [cause.kind, cause.name, cause.what]);
        for (why, expected) in [
            (
                "hook network_policies, template policy.yaml.j2",
                ["hook", "network_policies", "template policy.yaml.j2"],
            ),
            (
                "component a, keys of Secret b, c",
                ["component", "a", "keys of Secret b, c"],
            ),
        ] {
            assert_eq!(parts(why), Some(expected.map(str::to_owned)), "{why}");
        }
        assert_eq!(parts("a test"), None);
    }
}
