//! `stacktic verify --controls`: each control with its tests, and how many are covered.

use serde_json::Value as Json;

use crate::builder::{LINKED, Project};

#[test]
fn each_control_is_told_with_its_tests_and_what_is_missing() {
    let project = Project::new(LINKED);
    let run = project.run("verify --controls");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let first: Vec<&str> = run.stdout.lines().take(2).collect();
    assert_eq!(
        first[0],
        " 1  covered   every request is authenticated; the transport is not enough  (A10.2.1 L1, O7, N)"
    );
    assert!(
        first[1].starts_with("              tests/server/test_server_door.py::"),
        "{}",
        first[1]
    );
    let json = project.run("verify --controls -o json");
    let json: Json = serde_json::from_str(&json.stdout).unwrap();
    let rows = json["controls"].as_array().unwrap();
    let count = |state: &str| rows.iter().filter(|row| row["state"] == state).count();
    let states = ["covered", "partly", "gap", "not ours"];
    let last: Vec<String> = states.iter().map(|state| format!("{} {state}", count(state))).collect();
    assert!(
        run.stdout.ends_with(&format!("\n\n{}\n", last.join(", "))),
        "{}",
        run.stdout
    );
    for state in states {
        assert_eq!(json["counts"][state], count(state));
    }
}
