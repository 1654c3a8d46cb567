//! What ages: `catalog audit`, types that are no longer maintained, and the page of the whole catalog.
#![expect(
    clippy::disallowed_methods,
    reason = "UPDATE_GOLDEN=1 rewrites the page that is committed"
)]

use crate::builder::{LOKI, Project};
use crate::support::Run;

const HOARD: &str = "\
type: hoard
title: objects in buckets
category: storage
docs: https://example.com/docs/
licence: AGPL-3.0-only
deprecated: {because: its upstream has archived it, instead: [seaweedfs]}
unproven: [that it still builds]
namespace: storage
group: storage
object: \"{name}\"
service: HOARD
install: {manifests: true}
";

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: demo
domain: demo.example.com
environments: {dev: {}}
components:
  old: {type: hoard}
links: []
";

/// The run ended with `code`, and its messages have each of `told`.
fn assert_said(run: &Run, code: i32, told: &[&str]) {
    assert_eq!(run.code, code, "{}", run.stderr);
    for text in told {
        assert!(run.stderr.contains(text), "`{text}` is not in {}", run.stderr);
    }
}

fn with_hoard(stack: &str) -> Project {
    Project::new(stack).file("extra/catalog/hoard/component.yaml", HOARD)
}

#[test]
fn what_is_no_longer_maintained_is_told_and_renders() {
    let project = with_hoard(STACK);
    let note = "note: the type `hoard` of `old` is deprecated: its upstream has archived it; take `seaweedfs`\n";
    let run = project.run("check --catalog extra");
    assert_said(&run, 0, &[note]);
    let run = project.run("check --catalog extra -o json");
    let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(told["notes"].as_array().unwrap().len(), 1);
    assert_said(&project.run("gen --catalog extra"), 0, &[note, "create"]);
    assert_said(&project.run("gen --check --catalog extra"), 0, &[note]);
    let listed = project.run("catalog ls --catalog extra").stdout;
    assert!(listed.contains("(deprecated: its upstream has archived it; take `seaweedfs`)"));
    let shown = project.run("catalog show hoard --catalog extra").stdout;
    assert!(
        shown.contains("\n  licence    AGPL-3.0-only\n  deprecated its upstream has archived it;"),
        "{shown}"
    );
    let page = project.run("catalog docs --catalog extra").stdout;
    assert!(page.contains("| `hoard` (deprecated) |"));
    assert!(page.contains("\n- `hoard`: its upstream has archived it; take `seaweedfs`\n"));
    assert!(page.contains("\n- `hoard`: that it still builds\n"));
}

/// A stack that has it goes on; one that is being written does not hear of it.
#[test]
fn what_is_no_longer_maintained_is_not_offered() {
    let project = with_hoard(&STACK.replace("{type: hoard}", "{}"));
    let run = project.run("check --catalog extra");
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("`kafka`") && !run.stderr.contains("hoard"),
        "{}",
        run.stderr
    );
    let schema = project.run("schema stack --catalog extra").stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let branches = schema["$defs"]["ComponentDocument"]["allOf"].as_array().unwrap();
    let gone: Vec<_> = branches
        .iter()
        .filter(|branch| branch["then"]["properties"]["type"]["deprecated"] == true)
        .map(|branch| branch["if"]["properties"]["type"]["const"].as_str().unwrap())
        .collect();
    assert_eq!(gone, ["hoard", "minio"]);
}

#[test]
fn what_to_take_instead_is_there() {
    for (instead, told) in [
        ("[]", "there is nothing to take instead"),
        ("[seaweeds]", "there is no maintained type `seaweeds`"),
        ("[hoard]", "there is no maintained type `hoard`"),
    ] {
        let text = HOARD.replace("[seaweedfs]", instead);
        let project = Project::new(STACK).file("extra/catalog/hoard/component.yaml", &text);
        assert_said(&project.run("catalog check extra"), 4, &[told, "component.yaml:6:"]);
    }
}

/// `UPDATE_GOLDEN=1` rewrites the page.
#[test]
fn the_page_is_what_the_catalog_is() {
    let page = Project::new(LOKI).run("catalog docs");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/catalog.md");
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        std::fs::write(&path, &page.stdout).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page.stdout,
        "docs/catalog.md is out of date: run with UPDATE_GOLDEN=1"
    );
    assert!(!page.stdout.contains("not said"), "a type has no `licence:`");
    let unproven = |name: &str| page.stdout.contains(&format!("\n- `{name}`: "));
    let types = std::fs::read_dir(path.parent().unwrap().with_file_name("catalog")).unwrap();
    for folder in types
        .map(|item| item.unwrap().path())
        .filter(|path| path.join("component.yaml").is_file())
    {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(
            unproven(name),
            "`{name}` does not say what only a cluster can prove of it"
        );
    }
}

#[test]
fn charts_and_images_are_compared_with_what_is_known() {
    let index = "\
apiVersion: v1
entries:
  loki:
    - {version: 99.1.0}
    - {version: 99.2.0-rc.1}
    - {version: 1.0.0}
  alloy:
    - {version: 0.0.1}
  keda:
    - {version: 99.0.0, deprecated: true}
";
    let facts = serde_json::json!({
        "chart": "grafana", "version": "99.0.0", "repository": "https://elsewhere.example.com",
        "images": ["docker.io/grafana/grafana:99.0.0", "docker.io/grafana/alloy:v0.1.0"],
    });
    let project = Project::new(LOKI)
        .file("facts/index.yaml", index)
        .file("facts/charts/grafana.json", facts.to_string())
        .file(
            "facts/charts/nats.json",
            r#"{"chart": "nats", "version": "99.0.0", "repository": "https://elsewhere.example.com", "deprecated": true}"#,
        );
    let run = project.run("catalog audit --facts facts -o json");
    assert_eq!(run.code, 2);
    let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = told["rows"].as_array().unwrap();
    let state = |what: &str, name: &str| {
        let mut found = rows.iter().filter(|row| row["what"] == what && row["name"] == name);
        let row = found.next().unwrap();
        (
            row["state"].as_str().unwrap(),
            row["known"].as_str().unwrap_or_default(),
        )
    };
    assert_eq!(state("chart", "loki"), ("older", "99.1.0"));
    assert_eq!(state("chart", "alloy"), ("current", "0.0.1"));
    assert_eq!(state("chart", "keda").0, "deprecated");
    // A chart of the same name of somebody else's.
    assert_eq!(state("chart", "grafana").0, "unknown");
    assert_eq!(state("chart", "nats").0, "unknown");
    assert_eq!(state("image", "docker.io/grafana/grafana"), ("older", "99.0.0"));
    assert_eq!(state("image", "docker.io/grafana/alloy"), ("current", "v0.1.0"));
    let text = project.run("catalog audit --facts facts").stdout;
    assert!(text.contains("loki               chart  older      loki "), "{text}");
    assert!(!text.contains("{domain}"), "images of users are theirs");
}

#[test]
fn an_audit_without_facts_knows_only_what_entries_say() {
    let run = with_hoard(STACK).run("catalog audit --catalog extra");
    assert_eq!(run.code, 2);
    assert!(
        run.stdout.contains("hoard              type   deprecated hoard"),
        "{}",
        run.stdout
    );
    let run = Project::new(LOKI).run("catalog audit");
    assert_said(&run, 2, &["0 current, 0 older, 1 deprecated, "]);
    assert!(run.stdout.contains("minio "), "{}", run.stdout);
    let run = Project::new(LOKI)
        .file("facts/notes.yaml", "a: 1\n")
        .run("catalog audit --facts facts");
    assert_said(&run, 1, &["`facts` has no facts of charts"]);
    let run = Project::new(LOKI)
        .file("facts/index.yaml", "a: [\n")
        .run("catalog audit --facts facts");
    assert_said(&run, 1, &["could not read the facts in `facts/index.yaml`"]);
    let run = Project::new(LOKI).run("catalog audit --facts nowhere");
    assert_said(&run, 1, &["could not read the facts in `nowhere`"]);
}

/// Facts of the tests know newer versions of nothing: what they were derived from is what is pinned.
#[test]
fn charts_are_those_of_the_facts() {
    let facts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/facts");
    let run = Project::new(LOKI).run(&format!("catalog audit --facts {facts} -o json"));
    let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = told["rows"].as_array().unwrap();
    let charts = rows.iter().filter(|row| row["what"] == "chart");
    let others: Vec<_> = charts
        .filter(|row| row["state"] != "current")
        .map(|row| format!("{}: {}", row["name"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect();
    // What was rendered of Gitea's chart is a commit without a version.
    assert_eq!(others, ["gitea: unknown"]);
}
