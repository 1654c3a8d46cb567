//! The Kubernetes objects of a rendered tree: each once, each with a name that Kubernetes takes.
//!
//! A tree goes in, nothing or an error comes out. Names are unique in a checked stack, but templates
//! add to them; this is the net below. Lines are looked at instead of parsed: templates write
//! `kind`, `metadata`, `name` and `namespace` in block form, and a run has no time to waste.

use std::collections::BTreeMap;

use anyhow::bail;

use crate::fault::Code;
use crate::tree::{Content, Tree};

/// An object as the API server tells it from others.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    /// Bases of one cluster, or the Applications of one environment.
    place: String,
    api_group: String,
    kind: String,
    namespace: String,
    name: String,
}

/// Refuse two files that make one object, and names that are too long.
///
/// # Errors
/// `E_OUTPUT_COLLISION` or `E_OUTPUT_NAME`, with the files' reasons.
pub fn ensure_objects(tree: &Tree) -> anyhow::Result<()> {
    let mut seen: BTreeMap<Identity, &str> = BTreeMap::new();
    for (path, file) in tree.iter() {
        let (Some(place), Content::Bytes(bytes)) = (place(path.as_str()), &file.content) else {
            continue;
        };
        let text = String::from_utf8_lossy(bytes);
        let found = if path.file_name() == "kustomization.yaml" {
            generated(&text)
        } else {
            objects(&text)
        };
        for mut identity in found {
            place.clone_into(&mut identity.place);
            ensure_length(&identity, &file.why)?;
            if let Some(first) = seen.insert(identity.clone(), &file.why) {
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

fn ensure_length(identity: &Identity, why: &str) -> anyhow::Result<()> {
    let most = match identity.kind.as_str() {
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
fn objects(text: &str) -> Vec<Identity> {
    let mut found = Vec::new();
    for document in text.split("\n---") {
        let mut identity = Identity::default();
        let mut section = "";
        for line in document.lines() {
            if let Some(key) = top_level(line) {
                section = key;
            }
            match (section, line) {
                ("apiVersion", line) if line.starts_with("apiVersion:") => {
                    identity.api_group = value(line)
                        .split_once('/')
                        .map_or_else(String::new, |(group, _)| group.to_owned());
                }
                ("kind", line) if line.starts_with("kind:") => identity.kind = value(line),
                ("metadata", line) if line.starts_with("  name:") => identity.name = value(line),
                ("metadata", line) if line.starts_with("  namespace:") => identity.namespace = value(line),
                _ => {}
            }
        }
        if !identity.kind.is_empty() && !identity.name.is_empty() {
            found.push(identity);
        }
    }
    found
}

/// The ConfigMaps and Secrets that a kustomization generates.
fn generated(text: &str) -> Vec<Identity> {
    let mut found: Vec<Identity> = Vec::new();
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
                kind: kind.to_owned(),
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
    line.split_once(':').map(|(key, _)| key).filter(|_| begins)
}

fn value(line: &str) -> String {
    line.split_once(':')
        .map_or("", |(_, value)| value)
        .trim()
        .trim_matches(['"', '\''])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let text = "# c\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: \"a\"\n  namespace: b\nspec:\n  name: no\n---\nkind: Service\nmetadata:\n  name: s\n";
        let names: Vec<_> = objects(text)
            .into_iter()
            .map(|found| (found.api_group, found.kind, found.namespace, found.name))
            .collect();
        let text = |parts: [&str; 4]| {
            (
                parts[0].to_owned(),
                parts[1].to_owned(),
                parts[2].to_owned(),
                parts[3].to_owned(),
            )
        };
        assert_eq!(
            names,
            [text(["apps", "Deployment", "b", "a"]), text(["", "Service", "", "s"])]
        );
    }

    #[test]
    fn generators_are_read() {
        let found =
            generated("resources:\n  - a\nsecretGenerator:\n  - name: s\n    namespace: n\n    envs:\n      - x\n");
        assert_eq!(found.len(), 1);
        assert_eq!(
            (
                found[0].kind.as_str(),
                found[0].namespace.as_str(),
                found[0].name.as_str()
            ),
            ("Secret", "n", "s")
        );
    }

    #[test]
    fn long_names_are_refused() {
        let identity = |kind: &str, length: usize| Identity {
            kind: kind.to_owned(),
            name: "a".repeat(length),
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
