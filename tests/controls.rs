//! What is said to be covered is: each named test exists, and what has none says what is missing.
//!
//! In: `docs/controls.yaml`, the sources of all tests. Out: a word for each row that promises more than there is. It must not
//! know what a control means.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its ground fails"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use stacktic::verify::controls::{Control, State, controls};

/// Numbers of the controls of public guidance.
const LAST: u32 = 54;

/// Whether a source has a function of that name, which its test runner would find.
fn defines(source: &str, file: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().collect();
    lines.iter().enumerate().any(|(index, line)| {
        let python = line
            .trim_start_matches("async ")
            .strip_prefix("def ")
            .and_then(|rest| rest.strip_prefix(name));
        let rust = line.strip_prefix("fn ").and_then(|rest| rest.strip_prefix(name));
        match Path::new(file).extension().and_then(|kind| kind.to_str()) {
            Some("py") => python.is_some_and(|rest| rest.starts_with('(')) && name.starts_with("test_"),
            Some("rs") => rust.is_some_and(|rest| rest.starts_with("()")) && lines[index - 1].trim() == "#[test]",
            _ => false,
        }
    })
}

fn problems(control: &Control) -> Vec<String> {
    let mut found = Vec::new();
    match (control.state, control.tests.is_empty(), control.note.is_empty()) {
        (State::Covered, false, true) | (State::Partly, false, false) => {}
        (State::Gap | State::NotOurs, true, false) => {}
        _ => found.push("tests and note do not go with its state".to_owned()),
    }
    for test in &control.tests {
        let (file, name) = test.split_once("::").unwrap();
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_default();
        if !defines(&source, file, name) {
            found.push(format!("there is no test `{test}`"));
        }
    }
    found
}

#[test]
fn what_is_covered_names_tests_that_exist() {
    let found: Vec<String> = controls()
        .unwrap()
        .iter()
        .flat_map(|control| {
            let of = format!("{:?} {}", control.number, control.control);
            problems(control)
                .into_iter()
                .map(move |problem| format!("{of}: {problem}"))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_control_of_the_guidance_stands_there_once() {
    let controls = controls().unwrap();
    let numbers: Vec<u32> = controls.iter().filter_map(|control| control.number).collect();
    assert_eq!(numbers, (1..=LAST).collect::<Vec<u32>>());
    let words: BTreeSet<&str> = controls.iter().map(|control| control.control.as_str()).collect();
    assert_eq!(words.len(), controls.len());
    for control in &controls {
        assert_eq!(control.number.is_none(), control.state == State::NotOurs);
        assert_eq!(control.number.is_none(), control.source.is_empty());
    }
}

#[test]
fn a_promise_without_its_test_is_noticed() {
    let good = controls().unwrap().swap_remove(0);
    assert_eq!(problems(&good), [""; 0]);
    let mut gone = good.clone();
    gone.tests[0].push_str("_or_so");
    assert_eq!(problems(&gone), [format!("there is no test `{}`", gone.tests[0])]);
    let mut bare = good.clone();
    bare.tests.clear();
    assert_eq!(problems(&bare), ["tests and note do not go with its state"]);
    let mut modest = good;
    modest.state = State::Gap;
    assert_eq!(problems(&modest), ["tests and note do not go with its state"]);
}
