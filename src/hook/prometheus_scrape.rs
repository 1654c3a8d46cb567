//! Values of `hooks/prometheus_scrape`: one scrape object per link. Item shapes stand in its hook.yaml.

use serde_json::{Value as Json, json};

use super::view;
use crate::catalog::derived::METRICS;
use crate::catalog::{MonitorKind, Role};
use crate::stack::{Link, Metrics, Stack};

pub(super) fn values(stack: &Stack) -> Json {
    let (mut service_monitors, mut pod_monitors, mut scrape_configs) = (Vec::new(), Vec::new(), Vec::new());
    for prometheus in stack.of_role(Role::Scraper) {
        for link in stack
            .links_from(&prometheus.name)
            .filter(|link| link.kind.interface_name() == METRICS)
        {
            let target = stack.component(&link.to);
            let Some(metrics) = &target.metrics else { continue };
            let item = item(stack, link, metrics);
            match metrics.monitor {
                _ if !target.is_deployed() => scrape_configs.push(item),
                MonitorKind::ServiceMonitor => service_monitors.push(item),
                MonitorKind::PodMonitor => pod_monitors.push(item),
            }
        }
    }
    json!({ "service_monitors": service_monitors, "pod_monitors": pod_monitors, "scrape_configs": scrape_configs })
}

fn item(stack: &Stack, link: &Link, metrics: &Metrics) -> Json {
    let target = stack.component(&link.to);
    let host = target
        .external
        .as_ref()
        .map(|external| format!("{}:{}", external.host, metrics.port));
    json!({
        "prometheus": link.from,
        "component": link.to,
        "name": link.object,
        "namespace": stack.component(&link.from).namespace,
        "target_namespace": target.namespace,
        "port_name": metrics.port_name,
        "path": metrics.path,
        "selector": view::pairs(&metrics.selector),
        "labels": view::label_pairs(stack, target),
        "target": host,
    })
}
