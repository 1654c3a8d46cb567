//! Pairs of stack files, and what is told of each.

use super::*;
use crate::catalog;
use crate::name::ComponentName;
use crate::stack::Stack;
use crate::topology::{self, Source, Topology};

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
environments:
  dev: {}
  prod: {components: {cnpg: {attributes: {storage: 50Gi}}}}
components:
  fastmcp: {type: fastmcp}
  api: {type: fastapi, attributes: {image: registry.example.com/api:1.0.0}}
  cnpg:
    type: cnpg
    sub_components:
      app_db: {type: database}
  loki: {type: loki}
  valkey: {type: valkey}
links:
  - {from: fastmcp, to: cnpg}
  - {from: fastmcp, to: loki}
  - {from: api, to: cnpg/app_db, access: own}
  - {from: api, to: valkey, access: write}
";

fn checked(text: &str) -> (Topology, Stack, Vec<(ComponentName, Stack)>) {
    let catalog = catalog::load(&[]).unwrap();
    let (name, text) = ("stack.yaml".to_owned(), text.to_owned());
    let (topology, shape) = topology::parse(&Source { name, text }).unwrap();
    let of = |environment| {
        let shape = shape.clone();
        crate::stack::check::check(&topology, &catalog, shape, environment)
            .unwrap()
            .unwrap()
    };
    let stack = of(None);
    let environments = stack
        .environments
        .iter()
        .map(|name| (name.clone(), of(Some(name.as_str()))));
    let environments = environments.collect();
    (topology, stack, environments)
}

fn compared(before: &str, after: &str) -> Compared {
    let [before, after] = [before, after].map(|text| {
        let (topology, stack, environments) = checked(text);
        Snapshot::of(&topology.document, &stack, &environments)
    });
    compare(&before, &after)
}

/// A line a difference, in the words that a report is made of.
fn lines(compared: &Compared) -> Vec<String> {
    let line = |difference: &Difference| {
        let what = match &difference.subject {
            Subject::Stack => "stack".to_owned(),
            Subject::Environment(name) => format!("environment {name}"),
            Subject::Component(name) => name.clone(),
            Subject::SubComponent(end) => end.to_string(),
            Subject::Link(link) => link.arrow(),
        };
        let value = |value: &Option<Json>| value.as_ref().map_or_else(String::new, told);
        let edit = format!("{:?}", difference.edit).to_lowercase();
        let environment = difference
            .environment
            .as_ref()
            .map(|name| format!(" in {name}"))
            .unwrap_or_default();
        match (&difference.field, &difference.was) {
            (Some(field), _) => {
                let (before, after) = (value(&difference.before), value(&difference.after));
                format!("{edit} {what}{environment} {field} {before}>{after}")
            }
            (None, Some(was)) => format!("{edit} {what} was {was}"),
            (None, None) => format!("{edit} {what}"),
        }
    };
    compared.differences.iter().map(line).collect()
}

fn told_of(edits: &[(&str, &str)]) -> Vec<String> {
    lines(&compared(STACK, &edited(edits)))
}

fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = STACK.to_owned();
    for (old, new) in edits {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    text
}

#[test]
fn what_is_written_otherwise_is_one_line_each() {
    for (edits, expected) in [
        (vec![], vec![]),
        // Another order and comments are no difference.
        (
            vec![
                ("  loki: {type: loki}\n", ""),
                (
                    "components:\n  fastmcp",
                    "components:\n  # logs\n  loki: {type: loki}\n  fastmcp",
                ),
            ],
            vec![],
        ),
        (
            vec![("domain: shop.example.com", "domain: example.org")],
            vec!["changed stack domain shop.example.com>example.org"],
        ),
        (
            vec![("storage: 50Gi", "storage: 60Gi")],
            vec!["changed cnpg in prod storage 50Gi>60Gi"],
        ),
        (
            vec![("dev: {}", "dev: {domain: dev.example.com}")],
            vec!["changed environment dev domain >dev.example.com"],
        ),
        (vec![("  dev: {}\n", "")], vec!["removed environment dev"]),
        (
            vec![("api:1.0.0", "api:1.1.0")],
            vec!["changed api image registry.example.com/api:1.0.0>registry.example.com/api:1.1.0"],
        ),
    ] {
        assert_eq!(told_of(&edits), expected, "{edits:?}");
    }
}

#[test]
fn links_and_parts_that_are_written_otherwise_are_one_line_each() {
    for (edits, expected) in [
        (
            vec![("access: own", "access: write")],
            vec!["changed api → cnpg/app_db access own>write"],
        ),
        (
            vec![("to: valkey, access: write", "to: valkey, access: write, env: CACHE")],
            vec!["changed api → valkey env >CACHE"],
        ),
        (
            vec![("  - {from: fastmcp, to: loki}\n", "")],
            vec!["removed fastmcp → loki"],
        ),
        (
            vec![(
                "app_db: {type: database}",
                "app_db: {type: database}\n      hr: {type: database}",
            )],
            vec!["added cnpg/hr"],
        ),
        (
            vec![
                ("  valkey: {type: valkey}\n", ""),
                ("  - {from: api, to: valkey, access: write}\n", ""),
            ],
            vec!["removed valkey", "removed api → valkey"],
        ),
        (
            vec![("loki: {type: loki}", "loki: {type: loki, namespace: logs}")],
            vec!["changed loki namespace monitoring>logs"],
        ),
    ] {
        assert_eq!(told_of(&edits), expected, "{edits:?}");
    }
}

#[test]
fn a_rename_is_one_line_with_all_its_links() {
    assert_eq!(
        told_of(&[("  loki:", "  logs:"), ("to: loki", "to: logs")]),
        ["renamed logs was loki"]
    );
    assert_eq!(told_of(&[("app_db", "main_db")]), ["renamed cnpg/main_db was app_db"]);
    // Two neighbours at once, and what is inside of one of them.
    assert_eq!(
        told_of(&[("  api:", "  web:"), ("from: api", "from: web"), ("app_db", "main_db")]),
        ["renamed web was api", "renamed cnpg/main_db was app_db"]
    );
    let both = [
        ("  cnpg:\n", "  pg:\n"),
        ("{cnpg: {attr", "{pg: {attr"),
        ("to: cnpg", "to: pg"),
        ("  api:", "  web:"),
        ("from: api", "from: web"),
    ];
    assert_eq!(told_of(&both), ["renamed pg was cnpg", "renamed web was api"]);
}

#[test]
fn what_is_no_rename() {
    // Another type, or other links, or two that are as near.
    let told = told_of(&[
        ("  loki: {type: loki}", "  logs: {type: valkey}"),
        ("to: loki", "to: logs"),
    ]);
    assert_eq!(
        told,
        [
            "added logs",
            "removed loki",
            "added fastmcp → logs",
            "removed fastmcp → loki"
        ]
    );
    let told = told_of(&[
        ("  valkey: {type: valkey}", "  cache: {type: valkey}"),
        ("{from: api, to: valkey, access: write}", "{from: fastmcp, to: cache}"),
    ]);
    assert_eq!(
        told,
        [
            "added cache",
            "removed valkey",
            "removed api → valkey",
            "added fastmcp → cache"
        ]
    );
    let two = edited(&[(
        "app_db: {type: database}",
        "app_db: {type: database}\n      a: {type: database}\n      b: {type: database}",
    )]);
    let others = two
        .replace("      a: {", "      c: {")
        .replace("      b: {", "      d: {");
    let told = lines(&compared(&two, &others));
    assert_eq!(
        told,
        ["removed cnpg/a", "removed cnpg/b", "added cnpg/c", "added cnpg/d"]
    );
}

/// Consumers by their ways, and accounts.
fn impact(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let (before, after) = (checked(before), checked(after));
    let snapshot = |(topology, stack, environments): &(Topology, Stack, Vec<_>)| {
        Snapshot::of(&topology.document, stack, environments)
    };
    let compared = compare(&snapshot(&before), &snapshot(&after));
    let old = View {
        base: &before.1,
        environments: &before.2,
    };
    let new = View {
        base: &after.1,
        environments: &after.2,
    };
    let touched = Touched::of(&compared, old, new);
    let consumers = consumers(&touched, &before.1, &after.1, &compared.renames);
    let accounts = accounts(&touched, old, new, &compared.renames);
    (
        consumers.iter().map(|consumer| consumer.path.join(" → ")).collect(),
        accounts
            .iter()
            .map(|touch| format!("{:?} {} at {}", touch.how, touch.account, touch.component))
            .collect(),
    )
}

#[test]
fn who_reaches_what_changes() {
    let (consumers, accounts) = impact(STACK, STACK);
    assert_eq!((consumers.len(), accounts.len()), (0, 0));
    // One database touches those that use it, or all of the server.
    let two = edited(&[(
        "app_db: {type: database}",
        "app_db: {type: database}\n      hr: {type: database}",
    )]);
    let used = two.replace(
        "to: valkey, access: write}",
        "to: valkey, access: write}\n  - {from: fastmcp, to: api}",
    );
    let renamed = used.replace("hr: {type", "people: {type");
    let (consumers, _) = impact(&used, &renamed);
    assert_eq!(consumers, ["fastmcp → cnpg"]);
    // A component touches all, also by way of others.
    let (consumers, accounts) = impact(
        &used,
        &used.replace("to: valkey, access: write", "to: valkey, access: read"),
    );
    assert_eq!(consumers, ["api → valkey", "fastmcp → api → valkey"]);
    assert!(
        accounts.iter().all(|line| line.ends_with("at valkey")) && !accounts.is_empty(),
        "{accounts:?}"
    );
    // A component that nobody is linked to touches nobody.
    let alone = edited(&[("  loki: {type: loki}", "  loki: {type: loki}\n  kafka: {type: kafka}")]);
    assert_eq!(impact(STACK, &alone), (vec![], vec![]));
}
