//! Files of hooks that select their items: one for each item, from the same views that templates of types see.

use std::borrow::Cow;

use anyhow::Context as _;
use serde_json::Value as Json;

use super::components::Views;
use super::{Plan, PlannedFile, Scope, class, hooks, source};
use crate::catalog::{Entry, HookOutput, HookType, pattern};
use crate::fault::Work;
use crate::hook::select::{self, Item};
use crate::name::{ComponentName, Namespace};
use crate::stack::{Account, Component, Link, Stack};
use crate::view::{self, object};

/// Plan all outputs of a hook.
pub(super) fn plan(plan: &mut Plan, stack: &Stack, entry: &Entry<HookType>, views: &Views) -> anyhow::Result<()> {
    hooks::ensure_places(entry)?;
    for output in &entry.definition.outputs {
        for item in select::items(stack, &output.each) {
            self::item(plan, stack, entry, output, scopes(stack, views, &item))
                .with_context(|| Work::of("hook", &entry.definition.name))?;
        }
    }
    Ok(())
}

fn item(
    plan: &mut Plan,
    stack: &Stack,
    entry: &Entry<HookType>,
    output: &HookOutput,
    scopes: Vec<Scope>,
) -> anyhow::Result<()> {
    let path = pattern::expand(&output.path, |name| text(&scopes, name).map(Cow::Borrowed))?.into_owned();
    if is_elsewhere(stack, &path) {
        return Ok(()); // nothing is deployed there
    }
    let template = output.template.as_deref().unwrap_or_default();
    let planned = PlannedFile {
        class: class(output.seeded),
        why: format!("hook {}, template {template}", entry.definition.name),
        source: source(entry.place(template), entry.file(template)?, scopes),
        resource: output.resource,
    };
    plan.insert(&path, planned)
}

/// What templates know of an item, by names: the last scope comes first.
fn scopes(stack: &Stack, views: &Views, item: &Item<'_>) -> Vec<Scope> {
    let own = match item {
        Item::Stack => vec![
            list("links", &stack.links, |link| view::link(stack, link)),
            list("accounts", &stack.accounts, |account| view::account(stack, account)),
        ],
        Item::Link(link) => vec![
            views.component(&link.from, "from"),
            views.component(&link.to, "to"),
            Scope::of(view::link(stack, link)).named("link"),
        ],
        Item::LinksFrom(from, links) => vec![views.component(&from.name, "from"), self::links(stack, links)],
        Item::LinksTo(to, links) => vec![views.component(&to.name, "to"), self::links(stack, links)],
        Item::LinksOf(namespace, links) => vec![of_namespace(namespace), self::links(stack, links)],
        Item::Component(component) => vec![views.component(&component.name, "component")],
        Item::ComponentsOf(namespace, components) => vec![of_namespace(namespace), self::components(views, components)],
        Item::Account(account) => vec![
            views.component(&account.component, "component"),
            Scope::of(view::account(stack, account)).named("account"),
        ],
        Item::AccountsAt(component, accounts) => {
            vec![
                views.component(&component.name, "component"),
                self::accounts(stack, accounts),
            ]
        }
        Item::AccountsOf(namespace, accounts) => vec![of_namespace(namespace), self::accounts(stack, accounts)],
    };
    std::iter::once(views.stack()).chain(own).collect()
}

fn links(stack: &Stack, links: &[&Link]) -> Scope {
    list("links", links, |link| view::link(stack, link))
}

fn accounts(stack: &Stack, accounts: &[&Account]) -> Scope {
    list("accounts", accounts, |account| view::account(stack, account))
}

fn components(views: &Views, components: &[&Component]) -> Scope {
    let view = |component: &&Component| Json::clone(&views.component(&component.name, "component").keys);
    list("components", components, view)
}

fn list<T>(name: &str, items: &[T], view: impl Fn(&T) -> Json) -> Scope {
    let items: Vec<Json> = items.iter().map(view).collect();
    Scope::of(Json::Object([(name.to_owned(), items.into())].into_iter().collect()))
}

fn of_namespace(namespace: &Namespace) -> Scope {
    Scope::of(object! { "namespace": namespace })
}

/// The text of a variable of a path: `link.object`, or the name of what is no text itself.
fn text<'a>(scopes: &'a [Scope], variable: &str) -> Option<&'a str> {
    let mut words = variable.split('.');
    let first = words.next()?;
    let start = scopes.iter().rev().find_map(|scope| value(scope, first))?;
    let found = words.try_fold(start, |value, word| value.get(word))?;
    let named = || ["name", "object"].into_iter().find_map(|key| found.get(key));
    found.as_str().or_else(|| named()?.as_str())
}

/// What a scope has under a name.
fn value<'a>(scope: &'a Scope, name: &str) -> Option<&'a Json> {
    match scope.name {
        Some(own) => (own == name).then_some(&*scope.keys),
        None => scope.keys.get(name),
    }
}

/// Whether a path lies in the folder of a component of another stack.
fn is_elsewhere(stack: &Stack, path: &str) -> bool {
    let mut segments = path.split('/');
    let (area, component) = (segments.next(), segments.nth(2));
    let component = component.and_then(|name| ComponentName::parse(name).ok());
    let component = component.and_then(|name| stack.components.get(&name));
    area == Some("k8s") && component.is_some_and(|component| !component.is_deployed())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_of_a_path() {
        let scopes = [
            Scope::of(json!({ "name": "shop" })).named("stack"),
            Scope::of(json!({ "object": "a-b", "facts": { "host": "b.db" }, "port": 80 })).named("link"),
            Scope::of(json!({ "namespace": "db" })),
        ];
        for (variable, expected) in [
            ("stack", Some("shop")),
            ("link", Some("a-b")),
            ("link.object", Some("a-b")),
            ("link.facts.host", Some("b.db")),
            ("namespace", Some("db")),
            ("link.port", None),
            ("link.facts", None),
            ("links", None),
        ] {
            assert_eq!(text(&scopes, variable), expected, "{variable}");
        }
    }
}
