//! What an entry takes of presets, with places: its own parts stay where they are written, and what a preset brings stands
//! where the entry names it.
//!
//! A document goes in, one that may be held to its schema comes out. How pieces are put together is for [`presets`].

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value as Json;

use super::findings::Report;
use super::presets::{self, PresetError, Presets};
use crate::fault::Code;
use crate::finding::{Finding, suggestion};
use crate::topology::Source;
use crate::yaml::{Entry, Mapping, Node, Span, Value};

/// The presets of the binary and of `overlays`, which add theirs and replace none.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn presets(embedded: &str, overlays: &[PathBuf], report: &mut Report) -> anyhow::Result<Presets> {
    let mut found: Presets = serde_json::from_str(embedded).context("the build wrote a map of presets")?;
    for overlay in overlays {
        let path = overlay.join("catalog/_shared/presets.yaml");
        if path.is_file() {
            add(&path, &mut found, report)?;
        }
    }
    Ok(found)
}

fn add(path: &Path, found: &mut Presets, report: &mut Report) -> anyhow::Result<()> {
    let bytes = std::fs::read(path)
        .with_context(|| Code::E_CATALOG_FILE.fault(format!("could not read `{}`", path.display())))?;
    let source = Source {
        name: path.display().to_string(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    };
    let Some(document) = super::reading::document(&source, report) else {
        return Ok(());
    };
    let Value::Mapping(mapping) = &document.value else {
        let fact = "presets are a mapping of names to pieces of entries";
        let finding = Finding::new(Code::E_CATALOG_SCHEMA, document.span, fact);
        report.add(&source, finding.hint("write `<name>: {attributes: {…}}`"));
        return Ok(());
    };
    for preset in &mapping.entries {
        if found.contains_key(&preset.key) {
            let fact = format!("the preset `{}` is there already", preset.key);
            let finding = Finding::new(Code::E_CATALOG_SCHEMA, preset.key_span, fact);
            report.add(&source, finding.hint("give yours another name"));
        } else {
            let (piece, findings) = super::reading::piece(&preset.node);
            findings.into_iter().for_each(|finding| report.add(&source, finding));
            found.insert(preset.key.clone(), piece);
        }
    }
    Ok(())
}

/// The document with what it takes of `presets`.
///
/// # Errors
/// What it asks for is not there.
pub(super) fn with_presets(own: Node, presets: &Presets) -> Result<Node, Finding> {
    let kinds = own.get("sub_components").map(|kinds| &kinds.value);
    let kinds = match kinds {
        Some(Value::Mapping(kinds)) => kinds.entries.as_slice(),
        _ => &[],
    };
    let lists: Vec<&Node> = std::iter::once(&own)
        .chain(kinds.iter().map(|kind| &kind.node))
        .filter_map(|node| node.get("use"))
        .collect();
    let Some(first) = lists.first() else { return Ok(own) };
    for list in &lists {
        ensure_known(list, presets)?;
    }
    match presets::resolve(own.to_json(), presets) {
        Ok(whole) => Ok(placed(&whole, Some(&own), first.span)),
        Err(error) => Err(Finding::new(Code::E_CATALOG_SCHEMA, first.span, error.to_string())),
    }
}

/// Each name is that of a preset.
fn ensure_known(list: &Node, presets: &Presets) -> Result<(), Finding> {
    let blame = |span: Span, fact: String| Finding::new(Code::E_CATALOG_SCHEMA, span, fact);
    let Value::Sequence(names) = &list.value else {
        let fact = format!("`use` must be a list, not {}", list.type_name());
        return Err(blame(list.span, fact).hint("write it as `use: [<preset>]`"));
    };
    for name in names {
        let Value::String(text) = &name.value else {
            let fact = format!("the name of a preset must be a string, not {}", name.type_name());
            return Err(blame(name.span, fact).hint("put it in quotes"));
        };
        if !presets.contains_key(text) {
            let known: Vec<&str> = presets.keys().map(String::as_str).collect();
            let fact = PresetError::Unknown(text.clone()).to_string();
            return Err(blame(name.span, fact).maybe_hint(suggestion(text, &known)));
        }
    }
    Ok(())
}

/// `whole` as a document: with the places of `own`, where that says the same, and else at `elsewhere`.
fn placed(whole: &Json, own: Option<&Node>, elsewhere: Span) -> Node {
    let value = match (whole, own) {
        (Json::Object(whole), _) => Value::Mapping(mapping(whole, own, elsewhere)),
        (_, Some(own)) if own.to_json() == *whole => return own.clone(),
        (Json::Array(items), _) => Value::Sequence(items.iter().map(|item| placed(item, None, elsewhere)).collect()),
        (Json::String(text), _) => Value::String(text.clone()),
        (Json::Bool(value), _) => Value::Bool(*value),
        (Json::Number(number), _) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        (Json::Null, _) => Value::Null,
    };
    Node {
        span: own.map_or(elsewhere, |own| own.span),
        value,
    }
}

/// First what the entry says itself, in its order, then what it takes.
fn mapping(whole: &serde_json::Map<String, Json>, own: Option<&Node>, elsewhere: Span) -> Mapping {
    let held: &[Entry] = match own.map(|own| &own.value) {
        Some(Value::Mapping(own)) => &own.entries,
        _ => &[],
    };
    let elsewhere = own.and_then(|own| own.get("use")).map_or(elsewhere, |list| list.span);
    let said = held.iter().filter_map(|entry| {
        let node = placed(whole.get(&entry.key)?, Some(&entry.node), elsewhere);
        Some(Entry { node, ..entry.clone() })
    });
    let taken = whole
        .iter()
        .filter(|(key, _)| own.is_none_or(|own| own.get(key).is_none()));
    let taken = taken.map(|(key, value)| Entry {
        key: key.clone(),
        key_span: elsewhere,
        node: placed(value, None, elsewhere),
    });
    Mapping::of(said.chain(taken).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::yaml;

    fn taken(text: &str) -> Result<Node, Finding> {
        let presets = json!({ "web": { "port": 1, "attributes": { "memory": { "default": "1Gi", "help": "size" } } } });
        with_presets(yaml::parse(text).unwrap(), presets.as_object().unwrap())
    }

    #[test]
    fn places_are_those_of_who_says_it() {
        let whole = taken("type: a\nuse: [web]\nattributes:\n  memory: {default: 2Gi}\n").unwrap();
        let line = |path: &[&str]| whole.place(path).line;
        assert_eq!(line(&["type"]), 1);
        assert_eq!(line(&["port"]), 2);
        assert_eq!(line(&["attributes", "memory", "default"]), 4);
        assert_eq!(line(&["attributes", "memory", "help"]), 2);
        let expected = json!({ "type": "a", "use": ["web"], "port": 1, "attributes": { "memory": { "default": "2Gi", "help": "size" } } });
        assert_eq!(whole.to_json(), expected);
    }

    #[test]
    fn what_is_taken_away_is_gone() {
        let whole = taken("use: [web]\nport: null\n").unwrap();
        assert!(whole.get("port").is_none());
    }

    #[test]
    fn names_in_vain_are_told_where_they_stand() {
        for (text, expected) in [
            ("type: a\nuse: [wbe]\n", "2:7: there is no preset `wbe`"),
            ("use: web\n", "1:6: `use` must be a list, not a string"),
            (
                "sub_components:\n  box:\n    use: [wbe]\n",
                "3:11: there is no preset `wbe`",
            ),
        ] {
            let Finding { span, message, .. } = taken(text).unwrap_err();
            assert_eq!(format!("{}:{}: {message}", span.line, span.column), expected);
        }
    }
}
