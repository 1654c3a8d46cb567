//! Rule: what a type consumes are slots of interfaces that are there, at levels that they know.

use std::collections::BTreeSet;

use super::keys::{Given, suffixes};
use super::{asks, below, borrowed, with};
use crate::catalog::check::held::Place;
use crate::catalog::check::names::is_word;
use crate::catalog::check::variables::Variables;
use crate::catalog::check::{Among, Held};
use crate::catalog::derived::TLS;
use crate::catalog::{ComponentType, Following, ForEach, Interface, SlotBody};
use crate::fault::Code::{E_CATALOG_LINK, E_CATALOG_NAME};

pub(in crate::catalog::check) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let mut seen = BTreeSet::new();
    for (position, slot) in definition.consumes.iter().enumerate() {
        let path = below(&[], &["consumes", &position.to_string(), &slot.name]);
        if !is_word(&slot.name) {
            let fact = format!("the name `{}` is outside its grammar", slot.name);
            let hint = "write a-z, 0-9 and _, and begin with a letter";
            held.blame_key(E_CATALOG_NAME, &borrowed(&path), fact, hint);
        }
        if !seen.insert(&slot.name) {
            let fact = format!(
                "two slots are called `{}`, and give one link type two meanings",
                slot.name
            );
            let hint = "give one of them another name, and say `interface:` in it";
            held.blame_key(E_CATALOG_LINK, &borrowed(&path), fact, hint);
        }
        body(held, &path, definition, &slot.body);
    }
    let known: Vec<&str> = seen.iter().map(|name| name.as_str()).collect();
    for (path, slot) in named(definition) {
        held.known(E_CATALOG_LINK, &borrowed(&path), slot, &known, "slot");
    }
    for path in changing(definition) {
        let slot = path.last().cloned().unwrap_or_default();
        held.known_key(E_CATALOG_LINK, &borrowed(&path), &slot, &known, "slot");
    }
    if definition.certificate.is_some() && !definition.consumes.iter().any(|slot| slot.interface() == TLS) {
        let fact = "nobody can sign the certificate of the type";
        let hint = format!("add a slot of the interface `{TLS}`, or take the certificate away");
        held.blame_key(E_CATALOG_LINK, &["certificate"], fact, hint);
    }
}

/// Where the type says what changes with a link of a slot, besides what it provides.
fn changing(definition: &ComponentType) -> Vec<Vec<String>> {
    let endpoints = definition.endpoints.iter();
    let endpoints = endpoints.flat_map(|(name, endpoint)| {
        let slots = endpoint.when.keys();
        slots.map(move |slot| below(&[], &["endpoints", name, "when", slot]))
    });
    let metrics = definition.metrics.iter().flat_map(|metrics| metrics.when.keys());
    endpoints
        .chain(metrics.map(|slot| below(&[], &["metrics", "when", slot])))
        .collect()
}

/// The slots that parts of `definition` are there for, by where it says so.
fn named(definition: &ComponentType) -> Vec<(Vec<String>, &str)> {
    let operators = definition.install.slots().map(|(path, slot)| (path.to_vec(), slot));
    let files = definition
        .files
        .iter()
        .enumerate()
        .filter_map(|(position, file)| match &file.for_each {
            Some(ForEach::Links(of)) => Some((
                below(&[], &["files", &position.to_string(), "for_each", "links"]),
                of.links.as_str(),
            )),
            _ => None,
        });
    let secrets = definition.secrets.iter().enumerate();
    let secrets = secrets.filter_map(|(position, secret)| {
        let path = below(&[], &["secrets", &position.to_string(), "slot"]);
        Some((path, secret.slot.as_deref()?))
    });
    let jobs = definition.jobs.iter();
    let jobs = jobs.filter_map(|(name, job)| Some((below(&[], &["jobs", name, "slot"]), job.slot.as_deref()?)));
    let maps = definition.jobs.iter().flat_map(|(name, job)| {
        let maps = job.config_maps.iter().enumerate();
        maps.filter_map(move |(position, map)| {
            let path = below(&[], &["jobs", name, "config_maps", &position.to_string(), "slot"]);
            Some((path, map.slot.as_deref()?))
        })
    });
    let alerts = definition.metrics.iter().flat_map(|metrics| &metrics.alerts);
    let alerts = alerts.filter_map(|(name, alert)| {
        let path = below(&[], &["metrics", "alerts", name, "slot"]);
        Some((path, alert.slot.as_deref()?))
    });
    let peers = definition.network.from.iter().enumerate();
    let peers = peers.filter_map(|(position, peer)| {
        let path = below(&[], &["network", "from", &position.to_string(), "slot"]);
        Some((path, peer.slot.as_deref()?))
    });
    let settings = definition.consumes.iter().enumerate().flat_map(|(position, slot)| {
        let with = slot.body.with.iter();
        with.filter_map(move |(name, kind)| {
            let path = below(
                &[],
                &["consumes", &position.to_string(), &slot.name, "with", name, "needs"],
            );
            Some((path, kind.needs.as_deref()?))
        })
    });
    operators
        .chain(settings)
        .chain(peers)
        .chain(files)
        .chain(secrets)
        .chain(jobs)
        .chain(maps)
        .chain(alerts)
        .collect()
}

/// What can be said of a slot of `consumer` by itself.
pub(super) fn body<T>(held: &mut Held<'_, T>, base: &[String], consumer: &ComponentType, slot: &SlotBody) {
    if let Some(sub) = &slot.begins_at {
        let known: Vec<&str> = consumer.sub_components.keys().map(String::as_str).collect();
        let path = below(base, &["begins_at"]);
        held.known(E_CATALOG_LINK, &borrowed(&path), sub, &known, "sub-component type");
    }
    suffixes(held, base, slot.keys.as_ref());
    with::settings(held, &below(base, &["with"]), &slot.with);
    let known = variables(consumer, slot);
    if let Some(file) = &slot.file {
        known.check(held, &below(base, &["file"]), file);
    }
    if let Some(deliver) = &slot.deliver {
        let base = below(base, &["deliver", "secret"]);
        known.check(held, &below(&base, &["name"]), &deliver.secret.name);
        known.check(held, &below(&base, &["file"]), &deliver.secret.file);
    }
}

/// What a pattern of a slot may name: of the provider only what every component has is sure, so nothing of it is doubted.
pub(super) fn variables(consumer: &ComponentType, slot: &SlotBody) -> Variables {
    Variables::of_links()
        .end("from", Some(consumer))
        .subs("from_sub", consumer, &slot.begins_at)
        .end("to", None)
        .and("sub.name")
        .and("sub.object")
        .and("account.name")
        .open(&["to.", "sub.", "endpoints."])
}

pub(in crate::catalog::check) fn among(held: &mut Held<'_, ComponentType>, among: &Among<'_>) {
    let definition = held.definition();
    for (position, slot) in definition.consumes.iter().enumerate() {
        let base = below(&[], &["consumes", &position.to_string(), &slot.name]);
        let named = below(&base, &["interface"]);
        let interface = match &slot.body.interface {
            Some(name) => held.interface(among, &borrowed(&named), name),
            None => held.interface_key(among, &borrowed(&base), &slot.name),
        };
        if let Some(interface) = interface {
            taken(
                held,
                &base,
                &interface.definition,
                &slot.body,
                &variables(definition, &slot.body),
            );
        }
    }
    let known = among.catalog().convention_names();
    match &definition.convention {
        Some(Following::Named(name)) => held.known(E_CATALOG_LINK, &["convention"], name, &known, "convention"),
        Some(Following::Chosen(by)) => chosen(held, &by.attribute, &known),
        None => {}
    }
}

/// An attribute that names a convention always names one, of those that there are, and the same in all environments.
fn chosen(held: &mut Held<'_, ComponentType>, attribute: &str, known: &[&str]) {
    let definition = held.definition();
    let attributes: Vec<&str> = definition.attributes.keys().map(String::as_str).collect();
    let place = ["convention", "attribute"];
    let Some(kind) = definition.attributes.get(attribute) else {
        held.known(E_CATALOG_LINK, &place, attribute, &attributes, "attribute");
        return;
    };
    let path = ["attributes", attribute, "enum"];
    if kind.choices.is_none() || (kind.default.is_none() && !kind.required) {
        let fact = format!("`{attribute}` names a convention, and may have a value that is none");
        held.blame(
            E_CATALOG_LINK,
            &place,
            fact,
            "give it `enum` with names of conventions, and a `default`",
        );
    }
    for (position, choice) in kind.choices.iter().flatten().enumerate() {
        let position = position.to_string();
        let path = [path.as_slice(), &[&position]].concat();
        held.known(E_CATALOG_LINK, &path, &choice.to_string(), known, "convention");
    }
    let of_profile = definition.profiles.ha.as_ref().map(|spec| &spec.attributes);
    if of_profile.is_some_and(|attributes| attributes.contains_key(attribute)) {
        let path = ["profiles", "ha", "attributes", attribute];
        let fact = format!("`{attribute}` names the keys of links, which are the same in all environments");
        held.blame_key(E_CATALOG_LINK, &path, fact, "remove it");
    }
}

/// Levels and facts of the interface that a slot names.
pub(super) fn taken<T>(
    held: &mut Held<'_, T>,
    base: &[String],
    interface: &Interface,
    slot: &SlotBody,
    variables: &Variables,
) {
    let known: Vec<&str> = interface.levels.keys().map(|level| level.word()).collect();
    let owner = format!("the interface `{}`", interface.interface);
    for (position, level) in slot.levels.iter().enumerate() {
        let path = below(base, &["levels", &position.to_string()]);
        let place = borrowed(&path);
        held.lacks(
            E_CATALOG_LINK,
            Place::Value(&place, level.word()),
            &owner,
            "level",
            &known,
        );
    }
    let words = asks::with_settings(variables.clone(), &slot.with);
    asks::given(held, &below(base, &["gives"]), interface, &slot.gives, &words);
    let given = Given { interface, variables };
    if let Some(keys) = &slot.keys {
        given.values(held, &below(base, &["keys"]), keys);
    }
    for (key, fact) in slot.deliver.iter().flat_map(|deliver| &deliver.secret.keys) {
        let path = below(base, &["deliver", "secret", "keys", key]);
        match fact.contains(['{', '}']) {
            true => variables.check(held, &path, fact),
            false => given.fact(held, &path, fact),
        }
    }
}
