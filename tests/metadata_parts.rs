//! Metadata of a large stack: parts that Kubernetes can take, that are the whole again when joined.
//!
//! In: stacks with many components of another stack, of which nothing but metadata is made. Out: the agents' folders.
//! It must not know how the parts are cut.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and starts and writes by itself"
)]

mod support;

use serde_json::Value as Json;
use support::Files;

/// What fits beside names and labels into the 256 KiB that the annotations of an object may have.
const MOST: usize = 240 * 1024;
/// Grows the metadata by a little with each step.
const STEPS: [usize; 6] = [0, 1, 280, 300, 700, 2_000];

fn stack(components: usize) -> String {
    let mut text =
        "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\ncomponents:\n".to_owned();
    text.push_str("  agent: {type: stack_agent}\n  second-agent: {type: stack_agent}\n");
    for number in 0..components {
        text.push_str(&format!(
            "  k{number}: {{type: kafka, external: {{stack: s, host: kafka.example.com}}}}\n"
        ));
    }
    text
}

fn generate(components: usize) -> Files {
    let folder = tempfile::tempdir().unwrap();
    support::write_file(&folder.path().join("stack.yaml"), stack(components));
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
            let numbers: Vec<String> = (0..parts.len()).map(|number| format!(".{number:03}")).collect();
            let ends: Vec<&str> = parts.iter().map(|(end, _)| *end).collect();
            assert!(ends == [""] || (ends == numbers && ends.len() > 1), "{ends:?}");
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
    for (components, suffixes) in [(3, vec![""]), (700, vec!["-000", "-001", "-002"])] {
        let files = generate(components);
        let text = |name: &str| String::from_utf8(files[&format!("k8s/deploy/base/agent/{name}")].clone()).unwrap();
        let names = |text: &str, before: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| line.trim().strip_prefix(before));
            let own = lines.filter_map(|name| name.strip_prefix("agent-metadata"));
            own.map(str::to_owned).collect()
        };
        assert_eq!(names(&text("kustomization.yaml"), "- name: "), suffixes);
        assert_eq!(names(&text("deployment.yaml"), "name: "), suffixes);
        assert!(text("deployment.yaml").contains("- /etc/stacktic\n"));
    }
}
