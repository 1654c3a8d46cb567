//! Wrong workloads: who decides how many pods there are, and in whose words they get the settings of their links.

use super::{found, good};

const SHOP_FILE: &str = "catalog/shop/component.yaml";

/// An application that chooses its convention.
const SHOP: &str = r#"type: shop
use: [web_application]
title: shop
docs: https://docs.example.com/shop
service: SHOP
convention: {attribute: words}
attributes:
  words: {type: string, default: plain, enum: [plain, mailers], help: whose words}
  most: {type: quantity, help: most pods}
profiles: {ha: {attributes: {replicas: 3}}}
install:
  workload:
    env: {PORT: "{port}"}
    strategy: RollingUpdate
"#;

/// A text of the type, what is put in its place, and the finding behind the name of its file.
const WRONG: &[(&str, &str, &str)] = &[
    ("", "", ""),
    (
        "{attribute: words}",
        "{attribute: wrods}",
        "6: E_CATALOG_LINK: there is no attribute `wrods`; did you mean `words`?",
    ),
    (
        "mailers]",
        "maliers]",
        "8: E_CATALOG_LINK: there is no convention `maliers`; did you mean `mailers`?",
    ),
    (
        "default: plain, ",
        "",
        "6: E_CATALOG_LINK: `words` names a convention, and may have a value that is none; give it `enum` with names of conventions, and a `default`",
    ),
    (
        "{replicas: 3}",
        "{words: mailers}",
        "10: E_CATALOG_LINK: `words` names the keys of links, which are the same in all environments; remove it",
    ),
    (
        "strategy: RollingUpdate",
        "strategy: Recreate",
        "14: E_CATALOG_SCHEMA: the load asks for more pods, of which two may not run at once; remove it, or write `scale: null`",
    ),
    (
        "strategy: RollingUpdate",
        "scale: {attribute: most}",
        "14: E_CATALOG_SCHEMA: `most` is no number of pods; name an attribute with `type: integer`",
    ),
    (
        "strategy: RollingUpdate",
        "scale: null",
        "12: E_CATALOG_SCHEMA: the load does not decide how many pods there are, and nobody is told why; add `scale: {attribute: max_replicas, cpu: 80}`, or `replicas_because: <why the load does not decide>`",
    ),
    (
        "strategy: RollingUpdate",
        "scale: null\n    replicas_because: Few ask.",
        "",
    ),
];

#[test]
fn wrong_workloads() {
    let mut wrong = Vec::new();
    for (from, to, expected) in WRONG {
        let mut files = good();
        files.insert(SHOP_FILE.to_owned(), SHOP.replace(from, to));
        let found = found(&files);
        let expected = Some(format!("{SHOP_FILE}:{expected}")).filter(|_| !expected.is_empty());
        if found != expected.into_iter().collect::<Vec<_>>() {
            wrong.push(format!("`{from}` → `{to}`\n  found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
