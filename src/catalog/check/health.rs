//! Rule: a health check connects to a health endpoint, because the network lets the agent through to no other.
//!
//! Whether the Stack Agent takes the sentence at all is asked where a stack is made of the type.

use super::Held;
use crate::catalog::{ComponentType, PortSpec};
use crate::fault::Code::E_CATALOG_HEALTH;

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let primary = definition
        .primary_endpoint
        .as_ref()
        .or_else(|| definition.endpoints.keys().next());
    let named: Vec<&String> = if definition.health_endpoints.is_empty() {
        primary.into_iter().collect()
    } else {
        definition.health_endpoints.iter().collect()
    };
    // Names that are not there are told by themselves.
    if named.iter().any(|name| !definition.endpoints.contains_key(*name)) {
        return;
    }
    for (position, check) in definition.health.iter().enumerate() {
        let connects = |name: &&&String| match &definition.endpoints[**name].port {
            _ if Some(**name) == primary && check.contains("{port}") => true,
            PortSpec::Number(port) => names_port(check, *port),
            PortSpec::Pattern(_) => false,
        };
        let needs_no_way = check.contains("kubectl") || !is_connecting(check);
        if !needs_no_way && named.iter().filter(connects).count() != 1 {
            let listed: Vec<&str> = named.iter().map(|name| name.as_str()).collect();
            let fact = format!(
                "the check connects to none of the health endpoints `{}`",
                listed.join("`, `")
            );
            let hint = "use `{host}` and `{port}`, or name the endpoint in `health_endpoints`";
            held.blame(E_CATALOG_HEALTH, &["health", &position.to_string()], fact, hint);
        }
    }
}

/// `host:9000/path` or `host 9000`.
fn names_port(check: &str, port: u16) -> bool {
    let mut words = check.split([' ', '/']);
    words.any(|word| word == port.to_string() || word.ends_with(&format!(":{port}")))
}

/// Programs that connect to an endpoint; a test beside the agent's table of programs compares the two.
pub(crate) const CONNECTING: [&str; 6] = ["nc", "curl", "psql", "pg_isready", "valkey-cli", "redis-cli"];

/// Whether the sentence starts one of them. What stands in quotes is an argument: of a shell, which no check has.
fn is_connecting(check: &str) -> bool {
    let mut words = check.split([' ', '(', '|']);
    words.any(|word| CONNECTING.contains(&word))
}
