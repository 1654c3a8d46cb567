//! Rule: what an interface asks of consumers is given by each of them, in words that a link has, and by nobody who cannot.

use std::collections::BTreeMap;

use super::{below, borrowed};
use crate::catalog::check::held::Place;
use crate::catalog::check::names::is_word;
use crate::catalog::check::variables::Variables;
use crate::catalog::check::{Among, Held};
use crate::catalog::{AttributeType, ComponentType, Gives, Interface, gives};
use crate::fault::Code::{E_CATALOG_LINK, E_CATALOG_NAME, E_CATALOG_TEXT};

/// What an interface asks for, by itself.
pub(super) fn interface(held: &mut Held<'_, Interface>) {
    let definition = held.definition();
    for (name, ask) in &definition.asks {
        let path = ["asks", name.as_str()];
        if !is_word(name) {
            let told = format!("the name `{name}` is outside its grammar");
            held.blame_key(
                E_CATALOG_NAME,
                &path,
                told,
                "write a-z, 0-9 and _, and begin with a letter",
            );
        }
        if ask.help.trim().is_empty() {
            let told = format!("nobody is told what `{name}` is");
            held.blame_key(E_CATALOG_TEXT, &path, told, "add `help:`, one line for people");
        }
    }
    let required: Vec<&String> = definition
        .asks
        .iter()
        .filter(|(_, ask)| ask.required)
        .map(|(name, _)| name)
        .collect();
    for (role, taken) in &definition.consumers {
        let Some(missing) = required.iter().find(|name| !taken.gives.contains_key(**name)) else {
            continue;
        };
        let Ok(serde_json::Value::String(role)) = serde_json::to_value(role) else {
            continue;
        };
        let told = format!("`{missing}` is asked of every consumer, and those of the role `{role}` give none");
        let hint = format!("add `gives: {{{missing}: […]}}`");
        held.blame_key(E_CATALOG_LINK, &["consumers", &role], told, hint);
    }
}

/// Names and patterns of what is given at `base`.
pub(super) fn given<T>(
    held: &mut Held<'_, T>,
    base: &[String],
    interface: &Interface,
    gives: &Gives,
    variables: &Variables,
) {
    let known: Vec<&str> = interface.asks.keys().map(String::as_str).collect();
    let owner = format!("the interface `{}`", interface.interface);
    for (name, patterns) in gives {
        let path = below(base, &[name]);
        held.lacks(
            E_CATALOG_LINK,
            Place::Key(&borrowed(&path)),
            &owner,
            "question to consumers",
            &known,
        );
        for (position, text) in patterns.iter().enumerate() {
            variables.check(held, &below(&path, &[&position.to_string()]), text);
        }
    }
}

/// Variables, with the settings of such links.
pub(super) fn with_settings(variables: Variables, with: &BTreeMap<String, AttributeType>) -> Variables {
    let settings = with.iter().filter(|(_, kind)| kind.has_text());
    variables.and_all(settings.map(|(name, _)| format!("with.{name}")))
}

/// Each slot of a type gives what its interface cannot do without, and can.
pub(in crate::catalog::check) fn among(held: &mut Held<'_, ComponentType>, among: &Among<'_>) {
    let definition = held.definition();
    for (position, slot) in definition.consumes.iter().enumerate() {
        let Some(interface) = among.interface(slot.interface()) else {
            continue;
        };
        let path = below(&[], &["consumes", &position.to_string(), &slot.name]);
        let required = interface.definition.asks.iter().filter(|(_, ask)| ask.required);
        let words = words(among, definition, &interface.definition);
        let in_words = |name: &String| !words.is_empty() && words.iter().all(|gives| gives.contains_key(name));
        let is_missing = |name: &&String| !slot.body.gives.contains_key(*name) && !in_words(name);
        for name in required.map(|(name, _)| name).filter(is_missing) {
            let fact = format!(
                "`{}` asks consumers for `{name}`, and the slot gives none",
                slot.interface()
            );
            let hint = format!("add `gives: {{{name}: […]}}`");
            held.blame_key(E_CATALOG_LINK, &borrowed(&path), fact, hint);
        }
        if gives::names_published(&slot.body.gives) && !definition.provides.contains_key(gives::HTTP) {
            let fact = "the slot gives the host under which the type is published, and no gateway can publish it";
            let hint = "provide `http`, or name another host";
            held.blame_key(E_CATALOG_LINK, &borrowed(&below(&path, &["gives"])), fact, hint);
        }
    }
}

/// What each convention that the type may follow gives besides.
fn words(among: &Among<'_>, definition: &ComponentType, interface: &Interface) -> Vec<Gives> {
    let conventions = definition.conventions().into_iter();
    let rows = conventions.map(|name| {
        let entry = among.catalog().convention(name).ok().flatten()?;
        let row = entry.definition.interfaces.get(&interface.interface);
        row.map(|keys| keys.gives.clone())
    });
    rows.map(Option::unwrap_or_default).collect()
}
