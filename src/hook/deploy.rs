//! Which folder of an environment holds everything, and what builds a folder: kubectl alone, or who decrypts as well.

use crate::name::shell;
use crate::stack::{SecretsBackend, Stack};

/// Name of the plugin of Argo CD that builds with KSOPS; `catalog/argo_cd` sets it up.
pub const PLUGIN: &str = "stacktic-ksops";

/// The folder of all components of an environment.
#[must_use]
pub fn whole(stack: &Stack, environment: &str) -> String {
    let kind = match is_sealed(stack) {
        true => "sops",
        false => "overlays",
    };
    format!("k8s/deploy/{kind}/{environment}")
}

/// The command that applies the folder of all components, which is a path as a user would type it.
#[must_use]
pub fn apply_whole(stack: &Stack, path: &str) -> String {
    apply(path, is_sealed(stack))
}

/// The command that builds and applies a folder, with or without Secrets to decrypt.
#[must_use]
pub fn apply(path: &str, is_sealed: bool) -> String {
    let path = shell::word(path);
    match is_sealed {
        true => {
            format!("kustomize build --enable-alpha-plugins --enable-exec {path} | kubectl apply --server-side -f -")
        }
        false => kubectl(&path),
    }
}

/// The command that applies a folder without secrets, which is a word of a shell.
#[must_use]
pub fn kubectl(folder: &str) -> String {
    format!("kubectl apply --server-side -k {folder}")
}

fn is_sealed(stack: &Stack) -> bool {
    stack.secrets == SecretsBackend::Sops
}
