//! Git or who delivers is away: what still reaches a cluster, and by which command.

use serde_json::Value as Json;

use super::Site;
use crate::hook::deploy;
use crate::view::object;

/// Each environment with the command that applies it from this folder alone.
pub(super) fn environments(site: &Site<'_>) -> Vec<Json> {
    let names = site.stack.environments.iter();
    let item = |name: &crate::name::ComponentName| {
        let folder = deploy::whole(site.stack, name.as_str());
        object! {
            "name": name,
            "apply": deploy::apply_whole(site.stack, &folder),
            "file": format!("{folder}/kustomization.yaml"),
        }
    };
    names.map(item).collect()
}

/// None or one: what is read, by whom.
pub(super) fn repositories(site: &Site<'_>) -> Vec<Json> {
    let delivery = site.stack.delivery().filter(|one| one.is_deployed());
    let item = |gitops: &crate::stack::Gitops| {
        let roots = site
            .stack
            .environments
            .iter()
            .map(|name| format!("argocd/{name}/root.yaml"));
        object! {
            "repository": &gitops.repository,
            "component": delivery.map_or("", |one| one.name.as_str()),
            "namespace": &gitops.namespace,
            "roots": roots.collect::<Vec<_>>(),
        }
    };
    site.stack.gitops.iter().map(item).collect()
}
