//! Values of `hooks/grafana_datasources`: data sources from links. Item shapes stand in its hook.yaml.

use serde_json::{Value as Json, json};

use crate::catalog::Role;
use crate::name::{env_form, shortened};
use crate::stack::{Component, Link, Stack};

/// Longest uid that Grafana takes.
const MAX_UID: usize = 40;

pub(super) fn values(stack: &Stack) -> Json {
    let datasources: Vec<Json> = stack
        .of_role(Role::Dashboards)
        .filter(|grafana| grafana.is_deployed())
        .filter_map(|grafana| item(stack, grafana))
        .collect();
    json!({ "datasources": datasources })
}

fn item(stack: &Stack, grafana: &Component) -> Option<Json> {
    let to = |name: &str| -> Vec<&Link> {
        stack
            .links_from(&grafana.name)
            .filter(|link| link.kind.interface_name() == name)
            .collect()
    };
    let (prometheus, loki, clickhouse) = (to("prometheus_query"), to("loki_query"), to("clickhouse"));
    if prometheus.is_empty() && loki.is_empty() && clickhouse.is_empty() {
        return None;
    }
    let by_url = |link: &&Link| source(stack, link);
    let mut prometheus: Vec<Json> = prometheus.iter().map(by_url).collect();
    for (position, source) in prometheus.iter_mut().enumerate() {
        source["default"] = (position == 0).into();
    }
    Some(json!({
        "component": grafana.name,
        "prometheus": prometheus,
        "loki": loki.iter().map(by_url).collect::<Vec<_>>(),
        "clickhouse": clickhouse.iter().map(|link| with_user(source(stack, link), link)).collect::<Vec<_>>(),
    }))
}

fn source(stack: &Stack, link: &Link) -> Json {
    let target = stack.component(&link.to);
    let endpoint = target.endpoints.get("http").or_else(|| target.primary_endpoint());
    let (host, port) = endpoint.map_or(("", 0), |endpoint| (endpoint.host.as_str(), endpoint.port));
    let tenant = target
        .attributes
        .get("tenant")
        .and_then(crate::stack::AttributeValue::text);
    json!({ "tenant": tenant, "name": link.to, "uid": shortened(link.to.as_str(), MAX_UID), "url": format!("http://{host}:{port}"), "host": host, "port": port })
}

/// The password is a variable that Grafana expands; its value never comes near this program.
fn with_user(mut source: Json, link: &Link) -> Json {
    let principal = link.principal.clone().unwrap_or_default();
    source["password"] = format!("${{{}_PASSWORD}}", env_form(&principal)).into();
    source["username"] = principal.into();
    source
}
