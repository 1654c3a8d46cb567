//! Rule: what a type needs of the network names its own slots, sub-components and pods.

use super::Held;
use crate::catalog::network::ApiServer;
use crate::catalog::{Among, ComponentType};
use crate::fault::Code::{E_CATALOG_LINK, E_CATALOG_SCHEMA};

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    if let ApiServer::Some(callers) = &definition.network.api_server {
        let path = ["network", "api_server"];
        if let Some(slot) = &callers.slot {
            let slots: Vec<&str> = definition.consumes.iter().map(|slot| slot.name.as_str()).collect();
            held.known(E_CATALOG_LINK, &[path[0], path[1], "slot"], slot, &slots, "slot");
        }
        among(held, &[path[0], path[1], "pods"], &callers.pods);
    }
    let subs: Vec<&str> = definition.sub_components.keys().map(String::as_str).collect();
    for (position, way) in definition.network.to.iter().enumerate() {
        let position = position.to_string();
        let path = |field| ["network", "to", &position, field].map(str::to_owned);
        if let Some(sub) = &way.for_each {
            let path = path("for_each");
            held.known(
                E_CATALOG_SCHEMA,
                &path.each_ref().map(String::as_str),
                sub,
                &subs,
                "sub-component type",
            );
        }
        among(held, &path("pods").each_ref().map(String::as_str), &way.pods);
    }
}

/// Some of the component's pods: a policy takes the labels as they stand, beside those of all of them.
fn among(held: &mut Held<'_, ComponentType>, path: &[&str], pods: &Among) {
    if !pods.is_empty() && held.definition().pods.is_empty() {
        let fact = "some pods are named, and nothing says which are the component's";
        held.blame(E_CATALOG_SCHEMA, path, fact, "add `pods:` to the type");
    }
    for (label, values) in pods {
        let is_text = |value: &String| !value.is_empty() && !value.contains(['{', '}']);
        if values.0.is_empty() || !values.0.iter().all(is_text) {
            let fact = format!("the values of `{label}` are no plain words");
            let hint = "write the values that one of these pods has, and no variable";
            held.blame(E_CATALOG_SCHEMA, &[path, &[label]].concat(), fact, hint);
        }
    }
}
