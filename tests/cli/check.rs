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
    assert_said!(project.said("check"), @"");
    assert!(project.out().is_empty());
}

#[test]
fn a_bad_stack() {
    assert_said!(Project::new(BAD).said("check"), @"");
}

#[test]
fn as_json() {
    let project = Project::new(BAD);
    assert_said!(project.said("check -o json"), @"");
    assert_said!(Project::new(LOKI).said("check --output json"), @"");
}

#[test]
fn standard_input() {
    let project = Project::new(LOKI);
    assert_said!(project.shown(&project.run_with("check -", BAD)), @"");
}

/// `check` and `gen` find the same.
#[test]
fn gen_finds_the_same() {
    let project = Project::new(BAD);
    assert_eq!(project.run("check"), project.run("gen"));
    assert_eq!(project.run("check -o json"), project.run("gen -o json"));
    assert!(project.out().is_empty());
}
