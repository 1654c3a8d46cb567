//! What pods of a component may reach that no link names, wherever it lies: the Kubernetes API, places outside the cluster.
//!
//! The `network` of a type goes in, with its sub-components; ports come out, and whose they are. It must not know policies.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes::Variables;
use super::{AttributeValue, Component, Stack, SubComponent, endpoints};
use crate::catalog::{Among, ComponentType};
use crate::name::SubName;

/// Ports of the Kubernetes API: of its Service, and of the server itself, which is what some networks compare with.
const API_SERVER: [u16; 2] = [443, 6443];

/// Ports that pods of a component may reach at any address.
#[derive(Clone, Debug)]
pub struct WayOut {
    pub why: String,
    pub ports: BTreeSet<u16>,
    /// Labels that these pods have beside those of the component, each with its values; without one all pods are meant.
    pub pods: Among,
    /// Word for these pods, or for what they reach.
    pub what: String,
    /// The slot whose links need it.
    slot: Option<String>,
}

impl Stack {
    /// The ways out of a component that has the links which it has.
    pub fn ways_out<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a WayOut> {
        let is_needed = |way: &&WayOut| way.slot.as_deref().is_none_or(|slot| self.takes(component, slot));
        component.ways_out.iter().filter(is_needed)
    }
}

/// The ways out of a component, whatever its links.
///
/// # Errors
/// A pattern of the catalog does not expand, or a port is none.
pub(super) fn ways_out(
    kind: &ComponentType,
    sub_components: &BTreeMap<SubName, SubComponent>,
    variables: &Variables,
) -> anyhow::Result<Vec<WayOut>> {
    let api_server = kind.network.api_server.callers().map(|callers| WayOut {
        why: "the Kubernetes API, whose address no selector can name".to_owned(),
        ports: BTreeSet::from(API_SERVER),
        pods: callers.pods,
        what: "api-server".to_owned(),
        slot: callers.slot,
    });
    let mut found: Vec<WayOut> = api_server.into_iter().collect();
    for spec in &kind.network.to {
        let mut add = |why: String, variables: &Variables| -> anyhow::Result<()> {
            found.push(WayOut {
                why,
                ports: BTreeSet::from([endpoints::port(&spec.port, variables)?]),
                pods: spec.pods.clone(),
                what: words(&spec.pods),
                slot: None,
            });
            Ok(())
        };
        let Some(sub_type) = &spec.for_each else {
            add("outside services".to_owned(), variables)?;
            continue;
        };
        for sub in sub_components.values().filter(|sub| sub.sub_type == *sub_type) {
            add(
                format!("outside services, {sub_type} {}", sub.name),
                &of_sub(sub, variables),
            )?;
        }
    }
    Ok(found)
}

/// The values of the labels, as one word.
fn words(pods: &Among) -> String {
    let values = pods.values().flat_map(|values| values.0.iter());
    values.map(String::as_str).collect::<Vec<_>>().join("-")
}

/// Variables of the component, with the attributes of a sub-component over them.
fn of_sub(sub: &SubComponent, variables: &Variables) -> Variables {
    let mut own = variables.clone();
    own.retain(|name, _| !sub.attributes.contains_key(name));
    let attributes = sub.attributes.iter();
    own.extend(attributes.filter_map(|(name, value)| Some((name.clone(), AttributeValue::text(value)?))));
    own
}
