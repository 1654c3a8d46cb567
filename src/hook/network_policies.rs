//! Values of `hooks/network_policies`: who may talk to whom. Item shapes stand in its hook.yaml.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::edges::{Edge, edges};
use crate::catalog::Among;
use crate::layout::NAMESPACES;
use crate::name::{ComponentName, sha256_hex, shortened};
use crate::stack::{Component, Stack, WayOut};
use crate::view::{self, object};

pub(super) fn values(stack: &Stack) -> Json {
    let edges = edges(stack);
    let mut outgoing: BTreeMap<&ComponentName, Vec<&Edge<'_>>> = BTreeMap::new();
    let mut incoming: BTreeMap<&ComponentName, Vec<&Edge<'_>>> = BTreeMap::new();
    for edge in &edges {
        outgoing.entry(&edge.from.name).or_default().push(edge);
        incoming.entry(&edge.to.name).or_default().push(edge);
    }
    let none = Vec::new();
    let with_pods = || stack.deployed().filter(|component| !component.pods.is_empty());
    let policies: Vec<Json> = with_pods()
        .map(|component| {
            let outgoing = outgoing.get(&component.name).unwrap_or(&none);
            let incoming = incoming.get(&component.name).unwrap_or(&none);
            policy(stack, component, outgoing, incoming)
        })
        .collect();
    let (policies, more): (Vec<Json>, Vec<Vec<Json>>) = policies.into_iter().map(in_parts).unzip();
    let narrower = |component: &Component| {
        let outgoing = outgoing.get(&component.name).unwrap_or(&none);
        [narrower(stack, component), some_pods(stack, component, outgoing)].concat()
    };
    let narrower: Vec<Json> = with_pods().flat_map(narrower).collect();
    object! { "policies": policies, "more_policies": more.concat(), "narrower_policies": narrower, "denials": denials(stack) }
}

fn policy(stack: &Stack, component: &Component, outgoing: &[&Edge<'_>], incoming: &[&Edge<'_>]) -> Json {
    let network = &component.entry.definition.network;
    let ingress = incoming
        .iter()
        .filter(|edge| edge.from.is_deployed() && !edge.from.pods.is_empty());
    let of_all = || outgoing.iter().copied().filter(|edge| edge.from_pods.is_none());
    let (egress, external) = (inside(of_all()), outside(of_all()));
    let by_link = stack.links_from(&component.name).flat_map(|link| {
        let open = link.kind.slot.egress.iter();
        let why = || format!("outside services, link {}", link.arrow().replace('→', "->"));
        open.map(move |open| object! { "why": why(), "ports": ports([open.port]) })
    });
    let ways_out = stack.ways_out(component).filter(|way| way.pods.is_empty()).map(way_out);
    let is_wanted = |slot: &String| stack.takes(component, slot);
    let peers = network
        .from
        .iter()
        .filter(|peer| peer.slot.as_ref().is_none_or(is_wanted));
    let operators = peers.map(|peer| {
        let why = format!("operator in {}", peer.namespace);
        object! { "why": why, "namespace": &peer.namespace, "ports": ports(peer.ports.iter().copied()) }
    });
    let open = network
        .ingress
        .iter()
        .map(|open| object! { "why": "reachable from outside", "ports": ports([open.port]) });
    object! {
        "component": &component.name,
        "namespace": &component.namespace,
        "labels": view::label_pairs(stack, component),
        "pods": view::pairs(&component.pods),
        "ingress": sorted(ingress.map(|edge| rule(edge, edge.from, edge.from_pods.unwrap_or(&edge.from.pods)))),
        "ingress_namespaces": sorted(operators),
        "ingress_open": sorted(open),
        "egress": sorted(egress),
        "egress_open": sorted(external.chain(ways_out).chain(by_link)),
        "dns": view::dns(stack),
    }
}

/// Rules for edges to components that are deployed here.
fn inside<'a>(edges: impl Iterator<Item = &'a Edge<'a>>) -> impl Iterator<Item = Json> {
    let inside = edges.filter(|edge| edge.to.is_deployed() && !edge.pods.is_empty());
    inside.map(|edge| rule(edge, edge.to, &edge.pods))
}

/// Rules for edges to components of other stacks.
fn outside<'a>(edges: impl Iterator<Item = &'a Edge<'a>>) -> impl Iterator<Item = Json> {
    let outside = edges.filter(|edge| !edge.to.is_deployed());
    outside
        .map(|edge| object! { "why": format!("{} (external)", edge.why), "ports": ports(edge.ports.iter().copied()) })
}

/// Policies for pods of a component that alone may follow links of others.
fn some_pods(stack: &Stack, component: &Component, outgoing: &[&Edge<'_>]) -> Vec<Json> {
    let mut by_pods: BTreeMap<&BTreeMap<String, String>, Vec<&Edge<'_>>> = BTreeMap::new();
    for edge in outgoing {
        if let Some(pods) = edge.from_pods {
            by_pods.entry(pods).or_default().push(edge);
        }
    }
    let policy = |(pods, edges): (&BTreeMap<String, String>, Vec<&Edge<'_>>)| {
        let more = || {
            pods.iter()
                .filter(|(key, value)| component.pods.get(*key) != Some(*value))
        };
        let what = more().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("-");
        object! {
            "component": &component.name,
            "what": shortened(&format!("{what}-follows"), MOST_WORDS),
            "namespace": &component.namespace,
            "labels": view::label_pairs(stack, component),
            "pods": view::pairs(&component.pods),
            "among": more().map(|(key, value)| object! { "key": key, "values": vec![value.as_str()] }).collect::<Vec<_>>(),
            "egress": sorted(inside(edges.iter().copied())),
            "egress_open": sorted(outside(edges.iter().copied())),
        }
    };
    by_pods.into_iter().map(policy).collect()
}

/// Policies for some pods of a component, which add to the one for all of them.
fn narrower(stack: &Stack, component: &Component) -> Vec<Json> {
    let mut by_pods: BTreeMap<(&str, &Among), Vec<&WayOut>> = BTreeMap::new();
    for way in stack.ways_out(component).filter(|way| !way.pods.is_empty()) {
        by_pods.entry((&way.what, &way.pods)).or_default().push(way);
    }
    let policy = |((what, pods), ways): ((&str, &Among), Vec<&WayOut>)| {
        object! {
            "component": &component.name,
            "what": shortened(what, MOST_WORDS),
            "namespace": &component.namespace,
            "labels": view::label_pairs(stack, component),
            "pods": view::pairs(&component.pods),
            "among": pods.iter().map(|(key, values)| object! { "key": key, "values": values.0.clone() }).collect::<Vec<_>>(),
            "egress": Json::Array(Vec::new()),
            "egress_open": sorted(ways.into_iter().map(way_out)),
        }
    };
    by_pods.into_iter().map(policy).collect()
}

fn way_out(way: &WayOut) -> Json {
    object! { "why": &way.why, "ports": ports(way.ports.iter().copied()) }
}

fn rule(edge: &Edge<'_>, peer: &Component, pods: &BTreeMap<String, String>) -> Json {
    object! {
        "why": &edge.why,
        "namespace": &peer.namespace,
        "pods": view::pairs(pods),
        "ports": ports(edge.ports.iter().copied()),
    }
}

fn ports(ports: impl IntoIterator<Item = u16>) -> Json {
    ports
        .into_iter()
        .map(|port| object! { "port": port, "protocol": "TCP" })
        .collect()
}

fn sorted(rules: impl Iterator<Item = Json>) -> Vec<Json> {
    let mut rules: Vec<Json> = rules.collect();
    if rules.len() < 2 {
        return rules;
    }
    let key = |rule: &Json| {
        (
            rule["why"].to_string(),
            rule["namespace"].to_string(),
            rule["pods"].to_string(),
            rule["ports"].to_string(),
        )
    };
    rules.sort_by_cached_key(key);
    rules
}

/// What is left of the name of an object beside the longest name of a component.
const MOST_WORDS: usize = 22;

/// Most bytes of the rules of one policy, with room for the rest of it in the annotation of 256 KiB that kubectl keeps.
const MOST_RULES: usize = 192 * 1024;
/// What a rule has around its namespace, labels and ports: the names of selectors and their keys.
const AROUND_A_RULE: usize = 130;
/// `{"port":65535,"protocol":"TCP"},`, and what stands around the words of a label.
const PORT: usize = 33;
const LABEL: usize = 6;
/// Lists of rules that come with links, and so may be long.
const LISTS: [&str; 3] = ["ingress", "egress", "egress_open"];

/// A policy, and further ones for the same pods where it would be too large: what any of them allows is allowed.
///
/// Rules are dealt out by their peers, so that one more rule moves no other until there are twice as many policies.
fn in_parts(mut policy: Json) -> (Json, Vec<Json>) {
    let count = count(&policy);
    if count == 1 {
        return (policy, Vec::new());
    }
    let mut more: Vec<Json> = (1..count).map(|number| further(&policy, number)).collect();
    for list in LISTS {
        let rules = std::mem::replace(&mut policy[list], json!([]));
        for rule in rules.as_array().into_iter().flatten() {
            let part = match bucket(rule, count) {
                0 => &mut policy,
                number => &mut more[number - 1],
            };
            if let Some(rules) = part[list].as_array_mut() {
                rules.push(rule.clone());
            }
        }
    }
    (policy, more)
}

/// How many policies hold the rules: a power of two.
fn count(policy: &Json) -> usize {
    let rules: Vec<&Json> = LISTS
        .iter()
        .filter_map(|list| policy[*list].as_array())
        .flatten()
        .collect();
    let sizes: Vec<usize> = rules.iter().map(|rule| size(rule)).collect();
    let mut count = 1;
    loop {
        let mut parts = vec![0; count];
        for (rule, size) in rules.iter().zip(&sizes) {
            parts[bucket(rule, count)] += size;
        }
        if parts.iter().all(|size| *size <= MOST_RULES) || count >= rules.len() {
            return count;
        }
        count *= 2;
    }
}

/// At least the bytes of a rule in the object.
fn size(rule: &Json) -> usize {
    let length = |value: &Json| value.as_str().map_or(0, str::len);
    let list = |key: &str| rule[key].as_array().into_iter().flatten();
    let pods = list("pods").map(|pod| length(&pod["key"]) + length(&pod["value"]) + LABEL);
    AROUND_A_RULE + length(&rule["namespace"]) + pods.sum::<usize>() + PORT * list("ports").count()
}

fn bucket(rule: &Json, count: usize) -> usize {
    if count == 1 {
        return 0;
    }
    let text = format!("{} {} {}", rule["why"], rule["namespace"], rule["pods"]);
    let digits = sha256_hex(text.as_bytes());
    usize::from_str_radix(&digits[..8], 16).unwrap_or_default() % count
}

/// A policy of the same pods that has no rules yet.
fn further(policy: &Json, number: usize) -> Json {
    json!({
        "component": policy["component"],
        "number": format!("{number:03}"),
        "namespace": policy["namespace"],
        "labels": policy["labels"],
        "pods": policy["pods"],
        "ingress": [],
        "egress": [],
        "egress_open": [],
    })
}

/// One item per namespace, which nobody's component carries.
fn denials(stack: &Stack) -> Vec<Json> {
    let namespaces: BTreeSet<&str> = stack.deployed().map(|component| component.namespace.as_str()).collect();
    let denial = |namespace: &str| object! { "folder": NAMESPACES, "namespace": namespace, "labels": view::shared_label_pairs(stack) };
    namespaces.into_iter().map(denial).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy_of(count: usize) -> Json {
        let rule = |number: usize| json!({ "why": format!("link a -> b{number:05}"), "namespace": format!("n{number}"), "pods": [{ "key": "k", "value": "v" }], "ports": [{ "port": 80, "protocol": "TCP" }] });
        let rules: Vec<Json> = (0..count).map(rule).collect();
        json!({ "component": "a", "namespace": "n", "labels": [], "pods": [], "ingress": rules, "ingress_namespaces": [], "egress": [rule(count)], "egress_open": [] })
    }

    /// Where each rule lies, by its words: 0 is the policy, then the further ones.
    fn places(count: usize) -> BTreeMap<String, usize> {
        let (policy, more) = in_parts(policy_of(count));
        let all = std::iter::once(&policy).chain(&more).enumerate();
        let rules = all.flat_map(|(place, policy)| {
            let rules = LISTS.iter().filter_map(|list| policy[*list].as_array()).flatten();
            rules.map(move |rule| (rule["why"].to_string(), place))
        });
        let mut found = BTreeMap::new();
        for (why, place) in rules {
            assert!(found.insert(why, place).is_none(), "a rule is in two policies");
        }
        assert_eq!(found.len(), count + 1, "no rule is lost");
        found
    }

    #[test]
    fn few_rules_are_one_policy() {
        let (policy, more) = in_parts(policy_of(20));
        assert_eq!((policy, more.len()), (policy_of(20), 0));
    }

    #[test]
    fn many_rules_are_dealt_out_and_stay_where_they_are() {
        let (before, after) = (places(4_000), places(4_001));
        let policies: BTreeSet<&usize> = before.values().collect();
        assert!(policies.len() >= 4, "{policies:?}");
        // Rule 4000 is the one way out in the first and a way in in the second; its words are the same.
        assert!(before.iter().all(|(why, place)| after[why] == *place));
        let (policy, more) = in_parts(policy_of(4_000));
        for part in std::iter::once(&policy).chain(&more) {
            let rules = LISTS.iter().filter_map(|list| part[*list].as_array()).flatten();
            assert!(rules.map(size).sum::<usize>() <= MOST_RULES);
        }
    }
}
