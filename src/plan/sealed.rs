//! The folders that are built where files are encrypted: each takes a component as the environment has it, and makes its Secrets.
//!
//! No generator stands in an overlay: kubectl cannot run one, and would build without the Secrets and say nothing of it. Who has
//! no Secret has no such folder, and is built without the key.

use serde_json::{Map, Value as Json, json};

use super::built::{Built, relative};
use super::secrets::{self, PlannedSecret};
use crate::layout::NAMESPACES;
use crate::stack::{SecretsBackend, Stack};
use crate::view::{self, object};

/// Lists for `hooks/overlays`: folders, generators and the folder of all, empty unless files are encrypted.
pub(super) fn values(stack: &Stack, built: &Built<'_>) -> anyhow::Result<Map<String, Json>> {
    let (mut folders, mut generators, mut roots) = (Vec::new(), Vec::new(), Vec::new());
    if stack.secrets == SecretsBackend::Sops && stack.deployed().next().is_some() {
        let shared = (NAMESPACES, view::shared_label_pairs(stack), secrets::shared(stack)?);
        let mut all = vec![shared];
        for component in stack.deployed() {
            let labels = view::label_pairs(stack, component);
            all.push((component.name.as_str(), labels, secrets::secrets(stack, component)?));
        }
        for (folder, labels, secrets) in all.iter().filter(|(folder, ..)| built.is_sealed(folder)) {
            folders.push(self::folder(built, folder));
            generators.push(generator(built, folder, labels, secrets));
        }
        let here = format!("k8s/deploy/sops/{}", built.environment);
        let resources = all.iter().map(|(folder, ..)| relative(&here, &built.folder(folder)));
        roots.push(json!({ "environment": built.environment, "folders": resources.collect::<Vec<_>>() }));
    }
    let lists = object! { "sealed": folders, "generators": generators, "sealed_roots": roots };
    Ok(super::hooks::keys(lists))
}

fn folder(built: &Built<'_>, component: &str) -> Json {
    let open = relative(&built.folder(component), &built.open_folder(component));
    json!({ "environment": built.environment, "component": component, "folder": open })
}

fn generator(built: &Built<'_>, folder: &str, labels: &Json, secrets: &[PlannedSecret]) -> Json {
    let secrets: Vec<Json> = secrets.iter().map(secrets::item).collect();
    json!({ "environment": built.environment, "component": folder, "own_labels": labels, "secrets": secrets })
}
