//! Which field of a JSON document a line holds: `components.kafka.attributes.replicas`.
//!
//! The text of a document goes in, as this program prints it: two spaces a level, one field or item a line.

/// The field that stands in line `wanted`, from 1; nothing where there is none.
pub(super) fn field(text: &str, wanted: usize) -> Option<String> {
    // What is open: the name or number of the field in it, and how many items it had.
    let mut open: Vec<(String, usize)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let is_end = line.starts_with(['}', ']']);
        if is_end {
            open.pop();
        }
        let name = match (key(line), open.last_mut()) {
            (Some(key), _) => key,
            (None, Some((_, items))) if !is_end => {
                *items += 1;
                (*items - 1).to_string()
            }
            _ => String::new(),
        };
        if number + 1 == wanted {
            let above = open.iter().map(|(name, _)| name.as_str());
            let path: Vec<&str> = above.chain([name.as_str()]).filter(|name| !name.is_empty()).collect();
            return (!path.is_empty()).then(|| path.join("."));
        }
        if line.ends_with(['{', '[']) {
            open.push((name, 0));
        }
    }
    None
}

/// The key with which a line begins.
fn key(line: &str) -> Option<String> {
    let mut values = serde_json::Deserializer::from_str(line).into_iter::<String>();
    let key = values.next()?.ok()?;
    line[values.byte_offset()..].starts_with(':').then_some(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_has_a_field() {
        let document = json!({"a": {"b\"": [{"c": 1}, "x: y"], "d": {}}, "e": "f"});
        let text = serde_json::to_string_pretty(&document).unwrap();
        for (line, expected) in [
            ("\"c\": 1", Some("a.b\".0.c")),
            ("\"x: y\"", Some("a.b\".1")),
            ("\"d\": {}", Some("a.d")),
            ("\"e\": \"f\"", Some("e")),
            ("\"a\": {", Some("a")),
            ("],", Some("a")),
        ] {
            let number = text
                .lines()
                .position(|one| one.trim().trim_end_matches(',') == line.trim_end_matches(','));
            assert_eq!(field(&text, number.unwrap() + 1).as_deref(), expected, "{text}\n{line}");
        }
        assert_eq!(field(&text, 1), None);
        assert_eq!(field(&text, 99), None);
    }
}
