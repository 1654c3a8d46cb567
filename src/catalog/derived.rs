//! What types provide without a word of their own: it follows from other fields.

use super::component_type::ComponentType;
use super::provision::{Change, Provision};

/// Who answers with Prometheus metrics.
pub const METRICS: &str = "metrics";
/// Who has health checks that connect to something.
pub const HEALTH: &str = "health";
/// Whatever something is deployed for.
pub const DEPLOYED: &str = "deployed";
/// Whose pods write logs.
pub const LOGS: &str = "logs";

/// The interface of those who issue certificates.
pub const TLS: &str = "tls";

/// Interfaces by derivation, with the provision of each.
pub(super) fn provisions(kind: &ComponentType) -> Vec<(&'static str, Provision)> {
    let opens = |endpoint: &str| Provision {
        endpoints: vec![endpoint.to_owned()],
        ..Provision::default()
    };
    let mut found = vec![(DEPLOYED, Provision::default())];
    if let Some(metrics) = &kind.metrics {
        let changes = metrics.when.keys().map(|slot| (slot.clone(), verified()));
        let provision = Provision {
            when: changes.collect(),
            ..opens(METRICS)
        };
        found.push((METRICS, provision));
    }
    if !kind.endpoints.is_empty() && !kind.health.is_empty() {
        found.push((HEALTH, opens(HEALTH)));
    }
    // Read from the Kubernetes API: nothing opens a connection to the pods themselves.
    if !kind.pods.is_empty() {
        found.push((LOGS, Provision::default()));
    }
    found
}

/// What changes where the provider shows a certificate.
fn verified() -> Change {
    let ca_file = "/run/authorities/{to.name}/ca.crt".to_owned();
    Change {
        facts: [("ca_file".to_owned(), ca_file)].into(),
        ..Change::default()
    }
}

/// Names of all interfaces that a type provides.
pub(super) fn provided(kind: &ComponentType) -> impl Iterator<Item = &str> {
    let derived = provisions(kind).into_iter().map(|(name, _)| name);
    kind.provides.keys().map(String::as_str).chain(derived)
}
