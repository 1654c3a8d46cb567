//! The filters that templates may use, and no others.

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

use crate::name::{is_yaml_word, shortened};

/// Add the filters to `environment`, which has none.
pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("yaml", yaml);
    environment.add_filter("json", json);
    environment.add_filter("py", py);
    environment.add_filter("by_type", by_type);
    environment.add_filter("length", minijinja::filters::length);
    environment.add_filter("shorten", |name: String, limit: usize| shortened(&name, limit.max(10)));
    environment.add_filter("default", minijinja::filters::default);
}

/// A whole YAML scalar or flow value: JSON is YAML, and quoted text cannot be taken for anything else.
fn yaml(value: Value) -> Result<String, Error> {
    if value.as_str().is_some_and(is_plain) {
        return Ok(value.to_string());
    }
    json(value)
}

/// JSON on one line.
fn json(value: Value) -> Result<String, Error> {
    serde_json::to_string(&value).map_err(|_| Error::new(ErrorKind::BadSerialization, "the value has no JSON form"))
}

/// Text for inside double quotes of Python.
fn py(value: Value) -> Result<String, Error> {
    let quoted = json(Value::from(value.to_string()))?;
    Ok(quoted[1..quoted.len() - 1].to_owned())
}

/// Words that every YAML reader, 1.1 included, takes for text.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let inner = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte));
    begins && inner && !is_yaml_word(text)
}

/// The links, or sub-components, of one type.
fn by_type(items: Vec<Value>, wanted: String) -> Vec<Value> {
    let matches = |item: &Value| item.get_attr("type").is_ok_and(|found| found.as_str() == Some(&wanted));
    items.into_iter().filter(matches).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_scalars() {
        for (input, expected) in [
            (Value::from("kafka"), "kafka"),
            (Value::from("no"), "\"no\""),
            (Value::from("1.0"), "\"1.0\""),
            (Value::from("a: b"), "\"a: b\""),
            (Value::from("quote\"d"), "\"quote\\\"d\""),
            (Value::from(true), "true"),
            (Value::from(3), "3"),
            (Value::from(""), "\"\""),
        ] {
            assert_eq!(yaml(input).unwrap(), expected);
        }
    }

    #[test]
    fn python_text() {
        assert_eq!(py(Value::from("a\"b\\c")).unwrap(), "a\\\"b\\\\c");
    }
}
