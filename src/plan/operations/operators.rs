//! A new version of an operator goes wrong: who depends on it, and the way back.

use serde_json::Value as Json;

use super::Site;
use crate::hook::deploy;
use crate::hook::releases::{self, Operator};
use crate::layout::OPERATORS;
use crate::name::shell;
use crate::view::object;

pub(super) fn items(site: &Site<'_>) -> Vec<Json> {
    let waves = site.stack.waves();
    let found = releases::operators(site.stack, &waves);
    found.iter().map(|operator| item(site, operator)).collect()
}

fn item(site: &Site<'_>, operator: &Operator<'_>) -> Json {
    let uses = site.components().filter(|one| one.type_name() == operator.type_name());
    let folder = format!("k8s/deploy/base/{OPERATORS}/{}", operator.name);
    let release = operator.release(None);
    let version = release.as_ref().map(|release| release.version.clone());
    let version = version.or_else(|| operator.source.git().map(|git| git.revision.clone()));
    // A release without values of ours is named in the list of releases alone.
    let file = match &release {
        Some(_) => operator
            .values_files(None)
            .into_iter()
            .next()
            .unwrap_or_else(|| "helmfile.yaml".to_owned()),
        None => format!("{folder}/kustomization.yaml"),
    };
    let back = match &release {
        Some(release) => format!("helm rollback {} -n {}", release.release, release.namespace),
        None => deploy::kubectl(&shell::word(&folder)),
    };
    object! {
        "operator": &operator.name,
        "namespace": operator.namespace,
        "version": version.unwrap_or_default(),
        "is_chart": release.is_some(),
        "components": uses.map(|one| &one.name).collect::<Vec<_>>(),
        "file": file,
        "back": back,
    }
}
