//! `stacktic check`: findings and nothing written, as text and as JSON.

use crate::assert_said;
use crate::builder::{LINKED, LOKI, Project};

const BAD: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  loki: {type: lokki}
";

#[test]
fn a_good_stack() {
    let project = Project::new(LINKED);
    assert_said!(project.said("check"), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
    `stack.yaml` is good: 2 components, 1 link
    "#);
    assert!(project.out().is_empty());
}

#[test]
fn a_bad_stack() {
    assert_said!(Project::new(BAD).said("check"), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error[E_TOPOLOGY_TYPE]: the catalog has no type `lokki`
     --> stack.yaml:6:16
      |
    6 |   loki: {type: lokki}
      |                ^^^^^
    hint: did you mean `loki`?

    1 finding in `stack.yaml`
    "#);
}

#[test]
fn as_json() {
    let project = Project::new(BAD);
    assert_said!(project.said("check -o json"), @r#"
    exit code: 1
    ----- stdout -----
    {
      "findings": [
        {
          "code": "E_TOPOLOGY_TYPE",
          "column": 16,
          "file": "stack.yaml",
          "hint": "did you mean `loki`?",
          "length": 5,
          "line": 6,
          "message": "the catalog has no type `lokki`"
        }
      ]
    }
    ----- stderr -----
    "#);
    assert_said!(Project::new(LOKI).said("check --output json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "findings": [],
      "notes": []
    }
    ----- stderr -----
    "#);
}

#[test]
fn standard_input() {
    let project = Project::new(LOKI);
    assert_said!(project.shown(&project.run_with("check -", BAD)), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error[E_TOPOLOGY_TYPE]: the catalog has no type `lokki`
     --> <stdin>:6:16
      |
    6 |   loki: {type: lokki}
      |                ^^^^^
    hint: did you mean `loki`?

    1 finding in `<stdin>`
    "#);
}

/// `check` and `gen` find the same.
#[test]
fn gen_finds_the_same() {
    let project = Project::new(BAD);
    assert_eq!(project.run("check"), project.run("gen"));
    assert_eq!(project.run("check -o json"), project.run("gen -o json"));
    assert!(project.out().is_empty());
}
