//! `stacktic gen`: its modes, and what it does about edits and deletes.

use crate::assert_said;
use crate::builder::{LINKED, LOKI, Project, lines_with};

#[test]
fn writes_then_has_nothing_to_do() {
    let project = Project::new(LOKI);
    assert_said!(lines_with(&project.said("gen"), &["code", "-----", "template values.yaml", ".sops.yaml"]), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
      seed                   .sops.yaml  hook kustomize, template sops.yaml
      create                 k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
    "#);
    assert_said!(project.said("gen"), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
    [N] same, [N] seeded before
    "#);
}

#[test]
fn check_tells_pending_changes_and_writes_nothing() {
    let project = Project::new(LOKI);
    let said = project.said("gen --check");
    assert_said!(lines_with(&said, &["code", "-----", "base/loki/values", "hint"]), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
      create                 k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
    hint: run `stacktic gen stack.yaml`
    "#);
    assert!(project.out().is_empty());
    assert_eq!(project.run("gen").code, 0);
    assert_said!(project.said("gen --check"), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
    [N] same, [N] seeded before
    "#);
    project.write(
        "stack.yaml",
        LOKI.replace("{type: loki}", "{type: loki, attributes: {retention: 48h}}"),
    );
    let before = project.out();
    assert_said!(project.said("gen --check"), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
      update                 docs/operations.md  hook operations_docs, template operations.md.j2
      update                 k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
      update                 stack-metadata.json  hook stack_metadata, document
    [N] same, 3 update, [N] seeded before
    hint: run `stacktic gen stack.yaml`
    "#);
    assert_eq!(project.out(), before);
}

#[test]
fn dry_run_prints_the_plan_and_writes_nothing() {
    let project = Project::new(LOKI);
    assert_said!(lines_with(&project.said("gen --dry-run"), &["code", "-----", "base/loki/values"]), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
      create                 k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
    "#);
    assert!(project.out().is_empty());
}

#[test]
fn diff_shows_lines_on_stdout_and_writes_nothing() {
    let project = Project::generated(LOKI);
    project.write(
        "stack.yaml",
        LOKI.replace("{type: loki}", "{type: loki, attributes: {retention: 48h}}"),
    );
    let before = project.out();
    assert_said!(project.said("gen --diff"), @r#"
    exit code: 0
    ----- stdout -----
    --- a/docs/operations.md
    +++ b/docs/operations.md
    @@ -68,5 +68,5 @@
     
     - `loki`
       - in `dev`: `storage: 50Gi` (`k8s/deploy/base/loki/values.yaml`); more is a larger attribute in the stack file, where the StorageClass lets volumes grow
    -  - what is older than `retention: 336h` is deleted
    +  - what is older than `retention: 48h` is deleted
       - nobody watches it: no component of this stack collects metrics
    --- a/k8s/deploy/base/loki/values.yaml
    +++ b/k8s/deploy/base/loki/values.yaml
    @@ -40,7 +40,7 @@
               period: 24h
       structuredConfig:
         limits_config:
    -      retention_period: "336h"
    +      retention_period: "48h"
           max_query_length: 721h
           max_entries_limit_per_query: 5000
           # Lines that come by OTLP have the labels of those that are read from pods.
    --- a/stack-metadata.json
    +++ b/stack-metadata.json
    @@ -4,7 +4,7 @@
           "attributes": {
             "memory": "1Gi",
             "replicas": 1,
    -        "retention": "336h",
    +        "retention": "48h",
             "storage": "50Gi",
             "tenant": "shop"
           },
    ----- stderr -----
      update                 docs/operations.md  hook operations_docs, template operations.md.j2
      update                 k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
      update                 stack-metadata.json  hook stack_metadata, document
    [N] same, 3 update, [N] seeded before
    "#);
    assert_eq!(project.out(), before);
}

/// A value that a user filled in is on neither stream, in no mode.
#[test]
fn diff_never_shows_a_secret() {
    let project = Project::generated(LINKED);
    let path = "out/k8s/deploy/base/fastmcp/secret/cloud.env";
    project.write(
        path,
        project.read(path).replace("MCP_API_KEYS=", "MCP_API_KEYS=hunter2"),
    );
    project.write("stack.yaml", LINKED.replace("loki", "grafana"));
    for mode in ["--diff", "--dry-run", "--check", "--diff -o json", "-o json"] {
        let run = project.run(&format!("gen {mode}"));
        assert!(
            !run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"),
            "{mode}"
        );
        assert!(
            run.stdout.contains(path.trim_start_matches("out/"))
                || run.stderr.contains(path.trim_start_matches("out/")),
            "{mode}"
        );
    }
    assert!(project.read(path).contains("MCP_API_KEYS=hunter2"));
}

#[test]
fn json_is_the_whole_of_stdout() {
    let project = Project::new(LINKED);
    let run = project.run("gen -o json");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    let files = report["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["path"] == "tools.lock.json").unwrap();
    assert_eq!(files.len(), project.out().len() - 1, "every file but the lock");
    assert_said!(format!("{keys:?}\n{:#}\n{:#}", report["access"], file), @r#"
    ["access", "counts", "files", "kept", "mass_delete", "next_steps", "notes", "stack"]
    [
      {
        "gain": "read",
        "gained": true,
        "text": "fastmcp → loki: components fastmcp, loki, 7 read tools"
      }
    ]
    {
      "action": "create",
      "class": "owned",
      "note": null,
      "path": "tools.lock.json",
      "why": "hook tools_lock, document"
    }
    "#);
}

#[test]
fn on_edit_says_what_becomes_of_an_edit() {
    let path = "out/k8s/deploy/base/loki/values.yaml";
    let edited = || {
        let project = Project::generated(LOKI);
        project.write(path, project.read(path) + "# mine\n");
        project
    };
    let project = edited();
    assert_said!(project.said("gen"), @r#"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
      refuse (edited file)   k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
                               edited by hand; take the edit back, or run again with `--on-edit overwrite` to lose it or `--on-edit keep` to leave the file as it is
    [N] same, [N] seeded before, 1 refuse (edited file)
    error: nothing was written
    "#);
    assert_said!(project.said("gen --check"), @r#"
    exit code: 2
    ----- stdout -----
    ----- stderr -----
      refuse (edited file)   k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
                               edited by hand; take the edit back, or run again with `--on-edit overwrite` to lose it or `--on-edit keep` to leave the file as it is
    [N] same, [N] seeded before, 1 refuse (edited file)
    "#);
    assert_said!(project.said("gen --on-edit fail"), @r#"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
      refuse (edited file)   k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
                               edited by hand; take the edit back, or run again with `--on-edit overwrite` to lose it or `--on-edit keep` to leave the file as it is
    [N] same, [N] seeded before, 1 refuse (edited file)
    error: nothing was written
    "#);
    assert_said!(project.said("gen --on-edit keep"), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
      keep edited            k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
    [N] same, 1 keep edited, [N] seeded before
    "#);
    assert!(project.read(path).ends_with("# mine\n"));
    assert_said!(edited().said("gen --on-edit overwrite"), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
      overwrite edited       k8s/deploy/base/loki/values.yaml  component loki, template values.yaml.j2
    [N] same, 1 overwrite edited, [N] seeded before
    "#);
    let project = edited();
    assert_eq!(project.run("gen --on-edit overwrite").code, 0);
    assert!(!project.read(path).contains("# mine"));
}

#[test]
fn max_deletes_lets_an_empty_stack_go() {
    let project = Project::generated(LOKI);
    project.write("stack.yaml", LOKI.replace("  loki: {type: loki}\n", ""));
    let files = project.out();
    let said = |arguments: &str| lines_with(&project.said(arguments), &["code", "error", "hint"]);
    assert_said!(said("gen"), @r#"
    exit code: 3
    error: 9 files would go, and 0 may: the stack has no components
    hint: look at the plan, then allow it with `--max-deletes 9`
    error: nothing was written
    "#);
    assert_said!(said("gen --max-deletes 7"), @r#"
    exit code: 3
    error: 9 files would go, and 7 may: the stack has no components
    hint: look at the plan, then allow it with `--max-deletes 9`
    error: nothing was written
    "#);
    assert_eq!(project.out(), files);
    assert_said!(said("gen --max-deletes 9"), @r#"
    exit code: 0
    "#);
    assert!(!project.out().keys().any(|path| path.contains("loki")));
}

#[test]
fn standard_input_and_out() {
    let project = Project::new("");
    let run = project.run_with("gen - --out elsewhere/deep", LOKI);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(project.path().join("elsewhere/deep/tools.lock.json").is_file());
    assert!(project.out().is_empty());
    let run = project.run_with("gen - --out elsewhere/deep --check", LOKI);
    assert_said!(project.shown(&run), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
    [N] same, [N] seeded before
    "#);
}

/// The output lies beside the stack file, wherever the program runs.
#[test]
fn out_lies_beside_the_stack_file() {
    let project = Project::new("").file("deep/stack.yaml", LOKI);
    assert_eq!(project.run("gen deep/stack.yaml").code, 0);
    assert!(project.path().join("deep/out/tools.lock.json").is_file());
}

#[test]
fn variables_stand_for_flags() {
    let project = Project::new("").file("other.yaml", LOKI);
    let run = project.run_as(
        "gen",
        &[
            ("STACKTIC_STACK", "other.yaml"),
            ("STACKTIC_OUT", "made"),
            ("STACKTIC_OUTPUT", "json"),
            ("STACKTIC_DRY_RUN", "1"),
        ],
    );
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("{\n  \"access\": [],\n"));
    assert!(!project.path().join("made").exists());
    assert_eq!(project.run_as("gen other.yaml", &[("STACKTIC_CHECK", "true")]).code, 2);
    assert_eq!(project.run_as("gen other.yaml", &[("STACKTIC_CHECK", "false")]).code, 0);
}

/// What Kafka's login asks of Spring is asked of nobody else.
#[test]
fn constant_keys_come_with_links_of_their_interface() {
    let stack = |to: &str| {
        format!(
            "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  app: {{type: spring_boot, attributes: {{image: \"registry.example.com/app:1.0.0\"}}}}
  kafka: {{type: kafka, sub_components: {{orders: {{type: topic}}}}}}
  cache: {{type: valkey, attributes: {{key_prefixes: \"shop:\"}}}}
links:
  - {{from: app, to: {to}}}
"
        )
    };
    let settings = |to: &str| Project::generated(&stack(to)).read("out/k8s/deploy/base/app/config/cloud.env");
    let keys = |text: String| {
        text.lines()
            .filter(|line| line.starts_with("SPRING_KAFKA_JAAS_"))
            .count()
    };
    let cache = settings("cache");
    assert!(cache.contains("SPRING_CONFIG_IMPORT="), "{cache}");
    assert_eq!(keys(cache), 0);
    // Whether, by what, and as whom.
    assert_eq!(keys(settings("kafka/orders")), 3);
}
