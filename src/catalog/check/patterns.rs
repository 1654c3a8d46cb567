//! Rule: a pattern names only variables that it is given where it stands.
//!
//! Each field has the variables of the code that expands it: `stack/check/build.rs` for the model, `plan/secrets.rs` for
//! Secrets, `plan/components.rs` for paths.

use std::collections::BTreeMap;

use super::Held;
use super::attributes::OF_EVERY_COMPONENT;
use crate::catalog::{AttributeType, ComponentType, ForEach, PortSpec, Rollout, SecretSpec};
use crate::fault::Code::E_CATALOG_PATTERN;
use crate::finding::suggestion;

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let of_type = known(&OF_EVERY_COMPONENT, &definition.attributes);
    let without_object: Vec<&str> = of_type.iter().copied().filter(|name| *name != "object").collect();
    pattern(held, &["object"], &definition.object, &without_object);
    defaults(held, &["attributes"], &definition.attributes, &of_type);
    model(held, definition, &of_type);
    for (name, sub) in &definition.sub_components {
        let own = known(&["sub", "sub_object"], &sub.attributes);
        let of_sub = [of_type.as_slice(), &own].concat();
        let path = ["sub_components", name];
        if let Some(object) = &sub.object {
            pattern(held, &[path[0], path[1], "object"], object, &of_sub);
        }
        defaults(held, &[path[0], path[1], "attributes"], &sub.attributes, &of_sub);
    }
    for (position, secret) in definition.secrets.iter().enumerate() {
        self::secret(held, definition, &position.to_string(), secret);
    }
    rollout(held, definition);
    for (position, file) in definition.files.iter().enumerate() {
        let of_path: &[&str] = match file.for_each {
            Some(ForEach::SubComponents(_)) => &["name", "object", "sub_object"],
            Some(ForEach::Accounts(_)) => &["name", "object", "account.object"],
            Some(ForEach::Links(_)) => &["name", "object", "link.object"],
            None => &["name", "object"],
        };
        pattern(held, &["files", &position.to_string(), "path"], &file.path, of_path);
    }
}

/// Names, and those of the attributes that have a text.
fn known<'a>(names: &[&'a str], attributes: &'a BTreeMap<String, AttributeType>) -> Vec<&'a str> {
    let plain = attributes.iter().filter(|(_, kind)| kind.has_text());
    names
        .iter()
        .copied()
        .chain(plain.map(|(name, _)| name.as_str()))
        .collect()
}

fn defaults(
    held: &mut Held<'_, ComponentType>,
    path: &[&str],
    types: &BTreeMap<String, AttributeType>,
    known: &[&str],
) {
    for (name, kind) in types.iter().filter(|(_, kind)| !kind.secret) {
        if let Some(text) = kind.default.as_ref().and_then(serde_json::Value::as_str) {
            let others: Vec<&str> = known.iter().copied().filter(|known| known != name).collect();
            pattern(held, &[path, &[name, "default"]].concat(), text, &others);
        }
    }
}

/// What becomes part of a component: hosts, ports, labels and images.
fn model(held: &mut Held<'_, ComponentType>, definition: &ComponentType, known: &[&str]) {
    for (name, endpoint) in &definition.endpoints {
        pattern(held, &["endpoints", name, "host"], &endpoint.host, known);
        port(held, &["endpoints", name, "port"], Some(&endpoint.port), known);
        port(
            held,
            &["endpoints", name, "target_port"],
            endpoint.target_port.as_ref(),
            known,
        );
        for (slot, change) in &endpoint.when {
            let path = ["endpoints", name, "when", slot];
            port(held, &[&path[..], &["port"]].concat(), Some(&change.port), known);
            let target = change.target_port.as_ref();
            port(held, &[&path[..], &["target_port"]].concat(), target, known);
        }
    }
    labels(held, &["pods"], &definition.pods, known);
    for (name, narrower) in &definition.pods_of {
        labels(held, &["pods_of", name], narrower, known);
    }
    labels(held, &["images"], &definition.images, known);
    ways_out(held, definition, known);
    if let Some(certificate) = &definition.certificate {
        for (field, names) in [("services", &certificate.services), ("hosts", &certificate.hosts)] {
            for (position, name) in names.iter().enumerate() {
                pattern(held, &["certificate", field, &position.to_string()], name, known);
            }
        }
    }
    if let Some(metrics) = &definition.metrics {
        port(held, &["metrics", "port"], Some(&metrics.port), known);
        for (slot, change) in &metrics.when {
            port(held, &["metrics", "when", slot, "port"], Some(&change.port), known);
        }
        pattern(held, &["metrics", "path"], &metrics.path, known);
        labels(held, &["metrics", "selector"], &metrics.selector, known);
        labels(held, &["metrics", "pods"], &metrics.pods, known);
        if let Some(exporter) = &metrics.exporter {
            pattern(held, &["metrics", "exporter", "host"], &exporter.host, known);
            pattern(held, &["metrics", "exporter", "suffix"], &exporter.suffix, known);
        }
    }
}

/// What a person runs for new values.
fn rollout(held: &mut Held<'_, ComponentType>, definition: &ComponentType) {
    if let Some(Rollout::Command(command)) = &definition.rollout {
        pattern(held, &["rollout", "command"], command, &["name", "object", "namespace"]);
    }
}

/// Ports outside the cluster, which the attributes of sub-components name as well.
fn ways_out(held: &mut Held<'_, ComponentType>, definition: &ComponentType, of_type: &[&str]) {
    for (position, way) in definition.network.to.iter().enumerate() {
        let sub = way.for_each.as_ref().and_then(|sub| definition.sub_components.get(sub));
        let of_sub = sub.map(|sub| known(&[], &sub.attributes)).unwrap_or_default();
        let path = ["network", "to", &position.to_string(), "port"];
        port(held, &path, Some(&way.port), &[of_type, &of_sub].concat());
    }
}

fn secret(held: &mut Held<'_, ComponentType>, definition: &ComponentType, position: &str, secret: &SecretSpec) {
    let mut of_secret = known(&["name", "namespace", "object"], &definition.attributes);
    if let Some(sub) = secret
        .for_each
        .as_ref()
        .and_then(|sub| definition.sub_components.get(sub))
    {
        of_secret.extend(known(&["sub", "sub_object"], &sub.attributes));
    }
    let path = ["secrets", position];
    pattern(held, &[path[0], path[1], "name"], &secret.name, &of_secret);
    pattern(held, &[path[0], path[1], "file"], &secret.file, &of_secret);
    for (number, key) in secret.keys.iter().enumerate() {
        let number = number.to_string();
        let texts = [
            ("key", Some(&key.key)),
            ("value", key.value.as_ref()),
            ("help", Some(&key.help)),
            ("command", key.command.as_ref()),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                pattern(held, &[path[0], path[1], "keys", &number, field], text, &of_secret);
            }
        }
    }
}

fn port(held: &mut Held<'_, ComponentType>, path: &[&str], port: Option<&PortSpec>, known: &[&str]) {
    if let Some(PortSpec::Pattern(text)) = port {
        pattern(held, path, text, known);
    }
}

fn labels(held: &mut Held<'_, ComponentType>, path: &[&str], labels: &BTreeMap<String, String>, known: &[&str]) {
    for (key, text) in labels {
        pattern(held, &[path, &[key]].concat(), text, known);
    }
}

/// What to do about braces that somebody else gives a meaning.
const BRACES: &str = "braces mean variables, and nothing else; the text of a shell does without them";

/// Words with dots between them; a shell has more in its braces.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// The line of `text` that the byte `at` stands in, without its indentation.
fn line_at(text: &str, at: usize) -> &str {
    let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[begin..].lines().next().unwrap_or_default().trim()
}

/// The first thing that is wrong with a pattern.
pub(super) fn pattern<T>(held: &mut Held<'_, T>, path: &[&str], text: &str, known: &[&str]) {
    let near = |name: &str| suggestion(name, known).unwrap_or_default();
    pattern_of(held, path, text, &|name| known.contains(&name), &near);
}

/// The same, where more names are right than can be listed; `near` is the hint for one that is not.
pub(super) fn pattern_of<T>(
    held: &mut Held<'_, T>,
    path: &[&str],
    text: &str,
    is_known: &dyn Fn(&str) -> bool,
    near: &dyn Fn(&str) -> String,
) {
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let Some(close) = rest[open..].find('}').filter(|_| rest[open..].starts_with('{')) else {
            let at = text.len() - rest.len() + open;
            let fact = format!(
                "`{}` has a brace that is not part of a `{{variable}}`",
                line_at(text, at)
            );
            held.blame_in_text(E_CATALOG_PATTERN, path, (text, at), fact, BRACES);
            return;
        };
        let name = &rest[open + 1..open + close];
        if !is_known(name) {
            let at = text.len() - rest.len() + open;
            let fact = format!("the variable `{{{}}}` is not known here", line_at(name, 0));
            let hint = if is_name(name) { near(name) } else { BRACES.to_owned() };
            held.blame_in_text(E_CATALOG_PATTERN, path, (text, at), fact, hint);
            return;
        }
        rest = &rest[open + close + 1..];
    }
}
