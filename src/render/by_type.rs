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

pub(super) fn add(environment: &mut Environment<'_>) {
    for (filter, key) in FILTERS {
        let known: Arc<Mutex<Known>> = Arc::default();
        environment.add_filter(filter, move |items: Value, wanted: String| {
            let Some(list) = items.downcast_object_ref::<Vec<Value>>() else {
                return filtered(&items, key, &wanted);
            };
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let (_, groups) = match known.entry(list.as_ptr() as usize) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert((items.clone(), groups(list, key)?)),
            };
            let found = groups.get(&wanted).cloned();
            Ok(found.unwrap_or_else(|| Value::from(Vec::<Value>::new())))
        });
    }
}

fn value_of(item: &Value, key: &str) -> Result<Option<String>, Error> {
    let value = item.get_attr(key)?;
    if value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, format!("an item has no `{key}`")));
    }
    Ok(value.as_str().map(str::to_owned))
}

fn groups(list: &[Value], key: &str) -> Result<BTreeMap<String, Value>, Error> {
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for item in list {
        if let Some(found) = value_of(item, key)? {
            groups.entry(found).or_default().push(item.clone());
        }
    }
    let values = groups.into_iter().map(|(name, items)| (name, Value::from(items)));
    Ok(values.collect())
}

/// A list that only an expression made.
fn filtered(items: &Value, key: &str, wanted: &str) -> Result<Value, Error> {
    if items.is_undefined() || items.is_none() {
        return Err(Error::new(
            ErrorKind::UndefinedError,
            "a filter of items was given nothing",
        ));
    }
    let mut found = Vec::new();
    for item in items.try_iter()? {
        if value_of(&item, key)?.as_deref() == Some(wanted) {
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

    /// The lists that templates see are of the kind that is sorted once.
    #[test]
    fn lists_of_scopes_are_known() {
        let value = Value::from(Serde(&serde_json::json!({ "items": [1] })));
        let items = value.get_attr("items").unwrap();
        assert!(items.downcast_object_ref::<Vec<Value>>().is_some());
    }
}
