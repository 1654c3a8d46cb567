//! Rule: what a type provides names endpoints, sub-components, slots, facts and levels that are there, and an account for
//! every level or for none.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::accounts::{Secrets, apart, secret};
use super::{Path, below, borrowed, one_of_many};
use crate::catalog::check::held::Place;
use crate::catalog::check::variables::Variables;
use crate::catalog::check::{Among, Held};
use crate::catalog::provision::AccountLevel;
use crate::catalog::{ComponentType, Interface, Level, Provision, derived};
use crate::fault::Code::{E_CATALOG_ENDPOINT, E_CATALOG_LINK};

/// The interface of everything that a gateway can publish.
const WEB: &str = "http";

/// Every provision with its place.
pub(super) fn placed<'a>(held: &Held<'a, ComponentType>) -> Vec<(&'a str, Path, &'a Provision)> {
    let mut found = Vec::new();
    for (interface, provisions) in &held.definition().provides {
        let base = below(&[], &["provides", interface]);
        for (position, provision) in provisions.0.iter().enumerate() {
            let item = below(&base, &[&position.to_string()]);
            let is_list = held.document.at(&borrowed(&item)).is_some();
            found.push((interface.as_str(), if is_list { item } else { base.clone() }, provision));
        }
    }
    found
}

pub(in crate::catalog::check) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let mut ends = BTreeSet::new();
    for (interface, base, provision) in placed(held) {
        endpoints(held, &base, &provision.endpoints);
        for (position, sub) in provision.at.iter().enumerate() {
            let path = one_of_many(held, &base, &["at"], position);
            let known: Vec<&str> = definition.sub_components.keys().map(String::as_str).collect();
            held.known(E_CATALOG_LINK, &borrowed(&path), sub, &known, "sub-component type");
        }
        for (slot, change) in &provision.when {
            let path = below(&base, &["when", slot]);
            let known: Vec<&str> = definition.consumes.iter().map(|slot| slot.name.as_str()).collect();
            held.known_key(E_CATALOG_LINK, &borrowed(&path), slot, &known, "slot");
            endpoints(held, &path, &change.endpoints);
        }
        let own = if provision.at.is_empty() {
            vec![None]
        } else {
            provision.at.iter().map(Some).collect()
        };
        for end in own {
            if !ends.insert((interface, end.or(provision.purpose.as_ref()))) {
                let fact =
                    format!("two provisions of `{interface}` end at the same, and give one link type two meanings");
                held.blame(
                    E_CATALOG_LINK,
                    &borrowed(&base),
                    fact,
                    "give one of them a `purpose`, or another `at`",
                );
            }
        }
        super::scopes::check(held, &base, definition, &provision.scope);
        patterns(held, &base, provision);
    }
}

/// Endpoints that a link opens.
pub(super) fn endpoints(held: &mut Held<'_, ComponentType>, base: &[String], names: &[String]) {
    let definition = held.definition();
    let mut known: Vec<&str> = definition.endpoints.keys().map(String::as_str).collect();
    let words = [
        (derived::METRICS, definition.metrics.is_some()),
        (derived::HEALTH, true),
    ];
    for (position, name) in names.iter().enumerate() {
        if words.contains(&(name, true)) {
            continue;
        }
        let path = one_of_many(held, base, &["endpoint", "endpoints"], position);
        known.sort_unstable();
        held.known(E_CATALOG_ENDPOINT, &borrowed(&path), name, &known, "endpoint");
    }
}

/// What a pattern of a provision may name.
pub(super) fn variables(definition: &ComponentType, provision: &Provision) -> Variables {
    // Of the consumer nothing is known but what every component has.
    Variables::of_links()
        .end("from", None)
        .end("to", Some(definition))
        .subs("sub", definition, &provision.at)
        .endpoints(definition)
}

fn patterns(held: &mut Held<'_, ComponentType>, base: &[String], provision: &Provision) {
    let named = variables(held.definition(), provision);
    let all = match provision.accounts.is_empty() {
        true => named.clone(),
        false => named.clone().and("account.name"),
    };
    let changed = provision.when.iter();
    let changed = changed.map(|(slot, change)| (below(base, &["when", slot, "facts"]), &change.facts));
    for (path, facts) in std::iter::once((below(base, &["facts"]), &provision.facts)).chain(changed) {
        // A fact may differ from one environment to the next; names and Secrets may not.
        let all = all.clone().and("environment");
        for (fact, text) in facts {
            all.check(held, &below(&path, &[fact]), text);
        }
    }
    for (level, account) in &provision.accounts {
        let path = below(base, &["accounts", level.word()]);
        named.check(held, &below(&path, &["name"]), &account.name);
        apart(held, &path, account);
        if let Some(own) = &account.secret {
            let path = below(&path, &["secret"]);
            secret(held, &path, own, &all);
            digests(held, &path, own.digest_in.as_deref());
        }
    }
    let lists: Vec<&str> = provision.scope.keys().map(String::as_str).collect();
    for (level, data) in &provision.levels {
        for (key, value) in data {
            let path = below(base, &["levels", level.word(), key]);
            grants(held, &path, value, &all, &lists);
        }
    }
}

/// The key that digests stand under is one of a Secret of the type.
fn digests(held: &mut Held<'_, ComponentType>, path: &[String], key: Option<&str>) {
    let definition = held.definition();
    let keys = definition.secrets.iter().flat_map(|secret| &secret.keys);
    let known: Vec<&str> = keys.map(|key| key.key.as_str()).collect();
    if let Some(key) = key {
        let path = below(path, &["digest_in"]);
        held.known(
            E_CATALOG_LINK,
            &borrowed(&path),
            key,
            &known,
            "key of a Secret of the type",
        );
    }
}

/// Texts of what a level grants; `{scope.<name>}` as an item stands for every name of a closed list.
pub(super) fn grants<T>(held: &mut Held<'_, T>, path: &[String], value: &Json, known: &Variables, lists: &[&str]) {
    let names = lists.iter().map(|name| format!("scope.{name}"));
    let items = names.fold(known.clone(), |known, name| known.and(&name));
    match value {
        Json::String(text) => known.check(held, path, text),
        Json::Array(list) => {
            for (position, item) in list.iter().enumerate() {
                let path = below(path, &[&position.to_string()]);
                match item.as_str() {
                    Some(text) => items.check(held, &path, text),
                    None => grants(held, &path, item, known, lists),
                }
            }
        }
        Json::Object(map) => {
            for (key, item) in map {
                grants(held, &below(path, &[key]), item, known, lists);
            }
        }
        _ => {}
    }
}

pub(in crate::catalog::check) fn among(held: &mut Held<'_, ComponentType>, among: &Among<'_>) {
    let mut seen = BTreeSet::new();
    for (name, base, provision) in placed(held) {
        let interface = match seen.insert(name) {
            true => held.interface_key(among, &["provides", name], name),
            false => among.interface(name),
        };
        let Some(interface) = interface else { continue };
        let interface = &interface.definition;
        facts(held, &base, interface, provision);
        for level in provision.levels.keys() {
            level_known(held, &below(&base, &["levels", level.word()]), interface);
        }
        accounts(held, &base, interface, provision);
        web(held, name, &base, provision);
    }
}

fn facts(held: &mut Held<'_, ComponentType>, base: &[String], interface: &Interface, provision: &Provision) {
    let known: Vec<&str> = interface.facts.keys().map(String::as_str).collect();
    let owner = format!("the interface `{}`", interface.interface);
    let changed = provision.when.iter();
    let changed = changed.map(|(slot, change)| (below(base, &["when", slot, "facts"]), &change.facts));
    for (path, facts) in std::iter::once((below(base, &["facts"]), &provision.facts)).chain(changed) {
        for fact in facts.keys() {
            let path = below(&path, &[fact]);
            held.lacks(E_CATALOG_LINK, Place::Key(&borrowed(&path)), &owner, "fact", &known);
            if interface.facts.get(fact).is_some_and(|spec| spec.secret) {
                let told = format!("the fact `{fact}` is a secret, and would be written down");
                let hint = "leave it to the Secret of an account: `keys: {<key>: {fact: …}}`";
                held.blame_key(E_CATALOG_LINK, &borrowed(&path), told, hint);
            }
        }
    }
}

/// A level that stands as a key.
pub(super) fn level_known<T>(held: &mut Held<'_, T>, path: &[String], interface: &Interface) {
    let known: Vec<&str> = interface.levels.keys().map(|level| level.word()).collect();
    let owner = format!("the interface `{}`", interface.interface);
    held.lacks(E_CATALOG_LINK, Place::Key(&borrowed(path)), &owner, "level", &known);
}

/// An account at each level or at none: without one a link would be let in and not told apart.
fn accounts(held: &mut Held<'_, ComponentType>, base: &[String], interface: &Interface, provision: &Provision) {
    for (level, account) in &provision.accounts {
        let path = below(base, &["accounts", level.word()]);
        if level.level().is_some() {
            level_known(held, &path, interface);
        }
        if let Some(own) = &account.secret {
            Secrets { interface }.keys(held, &below(&path, &["secret"]), own);
        }
    }
    // All others have one by `*`; a level that is not there is told by itself.
    let is_known = |level: &AccountLevel| level.level().is_some_and(|level| interface.levels.contains_key(&level));
    if provision.accounts.is_empty() || !provision.accounts.keys().all(is_known) {
        return;
    }
    let is_provided = |level: &&Level| provision.levels.is_empty() || provision.levels.contains_key(*level);
    let without = interface.levels.keys().filter(is_provided);
    let without: Vec<&str> = without
        .filter(|level| !provision.accounts.contains_key(&(**level).into()))
        .map(|level| level.word())
        .collect();
    if !without.is_empty() {
        let fact = format!(
            "links of the level `{}` have no account, and those of others do",
            without.join("`, `")
        );
        let hint = "add them, or `\"*\"` for all other levels";
        held.blame_key(E_CATALOG_LINK, &borrowed(&below(base, &["accounts"])), fact, hint);
    }
}

/// A gateway publishes what provides the web interface, below a name of the component's own.
fn web(held: &mut Held<'_, ComponentType>, name: &str, base: &[String], provision: &Provision) {
    if name != WEB {
        if provision.auth.is_some() {
            let fact = format!("`auth` says who checks the callers of a web interface, and `{name}` is none");
            held.blame_key(E_CATALOG_LINK, &borrowed(&below(base, &["auth"])), fact, "remove it");
        }
        return;
    }
    if !held.definition().attributes.contains_key("subdomain") {
        let fact = "a gateway may publish the type, and it has no attribute `subdomain`";
        let hint = "add the attribute: the host name in front of the domain";
        held.blame_key(E_CATALOG_ENDPOINT, &borrowed(base), fact, hint);
    }
}
