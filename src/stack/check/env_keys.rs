//! Rule: the keys of a component's links are told apart, by their prefixes and one by one, and steer no process.
//!
//! A prefix follows from its own link alone, so two links may come to share one; `env:` on one of them says which it gets
//! instead. Anything that stacktic chose by itself would rename keys whose values a person has filled in.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::catalog::Role;
use crate::catalog::check::steered;
use crate::finding::{Code, Finding};
use crate::name::{EnvPrefix, env_form};
use crate::stack::{Component, Link, Stack};
use crate::yaml::Span;

pub(super) fn check(checker: &mut Checker<'_>, stack: &Stack) {
    for component in stack.components.values() {
        let mut links: Vec<_> = stack
            .links_from(&component.name)
            .filter(|link| !link.env.is_empty())
            .map(|link| (place(checker, link), link))
            .collect();
        // The second one of a file is the one that was added.
        links.sort_by_key(|(span, _)| *span);
        steering(checker, &links);
        let told = prefixes(checker, component, &links);
        keys(checker, stack, component, &links, &told);
    }
}

/// Where the link stands in the file.
fn place(checker: &Checker<'_>, link: &Link) -> Span {
    let position = link.position.to_string();
    checker.topology.place(&["links", &position])
}

/// Keys that only a prefix makes what a runtime looks for: `NODE` and `{env}_OPTIONS`.
fn steering(checker: &mut Checker<'_>, links: &[(Span, &Link)]) {
    for (span, link) in links {
        let steered = link
            .env
            .iter()
            .find_map(|value| Some((&value.key, steered(&value.key)?)));
        if let Some((key, who)) = steered {
            let message = format!("the link `{}` would set `{key}`, which steers {who}", link.arrow());
            let hint = format!("choose another prefix with `env:` on `{}`", link.arrow());
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_NAME, *span, message).hint(hint));
        }
    }
}

/// Links that share a prefix; the pairs that were told of.
fn prefixes(checker: &mut Checker<'_>, component: &Component, links: &[(Span, &Link)]) -> BTreeSet<(String, String)> {
    let mut taken: BTreeSet<String> = links.iter().map(|(_, link)| link.env_prefix.clone()).collect();
    let mut seen: BTreeMap<&str, &Link> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for (span, link) in links {
        let Some(first) = seen.get(link.env_prefix.as_str()) else {
            seen.insert(&link.env_prefix, link);
            continue;
        };
        if component.has_role(Role::McpServer) && first.to == link.to {
            continue; // one connection, with one set of keys
        }
        let (one, other) = (first.arrow(), link.arrow());
        let message = format!(
            "the keys of `{one}` and of `{other}` both begin with `{}`",
            link.env_prefix
        );
        let hint = hint(component, link, &mut taken);
        checker
            .findings
            .push(Finding::new(Code::E_TOPOLOGY_COLLISION, *span, message).hint(hint));
        told.insert((one, other));
    }
    told
}

/// The fix, with a prefix that is free.
fn hint(component: &Component, link: &Link, taken: &mut BTreeSet<String>) -> String {
    let to = env_form(link.to.as_str());
    let sub = link.sub.as_ref().map(|sub| format!("{to}_{}", env_form(sub.as_str())));
    let numbered = (2..).map(|number| format!("{to}_{number}"));
    let prefix = |name: &str| match component.has_role(Role::McpServer) {
        true => format!("MCP_{name}"),
        false => name.to_owned(),
    };
    let mut names = sub.into_iter().chain([to.clone()]).chain(numbered);
    let name = names.find(|name| EnvPrefix::parse(name).is_ok() && !taken.contains(&prefix(name)));
    let name = name.unwrap_or_else(|| "NAME".to_owned());
    taken.insert(prefix(&name));
    format!(
        "give one of the two links a prefix of its own, such as `env: {name}` on `{}`",
        link.arrow()
    )
}

/// Single keys that meet although the prefixes differ: `KAFKA_BRIDGE_…` of a bridge and of a topic called `bridge`.
fn keys(
    checker: &mut Checker<'_>,
    stack: &Stack,
    component: &Component,
    links: &[(Span, &Link)],
    told: &BTreeSet<(String, String)>,
) {
    let own = stack.own_keys(component);
    let own: BTreeSet<&str> = own.map(|key| key.key.as_str()).collect();
    let mut seen: BTreeMap<&str, (&Link, Option<&str>)> = BTreeMap::new();
    let mut told = told.clone();
    for (span, link) in links {
        for value in &link.env {
            let mut report = |first: String, first_words: &str| {
                // One key is enough to say it.
                if told.insert((first, link.arrow())) {
                    let message = format!("{first_words} and the link `{}` both set `{}`", link.arrow(), value.key);
                    checker.findings.push(
                        Finding::new(Code::E_TOPOLOGY_COLLISION, *span, message)
                            .hint(format!("choose another prefix with `env:` on `{}`", link.arrow())),
                    );
                }
            };
            if own.contains(value.key.as_str()) {
                report(
                    component.name.to_string(),
                    &format!("the component `{}`", component.name),
                );
            }
            let Some((first, said)) = seen.insert(&value.key, (link, value.value.as_deref())) else {
                continue;
            };
            // Two links that say the same do not contradict each other; of secrets nobody can tell.
            let is_shared = first.env_prefix == link.env_prefix && first.to == link.to;
            if said != value.value.as_deref() || (said.is_none() && !is_shared) {
                report(first.arrow(), &format!("the link `{}`", first.arrow()));
            }
        }
    }
}
