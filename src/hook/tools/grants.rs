//! Grants as a provider's data, told one by one.

use serde_json::Value as Json;

/// Each grant as one line: `tables SELECT` of `{"tables": ["SELECT"]}`, `owner` of `{"owner": true}`.
///
/// Data of any form is told, since its words are the provider's: lists item by item, maps key by key.
#[must_use]
pub fn told(grants: &Json) -> Vec<String> {
    let mut lines = Vec::new();
    add(&mut lines, "", grants);
    lines
}

fn add(lines: &mut Vec<String>, path: &str, grants: &Json) {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path} {key}")
        }
    };
    match grants {
        Json::Null => {}
        Json::Bool(true) if !path.is_empty() => lines.push(path.to_owned()),
        Json::String(text) => lines.push(below(text)),
        Json::Bool(_) | Json::Number(_) => lines.push(below(&grants.to_string())),
        Json::Array(items) => items.iter().for_each(|item| add(lines, path, item)),
        Json::Object(map) => map.iter().for_each(|(key, value)| add(lines, &below(key), value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_of_any_form_is_told() {
        for (grants, expected) in [
            (
                json!(["SELECT on each database", "CONNECT"]),
                vec!["SELECT on each database", "CONNECT"],
            ),
            (
                json!({"tables": ["INSERT", "SELECT"], "owner": true}),
                vec!["owner", "tables INSERT", "tables SELECT"],
            ),
            (
                json!({"acl": {"topic": ["Read"], "group": []}, "quota": 4}),
                vec!["acl topic Read", "quota 4"],
            ),
            (
                json!({"rules": [{"on": "a", "may": ["b"]}], "login": false}),
                vec!["login false", "rules may b", "rules on a"],
            ),
            (json!(null), vec![]),
            (json!([]), vec![]),
        ] {
            assert_eq!(told(&grants), expected, "{grants}");
        }
    }
}
