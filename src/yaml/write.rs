//! Write JSON values as YAML, and split a stream of documents.

use anyhow::{Context as _, anyhow};
use serde_json::Value as Json;

use super::read::parse;

/// `value` as a block of YAML with one line end at its end.
///
/// # Errors
/// The value has no YAML form.
pub fn to_text(value: &Json) -> anyhow::Result<String> {
    let mut text = serde_saphyr::to_string(value).context("a JSON value has a YAML form")?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// The documents of a rendered file, without empty ones.
///
/// # Errors
/// A document is not YAML.
pub fn documents(text: &str) -> anyhow::Result<Vec<Json>> {
    let mut found = Vec::new();
    for part in text.split("\n---\n").map(|part| part.trim_start_matches("---\n")) {
        if part
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        {
            continue;
        }
        let node = parse(part).map_err(|problems| {
            let problem = problems
                .first()
                .map(|problem| format!("line {}: {}", problem.span.line, problem.told()));
            anyhow!("a rendered file is not YAML: {}", problem.unwrap_or_default())
        })?;
        found.push(node.to_json());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is written reads back as it was, whatever a YAML 1.1 reader would make of the words.
    #[test]
    fn round_trip() {
        for value in [
            json!({"a": ["yes", "no", "on", "1", "0x1", "~", "", " x", "a: b", "# c", "1.0"]}),
            json!({"n": 1, "b": true, "z": null, "m": {}, "l": []}),
        ] {
            assert_eq!(documents(&to_text(&value).unwrap()).unwrap(), [value]);
        }
    }

    #[test]
    fn streams() {
        assert_eq!(
            documents("# c\na: 1\n---\nb: 2\n").unwrap(),
            [json!({"a": 1}), json!({"b": 2})]
        );
        assert_eq!(documents("# only a comment\n").unwrap(), Vec::<Json>::new());
    }
}
