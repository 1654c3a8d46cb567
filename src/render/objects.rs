//! The Kubernetes objects of a rendered tree: each once, each with a name that Kubernetes takes.
//!
//! A tree goes in, nothing or an error comes out. Names are unique in a checked stack, but templates
//! add to them; this is the net below. Lines are looked at instead of parsed: templates write
//! `kind`, `metadata`, `name` and `namespace` in block form, and a run has no time to waste.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::bail;

use crate::fault::Code;
use crate::rel_path::RelPath;
use crate::tree::{Content, Tree, TreeFile};

/// An object as the API server tells it from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Identity<'a> {
    /// Bases of one cluster, or the Applications of one environment.
    place: &'a str,
    api_group: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

/// Refuse two files that make one object, and names that are too long.
///
/// # Errors
/// `E_OUTPUT_COLLISION` or `E_OUTPUT_NAME`, with the files' reasons.
pub fn ensure_objects(tree: &Tree) -> anyhow::Result<()> {
    let files: Vec<File<'_>> = tree.iter().filter_map(|(path, file)| File::of(path, file)).collect();
    let mut seen: BTreeMap<Identity<'_>, &str> = BTreeMap::new();
    for file in &files {
        for identity in file.objects() {
            ensure_length(&identity, file.why)?;
            if let Some(first) = seen.insert(identity, file.why) {
                let Identity {
                    kind, namespace, name, ..
                } = identity;
                bail!(Code::E_OUTPUT_COLLISION.fault(format!("the {kind} `{name}` in namespace `{namespace}` is made twice, by {first} and by {}; rename one of the components or sub-components",
                    file.why
                )));
            }
        }
    }
    Ok(())
}

/// A file with objects.
struct File<'a> {
    place: &'a str,
    text: Cow<'a, str>,
    why: &'a str,
    is_kustomization: bool,
}

impl<'a> File<'a> {
    fn of(path: &'a RelPath, file: &'a TreeFile) -> Option<Self> {
        let (place, Content::Bytes(bytes)) = (place(path.as_str())?, &file.content) else {
            return None;
        };
        Some(Self {
            place,
            text: std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed),
            why: &file.why,
            is_kustomization: path.file_name() == "kustomization.yaml",
        })
    }

    fn objects(&self) -> impl Iterator<Item = Identity<'_>> {
        let found = if self.is_kustomization {
            generated(&self.text)
        } else {
            objects(&self.text)
        };
        let place = self.place;
        found.into_iter().map(move |identity| Identity { place, ..identity })
    }
}

/// Where objects of a file live together; nothing for files that hold none.
pub(super) fn place(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or_default();
    // Values of a chart hold no objects.
    if !name.ends_with(".yaml") || name.starts_with("values") {
        return None;
    }
    if path.starts_with("k8s/deploy/base/") {
        return Some("base");
    }
    path.strip_prefix("argocd/").and_then(|rest| rest.split('/').next())
}

fn ensure_length(identity: &Identity<'_>, why: &str) -> anyhow::Result<()> {
    let most = match identity.kind {
        "CronJob" => 52,
        "Service" | "Namespace" => 63,
        _ => 253,
    };
    let Identity { kind, name, .. } = identity;
    if name.len() > most {
        bail!(Code::E_OUTPUT_NAME.fault(format!(
            "the {kind} `{name}` ({why}) has {} characters and Kubernetes takes {most}; use shorter names",
            name.len()
        )));
    }
    Ok(())
}

/// The objects of a file, by the lines of their heads.
fn objects(text: &str) -> Vec<Identity<'_>> {
    let mut found: Vec<Identity<'_>> = documents(text).map(Identity::of).collect();
    found.retain(Identity::is_whole);
    found
}

/// The documents of a YAML file.
pub(super) fn documents(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n---")
}

impl<'a> Identity<'a> {
    /// Most of a document comes after its head, and is not looked at.
    fn of(document: &'a str) -> Self {
        let (mut identity, mut section) = (Self::default(), "");
        for line in document.lines() {
            if let Some(key) = top_level(line) {
                section = key;
                if identity.is_whole() && !matches!(key, "apiVersion" | "kind" | "metadata") {
                    break;
                }
            }
            identity.read(section, line);
        }
        identity
    }

    fn is_whole(&self) -> bool {
        !self.kind.is_empty() && !self.name.is_empty()
    }

    fn read(&mut self, section: &str, line: &'a str) {
        match section {
            "apiVersion" if line.starts_with("apiVersion:") => {
                self.api_group = value(line).split_once('/').map_or("", |(group, _)| group);
            }
            "kind" if line.starts_with("kind:") => self.kind = value(line),
            "metadata" if line.starts_with("  name:") => self.name = value(line),
            "metadata" if line.starts_with("  namespace:") => self.namespace = value(line),
            _ => {}
        }
    }
}

/// The ConfigMaps and Secrets that a kustomization generates.
fn generated(text: &str) -> Vec<Identity<'_>> {
    let mut found: Vec<Identity<'_>> = Vec::new();
    let mut section = "";
    for line in text.lines() {
        if let Some(key) = top_level(line) {
            section = key;
        }
        let kind = match section {
            "configMapGenerator" => "ConfigMap",
            "secretGenerator" => "Secret",
            _ => continue,
        };
        if line.starts_with("  - name:") {
            found.push(Identity {
                kind,
                name: value(line),
                ..Identity::default()
            });
        } else if let (true, Some(last)) = (line.starts_with("    namespace:"), found.last_mut()) {
            last.namespace = value(line);
        }
    }
    found
}

/// The key of a line that is not indented.
pub(super) fn top_level(line: &str) -> Option<&str> {
    let begins = line.starts_with(|first: char| first.is_ascii_alphabetic());
    // Most lines are indented, so the rest of a line is looked at last.
    begins.then(|| line.split_once(':').map(|(key, _)| key)).flatten()
}

fn value(line: &str) -> &str {
    let value = line.split_once(':').map_or("", |(_, value)| value);
    value.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let text = "# c\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: \"a\"\n  namespace: b\nspec:\n  name: no\n---\nkind: Service\nmetadata:\n  name: s\n";
        let names: Vec<_> = objects(text)
            .into_iter()
            .map(|found| [found.api_group, found.kind, found.namespace, found.name])
            .collect();
        assert_eq!(names, [["apps", "Deployment", "b", "a"], ["", "Service", "", "s"]]);
    }

    #[test]
    fn generators_are_read() {
        let found =
            generated("resources:\n  - a\nsecretGenerator:\n  - name: s\n    namespace: n\n    envs:\n      - x\n");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].kind, found[0].namespace, found[0].name), ("Secret", "n", "s"));
    }

    #[test]
    fn long_names_are_refused() {
        let letters = "a".repeat(253);
        let identity = |kind, length: usize| Identity {
            kind,
            name: &letters[..length],
            ..Identity::default()
        };
        for (kind, length, good) in [
            ("CronJob", 52, true),
            ("CronJob", 53, false),
            ("Service", 64, false),
            ("Secret", 253, true),
        ] {
            assert_eq!(
                ensure_length(&identity(kind, length), "x").is_ok(),
                good,
                "{kind} {length}"
            );
        }
    }
}
