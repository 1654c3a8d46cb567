//! Presets: pieces of entries that several entries share, taken by name in `use:`.
//!
//! An entry as JSON and the pieces by name go in, the entry with its pieces comes out. An entry, or one of
//! its sub-component types, is a JSON Merge Patch (RFC 7396) on the pieces it names, in their order: what it
//! says itself stands, and `null` takes a part away. The build does this for entries inside the binary, so
//! it must know nothing but JSON.

use std::fmt;

use serde_json::{Map, Value};

/// The pieces by name.
pub(super) type Presets = Map<String, Value>;

/// Why an entry cannot have what it asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PresetError {
    /// No piece has this name.
    Unknown(String),
    /// A piece takes itself, by way of others.
    Circular(String),
}

impl fmt::Display for PresetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(formatter, "there is no preset `{name}`"),
            Self::Circular(name) => write!(formatter, "preset `{name}` takes itself"),
        }
    }
}

impl std::error::Error for PresetError {}

/// The entry with the presets that it and its sub-component types name.
///
/// # Errors
/// A name that no preset has, or presets that take each other.
pub(super) fn resolve(entry: Value, presets: &Presets) -> Result<Value, PresetError> {
    let mut entry = with_presets(entry, presets, &mut Vec::new())?;
    if let Some(kinds) = entry.get_mut("sub_components").and_then(Value::as_object_mut) {
        for kind in kinds.values_mut() {
            *kind = with_presets(kind.take(), presets, &mut Vec::new())?;
        }
    }
    Ok(entry)
}

/// `above` holds the presets that are being taken, the outermost first.
fn with_presets(own: Value, presets: &Presets, above: &mut Vec<String>) -> Result<Value, PresetError> {
    let names: Vec<String> = names(&own).map(str::to_owned).collect();
    if names.is_empty() {
        return Ok(own);
    }
    let mut whole = Value::Object(Map::new());
    for name in names {
        if above.contains(&name) {
            return Err(PresetError::Circular(name));
        }
        let Some(preset) = presets.get(&name) else {
            return Err(PresetError::Unknown(name));
        };
        above.push(name);
        merge(&mut whole, with_presets(preset.clone(), presets, above)?);
        above.pop();
    }
    merge(&mut whole, own);
    Ok(whole)
}

fn names(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.get("use").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// Apply a merge patch as RFC 7396 has it, but for a `null` that takes nothing away: it stays, so that the schema sees its key.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() && target.get(&key).is_some_and(|held| !held.is_null()) {
            target.remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn presets() -> Presets {
        let presets = json!({
            "volume": { "attributes": { "storage": { "type": "quantity", "default": "1Gi" } } },
            "web": { "use": ["volume"], "group": "backend", "health": ["curl", "pods"], "gateway": { "auth": "none" } },
            "later": { "group": "later" },
            "one": { "use": ["other"] },
            "other": { "use": ["one"] },
        });
        presets.as_object().unwrap().clone()
    }

    fn check(entry: Value, expected: Value) {
        assert_eq!(resolve(entry, &presets()).unwrap(), expected);
    }

    #[test]
    fn an_entry_without_presets_stays_as_it_is() {
        check(
            json!({ "group": null, "list": [1] }),
            json!({ "group": null, "list": [1] }),
        );
    }

    #[test]
    fn what_the_entry_says_stands() {
        check(
            json!({ "use": ["web"], "health": ["pods"], "gateway": null, "attributes": { "storage": { "default": "9Gi" } } }),
            json!({ "use": ["web"], "group": "backend", "health": ["pods"], "attributes": { "storage": { "type": "quantity", "default": "9Gi" } } }),
        );
    }

    #[test]
    fn what_takes_nothing_away_stays_to_be_judged() {
        check(
            json!({ "use": ["later"], "gruop": null, "attributes": { "storage": { "hulp": null } } }),
            json!({ "use": ["later"], "group": "later", "gruop": null, "attributes": { "storage": { "hulp": null } } }),
        );
    }

    #[test]
    fn later_presets_stand_over_earlier_ones() {
        check(
            json!({ "use": ["later", "web"] }),
            json!({ "use": ["later", "web"], "group": "backend", "health": ["curl", "pods"], "gateway": { "auth": "none" }, "attributes": { "storage": { "type": "quantity", "default": "1Gi" } } }),
        );
    }

    #[test]
    fn sub_component_types_take_presets_too() {
        check(
            json!({ "sub_components": { "disk": { "use": ["volume"], "title": "a disk" }, "other": { "title": "none" } } }),
            json!({ "sub_components": { "disk": { "use": ["volume"], "title": "a disk", "attributes": { "storage": { "type": "quantity", "default": "1Gi" } } }, "other": { "title": "none" } } }),
        );
    }

    #[test]
    fn names_that_lead_nowhere_are_refused() {
        let refused = |entry| resolve(entry, &presets()).unwrap_err();
        assert_eq!(
            refused(json!({ "use": ["wob"] })),
            PresetError::Unknown("wob".to_owned())
        );
        assert_eq!(
            refused(json!({ "sub_components": { "disk": { "use": ["one"] } } })),
            PresetError::Circular("one".to_owned())
        );
    }
}
