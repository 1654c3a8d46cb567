//! Where a component answers with metrics, and what is watched of them.

use serde_json::Value as Json;

use super::object;
use crate::catalog::{Alert, watching};
use crate::stack::{Component, Exporter, Stack};

/// Where it answers with metrics; `host` is that of a component of another stack, which no Service of ours leads to.
pub(super) fn metrics(stack: &Stack, component: &Component) -> Json {
    let Some(metrics) = &component.metrics else {
        return Json::Null;
    };
    object! {
        "port": metrics.port,
        "port_name": &metrics.port_name,
        "path": &metrics.path,
        "selector": &metrics.selector,
        "exporter": metrics.exporter.as_ref().map(exporter),
        "host": component.foreign_host(),
        "alerts": alerts(stack, component),
        "own": own_series(component),
    }
}

fn exporter(exporter: &Exporter) -> Json {
    object! {
        "host": &exporter.host,
        "parameter": &exporter.parameter,
        "suffix": &exporter.suffix,
    }
}

/// Matchers of the series that scrape objects collect of a component: they set this label on each of them.
fn own_series(component: &Component) -> String {
    format!("component=\"{}\"", component.name)
}

/// The alerts of its type that its links give something to watch, over its own series.
fn alerts(stack: &Stack, component: &Component) -> Vec<Json> {
    let own = own_series(component);
    let spec = component.entry.definition.metrics.iter();
    let is_taken = |alert: &Alert| alert.slot.as_ref().is_none_or(|slot| stack.takes(component, slot));
    let alerts = spec
        .flat_map(|metrics| &metrics.alerts)
        .filter(|(_, alert)| is_taken(alert));
    let item = |(name, alert): (&String, &Alert)| {
        object! {
            "name": name,
            "expr": watching::over(&alert.expr, &own),
            "for": &alert.lasts,
            "severity": alert.severity.word(),
            "watches": alert.watches.word(),
            "summary": &alert.summary,
            "description": &alert.description,
        }
    };
    alerts.map(item).collect()
}
