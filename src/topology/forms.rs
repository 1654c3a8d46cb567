//! How a part of a stack file is written: what a value of the wrong form should look like.
//!
//! A path and the value go in, a hint comes out. It repeats names and never values, which may be secret.

use crate::yaml::{Node, Value};

/// Keys of the stack itself.
pub const SECTIONS: [&str; 10] = [
    "apiVersion",
    "kind",
    "name",
    "domain",
    "gitops",
    "secrets",
    "operators",
    "environments",
    "components",
    "links",
];

/// Whether the catalog, and not the schema, knows what a missing key may be.
pub(super) fn is_of_the_catalog(path: &[String], key: &str) -> bool {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    key == "type"
        && matches!(
            parts.as_slice(),
            ["components", _] | ["components", _, "sub_components", _]
        )
}

/// The fact of a section that is indented into another.
pub(super) fn misplaced_section(path: &[String]) -> Option<String> {
    match path {
        [outer, key] if outer == "components" && SECTIONS.contains(&key.as_str()) => {
            Some(format!("`{key}` stands beside `{outer}`, not below it"))
        }
        _ => None,
    }
}

/// `to` of a link, or one of several.
pub(super) fn is_target(path: &[String]) -> bool {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(parts.as_slice(), ["links", _, "to"] | ["links", _, "to", _])
}

pub(super) fn article(wanted: &str) -> &'static str {
    match wanted {
        "object" => "a mapping",
        "array" => "a list",
        "boolean" => "`true` or `false`",
        "integer" => "an integer",
        _ => "a string",
    }
}

/// What to write in place of `node`.
pub(super) fn hint(path: &[String], wanted: &str, node: &Node) -> Option<String> {
    if misplaced_section(path).is_some() {
        return Some(format!("move `{}` to the left margin", path[1]));
    }
    match (wanted, &node.value) {
        ("string", Value::Null | Value::Mapping(_) | Value::Sequence(_)) if is_target(path) => {
            Some("write it as `to: <component>`, or several as `to: [<component>, <component>]`".to_owned())
        }
        ("string", Value::Bool(_) | Value::Integer(_) | Value::Float(_)) => Some("put it in quotes".to_owned()),
        ("boolean", Value::String(text)) => Some(boolean(text)),
        ("boolean", _) => Some("write `true` or `false`".to_owned()),
        ("object", Value::String(text)) => Some(glued(text).unwrap_or_else(|| form(path))),
        ("object" | "array", _) => Some(form(path)),
        _ => None,
    }
}

/// `yes` and `on` are text to YAML 1.2, and mean `true`.
#[must_use]
pub fn boolean(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" => "write `true`".to_owned(),
        "no" | "off" | "n" => "write `false`".to_owned(),
        "true" | "false" => "write `true` or `false` without quotes".to_owned(),
        _ => "write `true` or `false`".to_owned(),
    }
}

/// `type:kafka` is one word to YAML.
fn glued(text: &str) -> Option<String> {
    let (key, rest) = text.split_once(':')?;
    let is_word = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_word && !rest.is_empty()).then(|| format!("put a space behind the colon: `{key}: …`"))
}

/// The form of the value at `path`.
fn form(path: &[String]) -> String {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let form = match parts.as_slice() {
        [] => "apiVersion: stacktic.io/v1".to_owned(),
        ["components"] => "components: {<name>: {type: <type>}}".to_owned(),
        ["components", name] | ["components", _, "sub_components", name] => format!("{name}: {{type: <type>}}"),
        [.., "sub_components"] => "sub_components: {<name>: {type: <type>}}".to_owned(),
        [.., "attributes"] => "attributes: {<name>: <value>}".to_owned(),
        [.., "external"] => "external: {stack: <stack>, host: <host>}` or `external: {metadata: <file>}".to_owned(),
        ["links"] => "links: [{from: <component>, to: <component>}]".to_owned(),
        ["links", _] => "{from: <component>, to: <component>}".to_owned(),
        ["gitops"] => "gitops: {repository: https://git.example.com/platform/shop.git}".to_owned(),
        ["operators"] => "operators: {<type>: external}".to_owned(),
        ["environments", _, "cluster"] => "cluster: {name: <cluster>}".to_owned(),
        ["environments"] => "environments: {<name>: {}}".to_owned(),
        ["environments", name] => {
            format!("{name}: {{components: {{<component>: {{attributes: {{<name>: <value>}}}}}}}}")
        }
        ["environments", _, "components"] => "components: {<component>: {attributes: {<name>: <value>}}}".to_owned(),
        [.., name] => format!("{name}: {{attributes: {{<name>: <value>}}}}"),
    };
    format!("write it as `{form}`")
}
