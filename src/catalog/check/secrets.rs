//! Rule: Secrets of a type have files and keys of their own, tell people what to fill in, and steer no process.

use std::collections::BTreeSet;

use super::Held;
use super::steering::steered;
use crate::catalog::derived::provided;
use crate::catalog::{ComponentType, SecretSpec};
use crate::fault::Code::{E_CATALOG_ENV, E_CATALOG_FILE, E_CATALOG_SCHEMA};
use crate::name::is_file_name;

/// The file whose keys a pod has in its environment.
const CLOUD_ENV: &str = "cloud.env";

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let subs: Vec<&str> = definition.sub_components.keys().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    for (position, secret) in definition.secrets.iter().enumerate() {
        let position = position.to_string();
        let path = ["secrets", &position];
        if let Some(sub) = &secret.for_each {
            held.known(
                E_CATALOG_SCHEMA,
                &[path[0], path[1], "for_each"],
                sub,
                &subs,
                "sub-component type",
            );
        }
        file(held, &path, secret, seen.insert(&secret.file));
        linked(held, &path, secret);
        when(held, &path, secret);
        keys(held, &path, secret);
    }
}

fn file(held: &mut Held<'_, ComponentType>, path: &[&str], secret: &SecretSpec, is_new: bool) {
    let plain = secret.file.replace(['{', '}'], "");
    let per_sub = |text: &str| text.contains("{sub");
    let fact = if !plain.ends_with(".env") || !is_file_name(&plain) {
        "is no name of an env file"
    } else if !is_new {
        "is the file of another Secret"
    } else if secret.for_each.is_some() && !(per_sub(&secret.file) && per_sub(&secret.name)) {
        "would be one for all sub-components"
    } else {
        return;
    };
    let hint = match secret.for_each {
        Some(_) => "put `{sub_object}` into its name and its file, which ends in `.env`",
        None => "give it a file of its own, whose name ends in `.env`",
    };
    held.blame(
        E_CATALOG_FILE,
        &[path, &["file"]].concat(),
        format!("`{}` {fact}", secret.file),
        hint,
    );
}

/// A key of links that end at the component: they must be able to, and end at no other that shares the Secret.
fn linked(held: &mut Held<'_, ComponentType>, path: &[&str], secret: &SecretSpec) {
    let definition = held.definition();
    let provided: Vec<&str> = provided(definition).collect();
    for (number, key) in secret.keys.iter().enumerate() {
        let Some(interface) = &key.linked else { continue };
        let number = number.to_string();
        let place = [path, &["keys", &number, "linked"]].concat();
        held.known(E_CATALOG_SCHEMA, &place, interface, &provided, "provided interface");
        if secret.shared {
            let fact = "a shared Secret is of no component that a link could end at";
            held.blame(E_CATALOG_SCHEMA, &place, fact, "remove `linked` or `shared`");
        }
    }
}

/// Attributes that it depends on are those of what it is for; what several share, and the environment of a pod, is always there.
fn when(held: &mut Held<'_, ComponentType>, path: &[&str], secret: &SecretSpec) {
    let definition = held.definition();
    let sub = secret
        .for_each
        .as_ref()
        .and_then(|sub| definition.sub_components.get(sub));
    let attributes = sub.map_or(&definition.attributes, |sub| &sub.attributes);
    let plain = attributes.iter().filter(|(_, kind)| !kind.secret);
    let known: Vec<&str> = plain.map(|(name, _)| name.as_str()).collect();
    for name in secret.when.keys() {
        let place = [path, &["when", name]].concat();
        held.known(E_CATALOG_SCHEMA, &place, name, &known, "attribute");
        if secret.shared || secret.file == CLOUD_ENV {
            let fact = "a Secret that others use as well is always there";
            held.blame(E_CATALOG_SCHEMA, &place, fact, "remove `when`");
        }
    }
}

fn keys(held: &mut Held<'_, ComponentType>, path: &[&str], secret: &SecretSpec) {
    let mut seen = BTreeSet::new();
    for (number, key) in secret.keys.iter().enumerate() {
        let number = number.to_string();
        let place = [path, &["keys", &number, "key"]].concat();
        if !seen.insert(&key.key) {
            let fact = format!("the key `{}` stands twice", key.key);
            held.blame(E_CATALOG_SCHEMA, &place, fact, "remove one of the two");
        }
        if let Some(who) = steered(&key.key).filter(|_| secret.file == CLOUD_ENV) {
            let fact = format!("`{}` steers {who}", key.key);
            held.blame(
                E_CATALOG_ENV,
                &place,
                fact,
                "take a key that only the program itself reads",
            );
        }
    }
}
