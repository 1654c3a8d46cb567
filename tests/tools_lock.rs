//! The locks of tools are true: every hash in a server's copy is the hash of a text in the stack's document.
//!
//! In: stacks with one server or several, one instance of a type or several, write access or none, an environment that reaches
//! otherwise. Out: their locks. It must not know any tool.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and starts, writes and deletes by itself"
)]

mod support;

use serde_json::Value as Json;
use stacktic::name::sha256_hex;
use support::Files;

const EXAMPLE: &str = include_str!("../generated-example/stack.yaml");
const SEVERAL: &str = include_str!("golden/several_instances_of_one_type/stack.yaml");
const TWO_SERVERS: &str = include_str!("golden/two_servers_with_their_own_links/stack.yaml");

fn generate(stack: &str) -> Files {
    let folder = tempfile::tempdir().unwrap();
    support::write_file(&folder.path().join("stack.yaml"), stack);
    let mut command = support::program(folder.path());
    command.arg("gen");
    let run = support::run(command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    support::files(&folder.path().join("out"))
}

fn json(files: &Files, path: &str) -> Json {
    serde_json::from_slice(&files[path]).unwrap()
}

/// A server's copy, from its parts.
fn copy(files: &Files, folder: &str) -> Json {
    let path = format!("{folder}/config/tools.lock.json");
    let parts = files
        .range(path.clone()..)
        .take_while(|(name, _)| name.starts_with(&path));
    let whole: Vec<u8> = parts.flat_map(|(_, bytes)| bytes.clone()).collect();
    serde_json::from_slice(&whole).unwrap()
}

fn canonical(schema: &Json) -> String {
    sha256_hex(schema.to_string().as_bytes())
}

/// What the hashes of a tool must be, from the texts in the stack's document.
fn hashes(tool: &Json, envelope: &Json) -> [String; 4] {
    let mut output = envelope.clone();
    if let Some(data) = tool.get("data_schema") {
        output["properties"]["data"] = data.clone();
    }
    let text = |key: &str| sha256_hex(tool[key].as_str().unwrap().as_bytes());
    [
        text("title"),
        text("description"),
        canonical(&tool["input_schema"]),
        canonical(&output),
    ]
}

#[test]
fn hashes_are_those_of_the_texts() {
    for stack in [EXAMPLE, SEVERAL, TWO_SERVERS] {
        let files = generate(stack);
        let lock = json(&files, "tools.lock.json");
        let mut seen = 0;
        for (name, server) in lock["servers"].as_object().unwrap() {
            let copy = copy(&files, &format!("k8s/deploy/base/{name}"));
            assert_eq!(copy["links"], server["links"]);
            let (copied, tools) = (copy["tools"].as_array().unwrap(), server["tools"].as_array().unwrap());
            assert_eq!(copied.len(), tools.len());
            for (copied, tool) in copied.iter().zip(tools) {
                for (key, value) in copied.as_object().unwrap() {
                    assert_eq!(value, &tool[key], "{name} {key}");
                }
                let keys = ["title_sha256", "description_sha256", "input_sha256", "output_sha256"];
                assert_eq!(
                    keys.map(|key| copied[key].as_str().unwrap()),
                    hashes(tool, &lock["envelope"]),
                    "{copied}"
                );
                seen += 1;
            }
        }
        assert!(seen > 0);
    }
}

/// The texts are where reviewers read them, and nowhere else.
#[test]
fn a_servers_copy_has_no_texts() {
    let files = generate(EXAMPLE);
    let lock = json(&files, "tools.lock.json");
    let copy = copy(&files, "k8s/deploy/base/fastmcp");
    for tool in copy["tools"].as_array().unwrap() {
        let keys: Vec<&String> = tool.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "class",
                "description_sha256",
                "gate",
                "input_sha256",
                "link",
                "name",
                "output_sha256",
                "title_sha256"
            ]
        );
    }
    let texts = lock["servers"]["fastmcp"]["tools"].as_array().unwrap().iter();
    let copies: Vec<(&String, &Vec<u8>)> = files
        .iter()
        .filter(|(path, _)| path.ends_with(".json") && *path != "tools.lock.json")
        .collect();
    for text in texts.map(|tool| tool["description"].as_str().unwrap()) {
        for (path, bytes) in &copies {
            assert!(
                !String::from_utf8_lossy(bytes).contains(text),
                "`{text}` also stands in {path}"
            );
        }
    }
}

#[test]
fn several_instances_are_told_apart() {
    let lock = json(&generate(SEVERAL), "tools.lock.json");
    let tools = lock["servers"]["fastmcp"]["tools"].as_array().unwrap();
    for tool in tools {
        let schema = &tool["input_schema"];
        assert_eq!(schema["properties"]["component"]["enum"], tool["link"]);
        assert_eq!(schema["required"][0], "component");
    }
    let of = |class: &str| tools.iter().find(|tool| tool["class"] == class).unwrap();
    assert_eq!(of("read")["link"], serde_json::json!(["cache", "sessions"]));
    assert_eq!(of("write")["link"], serde_json::json!(["sessions"]));
}

/// The widest of the tools that reach it, number by number.
#[test]
fn limits_of_a_link_are_the_widest_of_its_tools() {
    for stack in [EXAMPLE, SEVERAL] {
        let lock = json(&generate(stack), "tools.lock.json");
        let server = &lock["servers"]["fastmcp"];
        for link in server["links"].as_array().unwrap() {
            let own = server["tools"].as_array().unwrap().iter();
            let own: Vec<&Json> = own
                .filter(|tool| tool["link"].as_array().unwrap().contains(&link["component"]))
                .collect();
            for limit in ["timeout_ms", "result_bytes", "text_bytes", "page_items"] {
                let widest = own.iter().filter_map(|tool| tool["limits"][limit].as_u64()).max();
                assert_eq!(link["limits"][limit].as_u64(), widest, "{link}");
            }
        }
    }
}

/// Every server, link and tool of the lock stands on the page, and no line of a table has more cells than its head.
#[test]
fn the_page_tells_every_tool() {
    for stack in [EXAMPLE, SEVERAL, TWO_SERVERS] {
        let files = generate(stack);
        let page = String::from_utf8(files["docs/tools.md"].clone()).unwrap();
        let lock = json(&files, "tools.lock.json");
        for (name, server) in lock["servers"].as_object().unwrap() {
            for link in server["links"].as_array().unwrap() {
                let head = format!("\n### {name} → {}\n", link["component"].as_str().unwrap());
                let section = page.split_once(&head).unwrap().1.split("\n##").next().unwrap();
                let tools = server["tools"].as_array().unwrap().iter();
                let own = tools.filter(|tool| tool["link"].as_array().unwrap().contains(&link["component"]));
                let names: Vec<String> = own
                    .map(|tool| format!("| `{}` |", tool["name"].as_str().unwrap()))
                    .collect();
                assert!(names.iter().all(|name| section.contains(name)), "{section}");
                assert_eq!(
                    section.lines().filter(|line| line.starts_with("| `")).count(),
                    names.len()
                );
            }
        }
        let cells = |line: &str| line.replace("\\|", "").matches('|').count() - 1;
        assert!(
            page.lines()
                .filter(|line| line.starts_with('|'))
                .all(|line| [2, 4].contains(&cells(line)))
        );
    }
}

/// An MCP server joins no group: a second one at the cluster changes nothing of what the first one reaches.
#[test]
fn servers_are_no_consumers_of_each_other() {
    let other = EXAMPLE
        .replace(
            "\ncomponents:\n",
            "\ncomponents:\n  second: {type: fastmcp, namespace: second}\n",
        )
        .replace("\nlinks:\n", "\nlinks:\n  - {from: second, to: kafka}\n");
    assert_ne!(other, EXAMPLE);
    let lock = |stack: &str| json(&generate(stack), "tools.lock.json")["servers"]["fastmcp"].clone();
    let groups = |lock: &Json| {
        let links = lock["links"].as_array().unwrap().iter();
        let mut links = links.filter(|link| link["component"] == "kafka");
        links.next().unwrap()["scope"]["groups"].clone()
    };
    let (alone, beside) = (lock(EXAMPLE), lock(&other));
    assert_eq!(groups(&alone), serde_json::json!(["fastapi"]));
    assert_eq!(groups(&beside), groups(&alone));
}
