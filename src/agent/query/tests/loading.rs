//! `stack-metadata.json` that is cut, huge, another program's, or not what it says.

use serde_json::{Value as Json, json};

use super::support::{component, link, page_stack, stack, sub};
use std::io::Write as _;

use crate::agent::query::{Index, load_path};

fn refusal(bytes: &[u8]) -> String {
    match Index::load(bytes) {
        Ok(_) => panic!("{} was read", String::from_utf8_lossy(bytes)),
        Err(error) => error.to_string(),
    }
}

#[test]
fn not_ours() {
    for (bytes, begins) in [
        ("", "is cut off: "),
        ("{\"version\": 1, \"stack\": \"a", "is cut off: "),
        ("hello", "is not JSON: "),
        ("{}", "is not the metadata of a stack: it has no `version`"),
        ("[1]", "is not the metadata of a stack: "),
        ("{\"version\": 2}", "has version 2; this program reads version 1"),
        ("{\"version\": \"1\"}", "is not the metadata of a stack: "),
        (
            "{\"version\": 1}",
            "is not the metadata of a stack: missing field `stack`",
        ),
        (
            "{\"version\": 1, \"version\": 1}",
            "is not the metadata of a stack: duplicate field `version`",
        ),
    ] {
        let found = refusal(bytes.as_bytes());
        assert!(found.starts_with(begins), "{bytes}: {found}");
    }
}

#[test]
fn cut_anywhere() {
    let whole = page_stack().to_string();
    for end in 0..whole.len() {
        assert!(refusal(&whole.as_bytes()[..end]).starts_with("is "), "{end}");
    }
    assert!(Index::load(whole.as_bytes()).is_ok());
}

#[test]
fn wrong_inside() {
    let a = || component("a", "web", "app", "apps", json!({}));
    let with = |more: Json| stack(&[component("a", "web", "app", "apps", more)], &[]);
    let mut domain = stack(&[], &[]);
    domain["domain"] = "10.0.0.1".into();
    let many: Vec<Json> = (0..10_001)
        .map(|number| component(&format!("c{number}"), "w", "a", "g", json!({})))
        .collect();
    for (metadata, fact) in [
        (stack(&[a(), a()], &[]), "two components are named `a`"),
        (with(json!({"name": "A"})), "`A` is no name of a component"),
        (with(json!({"namespace": "kube-system"})), "`a` has no legal namespace"),
        (with(json!({"host": "127.0.0.1"})), "`a` has the host `127.0.0.1`"),
        (
            with(json!({"host": "u@b.example.com"})),
            "`a` has the host `u@b.example.com`",
        ),
        (with(json!({"port": 0})), "`a` has port 0"),
        (with(json!({"port": 65536})), "invalid value: integer `65536`"),
        (with(json!({"group": "a\u{1b}"})), "`a?` has control characters"),
        (
            with(json!({"attributes": {"x": {"secret": false}}})),
            "`a` has an attribute `x` that is no value and no secret",
        ),
        (
            with(json!({"sub_components": [sub("-x", "t", &[], json!({}))]})),
            "`-x` is no name of a sub-component",
        ),
        (
            with(json!({"sub_components": [sub("x", "t", &[], json!({})), sub("x", "u", &[], json!({}))]})),
            "`a` has two sub-components of one name",
        ),
        (
            with(json!({"sub_components": [sub("x", "t", &["b"], json!({}))]})),
            "the consumer `b` is not in the stack",
        ),
        (
            stack(&[a()], &[link("a", "b", "web-web", None)]),
            "a link names `b`, which is not in the stack",
        ),
        (
            stack(&[a()], &[link("a", "a", "web-web", Some("x"))]),
            "a link names `a/x`, which is not in the stack",
        ),
        (domain, "`10.0.0.1` is no domain"),
        (stack(&many, &[]), "it has more than 10000 components"),
    ] {
        let found = refusal(metadata.to_string().as_bytes());
        let expected = format!("is not the metadata of a stack: {fact}");
        assert!(found.starts_with(&expected), "{found}");
    }
}

#[test]
fn files() {
    let folder = std::env::temp_dir();
    let missing = load_path(&folder.join("no-such-metadata.json"))
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("could not read `") && missing.contains("no-such-metadata.json"),
        "{missing}"
    );
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/generated-example/out/stack-metadata.json");
    assert!(load_path(example.as_ref()).is_ok());
}

#[test]
fn a_folder_of_parts() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let mut file = std::fs::File::create(folder.path().join(name)).unwrap();
        file.write_all(bytes).unwrap();
    };
    let load = || load_path(folder.path()).map(|index| index.names().count());
    let refusal = || load().unwrap_err().to_string();
    assert!(refusal().ends_with("holds no `stack-metadata.json`"), "{}", refusal());

    let whole = stack(&[component("a", "web", "app", "apps", json!({}))], &[]).to_string();
    let (head, rest) = whole.as_bytes().split_at(20);
    let (middle, tail) = rest.split_at(30);
    put("stack-metadata.json", head);
    put("stack-metadata.json.002", tail);
    assert!(
        refusal().contains("stack-metadata.json.001` before it"),
        "{}",
        refusal()
    );
    put("stack-metadata.json.001", middle);
    assert_eq!(load().unwrap(), 1);
    put("stack-metadata.json.002", &tail[..tail.len() - 1]);
    assert!(refusal().contains("is cut off"), "{}", refusal());

    let folder = tempfile::tempdir().unwrap();
    std::fs::File::create(folder.path().join("stack-metadata.json.001")).unwrap();
    let refusal = load_path(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(refusal.contains("stack-metadata.json` before it"), "{refusal}");
}

/// A file that never ends is refused, not read to its end.
#[test]
fn a_huge_file() {
    let error = load_path("/dev/zero".as_ref()).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "`/dev/zero` is larger than 64 MiB");
}

/// A value that was left beside the mark of a secret is not kept.
#[test]
fn a_secret_has_no_value() {
    let marked = json!({"attributes": {"password": {"secret": true, "value": "s3cur3pw"}}});
    let metadata = stack(&[component("a", "web", "app", "apps", marked)], &[]);
    let index = Index::load(metadata.to_string().as_bytes()).unwrap();
    let kept = serde_json::to_string(index.metadata()).unwrap();
    assert!(kept.contains("password") && !kept.contains("s3cur3pw"));
}
