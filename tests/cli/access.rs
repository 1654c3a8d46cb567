//! What a run tells of the texts that a model sees, and of locks that an older version wrote.

use serde_json::{Value as Json, json};

use crate::assert_said;
use crate::builder::{LINKED, Project};
use crate::support;

const LOCK: &str = "out/tools.lock.json";

/// The link's entry as a team's own, with other tools.
fn with_tools(project: &Project, edit: impl Fn(&mut Json)) {
    let entry = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("link-types/pairs/fastmcp-loki");
    for (path, bytes) in support::files(&entry) {
        let mut bytes = bytes;
        if path == "tools.json" {
            let mut tools: Json = serde_json::from_slice(&bytes).unwrap();
            let list = tools["tools"].as_array_mut().unwrap();
            edit(list.iter_mut().find(|tool| tool["name"] == "loki_labels").unwrap());
            bytes = tools.to_string().into_bytes();
        }
        project.write(&format!("own/link-types/pairs/fastmcp-loki/{path}"), bytes);
    }
}

#[test]
fn a_text_that_is_another_is_told_and_shown() {
    let project = Project::generated(LINKED);
    with_tools(&project, |tool| {
        tool["description"] = json!("List labels, \u{202e}and delete them.");
        tool["input_schema"]["properties"]["limit"] = json!({"type": "integer", "minimum": 1, "maximum": 5});
        tool["timeout_ms"] = json!(30_000);
    });
    let lines = |said: &str| {
        said.lines()
            .take_while(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let run = project.run("gen --catalog own --check");
    assert_eq!(run.code, 2);
    assert_said!(lines(&run.stderr), @"
    ~ fastmcp: text of tool loki_labels changed
    ~ fastmcp: limits of tool loki_labels changed
    ");
    let run = project.run("gen --catalog own --diff");
    assert_said!(lines(&run.stderr), @r#"
    ~ fastmcp: text of tool loki_labels changed
        @@ -1,5 +1,5 @@
         Loki: labels
        -Labels of logs in Loki: label names to filter logs by.
        +List labels, \u{202e}and delete them.
         {
           "data_schema": {
             "items": {
        @@ -10,6 +10,11 @@
           "input_schema": {
             "additionalProperties": false,
             "properties": {
        +      "limit": {
        +        "maximum": 5,
        +        "minimum": 1,
        +        "type": "integer"
        +      },
               "since": {
                 "anyOf": [
                   {
    ~ fastmcp: limits of tool loki_labels changed
        @@ -1,5 +1,6 @@
         {
        +  "page_items": 5,
           "result_bytes": 32768,
           "text_bytes": 2048,
        -  "timeout_ms": 10000
        +  "timeout_ms": 30000
         }
    "#);
    let report: Json = serde_json::from_str(&project.run("gen --catalog own --dry-run -o json").stdout).unwrap();
    let access = report["access"].as_array().unwrap();
    assert_eq!(access.len(), 2);
    assert_eq!(
        (&access[0]["gained"], &access[0]["text"]),
        (&Json::Null, &json!("fastmcp: text of tool loki_labels changed"))
    );
    assert!(access[0]["diff"].as_str().unwrap().contains("+List labels"));
}

#[test]
fn the_same_tools_in_a_catalog_of_ones_own_have_the_same_hashes() {
    let project = Project::generated(LINKED);
    with_tools(&project, |_| {});
    let run = project.run("gen --catalog own --check");
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_broken_description_of_tools_is_told_by_its_file() {
    let project = Project::new(LINKED);
    with_tools(&project, |tool| tool["class"] = json!("reed"));
    let run = project.run("gen --catalog own");
    assert_eq!(run.code, 1);
    let told = "error: E_CATALOG_TOOLS: `own/link-types/pairs/fastmcp-loki/tools.json`: unknown variant `reed`, expected one of";
    assert!(run.stderr.starts_with(told), "{}", run.stderr);
}

/// The lock of version 1, as the generator wrote it.
fn as_version_1(lock: &mut Json) {
    lock["version"] = json!(1);
    lock.as_object_mut().unwrap().remove("envelope");
    for server in lock["servers"].as_object_mut().unwrap().values_mut() {
        server["version"] = json!(1);
        server.as_object_mut().unwrap().remove("limits");
        for link in server["links"].as_array_mut().unwrap() {
            link.as_object_mut().unwrap().remove("limits");
            if link["access"] == "write" {
                link["access"] = json!("read and write");
            }
        }
        for tool in server["tools"].as_array_mut().unwrap() {
            for key in ["description", "input_schema", "limits", "destructive"] {
                tool.as_object_mut().unwrap().remove(key);
            }
            tool["grants"] = json!([]);
        }
    }
}

#[test]
fn a_lock_of_version_1_is_compared_as_well() {
    let linked = LINKED.replace(
        "- {from: fastmcp, to: loki}",
        "- {from: fastmcp, to: loki}\n  - {from: fastmcp, to: valkey, write_access: true}",
    );
    let linked = linked.replace("  loki: {type: loki}", "  loki: {type: loki}\n  valkey: {type: valkey}");
    let project = Project::generated(&linked);
    let mut lock: Json = serde_json::from_str(&project.read(LOCK)).unwrap();
    as_version_1(&mut lock);
    let told = |lock: &Json| {
        project.write(LOCK, format!("{lock:#}\n"));
        let run = project.run("gen --dry-run");
        let lines = run.stderr.lines().filter(|line| line.starts_with(['+', '-', '~']));
        lines.map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(told(&lock), "", "nothing is gained or lost by an upgrade");
    let link = &mut lock["servers"]["fastmcp"]["links"][1];
    assert_eq!(link["component"], "valkey");
    link["access"] = json!("read");
    link["scope"] = json!({"prefixes": ["gone:"]});
    lock["servers"]["fastmcp"]["tools"][0]["description_sha256"] = json!("another");
    assert_said!(told(&lock), @"
    + fastmcp → valkey: level write (was read), prefixes app:
    - fastmcp → valkey: prefixes gone:
    ~ fastmcp: text of tool loki_errors changed
    ");
}

const ENVIRONMENTS: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
environments:
  dev: {}
  prod:
    components:
      valkey: {attributes: {key_prefixes: \"shop:,hr:\"}}
components:
  fastmcp: {type: fastmcp}
  valkey: {type: valkey, attributes: {key_prefixes: \"shop:\"}}
links:
  - {from: fastmcp, to: valkey}
";

#[test]
fn an_environment_that_reaches_more_is_told_by_what_it_reaches() {
    let override_line = "    components:\n      valkey: {attributes: {key_prefixes: \"shop:,hr:\"}}\n";
    let project = Project::generated(&ENVIRONMENTS.replace(override_line, "").replace("prod:", "prod: {}"));
    project.write("stack.yaml", ENVIRONMENTS);
    let run = project.run("gen");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with(['+', '-', '~']))
        .collect();
    assert_said!(lines.join("\n"), @"+ fastmcp in prod → valkey: prefixes hr:");
    let read = |path: &str| -> Json { serde_json::from_str(&project.read(path)).unwrap() };
    let own = read("out/k8s/deploy/overlays/prod/fastmcp/config/tools.lock.json");
    let base = read("out/k8s/deploy/base/fastmcp/config/tools.lock.json");
    assert_eq!(own["links"][0]["scope"], json!({"prefixes": ["hr:", "shop:"]}));
    for (own, base) in own["tools"]
        .as_array()
        .unwrap()
        .iter()
        .zip(base["tools"].as_array().unwrap())
    {
        assert_eq!((own.get("input_schema"), own.get("description")), (None, None));
        assert_eq!(
            (&own["name"], &own["description_sha256"]),
            (&base["name"], &base["description_sha256"])
        );
    }
}
