//! The filters `reaching`, the accounts whose closed list holds one name, and `among`, the parts that a closed list names:
//! `accounts | of("postgres") | reaching("databases", name)`, `parts | by_type("database") | among("database", account.scope.databases)`.
//!
//! A template of many parts, or of many accounts, asks the same list once for each of them, so that a list is sorted by what its
//! items reach, or by what they are called, when it is first asked.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

/// Positions of items by a name.
type Index = BTreeMap<String, Vec<usize>>;

/// Lists that were asked, by where they lie and what for; each is kept, so that no other one comes to lie there.
type Known = Mutex<BTreeMap<(usize, String), (Value, Index)>>;

/// Sorts a list by what is asked for.
type Sort = fn(&[Value], &str) -> Result<Index, Error>;

pub(super) fn add(environment: &mut Environment<'_>) {
    let known: Arc<Known> = Arc::default();
    environment.add_filter("reaching", move |accounts: Value, list: String, name: String| {
        select(&known, &accounts, &list, &[name], reached)
    });
    let known: Arc<Known> = Arc::default();
    environment.add_filter("among", move |parts: Value, attribute: String, names: Vec<String>| {
        select(&known, &parts, &attribute, &names, called)
    });
}

/// The items that `names` lead to, in their order.
fn select(known: &Known, items: &Value, asked: &str, names: &[String], sort: Sort) -> Result<Value, Error> {
    if items.is_undefined() || items.is_none() {
        let fact = "a filter of items was given nothing";
        return Err(Error::new(ErrorKind::UndefinedError, fact));
    }
    let Some(list) = items.downcast_object_ref::<Vec<Value>>() else {
        let list: Vec<Value> = items.try_iter()?.collect();
        return Ok(found(&list, &sort(&list, asked)?, names));
    };
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, index) = match known.entry((list.as_ptr() as usize, asked.to_owned())) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert((items.clone(), sort(list, asked)?)),
    };
    Ok(found(list, index, names))
}

fn found(items: &[Value], index: &Index, names: &[String]) -> Value {
    let places: BTreeSet<usize> = names
        .iter()
        .filter_map(|name| index.get(name))
        .flatten()
        .copied()
        .collect();
    Value::from(
        places
            .into_iter()
            .filter_map(|place| items.get(place).cloned())
            .collect::<Vec<_>>(),
    )
}

/// Parts by one of their attributes.
fn called(items: &[Value], attribute: &str) -> Result<Index, Error> {
    let mut found = Index::new();
    for (place, item) in items.iter().enumerate() {
        let name = item.get_attr("attributes")?.get_attr(attribute)?;
        if name.is_undefined() {
            let fact = format!("`among` selects parts, and an item has no attribute `{attribute}`");
            return Err(Error::new(ErrorKind::InvalidOperation, fact));
        }
        found.entry(name.to_string()).or_default().push(place);
    }
    Ok(found)
}

/// An account that has no such list reaches nothing of it; an item without `scope` is no account.
fn reached(items: &[Value], list: &str) -> Result<Index, Error> {
    let mut found = Index::new();
    for (place, item) in items.iter().enumerate() {
        let scope = item.get_attr("scope")?;
        if scope.is_undefined() {
            let fact = "`reaching` selects accounts, and an item has no `scope`";
            return Err(Error::new(ErrorKind::InvalidOperation, fact));
        }
        let names = scope.get_attr(list)?;
        if names.is_undefined() {
            continue;
        }
        for name in names.try_iter()? {
            found.entry(name.to_string()).or_default().push(place);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;
    use serde_json::json;

    use super::*;

    fn rendered(template: &str) -> Result<String, Error> {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        add(&mut environment);
        let account = |name: &str, databases: &[&str]| json!({ "name": name, "scope": { "databases": databases } });
        let context = json!({
            "accounts": [account("a", &["x", "y", "x"]), account("b", &["y"]), { "name": "c", "scope": {} }],
            "others": [{ "name": "d" }],
            "parts": [{ "name": "1", "attributes": { "database": "x" } }, { "name": "2", "attributes": { "database": "y" } }],
        });
        environment.render_str(template, Value::from(Serde(&context)))
    }

    #[test]
    fn accounts_and_parts_by_what_leads_to_them() {
        for (asked, expected) in [
            ("accounts | reaching('databases', 'x')", "a"),
            ("accounts | reaching('databases', 'y')", "ab"),
            ("accounts | reaching('databases', 'z')", ""),
            ("accounts | reaching('topics', 'x')", ""),
            ("[accounts[1], accounts[0]] | reaching('databases', 'y')", "ba"),
            ("parts | among('database', ['y', 'z', 'x', 'y'])", "12"),
            ("parts | among('database', accounts[1].scope.databases)", "2"),
            ("parts | among('database', [])", ""),
        ] {
            let template = format!(
                "{{% for turn in [1, 2] %}}{{% for account in {asked} %}}{{{{ account.name }}}}{{% endfor %}}{{% endfor %}}"
            );
            assert_eq!(rendered(&template).unwrap(), expected.repeat(2), "{asked}");
        }
    }

    #[test]
    fn what_is_no_account_and_no_part_is_an_error() {
        for asked in [
            "others | reaching('databases', 'x')",
            "others | among('database', ['x'])",
            "parts | among('topic', ['x'])",
            "nothing | reaching('databases', 'x')",
            "3 | reaching('a', 'b')",
        ] {
            assert!(rendered(&format!("{{{{ {asked} }}}}")).is_err(), "{asked}");
        }
    }
}
