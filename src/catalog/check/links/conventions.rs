//! Rule: a convention gives keys that a program can read, of facts that interfaces have.

use std::collections::BTreeMap;

use super::keys::{Given, is_key, steers};
use super::{asks, below, borrowed};
use crate::catalog::check::held::Place;
use crate::catalog::check::variables::Variables;
use crate::catalog::check::{Among, Held};
use crate::catalog::{Convention, Interface, KeyValue, Keys};
use crate::fault::Code::{E_CATALOG_ENV, E_CATALOG_FILE, E_CATALOG_LINK};
use crate::finding::suggestion;
use crate::name::is_file_name;

/// What a key of a link begins with, in place of its prefix.
const PREFIX: &str = "{ENV}_";

pub(in crate::catalog::check) fn check(held: &mut Held<'_, Convention>) {
    let definition = held.definition();
    for (interface, keys) in &definition.interfaces {
        row(held, &below(&[], &["interfaces", interface]), keys);
    }
    for key in definition.always.keys() {
        let path = below(&[], &["always", key]);
        grammar(held, &path, key, is_key(key));
        steers(held, &path, key);
    }
    for (key, value) in &definition.always {
        constant(held, &below(&[], &["always", key]), value);
    }
}

/// What is printed as it stands.
fn constant<T>(held: &mut Held<'_, T>, path: &[String], value: &str) {
    if value.contains(['{', '}']) {
        let fact = format!("`{value}` would be printed with its braces: the value is the same for every link");
        let hint = "write it without variables, or give the key a pattern in `fixed` or `keys`";
        held.blame(E_CATALOG_ENV, &borrowed(path), fact, hint);
    }
}

/// The keys and files of one interface in the words of one framework.
pub(super) fn row<T>(held: &mut Held<'_, T>, base: &[String], keys: &Keys) {
    named(held, &below(base, &["fixed"]), &keys.fixed);
    for (key, value) in &keys.constant {
        let path = below(base, &["constant", key]);
        grammar(held, &path, key, is_key(key));
        steers(held, &path, key);
        constant(held, &path, value);
    }
    named(held, &below(base, &["keys"]), &keys.keys);
    for key in keys.keys.keys().filter(|key| is_key(key)) {
        let fact = format!("`{key}` is one key for all links of the interface");
        let hint = format!("begin it with `{PREFIX}`, or move it to `fixed`");
        held.blame_key(E_CATALOG_ENV, &borrowed(&below(base, &["keys", key])), fact, hint);
    }
    for file in keys.files.keys().filter(|file| !is_file_name(file)) {
        let fact = format!("`{file}` is no name of a file");
        let hint = "write letters, digits, `_`, `-` and `.`, not a dot first";
        held.blame_key(E_CATALOG_FILE, &borrowed(&below(base, &["files", file])), fact, hint);
    }
    for (fact, change) in &keys.when {
        let path = below(base, &["when", fact]);
        row(held, &path, change);
        if change.has_fixed() && !keys.has_fixed() {
            let told = "keys of fixed names come with a fact alone, and nobody is told when two links meet in one";
            let hint = "give the row itself such a key, or move them to `keys`";
            held.blame_key(E_CATALOG_ENV, &borrowed(&path), told, hint);
        }
    }
}

fn named<T>(held: &mut Held<'_, T>, base: &[String], keys: &BTreeMap<String, KeyValue>) {
    for key in keys.keys() {
        let path = below(base, &[key]);
        let own = key.strip_prefix(PREFIX).unwrap_or(key);
        grammar(
            held,
            &path,
            key,
            is_key(own) || own.bytes().all(|byte| byte.is_ascii_digit()),
        );
        if own == key {
            steers(held, &path, key);
        }
    }
}

fn grammar<T>(held: &mut Held<'_, T>, path: &[String], key: &str, is_good: bool) {
    if !is_good {
        let fact = format!("`{key}` is no key of an environment");
        let hint = format!("write A-Z, 0-9 and _; `{PREFIX}` in front stands for the prefix of the link");
        held.blame_key(E_CATALOG_ENV, &borrowed(path), fact, hint);
    }
}

pub(in crate::catalog::check) fn among(held: &mut Held<'_, Convention>, among: &Among<'_>) {
    for (name, keys) in &held.definition().interfaces {
        let base = below(&[], &["interfaces", name]);
        let Some(interface) = held.interface_key(among, &borrowed(&base), name) else {
            continue;
        };
        values(held, &base, &interface.definition, keys);
    }
}

/// The values of a row, which are facts of the interface.
pub(super) fn values<T>(held: &mut Held<'_, T>, base: &[String], interface: &Interface, keys: &Keys) {
    let variables = Variables::of_links()
        .end("from", None)
        .end("to", None)
        .open(&["to.", "from."]);
    let given = Given {
        interface,
        variables: &variables,
    };
    given.values(held, &below(base, &["fixed"]), &keys.fixed);
    given.values(held, &below(base, &["keys"]), &keys.keys);
    files(held, &below(base, &["files"]), &given, keys);
    asks::given(held, &below(base, &["gives"]), interface, &keys.gives, &variables);
    for (fact, change) in &keys.when {
        let path = below(base, &["when", fact]);
        let known: Vec<&str> = interface.facts.keys().map(String::as_str).collect();
        let owner = format!("the interface `{}`", interface.interface);
        held.lacks(E_CATALOG_LINK, Place::Key(&borrowed(&path)), &owner, "fact", &known);
        values(held, &path, interface, change);
    }
}

/// A file holds a secret, since nothing else is mounted.
fn files<T>(held: &mut Held<'_, T>, base: &[String], given: &Given<'_>, keys: &Keys) {
    let facts = &given.interface.facts;
    let secrets: Vec<&str> = facts
        .iter()
        .filter(|(_, fact)| fact.secret)
        .map(|(name, _)| name.as_str())
        .collect();
    for (file, fact) in &keys.files {
        if !secrets.contains(&fact.as_str()) {
            let told = format!("`{}` has no secret fact `{fact}`", given.interface.interface);
            let hint = suggestion(fact, &secrets).unwrap_or_else(|| "it has no secret at all".to_owned());
            held.blame(E_CATALOG_LINK, &borrowed(&below(base, &[file])), told, hint);
        }
    }
}
