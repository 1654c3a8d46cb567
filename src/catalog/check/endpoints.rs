//! Rule: endpoints that are named exist, listen inside the cluster or below the stack's domain, and say which is the first.

use std::collections::BTreeMap;

use super::Held;
use crate::catalog::{AttributeType, ComponentType, MonitorKind, PortSpec};
use crate::fault::Code::E_CATALOG_ENDPOINT;
use crate::name::is_dns_label;

/// Where a Service of the component's own namespace is found.
const IN_CLUSTER: &str = ".{namespace}.svc.cluster.local";
/// Where the outside finds the stack.
const IN_STACK: &str = ".{domain}";
/// Endpoints that are the first of several without being called so.
const FIRST: [&str; 2] = ["http", "postgres"];
/// Longest name of a container's port.
const MAX_PORT_NAME: usize = 15;

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    names(held);
    for (name, endpoint) in &held.definition().endpoints {
        host(held, name, &endpoint.host);
        let zero = |port: &PortSpec| matches!(port, PortSpec::Number(0));
        if zero(&endpoint.port) || endpoint.target_port.as_ref().is_some_and(zero) {
            let fact = format!("the endpoint `{name}` listens on port 0");
            held.blame(
                E_CATALOG_ENDPOINT,
                &["endpoints", name, "port"],
                fact,
                "write the port of the Service",
            );
        }
    }
    metrics(held);
}

fn names(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let known: Vec<&str> = definition.endpoints.keys().map(String::as_str).collect();
    match &definition.primary_endpoint {
        Some(name) => held.known(E_CATALOG_ENDPOINT, &["primary_endpoint"], name, &known, "endpoint"),
        None if known.len() > 1 && !FIRST.contains(&known[0]) => {
            let fact = "nothing says which of the endpoints gives `{host}` and `{port}`";
            let hint = format!("add `primary_endpoint:` with one of `{}`", known.join("`, `"));
            held.blame(E_CATALOG_ENDPOINT, &["endpoints"], fact, hint);
        }
        None => {}
    }
    for name in definition.pods_of.keys() {
        held.known(E_CATALOG_ENDPOINT, &["pods_of", name], name, &known, "endpoint");
    }
    for (position, name) in definition.health_endpoints.iter().enumerate() {
        let path = ["health_endpoints", &position.to_string()];
        held.known(E_CATALOG_ENDPOINT, &path, name, &known, "endpoint");
    }
}

fn host(held: &mut Held<'_, ComponentType>, name: &str, host: &str) {
    let below = |suffix: &str| {
        host.strip_suffix(suffix)
            .is_some_and(|service| !service.is_empty() && !service.contains('.'))
    };
    if !below(IN_CLUSTER) && !below(IN_STACK) {
        let fact = format!("the endpoint `{name}` lies outside the component's namespace and the stack's domain");
        let hint = format!("write the host of its Service: `<service>{IN_CLUSTER}`");
        held.blame(E_CATALOG_ENDPOINT, &["endpoints", name, "host"], fact, hint);
    }
}

fn metrics(held: &mut Held<'_, ComponentType>) {
    let Some(metrics) = &held.definition().metrics else {
        return;
    };
    let most = match metrics.monitor {
        MonitorKind::PodMonitor => MAX_PORT_NAME,
        MonitorKind::ServiceMonitor => crate::name::MAX_LABEL,
    };
    if !is_dns_label(&metrics.port_name) || metrics.port_name.len() > most {
        let fact = format!("`{}` is no name of a port", metrics.port_name);
        let hint = format!("write at most {most} of a-z, 0-9 and -");
        held.blame(E_CATALOG_ENDPOINT, &["metrics", "port_name"], fact, hint);
    }
    if !begins_with_slash(&metrics.path, &held.definition().attributes) {
        let fact = format!("the path `{}` does not begin with `/`", metrics.path);
        held.blame(
            E_CATALOG_ENDPOINT,
            &["metrics", "path"],
            fact,
            format!("write `/{}`", metrics.path),
        );
    }
}

/// The path itself, or the only values of the attribute that it names.
fn begins_with_slash(path: &str, attributes: &BTreeMap<String, AttributeType>) -> bool {
    let name = path.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let kind = name.and_then(|(name, _)| attributes.get(name));
    let values = kind.and_then(|kind| kind.pattern.as_deref());
    values.unwrap_or(path).starts_with('/')
}

/// Labels by which a network policy holds the pods, and a check by which people know that they run.
pub(super) fn reachable(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    if definition.is_of_kinds() {
        return;
    }
    if definition.pods.is_empty() {
        let fact = "nothing selects the type's pods, so no network policy can hold them";
        held.blame_key(
            E_CATALOG_ENDPOINT,
            &["pods"],
            fact,
            "add `pods:`, the labels of its pods",
        );
    }
    if definition.health.is_empty() {
        let fact = "the type has no health check";
        let hint = "add `health:`, such as `nc -z {host} {port}`";
        held.blame_key(crate::fault::Code::E_CATALOG_HEALTH, &["health"], fact, hint);
    }
}
