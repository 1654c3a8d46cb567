//! What pipelines read of `check` and `gen`, and the gains that end a run.

use serde_json::Value as Json;

use crate::builder::{LINKED, LOKI, Project};

const BAD: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  loki: {type: lokki}
";

const GAINED: &str = "fastmcp → loki: components ";

/// Output without a link of the AI, and a stack file with it.
fn before_a_link() -> Project {
    let project = Project::generated(&LINKED[..LINKED.find("links:").unwrap()]);
    project.write("stack.yaml", LINKED);
    project
}

#[test]
fn findings_in_every_form() {
    let project = Project::new(BAD);
    let said = |form: &str| {
        let run = project.run(&format!("check -o {form}"));
        assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{form}");
        assert!(
            run.stdout.contains("the catalog has no type `lokki`"),
            "{form}: {}",
            run.stdout
        );
        assert!(run.stdout.contains("did you mean `loki`?"), "{form}: {}", run.stdout);
        run.stdout
    };
    assert!(said("github").starts_with("::error file=stack.yaml,line=6,col=16,endColumn=21,title=E_TOPOLOGY_TYPE::"));
    assert!(said("md").starts_with("### stacktic: 1 finding\n\n- **error E\\_TOPOLOGY\\_TYPE** `stack.yaml:6:16`: "));
    let issues: Json = serde_json::from_str(&said("gitlab")).unwrap();
    assert_eq!(issues[0]["location"]["lines"]["begin"], 6);
    let log: Json = serde_json::from_str(&said("sarif")).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "E_TOPOLOGY_TYPE");
    assert!(said("junit").contains("failures=\"1\""));
}

#[test]
fn a_good_stack_in_every_form() {
    let project = Project::new(LINKED);
    for form in ["md", "github", "gitlab", "sarif", "junit"] {
        let run = project.run(&format!("check -o {form}"));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{form}");
        assert!(!run.stdout.contains("error"), "{form}: {}", run.stdout);
    }
}

#[test]
fn access_in_every_form() {
    let project = before_a_link();
    for (form, expected) in [
        ("md", "```diff\n+ fastmcp → loki: "),
        (
            "github",
            "::warning file=stack.yaml,title=ACCESS_GAINED::+ fastmcp → loki: ",
        ),
        ("gitlab", "\"check_name\": \"ACCESS_GAINED\""),
        ("sarif", "\"ruleId\": \"ACCESS_GAINED\""),
        ("junit", "<system-out>+ fastmcp → loki: "),
    ] {
        let run = project.run(&format!("gen --dry-run -o {form}"));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{form}");
        assert!(run.stdout.contains(expected), "{form}: {}", run.stdout);
        assert!(run.stdout.contains(GAINED), "{form}: {}", run.stdout);
    }
}

#[test]
fn a_comment_folds_what_changes_and_names_objects() {
    let run = before_a_link().run("gen --dry-run -o md");
    for expected in [
        "<details><summary>What changes (",
        "~ NetworkPolicy monitoring/loki  k8s/deploy/base/loki/networkpolicy.yaml",
        "<details><summary>Files (",
    ] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
}

#[test]
fn a_semantic_diff_is_short_and_writes_nothing() {
    let project = before_a_link();
    let before = project.out();
    let (whole, short) = (project.run("gen --diff"), project.run("gen --diff=semantic"));
    assert_eq!((whole.code, short.code), (0, 0));
    assert!(short.stdout.lines().count() <= 150, "{}", short.stdout);
    assert!(short.stdout.lines().count() < whole.stdout.lines().count() / 4);
    assert!(
        short.stdout.contains("~ NetworkPolicy monitoring/loki  "),
        "{}",
        short.stdout
    );
    assert_eq!(project.out(), before);
}

#[test]
fn an_environment_may_turn_the_preview_on_and_off() {
    let project = Project::new(LOKI);
    for (value, writes) in [("1", false), ("semantic", false), ("0", true)] {
        let run = project.run_as("gen", &[("STACKTIC_DIFF", value)]);
        assert_eq!(
            (run.code, project.out().is_empty()),
            (0, !writes),
            "{value}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_gain_beyond_what_may_be_ends_the_run_and_writes_nothing() {
    let writing = LINKED
        .replace("to: loki}", "to: valkey, write_access: true}")
        .replace("  loki: {type: loki}", "  valkey: {type: valkey}");
    assert_ne!(writing, LINKED);
    let without = |stack: &str| stack[..stack.find("links:").unwrap()].to_owned();
    for (stack, fail_on, code) in [
        (LINKED, "none", 0),
        (LINKED, "write-gain", 0),
        (LINKED, "read-gain", 3),
        (&writing, "write-gain", 3),
        (&writing, "none", 0),
    ] {
        for mode in ["--dry-run", "--check", ""] {
            let project = Project::generated(&without(stack));
            project.write("stack.yaml", stack);
            let before = project.out();
            let run = project.run(&format!("gen {mode} --fail-on {fail_on}"));
            let expected = if code == 0 && mode == "--check" { 2 } else { code };
            assert_eq!(run.code, expected, "{mode} {fail_on}: {}", run.stderr);
            let refused = run.stderr.contains("an AI would gain more than `--fail-on` lets it");
            assert_eq!(refused, code == 3, "{mode} {fail_on}: {}", run.stderr);
            if code == 3 || !mode.is_empty() {
                assert_eq!(project.out(), before, "{mode} {fail_on}");
            }
        }
    }
}

#[test]
fn what_is_lost_is_no_gain() {
    let project = Project::generated(LINKED);
    project.write("stack.yaml", &LINKED[..LINKED.find("links:").unwrap()]);
    assert_eq!(project.run("gen --dry-run --fail-on read-gain").code, 0);
}
