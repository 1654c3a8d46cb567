//! Which folder of an environment is built, and by what: the overlay by kubectl alone, or the one that decrypts as well.

use crate::name::shell;
use crate::stack::{SecretsBackend, Stack};

/// Name of the plugin of Argo CD that builds with KSOPS; `catalog/argo_cd` sets it up.
const PLUGIN: &str = "stacktic-ksops";

/// The folder of a component in an environment, `None` for all of them.
#[must_use]
pub fn folder(stack: &Stack, environment: &str, component: Option<&str>) -> String {
    let kind = match stack.secrets {
        SecretsBackend::Sops => "sops",
        SecretsBackend::Plain | SecretsBackend::ExternalSecrets => "overlays",
    };
    let environment = format!("k8s/deploy/{kind}/{environment}");
    component.map_or_else(|| environment.clone(), |component| format!("{environment}/{component}"))
}

/// The plugin of Argo CD that builds such a folder, where its own kustomize cannot.
#[must_use]
pub fn plugin(stack: &Stack) -> Option<&'static str> {
    (stack.secrets == SecretsBackend::Sops).then_some(PLUGIN)
}

/// The command that builds and applies a folder, which is a path as a user would type it.
#[must_use]
pub fn apply(stack: &Stack, path: &str) -> String {
    let path = shell::word(path);
    match stack.secrets {
        SecretsBackend::Sops => {
            format!("kustomize build --enable-alpha-plugins --enable-exec {path} | kubectl apply --server-side -f -")
        }
        SecretsBackend::Plain | SecretsBackend::ExternalSecrets => kubectl(&path),
    }
}

/// The command that applies a folder without secrets, which is a word of a shell.
#[must_use]
pub fn kubectl(folder: &str) -> String {
    format!("kubectl apply --server-side -k {folder}")
}
