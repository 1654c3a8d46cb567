//! The folders that are built where files are encrypted: each takes a component's overlay and makes its Secrets.
//!
//! No generator stands in an overlay: kubectl cannot run one, and would build without the Secrets and say nothing of it. Every
//! component has such a folder, so that what delivers it never has to look elsewhere because a link brought a first Secret.

use serde_json::{Map, Value as Json, json};

use super::secrets::{self, PlannedSecret};
use crate::layout::NAMESPACES;
use crate::name::ComponentName;
use crate::stack::{SecretsBackend, Stack};
use crate::view::{self, object};

/// Lists for `hooks/overlays`: folders, generators and the folder of all, empty unless files are encrypted.
pub(super) fn values(stack: &Stack, environment: &ComponentName) -> anyhow::Result<Map<String, Json>> {
    let (mut folders, mut generators) = (Vec::new(), Vec::new());
    if stack.secrets == SecretsBackend::Sops && stack.deployed().next().is_some() {
        let shared = (NAMESPACES, view::shared_label_pairs(stack), secrets::shared(stack)?);
        let mut all = vec![shared];
        for component in stack.deployed() {
            let labels = view::label_pairs(stack, component);
            all.push((component.name.as_str(), labels, secrets::secrets(stack, component)?));
        }
        for (folder, labels, secrets) in &all {
            folders
                .push(object! { "environment": environment, "component": *folder, "has_secrets": !secrets.is_empty() });
            if !secrets.is_empty() {
                generators.push(generator(environment, folder, labels, secrets));
            }
        }
    }
    let components: Vec<Json> = folders.iter().map(|folder| folder["component"].clone()).collect();
    let root = (!components.is_empty()).then(|| json!({ "environment": environment, "components": components }));
    let lists = object! {
        "sealed": folders,
        "generators": generators,
        "sealed_roots": root.into_iter().collect::<Vec<_>>(),
    };
    Ok(super::hooks::keys(lists))
}

fn generator(environment: &ComponentName, folder: &str, labels: &Json, secrets: &[PlannedSecret]) -> Json {
    let secrets: Vec<Json> = secrets.iter().map(secrets::item).collect();
    json!({ "environment": environment, "component": folder, "own_labels": labels, "secrets": secrets })
}
