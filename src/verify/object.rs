//! A Kubernetes object, and what it refers to.

use serde_json::Value as Json;

use super::GIVEN;

/// An object as kustomize would build it, but for patches of its fields.
#[derive(Clone, Debug)]
pub struct Object {
    /// File or kustomization that it comes from.
    pub file: String,
    /// API group; empty for the core.
    pub group: String,
    pub kind: String,
    /// Empty for objects of the whole cluster.
    pub namespace: String,
    pub name: String,
    pub body: Json,
}

/// A Secret or ConfigMap that an object reads in its own namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    pub kind: &'static str,
    pub name: String,
}

/// Kubernetes puts it into every namespace.
const OF_EVERY_NAMESPACE: &str = "kube-root-ca.crt";

/// Fields whose value names an object by `name`.
const BY_NAME: [(&str, &str); 6] = [
    ("secretKeyRef", "Secret"),
    ("secretRef", "Secret"),
    ("passwordSecret", "Secret"),
    ("configMapKeyRef", "ConfigMap"),
    ("configMapRef", "ConfigMap"),
    ("configMap", "ConfigMap"),
];

impl Object {
    /// The object of a document; nothing where it is none.
    pub(super) fn of(file: &str, body: Json) -> Option<Self> {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text(&body["apiVersion"]), text(&body["kind"]));
        let metadata = &body["metadata"];
        let name = text(&metadata["name"]);
        let namespace = text(&metadata["namespace"]);
        let group = version.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
        (!kind.is_empty() && !name.is_empty()).then(|| Self {
            file: file.to_owned(),
            group,
            kind,
            namespace,
            name,
            body,
        })
    }

    /// `Deployment api of shop`.
    pub(super) fn told(&self) -> String {
        match self.namespace.as_str() {
            "" => format!("{} {}", self.kind, self.name),
            namespace => format!("{} {} in {namespace}", self.kind, self.name),
        }
    }

    /// The Secrets and ConfigMaps that it reads, but for those that may be absent or that people make.
    pub(super) fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        walk(&self.body, &mut found);
        let given: Vec<&str> = self.annotation(GIVEN).split(',').collect();
        found.retain(|reference| reference.kind != "Secret" || !given.contains(&reference.name.as_str()));
        found.sort();
        found.dedup();
        found
    }

    pub(super) fn annotation(&self, name: &str) -> &str {
        self.body["metadata"]["annotations"][name].as_str().unwrap_or_default()
    }

    /// The Secret that an operator makes for it.
    pub(super) fn made_secret(&self) -> Option<&str> {
        let spec = &self.body["spec"];
        match (self.group.as_str(), self.kind.as_str()) {
            ("cert-manager.io", "Certificate") => spec["secretName"].as_str(),
            ("external-secrets.io", "ExternalSecret") => Some(spec["target"]["name"].as_str().unwrap_or(&self.name)),
            _ => None,
        }
    }
}

fn walk(value: &Json, found: &mut Vec<Reference>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Json::Object(fields) => {
            for (key, inner) in fields {
                found.extend(reference(key, inner));
                walk(inner, found);
            }
        }
        _ => {}
    }
}

fn reference(key: &str, value: &Json) -> Option<Reference> {
    if value["optional"] == Json::Bool(true) {
        return None;
    }
    // A volume names its Secret by `secretName`, a part of a projected one by `name`.
    let of_volume = (key == "secret").then(|| value["secretName"].as_str().or(value["name"].as_str()));
    let named = BY_NAME.iter().find(|(field, _)| *field == key);
    let (kind, name) = match (of_volume.flatten(), named) {
        (Some(name), _) => ("Secret", name),
        (None, Some((_, kind))) => (*kind, value["name"].as_str()?),
        (None, None) => return None,
    };
    (name != OF_EVERY_NAMESPACE).then(|| Reference {
        kind,
        name: name.to_owned(),
    })
}
