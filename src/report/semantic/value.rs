//! Values in a few characters.

use serde_json::Value as Json;

use crate::report::changes::visible;

/// Most characters of one value.
const MOST_CHARACTERS: usize = 100;

/// `3`, `read`, `{name: api, port: 80}`; what is long ends in an ellipsis.
pub(in crate::report) fn short(value: &Json) -> String {
    cut(visible(&flow(value)))
}

/// A text, of which an ellipsis stands for what is long.
pub(in crate::report) fn cut(whole: String) -> String {
    if whole.chars().count() <= MOST_CHARACTERS {
        return whole;
    }
    whole.chars().take(MOST_CHARACTERS).chain(['…']).collect()
}

fn flow(value: &Json) -> String {
    match value {
        Json::String(text) if text.is_empty() => "\"\"".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::Object(fields) => {
            // What it is called comes first.
            let (named, others): (Vec<_>, Vec<_>) = fields.iter().partition(|(key, _)| *key == "name");
            let told: Vec<String> = named
                .into_iter()
                .chain(others)
                .map(|(key, value)| format!("{key}: {}", flow(value)))
                .collect();
            format!("{{{}}}", told.join(", "))
        }
        plain => plain.to_string(),
    }
}
