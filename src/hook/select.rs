//! The items of a hook that selects them: links, components or accounts of a stack, one by one or in groups.
//!
//! A stack and what an output is made for go in, the parts of the stack come out in its own order, so that the same stack
//! gives the same files.

use std::collections::BTreeMap;

use crate::catalog::Each;
use crate::catalog::selection::{
    AccountFilter, AccountGroup, ComponentFilter, ComponentGroup, LinkFilter, LinkGroup, Selection,
};
use crate::name::Namespace;
use crate::stack::{Account, Component, Link, Stack};

/// What one file is made for.
pub enum Item<'a> {
    Stack,
    Link(&'a Link),
    LinksFrom(&'a Component, Vec<&'a Link>),
    LinksTo(&'a Component, Vec<&'a Link>),
    LinksOf(&'a Namespace, Vec<&'a Link>),
    Component(&'a Component),
    ComponentsOf(&'a Namespace, Vec<&'a Component>),
    Account(&'a Account),
    AccountsAt(&'a Component, Vec<&'a Account>),
    AccountsOf(&'a Namespace, Vec<&'a Account>),
}

/// The items of an output; none of a list, which a function makes.
#[must_use]
pub fn items<'a>(stack: &'a Stack, each: &Each) -> Vec<Item<'a>> {
    match each {
        Each::Links(selection) => links(stack, selection),
        Each::Components(selection) => components(stack, selection),
        Each::Accounts(selection) => accounts(stack, selection),
        Each::Stack => vec![Item::Stack],
        Each::List(_) => Vec::new(),
    }
}

fn links<'a>(stack: &'a Stack, selection: &Selection<LinkFilter, LinkGroup>) -> Vec<Item<'a>> {
    let meant = |link: &&Link| selection.filters.iter().all(|filter| is_link(stack, filter, link));
    let links = stack.links.iter().filter(meant);
    let of = |name| stack.component(name);
    match selection.group_by {
        None => links.map(Item::Link).collect(),
        Some(LinkGroup::From) => grouped(links, |link| &link.from, |name, links| Item::LinksFrom(of(name), links)),
        Some(LinkGroup::To) => grouped(links, |link| &link.to, |name, links| Item::LinksTo(of(name), links)),
        Some(LinkGroup::Namespace) => grouped(links, |link| &of(&link.from).namespace, Item::LinksOf),
    }
}

fn components<'a>(stack: &'a Stack, selection: &Selection<ComponentFilter, ComponentGroup>) -> Vec<Item<'a>> {
    let meant = |component: &&Component| selection.filters.iter().all(|filter| is_component(filter, component));
    let components = stack.components.values().filter(meant);
    match selection.group_by {
        None => components.map(Item::Component).collect(),
        Some(ComponentGroup::Namespace) => grouped(components, |component| &component.namespace, Item::ComponentsOf),
    }
}

fn accounts<'a>(stack: &'a Stack, selection: &Selection<AccountFilter, AccountGroup>) -> Vec<Item<'a>> {
    let meant = |account: &&Account| {
        let provider = stack.component(&account.component);
        selection
            .filters
            .iter()
            .all(|filter| is_account(filter, account, provider))
    };
    let of = |name| stack.component(name);
    let accounts = stack.accounts.iter().filter(meant);
    match selection.group_by {
        None => accounts.map(Item::Account).collect(),
        Some(AccountGroup::Component) => grouped(
            accounts,
            |account| &account.component,
            |name, accounts| Item::AccountsAt(of(name), accounts),
        ),
        Some(AccountGroup::Namespace) => {
            grouped(accounts, |account| &of(&account.component).namespace, Item::AccountsOf)
        }
    }
}

/// Items put together by a key, sorted by it.
fn grouped<'a, T: 'a, K: Ord>(
    items: impl Iterator<Item = &'a T>,
    key: impl Fn(&'a T) -> K,
    item: impl Fn(K, Vec<&'a T>) -> Item<'a>,
) -> Vec<Item<'a>> {
    let mut groups: BTreeMap<K, Vec<&'a T>> = BTreeMap::new();
    for one in items {
        groups.entry(key(one)).or_default().push(one);
    }
    groups.into_iter().map(|(key, items)| item(key, items)).collect()
}

fn is_link(stack: &Stack, filter: &LinkFilter, link: &Link) -> bool {
    let (from, to) = (stack.component(&link.from), stack.component(&link.to));
    let both = from.is_deployed() && to.is_deployed();
    filter.may_mean(&link.kind, &from.entry.definition, &to.entry.definition)
        && filter.level.holds(&link.level)
        && filter.external.is_none_or(|external| external != to.is_deployed())
        && filter.deployed.is_none_or(|deployed| deployed == both)
}

fn is_component(filter: &ComponentFilter, component: &Component) -> bool {
    filter.may_mean(&component.entry.definition) && is_where(filter.external, filter.deployed, component)
}

fn is_account(filter: &AccountFilter, account: &Account, provider: &Component) -> bool {
    filter.may_mean(&account.interface, &provider.entry.definition)
        && filter.level.holds(&account.level)
        && is_where(filter.external, filter.deployed, provider)
}

fn is_where(external: Option<bool>, deployed: Option<bool>, component: &Component) -> bool {
    external.is_none_or(|external| external != component.is_deployed())
        && deployed.is_none_or(|deployed| deployed == component.is_deployed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::HookType;
    use crate::{catalog, stack, topology};

    const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  apisix: {type: apisix}
  fastmcp: {type: fastmcp}
  grafana: {type: grafana}
  langflow: {type: langflow}
  loki: {type: loki}
  prometheus: {type: prometheus}
  cnpg: {type: cnpg, sub_components: {a: {type: database}, b: {type: database}}}
  elsewhere: {type: valkey, external: {stack: platform, host: cache.example.com}}
links:
  - {from: apisix, to: [fastmcp, grafana]}
  - {from: fastmcp, to: [cnpg, loki]}
  - {from: grafana, to: [prometheus, cnpg/a]}
  - {from: grafana, to: cnpg/b, type: storage}
  - {from: langflow, to: cnpg/a, access: own}
  - {from: prometheus, to: [cnpg, loki, elsewhere]}
";

    fn checked() -> Stack {
        let source = topology::Source {
            name: "stack.yaml".to_owned(),
            text: STACK.to_owned(),
        };
        let (topology, shape) = topology::parse(&source).unwrap();
        let catalog = catalog::load(&[]).unwrap();
        stack::check::check(&topology, &catalog, shape, None).unwrap().unwrap()
    }

    /// The items of an output, as a reader would tell them.
    fn selected(stack: &Stack, hook: &str) -> String {
        let text = format!(r#"{{"name": "a", "title": "t", "outputs": [{{"path": "a", "template": "a"}}], {hook}}}"#);
        let hook: HookType = serde_json::from_str(&text).unwrap();
        let told: Vec<String> = items(stack, &hook.outputs[0].each).iter().map(told).collect();
        told.join("; ")
    }

    fn told(item: &Item<'_>) -> String {
        let links = |links: &[&Link]| links.iter().map(|link| link.arrow()).collect::<Vec<_>>().join(", ");
        let names = |accounts: &[&Account]| {
            accounts
                .iter()
                .map(|one| one.name.clone())
                .collect::<Vec<_>>()
                .join(", ")
        };
        match item {
            Item::Stack => "stack".to_owned(),
            Item::Link(link) => link.arrow(),
            Item::LinksFrom(from, of) => format!("{}: {}", from.name, links(of)),
            Item::LinksTo(to, of) => format!("{}: {}", to.name, links(of)),
            Item::LinksOf(namespace, of) => format!("{namespace}: {}", links(of)),
            Item::Component(component) => component.name.to_string(),
            Item::ComponentsOf(namespace, of) => {
                let of: Vec<&str> = of.iter().map(|component| component.name.as_str()).collect();
                format!("{namespace}: {}", of.join(", "))
            }
            Item::Account(account) => account.name.clone(),
            Item::AccountsAt(component, of) => format!("{}: {}", component.name, names(of)),
            Item::AccountsOf(namespace, of) => format!("{namespace}: {}", names(of)),
        }
    }

    #[test]
    fn links_by_what_they_are() {
        let stack = checked();
        for (conditions, expected) in [
            (r#"{"from_role": "gateway"}"#, "apisix → fastmcp; apisix → grafana"),
            (r#"{"from_role": "gateway", "auth": "key"}"#, "apisix → fastmcp"),
            (
                r#"{"from_role": "gateway", "auth": ["none", "login"]}"#,
                "apisix → grafana",
            ),
            (r#"{"to_role": "dashboards"}"#, "apisix → grafana"),
            (
                r#"{"role": "dashboards", "interface": "postgres"}"#,
                "grafana → cnpg/a; grafana → cnpg/b",
            ),
            (
                r#"{"role": "dashboards", "interface": "postgres", "level": "read"}"#,
                "grafana → cnpg/a",
            ),
            (r#"{"slot": "storage"}"#, "grafana → cnpg/b; langflow → cnpg/a"),
            (r#"{"level": "own"}"#, "grafana → cnpg/b; langflow → cnpg/a"),
            (
                r#"{"interface": "metrics", "external": true}"#,
                "prometheus → elsewhere",
            ),
            (
                r#"{"interface": "metrics", "deployed": true}"#,
                "prometheus → cnpg; prometheus → loki",
            ),
            (
                r#"{"from_dialect": "prometheus_operator", "monitor": "PodMonitor", "deployed": true}"#,
                "prometheus → cnpg; prometheus → loki",
            ),
            (r#"{"from_dialect": "vector"}"#, ""),
            (r#"{"type": "fastmcp-loki"}"#, "fastmcp → loki"),
            (
                r#"{"from_type": "langflow", "to_type": ["cnpg", "loki"]}"#,
                "langflow → cnpg/a",
            ),
        ] {
            let hook = format!(r#""values": "links", "where": {conditions}"#);
            assert_eq!(selected(&stack, &hook), expected, "{conditions}");
        }
    }

    #[test]
    fn components_and_accounts_by_what_they_are() {
        let stack = checked();
        for (hook, expected) in [
            (
                r#""values": "components", "where": {"role": ["gateway", "scraper"]}"#,
                "apisix; prometheus",
            ),
            (r#""values": "components", "where": {"interface": "postgres"}"#, "cnpg"),
            (r#""values": "components", "where": {"external": true}"#, "elsewhere"),
            (
                r#""values": "components", "where": {"interface": "prometheus_query", "deployed": true}"#,
                "prometheus",
            ),
            (
                r#""values": "components", "where": {"interface": "metrics", "external": true}"#,
                "elsewhere",
            ),
            (
                r#""values": "accounts", "where": {"interface": "postgres", "level": "own"}"#,
                "b; a",
            ),
            (
                r#""values": "accounts", "where": {"type": "cnpg", "level": "read", "role": "agent"}"#,
                "",
            ),
            (r#""values": "stack""#, "stack"),
        ] {
            assert_eq!(selected(&stack, hook), expected, "{hook}");
        }
    }

    #[test]
    fn groups_are_sorted_and_hold_what_is_meant() {
        let stack = checked();
        for (hook, expected) in [
            (
                r#""values": "links", "where": {"interface": "postgres", "level": ["read", "own"]}, "group_by": "from""#,
                "fastmcp: fastmcp → cnpg; grafana: grafana → cnpg/a, grafana → cnpg/b; langflow: langflow → cnpg/a",
            ),
            (
                r#""values": "links", "where": {"interface": ["http", "loki_query"]}, "group_by": "to""#,
                "fastmcp: apisix → fastmcp; grafana: apisix → grafana; loki: fastmcp → loki",
            ),
            (
                r#""values": "links", "where": {"interface": "loki_query"}, "group_by": "namespace""#,
                "mcp: fastmcp → loki",
            ),
            (
                r#""values": "components", "where": {"role": ["dashboards", "scraper"]}, "group_by": "namespace""#,
                "monitoring: grafana, prometheus",
            ),
            (
                r#""values": "accounts", "where": {"level": "own"}, "group_by": "component""#,
                "cnpg: b, a",
            ),
            (
                r#""values": "accounts", "where": {"level": "own"}, "group_by": "namespace""#,
                "db: b, a",
            ),
        ] {
            assert_eq!(selected(&stack, hook), expected, "{hook}");
        }
    }
}
