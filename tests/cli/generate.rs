//! `stacktic gen`: its modes, and what it does about edits and deletes.

use crate::assert_said;
use crate::builder::{LINKED, LOKI, Project, head};

#[test]
fn writes_then_has_nothing_to_do() {
    let project = Project::new(LOKI);
    assert_said!(project.said("gen"), @"");
    assert_said!(project.said("gen"), @"");
}

#[test]
fn check_tells_pending_changes_and_writes_nothing() {
    let project = Project::new(LOKI);
    let run = project.run("gen --check");
    assert_said!(format!("exit code: {}\n{}", run.code, run.stderr.lines().skip(13).collect::<Vec<_>>().join("\n")), @"");
    assert!(project.out().is_empty());
    assert_eq!(project.run("gen").code, 0);
    assert_said!(project.said("gen --check"), @"");
    project.write("stack.yaml", LOKI.replace("{type: loki}", "{type: loki, attributes: {retention: 48h}}"));
    let before = project.out();
    assert_said!(project.said("gen --check"), @"");
    assert_eq!(project.out(), before);
}

#[test]
fn dry_run_prints_the_plan_and_writes_nothing() {
    let project = Project::new(LOKI);
    assert_said!(head(&project.said("gen --dry-run"), 6), @"");
    assert!(project.out().is_empty());
}

#[test]
fn diff_shows_lines_on_stdout_and_writes_nothing() {
    let project = Project::generated(LOKI);
    project.write("stack.yaml", LOKI.replace("{type: loki}", "{type: loki, attributes: {retention: 48h}}"));
    let before = project.out();
    assert_said!(project.said("gen --diff"), @"");
    assert_eq!(project.out(), before);
}

/// A value that a user filled in is on neither stream, in no mode.
#[test]
fn diff_never_shows_a_secret() {
    let project = Project::generated(LINKED);
    let path = "out/k8s/deploy/base/fastmcp/secret/cloud.env";
    project.write(path, project.read(path).replace("MCP_API_KEYS=", "MCP_API_KEYS=hunter2"));
    project.write("stack.yaml", LINKED.replace("loki", "grafana"));
    for mode in ["--diff", "--dry-run", "--check", "--diff -o json", "-o json"] {
        let run = project.run(&format!("gen {mode}"));
        assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{mode}");
        assert!(run.stdout.contains(path.trim_start_matches("out/")) || run.stderr.contains(path.trim_start_matches("out/")), "{mode}");
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
    assert_said!(format!("{keys:?}\n{:#}\n{:#}", report["access"], report["files"][1]), @"");
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
    assert_said!(project.said("gen"), @"");
    assert_said!(project.said("gen --check"), @"");
    assert_said!(project.said("gen --on-edit fail"), @"");
    assert_said!(project.said("gen --on-edit keep"), @"");
    assert!(project.read(path).ends_with("# mine\n"));
    assert_said!(edited().said("gen --on-edit overwrite"), @"");
    let project = edited();
    assert_eq!(project.run("gen --on-edit overwrite").code, 0);
    assert!(!project.read(path).contains("# mine"));
}

#[test]
fn max_deletes_lets_an_empty_stack_go() {
    let project = Project::generated(LOKI);
    project.write("stack.yaml", LOKI.replace("  loki: {type: loki}\n", ""));
    let files = project.out();
    let said = |arguments: &str| project.said(arguments).lines().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
    assert_said!(said("gen"), @"");
    assert_said!(said("gen --max-deletes 7"), @"");
    assert_eq!(project.out(), files);
    assert_said!(said("gen --max-deletes 8"), @"");
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
    assert_said!(project.shown(&run), @"");
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
    let run = project.run_as("gen", &[("STACKTIC_STACK", "other.yaml"), ("STACKTIC_OUT", "made"), ("STACKTIC_OUTPUT", "json"), ("STACKTIC_DRY_RUN", "1")]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("{\n  \"access\": [],\n"));
    assert!(!project.path().join("made").exists());
    assert_eq!(project.run_as("gen other.yaml", &[("STACKTIC_CHECK", "true")]).code, 2);
    assert_eq!(project.run_as("gen other.yaml", &[("STACKTIC_CHECK", "false")]).code, 0);
}
