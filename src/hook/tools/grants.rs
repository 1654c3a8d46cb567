//! Grants as a provider's data, told one by one.

use std::collections::BTreeMap;

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

/// Each grant that is one value at its place, `keys %R~` at `keys`: another value there is the same grant otherwise, while
/// an item of a list comes or goes.
#[must_use]
pub fn single(grants: &Json) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    add_single(&mut found, "", grants);
    found
}

fn add_single(found: &mut BTreeMap<String, String>, path: &str, grants: &Json) {
    match grants {
        Json::Object(map) => map
            .iter()
            .for_each(|(key, value)| add_single(found, &below(path, key), value)),
        Json::Null | Json::Array(_) => {}
        _ if path.is_empty() => {}
        value => {
            let mut lines = Vec::new();
            add(&mut lines, path, value);
            found.extend(lines.pop().map(|line| (path.to_owned(), line)));
        }
    }
}

fn add(lines: &mut Vec<String>, path: &str, grants: &Json) {
    match grants {
        Json::Null => {}
        Json::Bool(true) if !path.is_empty() => lines.push(path.to_owned()),
        Json::String(text) => lines.push(below(path, text)),
        Json::Bool(_) | Json::Number(_) => lines.push(below(path, &grants.to_string())),
        Json::Array(items) => items.iter().for_each(|item| add(lines, path, item)),
        Json::Object(map) => map.iter().for_each(|(key, value)| add(lines, &below(path, key), value)),
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path} {key}")
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

    #[test]
    fn single_values_have_a_place() {
        let grants = json!({"acl": {"keys": "~", "allow": ["+get"]}, "quota": 4, "owner": true});
        let expected = [("acl keys", "acl keys ~"), ("owner", "owner"), ("quota", "quota 4")];
        let expected = expected.map(|(place, text)| (place.to_owned(), text.to_owned()));
        assert_eq!(single(&grants), expected.into());
        assert_eq!(single(&json!(["SELECT"])), BTreeMap::new());
    }
}
