//! Closed lists as people read them: facts that stand in lists of their own, each paired with a name, are told with the name.
//!
//! `methods: [GET.lo]`, `paths: [/orders.lo]` and `operations: [lo]` go in, `operations: GET /orders (lo)` comes out.

use std::collections::{BTreeMap, BTreeSet};

type Lists = BTreeMap<String, Vec<String>>;

/// Fewest lists of facts about the names of one list: `database.table` alone is a name, and no fact about a table.
const FEWEST_FACTS: usize = 2;

/// Each name of each list, with its facts.
pub(super) fn told(lists: &Lists) -> Vec<(String, String)> {
    let described = lists
        .iter()
        .map(|(list, names)| (list, names, facts_about(names, lists)))
        .find(|(.., facts)| facts.len() >= FEWEST_FACTS);
    let Some((described, names, facts)) = described else {
        return plain(lists, &BTreeSet::new());
    };
    let mut told = plain(lists, &facts.keys().copied().chain([described.as_str()]).collect());
    let whole = names.iter().map(|name| (described.clone(), with_facts(name, &facts)));
    told.extend(whole);
    told
}

fn plain(lists: &Lists, without: &BTreeSet<&str>) -> Vec<(String, String)> {
    let lists = lists.iter().filter(|(list, _)| !without.contains(list.as_str()));
    lists
        .flat_map(|(list, names)| names.iter().map(|name| (list.clone(), name.clone())))
        .collect()
}

/// Facts by list and name, of the lists that have one `fact.name` for each of the names.
fn facts_about<'a>(names: &'a [String], lists: &'a Lists) -> BTreeMap<&'a str, BTreeMap<&'a str, &'a str>> {
    let of_list = |pairs: &'a [String]| -> Option<BTreeMap<&'a str, &'a str>> {
        let one = |name: &'a String| {
            let mut facts = pairs.iter().filter_map(|pair| fact(pair, name));
            facts.next().map(|fact| (name.as_str(), fact))
        };
        let found: BTreeMap<&str, &str> = names.iter().filter_map(one).collect();
        (!found.is_empty() && found.len() == pairs.len() && found.len() == names.len()).then_some(found)
    };
    let lists = lists.iter();
    lists
        .filter_map(|(list, pairs)| Some((list.as_str(), of_list(pairs)?)))
        .collect()
}

fn fact<'a>(pair: &'a str, name: &str) -> Option<&'a str> {
    pair.strip_suffix(name)?.strip_suffix('.')
}

/// `GET /orders (lo, safety true)`: a truth means nothing without the name of its list.
fn with_facts(name: &str, facts: &BTreeMap<&str, BTreeMap<&str, &str>>) -> String {
    let (mut words, mut notes) = (Vec::new(), vec![name.to_owned()]);
    for (list, facts) in facts {
        match facts.get(name) {
            Some(truth @ (&"true" | &"false")) => notes.push(format!("{list} {truth}")),
            Some(fact) => words.push(*fact),
            None => {}
        }
    }
    format!("{} ({})", words.join(" "), notes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lists: &[(&str, &[&str])], expected: &[&str]) {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let lists: Lists = lists
            .iter()
            .map(|(list, names)| ((*list).to_owned(), owned(names)))
            .collect();
        let told: Vec<String> = told(&lists)
            .iter()
            .map(|(list, name)| format!("{list} {name}"))
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn facts_are_told_with_their_names() {
        check(
            &[
                ("methods", &["GET.lo", "POST.mk"]),
                ("operations", &["lo", "mk"]),
                ("others", &["a"]),
                ("paths", &["/orders.lo", "/orders.mk"]),
                ("safety", &["false.mk", "true.lo"]),
            ],
            &[
                "others a",
                "operations GET /orders (lo, safety true)",
                "operations POST /orders (mk, safety false)",
            ],
        );
    }

    #[test]
    fn names_below_others_are_names() {
        let tables: &[&str] = &["shop.orders", "shop.shop"];
        let expected = ["databases shop", "tables shop.orders", "tables shop.shop"];
        check(&[("databases", &["shop"]), ("tables", tables)], &expected);
        check(&[("databases", &[]), ("tables", &[])], &[]);
    }
}
