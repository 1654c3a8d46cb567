//! The filters that templates may use, and no others.
//!
//! What is not defined passes none of them: a mistyped name would become `null`, an empty list or the
//! length 0. `default` is the one way to say that a value may be absent.

use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, escape_formatter};

use crate::name::{is_yaml_word, shortened};

/// Add the filters to `environment`, which has none.
pub(super) fn add(environment: &mut Environment<'_>) {
    for (name, filter) in strict() {
        environment.add_filter(name, move |state: &mut State<'_, '_>, args: Rest<Value>| {
            if args.iter().any(Value::is_undefined) {
                return Err(Error::from(ErrorKind::UndefinedError));
            }
            filter.call(state, &args)
        });
    }
    environment.add_filter("default", minijinja::filters::default);
    environment.set_formatter(print);
}

/// Every filter but `default`.
fn strict() -> [(&'static str, Value); 10] {
    [
        ("yaml", Value::from_function(yaml)),
        ("json", Value::from_function(json)),
        ("py", Value::from_function(py)),
        ("length", Value::from_function(minijinja::filters::length)),
        ("shorten", Value::from_function(shorten)),
        ("join", Value::from_function(join)),
        ("split", Value::from_function(split)),
        ("anchored", Value::from_function(anchored)),
        ("after", Value::from_function(after)),
        ("unlike", Value::from_function(unlike)),
    ]
}

/// Print a value as it is. An absent value has no text: not what is undefined, not what an `if` without
/// `else` leaves, and not an attribute that the stack gives no value, which `yaml` and `json` write.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    ensure_text(value)?;
    match value.kind() {
        // The engine has the words of Python, which are text for some readers of YAML.
        ValueKind::Bool => Ok(out.write_str(word(value.is_true()))?),
        _ => escape_formatter(out, state, value),
    }
}

fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn ensure_text(value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => {
            let fact = "a value that is not given has no text; ask for it with `if`, or write it with `yaml`";
            Err(Error::new(ErrorKind::InvalidOperation, fact))
        }
        _ => Ok(()),
    }
}

/// A whole YAML scalar or flow value: JSON is YAML, and quoted text cannot be taken for anything else.
fn yaml(value: Value) -> Result<String, Error> {
    if value.as_str().is_some_and(is_plain) {
        return Ok(value.to_string());
    }
    json(value)
}

/// The parts of a text between separators, such as the words of a fact that is a list in one text.
fn split(text: String, separator: String) -> Vec<String> {
    text.split(separator.as_str()).map(str::to_owned).collect()
}

/// A regular expression that matches each of the words as a whole, and nothing when there are none.
fn anchored(words: Vec<String>) -> String {
    match words.as_slice() {
        [] => "^$".to_owned(),
        [one] => format!("^{one}$"),
        several => format!("^({})$", several.join("|")),
    }
}

/// Texts, numbers and booleans in one line.
fn join(items: Vec<Value>, separator: Option<&str>) -> Result<String, Error> {
    let text = |item: &Value| match item.kind() {
        ValueKind::Bool => Ok(word(item.is_true()).to_owned()),
        _ => ensure_text(item).map(|()| item.to_string()),
    };
    let texts: Vec<String> = items.iter().map(text).collect::<Result<_, _>>()?;
    Ok(texts.join(separator.unwrap_or_default()))
}

/// Each item behind each of `heads`: `Read:photos`, `List:photos`.
fn after(items: Vec<String>, heads: Vec<String>, separator: &str) -> Vec<String> {
    let with_heads = |item: &String| {
        heads
            .iter()
            .map(|head| format!("{head}{separator}{item}"))
            .collect::<Vec<_>>()
    };
    items.iter().flat_map(with_heads).collect()
}

/// JSON on one line.
fn json(value: Value) -> Result<String, Error> {
    if holds_undefined(&value) {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    serde_json::to_string(&value).map_err(|_| Error::new(ErrorKind::BadSerialization, "the value has no JSON form"))
}

/// Whether a list or map that a template wrote down names what is not there.
fn holds_undefined(value: &Value) -> bool {
    let mut items = value.try_iter().into_iter().flatten();
    match value.kind() {
        ValueKind::Undefined => true,
        ValueKind::Seq => items.any(|item| holds_undefined(&item)),
        ValueKind::Map => items.any(|key| value.get_item(&key).is_ok_and(|item| holds_undefined(&item))),
        _ => false,
    }
}

/// A name that SQL takes for no pattern: `app\_db`, where the one of `app_db` is that of `appxdb` as well.
fn unlike(name: Value) -> Result<String, Error> {
    ensure_text(&name)?;
    let escaped = |letter: char| match letter {
        '_' | '%' | '\\' => vec!['\\', letter],
        _ => vec![letter],
    };
    Ok(name.to_string().chars().flat_map(escaped).collect())
}

/// Text for inside double quotes of Python.
fn py(value: Value) -> Result<String, Error> {
    ensure_text(&value)?;
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

/// A name of at most `limit` characters.
fn shorten(name: Value, limit: usize) -> Result<String, Error> {
    ensure_text(&name)?;
    Ok(shortened(&name.to_string(), limit.max(10)))
}

#[cfg(test)]
mod tests {
    use minijinja::UndefinedBehavior;

    use super::*;

    fn render(text: &str) -> Result<String, Error> {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        add(&mut environment);
        environment.render_str(
            text,
            Value::from_pairs([("here", Value::from_pairs([("nothing", ())]))]),
        )
    }

    #[test]
    fn what_is_not_defined_passes_no_filter() {
        for (filter, _) in strict() {
            for value in ["gone", "here.gone", "here['gone']", "(here if false)"] {
                let error = render(&format!("{{{{ {value} | {filter} }}}}")).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::UndefinedError, "{value} | {filter}");
            }
        }
        for text in [
            "{{ gone }}",
            "{{ here if false }}",
            "{{ [1, gone] | json }}",
            "{{ {'a': {'b': gone}} | yaml }}",
            "{{ 'a' | shorten(gone) }}",
            "{{ here.gone | default(here.also) }}",
            "{{ here.gone.more | default(1) }}",
            "{{ 'a' ~ gone }}",
            "{{ 1 if gone else 2 }}",
            "{{ 1 if not gone else 2 }}",
            "{{ 1 if gone == 1 else 2 }}",
            "{% for item in gone %}{% endfor %}",
        ] {
            assert_eq!(render(text).unwrap_err().kind(), ErrorKind::UndefinedError, "{text}");
        }
        assert_eq!(render("{{ here.gone | default(1) }}").unwrap(), "1");
    }

    #[test]
    fn what_is_not_given_is_written_and_never_printed() {
        assert_eq!(
            render("{{ here.nothing | yaml }} {{ here.nothing | json }}").unwrap(),
            "null null"
        );
        for filter in ["", "| py", "| shorten(20)", "| length"] {
            assert!(render(&format!("{{{{ here.nothing {filter} }}}}")).is_err(), "{filter}");
        }
    }

    #[test]
    fn booleans_have_the_words_of_yaml() {
        let texts = ["{{ true }} {{ false }}", "{{ [true, 1 == 2] | join(' ') }}"];
        for text in texts {
            assert_eq!(render(text).unwrap(), "true false", "{text}");
        }
    }

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
    fn a_name_in_sql_matches_itself_alone() {
        for (input, expected) in [("app", "app"), ("app_db", "app\\_db"), ("a%b\\c", "a\\%b\\\\c")] {
            assert_eq!(unlike(Value::from(input)).unwrap(), expected);
        }
    }

    #[test]
    fn python_text() {
        assert_eq!(py(Value::from("a\"b\\c")).unwrap(), "a\\\"b\\\\c");
    }
}
