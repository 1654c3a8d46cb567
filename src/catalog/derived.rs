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
/// Whose Secrets somebody may make of the values in a store.
pub const SECRET_STORE: &str = "secret_store";

/// The interface of those who issue certificates.
pub const TLS: &str = "tls";
/// The fact that says where who connects finds the certificate of the authority that signed the server's.
pub const CA_FILE: &str = "ca_file";
/// Pattern of that place, the same for all who connect.
pub const AUTHORITY_FILE: &str = "/run/authorities/{to.name}/ca.crt";

/// The facts of a provider that knows by a token of the Kubernetes API who asks: where workloads of ours find it, and whom it is for.
pub const TOKEN_FILE: &str = "token_file";
pub const AUDIENCE: &str = "audience";

/// Interfaces by derivation, with the provision of each.
pub(super) fn provisions(kind: &ComponentType) -> Vec<(&'static str, Provision)> {
    let opens = |endpoint: &str| Provision {
        endpoints: vec![endpoint.to_owned()],
        ..Provision::default()
    };
    let mut found = vec![(DEPLOYED, Provision::default()), (SECRET_STORE, Provision::default())];
    if let Some(metrics) = &kind.metrics {
        let changes = metrics.when.keys().map(|slot| (slot.clone(), verified()));
        let provision = Provision {
            when: changes.collect(),
            ..opens(METRICS)
        };
        found.push((METRICS, provision));
    }
    if !kind.endpoints.is_empty() && !kind.health.is_empty() {
        let health = Provision {
            when: certified(kind).map(|slot| (slot.to_owned(), verified())).collect(),
            ..opens(HEALTH)
        };
        found.push((HEALTH, health));
    }
    // Read from the Kubernetes API: nothing opens a connection to the pods themselves.
    if !kind.pods.is_empty() {
        found.push((LOGS, Provision::default()));
    }
    found
}

/// The slots by which an issuer signs what the server shows.
fn certified(kind: &ComponentType) -> impl Iterator<Item = &str> {
    let slots = kind.consumes.iter().filter(|slot| slot.interface() == TLS);
    let slots = slots.filter(|_| kind.certificate.is_some());
    slots.map(|slot| slot.name.as_str())
}

/// What changes where the provider shows a certificate.
fn verified() -> Change {
    Change {
        facts: [(CA_FILE.to_owned(), AUTHORITY_FILE.to_owned())].into(),
        ..Change::default()
    }
}

/// Names of all interfaces that a type provides.
pub(super) fn provided(kind: &ComponentType) -> impl Iterator<Item = &str> {
    let derived = provisions(kind).into_iter().map(|(name, _)| name);
    kind.provides.keys().map(String::as_str).chain(derived)
}
