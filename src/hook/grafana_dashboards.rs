//! Values of `hooks/grafana_dashboards`: what Grafana shows of the components that its Prometheus scrapes. Item shapes stand in
//! its hook.yaml.
//!
//! Rows of types go in, panels with their places come out: Grafana counts them on a grid of 24 columns.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::catalog::derived::METRICS;
use crate::catalog::watching::{self, Unit};
use crate::catalog::{Panel, Role, Row};
use crate::stack::{Component, Stack};
use crate::view::object;

/// The form in which dashboards are written.
const DIALECT: &str = "grafana";
/// Who answers what panels ask.
const QUERIES: &str = "prometheus_query";
/// The series of the component that a person has chosen.
const CHOSEN: &str = "component=\"$component\"";
const COLUMNS: u64 = 24;
const TITLE_HEIGHT: u64 = 1;
const PANEL_HEIGHT: u64 = 8;

pub(super) fn values(stack: &Stack) -> Json {
    let grafanas = stack.deployed().filter(|component| {
        component.has_role(Role::Dashboards) && component.entry.definition.dialect.as_deref() == Some(DIALECT)
    });
    let shown = grafanas.filter_map(|grafana| {
        let links = stack.links_from(&grafana.name);
        let sources = links.filter(|link| link.kind.interface_name() == QUERIES);
        let sources: Vec<Json> = sources
            .filter_map(|link| source(stack, stack.component(&link.to)))
            .collect();
        (!sources.is_empty()).then(|| object! { "component": &grafana.name, "sources": sources })
    });
    object! { "grafanas": shown.collect::<Vec<_>>() }
}

/// A Prometheus with a dashboard for each type that it scrapes.
fn source(stack: &Stack, prometheus: &Component) -> Option<Json> {
    let mut scraped: BTreeMap<&str, Vec<&Component>> = BTreeMap::new();
    for link in stack.links_from(&prometheus.name) {
        if link.kind.interface_name() == METRICS {
            let component = stack.component(&link.to);
            scraped.entry(component.type_name()).or_default().push(component);
        }
    }
    let dashboards: Vec<Json> = scraped
        .into_values()
        .filter_map(|components| dashboard(&components))
        .collect();
    (!dashboards.is_empty()).then(|| object! { "name": &prometheus.name, "dashboards": dashboards })
}

/// What is shown of the components of one type, one of which a person chooses.
fn dashboard(components: &[&Component]) -> Option<Json> {
    let kind = &components.first()?.entry.definition;
    let rows = &kind.metrics.as_ref()?.dashboard;
    let names: Vec<&str> = components.iter().map(|component| component.name.as_str()).collect();
    Some(object! {
        "type": &kind.name,
        "title": &kind.title,
        "components": names,
        "panels": panels(rows),
    })
}

/// The panels of all rows, that of every type first.
fn panels(rows: &[Row]) -> Vec<Json> {
    let first = availability();
    let rows = std::iter::once(&first).chain(rows);
    let mut found = Vec::new();
    let mut y = 0;
    for row in rows {
        found.push(object! { "id": id(&found), "row": &row.row, "y": y });
        let width = COLUMNS / (row.panels.len() as u64).max(1);
        for (position, panel) in (0..).zip(&row.panels) {
            found.push(graph(id(&found), panel, (position * width, y + TITLE_HEIGHT, width)));
        }
        y += TITLE_HEIGHT + PANEL_HEIGHT;
    }
    found
}

fn graph(id: u64, panel: &Panel, (x, y, width): (u64, u64, u64)) -> Json {
    object! {
        "id": id,
        "title": &panel.title,
        "expr": watching::over(&panel.expr, CHOSEN),
        "unit": serde_json::to_value(panel.unit).unwrap_or_default(),
        "legend": &panel.legend,
        "x": x,
        "y": y,
        "width": width,
        "height": PANEL_HEIGHT,
    }
}

/// Whether it answers at all, which Prometheus itself knows.
fn availability() -> Row {
    Row {
        row: "Availability".to_owned(),
        panels: vec![Panel {
            title: "Answers".to_owned(),
            expr: format!("up{{{}}}", watching::OWN),
            unit: Unit::Number,
            legend: "{{instance}}".to_owned(),
        }],
    }
}

/// The next number in a dashboard.
fn id(found: &[Json]) -> u64 {
    found.len() as u64 + 1
}
