//! Hosts and ports, computed from name, namespace and type; never taken from text as they are.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;

use super::attributes::{Variables, lookup};
use super::{Endpoint, Exporter, External, Metrics};
use crate::catalog::{ComponentType, EndpointSpec, ExporterSpec, PortSpec, pattern};
use crate::fault::Code;

impl Endpoint {
    /// Name of the Service behind it: the first label of its host.
    #[must_use]
    pub fn service(&self) -> &str {
        self.host.split('.').next().unwrap_or_default()
    }
}

/// The endpoints of a component that has links of `slots`; an external one listens at its own host.
///
/// # Errors
/// A pattern of the catalog does not expand, or a port is none.
pub(super) fn endpoints(
    component_type: &ComponentType,
    external: Option<&External>,
    slots: &BTreeSet<&str>,
    variables: &Variables,
) -> anyhow::Result<BTreeMap<String, Endpoint>> {
    let pods = labels(&component_type.pods, variables)?;
    let mut found = BTreeMap::new();
    for (name, spec) in &component_type.endpoints {
        let mut endpoint = endpoint(spec, slots, variables)
            .with_context(|| Code::E_CATALOG_ENDPOINT.fault(format!("`{}` of `{}`", name, component_type.name)))?;
        endpoint.pods.clone_from(&pods);
        if let Some(narrower) = component_type.pods_of.get(name) {
            endpoint.pods.extend(labels(narrower, variables)?);
        }
        match external {
            Some(External::Stack { host, .. }) => endpoint.host.clone_from(host),
            Some(External::Described { endpoints, .. }) => {
                if let Some((host, port)) = endpoints.get(name) {
                    (endpoint.host, endpoint.port) = (host.clone(), *port);
                }
            }
            Some(External::Cluster) | None => {}
        }
        found.insert(name.clone(), endpoint);
    }
    Ok(found)
}

/// The names that the certificate of a component is for; none where its type shows no certificate.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn certified_hosts(
    component_type: &ComponentType,
    namespace: &str,
    variables: &Variables,
) -> anyhow::Result<Vec<String>> {
    let Some(certificate) = &component_type.certificate else {
        return Ok(Vec::new());
    };
    let expand = |text: &String| Ok(pattern::expand(text, lookup(variables))?.into_owned());
    let services: Vec<String> = certificate.services.iter().map(expand).collect::<anyhow::Result<_>>()?;
    let further: Vec<String> = certificate.hosts.iter().map(expand).collect::<anyhow::Result<_>>()?;
    let names = services.iter().flat_map(|service| {
        let inside = format!("{service}.{namespace}");
        [
            service.clone(),
            inside.clone(),
            format!("{inside}.svc"),
            format!("{inside}.svc.cluster.local"),
        ]
    });
    Ok(names.chain(further).collect())
}

/// Where a component that has links of `slots` answers with metrics; selectors default to its pods.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn metrics(
    component_type: &ComponentType,
    slots: &BTreeSet<&str>,
    variables: &Variables,
) -> anyhow::Result<Option<Metrics>> {
    let Some(spec) = &component_type.metrics else {
        return Ok(None);
    };
    let or_pods = |given: &BTreeMap<String, String>| {
        labels(if given.is_empty() { &component_type.pods } else { given }, variables)
    };
    let change = spec.when.iter().find(|(slot, _)| slots.contains(slot.as_str()));
    let (port_name, port) = match change {
        Some((_, change)) => (&change.port_name, &change.port),
        None => (&spec.port_name, &spec.port),
    };
    Ok(Some(Metrics {
        monitor: spec.monitor,
        port_name: port_name.clone(),
        port: self::port(port, variables)?,
        path: pattern::expand(&spec.path, lookup(variables))?.into_owned(),
        selector: or_pods(&spec.selector)?,
        pods: or_pods(&spec.pods)?,
        exporter: spec
            .exporter
            .as_ref()
            .map(|spec| exporter(spec, variables))
            .transpose()?,
    }))
}

fn exporter(spec: &ExporterSpec, variables: &Variables) -> anyhow::Result<Exporter> {
    Ok(Exporter {
        host: pattern::expand(&spec.host, lookup(variables))?.into_owned(),
        parameter: spec.parameter.clone(),
        suffix: pattern::expand(&spec.suffix, lookup(variables))?.into_owned(),
    })
}

/// Labels with their patterns expanded.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn labels(
    labels: &BTreeMap<String, String>,
    variables: &Variables,
) -> anyhow::Result<BTreeMap<String, String>> {
    let expand =
        |(key, value): (&String, &String)| Ok((key.clone(), pattern::expand(value, lookup(variables))?.into_owned()));
    labels.iter().map(expand).collect()
}

fn endpoint(spec: &EndpointSpec, slots: &BTreeSet<&str>, variables: &Variables) -> anyhow::Result<Endpoint> {
    let change = spec.when.iter().find(|(slot, _)| slots.contains(slot.as_str()));
    let (port, target_port, protocol) = match change {
        Some((_, change)) => (&change.port, &change.target_port, change.protocol),
        None => (&spec.port, &spec.target_port, spec.protocol),
    };
    let port = self::port(port, variables)?;
    let target_port = target_port
        .as_ref()
        .map_or(Ok(port), |target| self::port(target, variables))?;
    Ok(Endpoint {
        host: pattern::expand(&spec.host, lookup(variables))?.into_owned(),
        port,
        protocol,
        target_port,
        pods: BTreeMap::new(),
    })
}

/// A port, by its number or by an attribute.
///
/// # Errors
/// The pattern does not expand, or gives no port.
pub(super) fn port(spec: &PortSpec, variables: &Variables) -> anyhow::Result<u16> {
    match spec {
        PortSpec::Number(port) => Ok(*port),
        PortSpec::Pattern(text) => {
            let text = pattern::expand(text, lookup(variables))?;
            text.parse().with_context(|| format!("`{text}` is no port"))
        }
    }
}
