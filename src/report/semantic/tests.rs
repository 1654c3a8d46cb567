//! Objects, fields and files: what is told of each, and in how few lines.

use std::borrow::Cow;

use super::*;
use crate::rel_path::RelPath;
use crate::tree::{Action, Class};

fn change<'a>(path: &str, before: Option<&str>, after: Option<&'a str>) -> Change<'a> {
    Change {
        path: RelPath::parse(path).unwrap(),
        action: match (before, after) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            _ => Action::Update,
        },
        class: Class::Owned,
        why: Cow::Borrowed("test"),
        note: None,
        secret: path.ends_with(".env"),
        before: before.map(|text| text.as_bytes().to_vec()),
        after: after.map(|text| Cow::Borrowed(text.as_bytes())),
        stamp: None,
        contents: None,
        orphan: None,
        aside: None,
    }
}

fn told(files: Vec<Change<'_>>) -> String {
    let changes = Changes {
        files,
        ..Changes::default()
    };
    semantic_diff(&changes, Style { colors: false })
}

fn object(name: &str, rest: &str) -> String {
    format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\n{rest}")
}

#[test]
fn fields_of_an_object_by_name() {
    let before = object(
        "api",
        "spec:\n  replicas: 1\n  containers:\n    - {name: a, env: [{name: X, value: \"1\"}]}\n    - {name: b}\n",
    );
    let after = object(
        "api",
        "spec:\n  replicas: 2\n  containers:\n    - {name: c, image: i}\n    - {name: a, env: [{name: X, value: \"2\"}, {name: Y, value: z}]}\n",
    );
    let text = told(vec![change("k8s/deploy/base/api/a.yaml", Some(&before), Some(&after))]);
    assert_eq!(
        text,
        "~ Deployment shop/api  k8s/deploy/base/api/a.yaml\n    spec.containers[a].env[X].value: 1 → 2\n    + spec.containers[a].env[Y]: {name: Y, value: z}\n    - spec.containers[b]: {name: b}\n    + spec.containers[c]: {name: c, image: i}\n    spec.replicas: 1 → 2\n"
    );
}

#[test]
fn an_object_that_lies_elsewhere_or_has_another_name_is_one_line() {
    let text = object("api", "spec: {selector: api}\n");
    let moved = told(vec![
        change("k8s/deploy/base/a/a.yaml", Some(&text), None),
        change("k8s/deploy/base/b/b.yaml", None, Some(&text)),
    ]);
    assert_eq!(
        moved,
        "> Deployment shop/api now lies in k8s/deploy/base/b/b.yaml  k8s/deploy/base/a/a.yaml\n"
    );
    let other = object("web", "spec: {selector: web}\n");
    let renamed = told(vec![
        change("k8s/deploy/base/api/a.yaml", Some(&text), None),
        change("k8s/deploy/base/web/a.yaml", None, Some(&other)),
    ]);
    assert_eq!(
        renamed,
        "> Deployment shop/api is now Deployment shop/web  k8s/deploy/base/api/a.yaml\n"
    );
    // Another field is no other name.
    let third = object("web", "spec: {selector: web, replicas: 3}\n");
    let both = told(vec![
        change("k8s/deploy/base/api/a.yaml", Some(&text), None),
        change("k8s/deploy/base/web/a.yaml", None, Some(&third)),
    ]);
    assert_eq!(
        both,
        "- Deployment shop/api  k8s/deploy/base/api/a.yaml\n+ Deployment shop/web  k8s/deploy/base/web/a.yaml\n"
    );
}

#[test]
fn a_patch_is_not_the_object_that_it_patches() {
    let (old, new) = (
        object("api", "spec: {replicas: 1}\n"),
        object("api", "spec: {replicas: 3}\n"),
    );
    let text = told(vec![
        change("k8s/deploy/base/api/a.yaml", Some(&old), Some(&new)),
        change("k8s/deploy/overlays/prod/api/a.yaml", None, Some(&new)),
    ]);
    assert_eq!(
        text,
        "~ Deployment shop/api  k8s/deploy/base/api/a.yaml\n    spec.replicas: 1 → 3\n+ Deployment shop/api of prod  k8s/deploy/overlays/prod/api/a.yaml\n"
    );
}

#[test]
fn lists_without_names_and_texts() {
    let text = told(vec![change(
        "values.yaml",
        Some(
            "hosts: [a, b]\nrules: [{to: [x]}, {to: [y]}]\norder: [1, 2]\nnotes: |\n  one\n  two\nconfig: '{\"a\": 1}'\n",
        ),
        Some(
            "hosts: [b, c]\nrules: [{to: [x]}, {to: [z]}]\norder: [2, 1]\nnotes: |\n  one\n  three\nconfig: '{\"a\": 2}'\n",
        ),
    )]);
    assert_eq!(
        text,
        "~ values.yaml\n    config.a: 1 → 2\n    - hosts[]: a\n    + hosts[]: c\n    notes: +1 -1 lines\n    order: in another order\n    - rules[1].to[]: y\n    + rules[1].to[]: z\n"
    );
}

#[test]
fn what_is_no_document_and_what_is_secret() {
    let text = told(vec![
        change("docs/a.md", Some("a\nb\n"), Some("a\nc\nd\n")),
        change("secret/cloud.env", None, Some("A=hidden\n")),
        change("broken.yaml", Some("a: [\n"), Some("a: 1\n")),
    ]);
    assert_eq!(
        text,
        "~ docs/a.md  +2 -1 lines\n+ secret/cloud.env  a secret file is not shown\n~ broken.yaml  +1 -1 lines\n"
    );
}

#[test]
fn many_fields_are_counted_and_hidden_characters_shown() {
    let fields = |value: &str| {
        (0..20)
            .map(|number| format!("k{number:02}: {value}\n"))
            .collect::<String>()
    };
    let text = told(vec![change("a.yaml", Some(&fields("1")), Some(&fields("\"\\e[31m\"")))]);
    assert!(text.ends_with("    … and 8 more fields\n"), "{text}");
    assert!(text.contains("k00: 1 → \\u{1b}[31m\n"), "{text}");
}
