//! Values of `hooks/apisix_routes`: what the gateway publishes. Item shapes stand in its hook.yaml.

use serde_json::{Value as Json, json};

use super::view;
use crate::catalog::{HttpAuth, Role};
use crate::stack::gateway::Published;
use crate::stack::{Component, Stack};

pub(super) fn values(stack: &Stack) -> Json {
    let mut lists = Lists::default();
    for gateway in stack.of_role(Role::Gateway).filter(|gateway| gateway.is_deployed()) {
        add_gateway(&mut lists, stack, gateway);
    }
    json!({
        "open_routes": lists.open_routes,
        "key_routes": lists.key_routes,
        "consumers": lists.consumers,
        "plugin_configs": lists.plugin_configs,
        "tls": lists.tls,
    })
}

#[derive(Default)]
struct Lists {
    open_routes: Vec<Json>,
    key_routes: Vec<Json>,
    consumers: Vec<Json>,
    plugin_configs: Vec<Json>,
    tls: Vec<Json>,
}

fn add_gateway(lists: &mut Lists, stack: &Stack, gateway: &Component) {
    let mut hosts = Vec::new();
    for published in stack.published(gateway) {
        let route = route(stack, gateway, &published);
        hosts.push(stack.published_host(published.component));
        if published.auth == HttpAuth::Key {
            lists.consumers.push(consumer(stack, gateway, &published));
            lists.key_routes.push(route);
        } else {
            lists.open_routes.push(route);
        }
    }
    if hosts.is_empty() {
        return;
    }
    hosts.sort();
    let base = json!({
        "gateway": gateway.name,
        "name": gateway.object,
        "namespace": gateway.namespace,
        "ingress_class": gateway.object,
        "labels": view::label_pairs(stack, gateway),
    });
    let mut tls = base.clone();
    tls["hosts"] = json!(hosts);
    tls["secret"] = gateway.text("tls_secret").into();
    lists.plugin_configs.push(base);
    lists.tls.push(tls);
}

fn route(stack: &Stack, gateway: &Component, published: &Published<'_>) -> Json {
    let (link, component) = (published.link, published.component);
    let service = published.endpoint.host.split('.').next().unwrap_or_default();
    json!({
        "gateway": gateway.name,
        "gateway_namespace": gateway.namespace,
        "component": component.name,
        "name": link.object,
        "namespace": component.namespace,
        "ingress_class": gateway.object,
        "plugin_config": gateway.object,
        "host": stack.published_host(component),
        "service": service,
        "port": published.endpoint.port,
        "labels": view::label_pairs(stack, component),
        "cors_origins": gateway.text("cors_origins"),
        "consumer": format!("{}_{}", gateway.namespace, link.object),
    })
}

fn consumer(stack: &Stack, gateway: &Component, published: &Published<'_>) -> Json {
    let (link, published) = (published.link, published.component);
    json!({
        "gateway": gateway.name,
        "component": published.name,
        "name": link.object,
        "namespace": gateway.namespace,
        "ingress_class": gateway.object,
        "labels": view::label_pairs(stack, published),
        "secret": format!("{}-key", link.object),
    })
}
