//! Metadata of a large stack: parts that Kubernetes can take, that are the whole again when joined.
//!
//! In: stacks with many components of another stack, of which nothing but metadata is made. Out: the agents' folders.
//! It must not know where the parts are cut.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and starts and writes by itself"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use support::Files;

/// What fits beside names and labels into the 256 KiB that the annotations of an object may have.
const MOST: usize = 240 * 1024;
/// Grows the metadata by a little with each step.
const STEPS: [usize; 6] = [0, 1, 280, 300, 700, 2_000];

/// Nothing is made for such a component but metadata.
const EXTERNAL: &str = "{type: kafka, external: {stack: s, host: kafka.example.com}}";

fn stack(components: usize) -> String {
    let mut text =
        "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\ncomponents:\n".to_owned();
    text.push_str("  agent: {type: stack_agent}\n  second-agent: {type: stack_agent}\n");
    for number in 0..components {
        text.push_str(&format!("  k{number}: {EXTERNAL}\n"));
    }
    text
}

fn generate(components: usize) -> Files {
    generate_stack(&stack(components))
}

fn generate_stack(stack: &str) -> Files {
    let folder = tempfile::tempdir().unwrap();
    support::write_file(&folder.path().join("stack.yaml"), stack);
    let mut command = support::program(folder.path());
    command.arg("gen");
    let run = support::run(command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    support::files(&folder.path().join("out"))
}

/// The metadata files of an agent, by the ends of their names.
fn parts<'a>(files: &'a Files, agent: &str) -> Vec<(&'a str, &'a str)> {
    let start = format!("k8s/deploy/base/{agent}/config/stack-metadata.json");
    let own = files
        .iter()
        .filter_map(|(path, bytes)| Some((path.strip_prefix(&start)?, bytes)));
    own.map(|(end, bytes)| (end, std::str::from_utf8(bytes).expect("a part is whole characters")))
        .collect()
}

#[test]
fn parts_are_small_gapless_and_the_whole() {
    let mut several = 0;
    for components in STEPS {
        let files = generate(components);
        let whole: Json = serde_json::from_slice(&files["stack-metadata.json"]).unwrap();
        for agent in ["agent", "second-agent"] {
            let parts = parts(&files, agent);
            let joined: String = parts.iter().map(|(_, text)| *text).collect();
            assert_eq!(serde_json::from_str::<Json>(&joined).unwrap(), whole, "{components}");
            let further = (1..parts.len()).map(|number| format!(".{number:03}"));
            let names: Vec<String> = [String::new()].into_iter().chain(further).collect();
            assert_eq!(parts.iter().map(|(end, _)| *end).collect::<Vec<&str>>(), names);
            for (end, text) in &parts {
                assert!(
                    serde_json::to_string(text).unwrap().len() <= MOST + 2,
                    "{components}{end}"
                );
            }
            several += usize::from(parts.len() > 1);
        }
    }
    assert!((2..2 * STEPS.len()).contains(&several), "{several} of them in parts");
}

#[test]
fn each_part_is_one_config_map_that_the_pod_mounts() {
    for components in [3, 700] {
        let files = generate(components);
        let further = (1..parts(&files, "agent").len()).map(|number| format!("-{number:03}"));
        let suffixes: Vec<String> = [String::new()].into_iter().chain(further).collect();
        assert_eq!(suffixes.len() > 2, components > 3);
        let text = |name: &str| String::from_utf8(files[&format!("k8s/deploy/base/agent/{name}")].clone()).unwrap();
        let names = |text: &str, before: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| line.trim().strip_prefix(before));
            let own = lines.filter_map(|name| name.strip_prefix("agent-metadata"));
            own.map(str::to_owned).collect()
        };
        assert_eq!(names(&text("kustomization.yaml"), "- name: "), suffixes);
        assert_eq!(names(&text("deployment.yaml"), "name: "), suffixes);
        assert!(text("deployment.yaml").contains("- \"/etc/stacktic\"\n"));
    }
}

/// Lines that a line diff would show: those of one side alone, however often.
fn changed_lines(before: &str, after: &str) -> usize {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    before.lines().for_each(|line| *counts.entry(line).or_default() -= 1);
    after.lines().for_each(|line| *counts.entry(line).or_default() += 1);
    let differ = counts.values().map(|count| count.unsigned_abs());
    usize::try_from(differ.sum::<u64>()).unwrap()
}

/// One more component shows as its own lines, in the part that it lies in; what the others had stays as it was.
#[test]
fn a_component_changes_a_few_lines_of_one_part() {
    for (count, places) in [(3, vec![0, 1]), (2_000, vec![1, 500, 999, 1_234, 1_700])] {
        let before = generate(count);
        for place in places {
            let head = format!("  k{place}: {{");
            let added = stack(count).replacen(&head, &format!("  k{place}x: {EXTERNAL}\n{head}"), 1);
            let after = generate_stack(&added);
            let of = |files: &Files| -> BTreeMap<String, String> {
                let parts = parts(files, "agent").into_iter();
                parts.map(|(end, text)| (end.to_owned(), text.to_owned())).collect()
            };
            let (before, after) = (of(&before), of(&after));
            let text = |files: &BTreeMap<String, String>, end: &str| files.get(end).cloned().unwrap_or_default();
            let ends: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let lines = ends
                .iter()
                .map(|end| changed_lines(&text(&before, end), &text(&after, end)));
            let changed: Vec<usize> = lines.filter(|lines| *lines > 0).collect();
            assert!(changed.len() == 1 && changed[0] < 60, "{count} {place}: {changed:?}");
        }
    }
}
