//! The filters `by_type`, the sub-components of one type, and `of`, the accounts of one interface.
//!
//! A list and a name go in, the items of that type or interface come out. Templates of a component with many parts ask the same
//! list once for each part, so a list is sorted by type when it is first asked.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

/// Lists that were asked, by where they lie; each is kept, so that no other one comes to lie there.
type Known = BTreeMap<usize, (Value, BTreeMap<String, Value>)>;

/// The filters, and the key of an item that each asks for.
const FILTERS: [(&str, &str); 2] = [("by_type", "type"), ("of", "interface")];

/// What a template asks a list for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    filter: &'static str,
    key: &'static str,
    wanted: &'a str,
}

pub(super) fn add(environment: &mut Environment<'_>) {
    for (filter, key) in FILTERS {
        let known: Arc<Mutex<Known>> = Arc::default();
        environment.add_filter(filter, move |items: Value, wanted: String| {
            let asked = Asked {
                filter,
                key,
                wanted: &wanted,
            };
            let Some(list) = items.downcast_object_ref::<Vec<Value>>() else {
                return filtered(&items, asked);
            };
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let (_, groups) = match known.entry(list.as_ptr() as usize) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert((items.clone(), groups(list, asked)?)),
            };
            let found = groups.get(&wanted).cloned();
            Ok(found.unwrap_or_else(|| Value::from(Vec::<Value>::new())))
        });
    }
}

/// What `asked` selects an item by.
fn value_of(item: &Value, asked: Asked<'_>) -> Result<Option<String>, Error> {
    let value = item.get_attr(asked.key)?;
    if value.is_undefined() {
        return Err(asked.in_vain(item));
    }
    Ok(value.as_str().map(str::to_owned))
}

impl Asked<'_> {
    /// The items are those of the other filter, or of none.
    fn in_vain(self, item: &Value) -> Error {
        let Self { filter, key, wanted } = self;
        let has = |key: &str| item.get_attr(key).is_ok_and(|value| !value.is_undefined());
        match FILTERS.iter().find(|(_, other)| has(other)) {
            Some((other, by)) => {
                let fact = format!(
                    "`{filter}` selects by `{key}`, and these items have `{by}`; did you mean `{other}(\"{wanted}\")`?"
                );
                Error::new(ErrorKind::InvalidOperation, fact)
            }
            None => Error::new(ErrorKind::UndefinedError, format!("an item has no `{key}`")),
        }
    }
}

fn groups(list: &[Value], asked: Asked<'_>) -> Result<BTreeMap<String, Value>, Error> {
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for item in list {
        if let Some(found) = value_of(item, asked)? {
            groups.entry(found).or_default().push(item.clone());
        }
    }
    let values = groups.into_iter().map(|(name, items)| (name, Value::from(items)));
    Ok(values.collect())
}

/// A list that only an expression made.
fn filtered(items: &Value, asked: Asked<'_>) -> Result<Value, Error> {
    if items.is_undefined() || items.is_none() {
        return Err(Error::new(
            ErrorKind::UndefinedError,
            "a filter of items was given nothing",
        ));
    }
    let mut found = Vec::new();
    for item in items.try_iter()? {
        if value_of(&item, asked)?.as_deref() == Some(asked.wanted) {
            found.push(item);
        }
    }
    Ok(Value::from(found))
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;

    use super::*;

    fn rendered(template: &str) -> Result<String, Error> {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        add(&mut environment);
        environment.add_filter("length", minijinja::filters::length);
        let item = |kind: &str, name: &str| serde_json::json!({ "type": kind, "name": name });
        let context = serde_json::json!({ "items": [item("a", "1"), item("b", "2"), item("a", "3")], "untyped": [{}], "empty": [] });
        environment.render_str(template, Value::from(Serde(&context)))
    }

    #[test]
    fn items_keep_their_order() {
        for (template, expected) in [
            (
                "{% for item in items | by_type('a') %}{{ item.name }}{% endfor %}",
                "13",
            ),
            (
                "{% for turn in [1, 2] %}{{ items | by_type('b') | length }}{% endfor %}",
                "11",
            ),
            (
                "{{ items | by_type('c') | length }}{{ empty | by_type('a') | length }}",
                "00",
            ),
            ("{{ [items[1], items[0]] | by_type('a') | length }}", "1"),
            ("{{ (items | by_type('a')) | by_type('a') | length }}", "2"),
        ] {
            assert_eq!(rendered(template).unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for template in [
            "{{ nothing | by_type('a') }}",
            "{{ items[0].nothing | by_type('a') }}",
            "{{ 3 | by_type('a') }}",
            "{{ none | by_type('a') }}",
            "{{ items | by_type(nothing) }}",
            "{{ untyped | by_type('a') }}",
        ] {
            assert!(rendered(template).is_err(), "{template}");
        }
    }

    #[test]
    fn the_other_filter_is_named() {
        for items in ["items", "[items[0]]"] {
            let error = rendered(&format!("{{{{ {items} | of('a') | length }}}}")).unwrap_err();
            let expected = "`of` selects by `interface`, and these items have `type`; did you mean `by_type(\"a\")`?";
            assert_eq!(error.detail(), Some(expected));
        }
    }

    /// The lists that templates see are of the kind that is sorted once.
    #[test]
    fn lists_of_scopes_are_known() {
        let value = Value::from(Serde(&serde_json::json!({ "items": [1] })));
        let items = value.get_attr("items").unwrap();
        assert!(items.downcast_object_ref::<Vec<Value>>().is_some());
    }
}
