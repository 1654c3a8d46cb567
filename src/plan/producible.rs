//! Which paths the catalog can produce: the second key that a delete needs.

use super::{NAMESPACES, parts};
use crate::hook::OPERATORS;
use crate::name::{ComponentName, RelPath};

/// Whether a file at `path` can be the work of this program: a known folder, a checked component
/// name and a known kind of file.
#[must_use]
pub fn is_producible(path: &RelPath) -> bool {
    let segments: Vec<&str> = path.segments().collect();
    let is_component = |name: &str| ComponentName::parse(name).is_ok();
    let is_folder = |name: &str| is_component(name) || name == NAMESPACES;
    match segments.as_slice() {
        ["stack-metadata.json" | "tools.lock.json" | ".sops.yaml" | ".gitignore" | ".gitattributes"]
        | ["docs", "topology.md" | "tools.md"] => true,
        ["docs", "clients", file] => *file == "README.md" || has_extension(file, &["json"]),
        ["argocd", environment, file] | ["argocd", environment, "applications" | "operators", file] => {
            is_component(environment) && has_extension(file, &["yaml"])
        }
        ["k8s", "deploy", "base", OPERATORS, file] => file.starts_with("values-") && has_extension(file, &["yaml"]),
        ["k8s", "deploy", "base", component, rest @ ..] => is_folder(component) && is_base(rest),
        ["k8s", "build", "base", component, file] => {
            is_component(component)
                && (*file == "Dockerfile" || has_extension(file, &["txt", "in", "toml", "py", "sh"]))
        }
        ["k8s", "deploy", "overlays", environment, rest @ ..] => is_component(environment) && is_overlay(rest),
        _ => false,
    }
}

fn is_base(rest: &[&str]) -> bool {
    match rest {
        [file] => has_extension(file, &["yaml", "json"]),
        ["files", file] => has_extension(file, &["py", "json"]),
        ["config", file] => has_extension(file, &["env", "json", "yaml"]) || is_part(file),
        ["secret", file] => has_extension(file, &["env"]),
        _ => false,
    }
}

fn is_overlay(rest: &[&str]) -> bool {
    let is_component = |name: &str| ComponentName::parse(name).is_ok() || name == NAMESPACES;
    match rest {
        ["kustomization.yaml"] => true,
        [component, file] => is_component(component) && has_extension(file, &["yaml"]),
        [component, "local", "kustomization.yaml"] => is_component(component),
        [component, "config", file] => {
            is_component(component) && (has_extension(file, &["env", "json"]) || is_part(file))
        }
        _ => false,
    }
}

/// A part of a JSON document: `stack-metadata.json.007`.
fn is_part(file: &str) -> bool {
    parts::of(file).is_some_and(|(whole, _)| has_extension(whole, &["json"]))
}

fn has_extension(file: &str, extensions: &[&str]) -> bool {
    file.rsplit_once('.')
        .is_some_and(|(stem, extension)| !stem.is_empty() && extensions.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, producible) in [
            ("tools.lock.json", true),
            ("k8s/deploy/base/fastmcp/files/grafana_tools.py", true),
            ("k8s/deploy/base/fastmcp/files/deep/x.py", false),
            ("k8s/deploy/base/agent/config/stack-metadata.json.000", true),
            ("k8s/deploy/base/agent/config/stack-metadata.json.1000", true),
            ("k8s/deploy/base/server/config/topology.json.001", true),
            ("k8s/deploy/base/agent/config/stack-metadata.json.00", false),
            ("k8s/deploy/base/agent/config/passwords.000", false),
            ("k8s/deploy/base/agent/stack-metadata.json.000", false),
            ("k8s/deploy/overlays/dev/agent/config/stack-metadata.json.001", true),
            ("k8s/build/base/agent/Dockerfile", true),
            ("k8s/build/base/agent/collect.sh", true),
            ("k8s/build/base/agent/deep/collect.sh", false),
            ("k8s/deploy/base/agent/collect.sh", false),
            ("k8s/deploy/base/Fastmcp/values.yaml", false),
            ("k8s/deploy/base/_namespaces/namespace-db.yaml", true),
            ("k8s/deploy/base/_others/namespace-db.yaml", false),
            ("k8s/deploy/base/_operators/values-cnpg-cloudnative-pg.yaml", true),
            ("k8s/deploy/base/_operators/namespace-db.yaml", false),
            ("k8s/deploy/overlays/dev/_namespaces/local/kustomization.yaml", true),
            ("argocd/_namespaces/project.yaml", false),
            ("k8s/build/base/_namespaces/Dockerfile", false),
            ("k8s/deploy/overlays/dev/kafka/local/kustomization.yaml", true),
            ("argocd/dev/applications/kafka.yaml", true),
            ("argocd/id_rsa", false),
            ("docs/topology.md", true),
            ("docs/tools.md", true),
            ("docs/clients/vscode.json", true),
            ("docs/clients/README.md", true),
            ("docs/clients/notes.md", false),
            ("docs/clients/.json", false),
            ("docs/clients/mine/vscode.json", false),
            ("docs/vscode.json", false),
            ("src/main.rs", false),
            ("README.md", false),
        ] {
            let path = RelPath::parse(path).unwrap();
            assert_eq!(is_producible(&path), producible, "{path}");
        }
    }
}
