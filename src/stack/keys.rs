//! The keys of a link in the environment of its consumer: in the words of the slot, or of the consumer's convention.

use anyhow::{bail, ensure};

use super::scope::LinkScope;
use super::{EnvValue, Fact, Link, SecretFact, SecretText, TextPart};
use crate::catalog::pattern::{self, Piece};
use crate::catalog::{KeyValue, Keys, Level, Role};
use crate::fault::Code;
use crate::name::is_file_name;

/// The keys of `link`, whose facts are known, and its write gate where an MCP server can write.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn keys(link: &Link, scope: &LinkScope<'_>) -> anyhow::Result<Vec<EnvValue>> {
    let by_convention = scope.from.convention().and_then(|name| link.kind.keys.get(name));
    let mut values = match (&link.kind.slot.keys, by_convention) {
        (Some(keys), _) => {
            let named = keys.iter().map(|(key, value)| (format!("{{ENV}}_{key}"), value));
            named_keys(link, scope, named)?
        }
        (None, Some(keys)) if link.kind.slot.deliver.is_none() => of_convention(link, scope, keys)?,
        _ => Vec::new(),
    };
    // A link without tools has nothing that a gate could open.
    let has_tools = scope.from.has_role(Role::McpServer) && !link.kind.modules().is_empty();
    if has_tools && link.kind.levels.iter().any(|level| *level >= Level::Write) {
        let key = format!("{}_WRITE_ACCESS", link.env_prefix);
        values.push(EnvValue {
            file: key.clone(),
            key,
            value: Some(link.writes().to_string()),
            help: String::new(),
            secret: SecretText::default(),
            of: String::new(),
        });
    }
    Ok(values)
}

fn of_convention(link: &Link, scope: &LinkScope<'_>, keys: &Keys) -> anyhow::Result<Vec<EnvValue>> {
    let keys = keys.of(&|fact| link.facts.contains_key(fact));
    if keys.has_fixed() && link.given_env.is_none() {
        let mut values = named_keys(link, scope, keys.fixed.iter().map(|(key, value)| (key.clone(), value)))?;
        let constant = keys.constant.iter();
        values.extend(constant.map(|(key, value)| plain(link, key.clone(), value.clone())));
        for (file, fact) in &keys.files {
            if let Some(Fact::Secret(fact_of)) = link.facts.get(fact) {
                let key = format!("{}_{}", link.env_prefix, fact.to_uppercase());
                values.push(secret(link, key, Some(file.clone()), fact_of.clone())?);
            }
        }
        return Ok(values);
    }
    if !keys.keys.is_empty() {
        return named_keys(link, scope, keys.keys.iter().map(|(key, value)| (key.clone(), value)));
    }
    let facts: Vec<(String, KeyValue)> = link
        .facts
        .keys()
        .map(|fact| (format!("{{ENV}}_{}", fact.to_uppercase()), KeyValue::Text(fact.clone())))
        .collect();
    named_keys(link, scope, facts.iter().map(|(key, value)| (key.clone(), value)))
}

/// Each key whose facts the link gives.
fn named_keys<'k>(
    link: &Link,
    scope: &LinkScope<'_>,
    keys: impl Iterator<Item = (String, &'k KeyValue)>,
) -> anyhow::Result<Vec<EnvValue>> {
    let mut values = Vec::new();
    for (key, value) in keys {
        let key = key.replace("{ENV}", &link.env_prefix);
        values.extend(self::value(link, scope, key, value)?);
    }
    Ok(values)
}

fn value(link: &Link, scope: &LinkScope<'_>, key: String, value: &KeyValue) -> anyhow::Result<Option<EnvValue>> {
    match value {
        KeyValue::Secret(composed) => composed_secret(link, key, &composed.secret),
        KeyValue::Text(text) if text.contains('{') => {
            let text = joined(link, scope, text, &key)?;
            Ok(text.map(|text| plain(link, key, text)))
        }
        KeyValue::Text(fact) => match link.facts.get(fact) {
            Some(Fact::Plain(text)) => Ok(Some(plain(link, key, text.clone()))),
            Some(Fact::Secret(fact)) => secret(link, key, mounted_as(link, scope)?, fact.clone()).map(Some),
            None => {
                ensure_known(link, fact, &key, fact)?;
                Ok(None)
            }
        },
    }
}

fn mounted_as(link: &Link, scope: &LinkScope<'_>) -> anyhow::Result<Option<String>> {
    link.kind
        .slot
        .file
        .as_deref()
        .map(|file| scope.expand(file))
        .transpose()
}

/// A pattern over facts and variables; `None` where the link lacks a fact that it names.
fn joined(link: &Link, scope: &LinkScope<'_>, text: &str, key: &str) -> anyhow::Result<Option<String>> {
    for name in pattern::variables(text) {
        match link.facts.get(name) {
            Some(Fact::Secret(_)) => bail!(Code::E_CATALOG_LINK.fault(format!(
                "the key `{key}` of link type `{}` shows the secret `{name}`; write `{{secret: …}}`",
                link.type_name()
            ))),
            Some(Fact::Plain(_)) => {}
            // A fact has no dot: a variable that is not there is told below.
            None if name.contains('.') || scope.variable(name).is_some() => {}
            None => {
                ensure_known(link, name, key, text)?;
                return Ok(None);
            }
        }
    }
    let lookup = |name: &str| match link.facts.get(name) {
        Some(Fact::Plain(text)) => Some(text.as_str().into()),
        _ => scope.variable(name),
    };
    Ok(Some(pattern::expand(text, lookup)?.into_owned()))
}

/// A secret that a person puts together from plain facts and others.
fn composed_secret(link: &Link, key: String, text: &str) -> anyhow::Result<Option<EnvValue>> {
    let mut origins = Vec::new();
    for name in pattern::variables(text) {
        match link.facts.get(name) {
            Some(Fact::Secret(fact)) => origins.push(format!("<{name}> is the {}", fact.origin)),
            Some(Fact::Plain(_)) => {}
            None => {
                ensure_known(link, name, &key, text)?;
                return Ok(None);
            }
        }
    }
    let lookup = |name: &str| match link.facts.get(name) {
        Some(Fact::Plain(text)) => Some(text.clone().into()),
        _ => Some(format!("<{name}>").into()),
    };
    let form = pattern::expand(text, lookup)?;
    let origin = format!("{form}, where {}", origins.join(" and "));
    let text = SecretText(pattern::pieces(text).flat_map(|piece| parts(link, piece)).collect());
    secret(link, key, None, SecretFact { origin, text }).map(Some)
}

fn parts(link: &Link, piece: Piece<'_>) -> Vec<TextPart> {
    match piece {
        Piece::Text(text) => vec![TextPart::Plain(text.to_owned())],
        Piece::Variable(name) => match link.facts.get(name) {
            Some(Fact::Secret(fact)) => fact.text.0.clone(),
            Some(Fact::Plain(text)) => vec![TextPart::Plain(text.clone())],
            None => Vec::new(),
        },
    }
}

fn ensure_known(link: &Link, fact: &str, key: &str, text: &str) -> anyhow::Result<()> {
    let known = &link.kind.interface.definition.facts;
    ensure!(
        known.contains_key(fact),
        Code::E_CATALOG_LINK
            .fault(format!(
                "the key `{key}` of link type `{}` names the fact `{fact}`, which interface `{}` does not have",
                link.type_name(),
                link.kind.interface_name()
            ))
            .in_pattern(text)
    );
    Ok(())
}

fn plain(link: &Link, key: String, value: String) -> EnvValue {
    EnvValue {
        file: key.clone(),
        of: of(link, &key),
        key,
        value: Some(value),
        help: String::new(),
        secret: SecretText::default(),
    }
}

fn secret(link: &Link, key: String, file: Option<String>, fact: SecretFact) -> anyhow::Result<EnvValue> {
    let file = file.unwrap_or_else(|| key.clone());
    ensure!(
        is_file_name(&file),
        Code::E_CATALOG_LINK.fault(format!(
            "`{key}` has the file `{file}`; it is of letters, digits, `_`, `-` and `.`, not a dot first"
        ))
    );
    Ok(EnvValue {
        of: of(link, &key),
        key,
        value: None,
        file,
        help: fact.origin,
        secret: fact.text,
    })
}

/// What the key stands for, whatever its prefix.
fn of(link: &Link, key: &str) -> String {
    format!("{} {}", link.holder(), key.replacen(&link.env_prefix, "*", 1))
}
