//! `stacktic why`: who asks for a file or a line, and what a link makes.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::builder::{LINKED, Project};

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  fastmcp: {type: fastmcp}
  loki: {type: loki}
  valkey: {type: valkey}
  prometheus: {type: prometheus}
links:
  - from: fastmcp
    to:
      - loki
      - valkey
  - {from: prometheus, to: \"*\"}
";

const SERVER: &str = "k8s/deploy/base/fastmcp";

fn json(project: &Project, arguments: &str) -> Json {
    let run = project.run(arguments);
    assert_eq!(run.code, 0, "{arguments}: {}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

fn texts<'a>(items: &'a Json, key: &str) -> BTreeSet<&'a str> {
    let items = items.as_array().unwrap().iter();
    items.map(|item| item[key].as_str().unwrap()).collect()
}

/// The number of the first line that holds `part`.
fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).unwrap() + 1
}

#[test]
fn a_copied_file_and_its_lines() {
    let project = Project::new(LINKED);
    let path = format!("{SERVER}/files/loki_tools.py");
    let answer = json(&project, &format!("why {path}:1 -o json"));
    let place = "catalog/fastmcp/stacktic_mcp/tools/loki/loki_tools.py";
    assert_eq!((&answer["source"], &answer["is_copy"]), (&place.into(), &true.into()));
    assert_eq!(answer["line"]["source"], format!("{place}:1"));
    assert_eq!(answer["cause"]["kind"], "pair");
    assert_eq!(answer["component"]["place"], "stack.yaml:6");
    let link = &answer["links"][0];
    assert_eq!((&link["to"], &link["place"]), (&"loki".into(), &"stack.yaml:9".into()));
    assert_eq!(
        (&link["interface"], &link["without"]),
        (&"loki_query".into(), &"no-file".into())
    );
    let entry = answer["entry"].as_str().unwrap();
    let (file, line) = entry.rsplit_once(':').unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(file)).unwrap();
    assert!(
        text.lines()
            .nth(line.parse::<usize>().unwrap() - 1)
            .unwrap()
            .contains("loki_tools.py"),
        "{entry}"
    );
}

#[test]
fn a_line_of_a_template_and_the_link_that_it_is_due_to() {
    let project = Project::generated(LINKED);
    let path = format!("{SERVER}/networkpolicy.yaml");
    let text = project.read(&format!("out/{path}"));
    let number = line_of(&text, "3100");
    // A path may begin with the folder of the output, as a shell completes it.
    for path in [format!("out/{path}"), format!("./out/{path}"), path.clone()] {
        let answer = json(&project, &format!("why {path}:{number} -o json"));
        let source = answer["line"]["source"].as_str().unwrap();
        assert!(source.starts_with("hooks/network_policies/policy.yaml.j2:"), "{source}");
        assert_eq!(answer["line"]["text"], text.lines().nth(number - 1).unwrap());
        assert_eq!(texts(&answer["links"], "to"), BTreeSet::from(["loki"]));
        assert_eq!(answer["links"][0]["without"], "no-line");
        assert_eq!(answer["notes"], Json::Array(Vec::new()));
    }
    let first = json(&project, &format!("why {path}:1 -o json"));
    assert_eq!(
        (&first["line"]["source"], first["links"].as_array().unwrap().len()),
        (&Json::Null, 0)
    );
    let said = project.run(&format!("why {path}:{number}"));
    assert!(
        said.stdout
            .contains("fastmcp → loki  loki_query, read, stack.yaml:9: no such line"),
        "{}",
        said.stdout
    );
}

/// What was computed has a field, and no line of a template is made up for it.
#[test]
fn a_line_of_a_document() {
    let project = Project::generated(LINKED);
    let text = project.read("out/tools.lock.json");
    let number = line_of(&text, "\"loki_errors\"");
    let answer = json(&project, &format!("why tools.lock.json:{number} -o json"));
    assert_eq!(
        (&answer["source"], &answer["line"]["source"]),
        (&Json::Null, &Json::Null)
    );
    assert!(
        answer["line"]["field"]
            .as_str()
            .unwrap()
            .starts_with("servers.fastmcp.tools.0."),
        "{answer:#}"
    );
    assert!(answer["line"]["note"].as_str().unwrap().contains("no template"));
}

#[test]
fn a_secret_file_tells_its_keys_and_no_value() {
    let project = Project::generated(STACK);
    let path = format!("{SERVER}/secret/cloud.env");
    let text = project.read(&format!("out/{path}"));
    let number = line_of(&text, "MCP_VALKEY_PASSWORD=");
    project.write(
        &format!("out/{path}"),
        text.replace("MCP_VALKEY_PASSWORD=", "MCP_VALKEY_PASSWORD=h0nter2"),
    );
    let run = project.run(&format!("why {path}:{number}"));
    assert!(run.stdout.contains("key `MCP_VALKEY_PASSWORD`: "), "{}", run.stdout);
    assert!(
        run.stdout.contains("fastmcp → valkey") && !run.stdout.contains("fastmcp → loki"),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains("as it is seeded"), "{}", run.stderr);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("h0nter2"));
}

#[test]
fn what_is_told_is_not_what_lies_on_disk() {
    let project = Project::generated(LINKED);
    project.write("out/docs/topology.md", "edited\n");
    let run = project.run("why docs/topology.md");
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("the file on disk is another"), "{}", run.stderr);
}

#[test]
fn paths_lines_and_links_that_there_are_not() {
    let project = Project::new(LINKED);
    for (arguments, error, hint) in [
        (
            "why deployment.yaml",
            "the stack makes no file `deployment.yaml`",
            "k8s/deploy/base/fastmcp/deployment.yaml",
        ),
        (
            "why docs/topologi.md",
            "the stack makes no file `docs/topologi.md`",
            "did you mean `docs/topology.md`?",
        ),
        (
            "why docs/topology.md:0",
            "`docs/topology.md` has no line 0",
            "as `stacktic gen` makes it",
        ),
        (
            "why docs/topology.md:9999",
            "`docs/topology.md` has no line 9999",
            "as `stacktic gen` makes it",
        ),
        ("why ../stack.yaml", "the stack makes no file", ""),
        (
            "why --link fastmcp lokki",
            "the stack has no component `lokki`",
            "did you mean `loki`?",
        ),
        (
            "why --link loki fastmcp",
            "no link from `loki` to `fastmcp`",
            "there is one from `fastmcp` to `loki`",
        ),
        (
            "why --link fastmcp loki/x",
            "no link from `fastmcp` to `loki/x`",
            "links of `fastmcp` end at `loki`",
        ),
    ] {
        let run = project.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{arguments}");
        assert!(
            run.stderr.contains(error) && run.stderr.contains(hint),
            "{arguments}: {}",
            run.stderr
        );
    }
    for arguments in ["why", "why --link fastmcp", "why x --link fastmcp loki"] {
        assert_eq!(project.run(arguments).code, 64, "{arguments}");
    }
}

#[test]
fn a_file_that_lies_there_and_is_not_made() {
    let project = Project::generated(LINKED);
    project.write("stack.yaml", LINKED.split("links:").next().unwrap());
    let run = project.run(&format!("why out/{SERVER}/files/loki_tools.py"));
    assert_eq!(run.code, 1);
    let said = "loki_tools.py`, though one lies there\nhint: `stacktic gen --dry-run` says whether it would go";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

/// What `why --link` tells is what two runs of `gen` differ in.
#[test]
fn a_link_makes_what_goes_without_it() {
    let with = Project::generated(LINKED);
    let without = Project::generated(LINKED.split("links:").next().unwrap());
    let (after, before) = (with.out(), without.out());
    let is_told = |path: &&String| !path.starts_with(".stacktic/");
    let paths: BTreeSet<&String> = after.keys().chain(before.keys()).filter(is_told).collect();
    let changed: BTreeSet<&str> = paths
        .into_iter()
        .filter(|path| after.get(*path) != before.get(*path))
        .map(String::as_str)
        .collect();
    let answer = json(&with, "why --link fastmcp loki -o json");
    assert_eq!(texts(&answer["files"], "path"), changed);
    assert!(texts(&answer["tools"], "name").contains("loki_errors"));
    assert!(texts(&answer["keys"], "key").contains("MCP_LOKI_HOST"));
    assert_eq!(answer["network"][0]["to"], "loki");
    assert_eq!(answer["links"][0]["place"], "stack.yaml:9");
    let said = with.run("why --link fastmcp loki").stdout;
    for part in [
        "fastmcp → loki: fastmcp-loki, read, stack.yaml:9\n",
        "\nTools\n  loki_errors",
        "\nNetwork\n  fastmcp → loki 3100\n",
        "\nObjects\n  ~ Deployment mcp/fastmcp",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// One item of a list and one of all that `*` stands for are links of their own.
#[test]
fn links_of_lists_and_of_all() {
    let project = Project::new(STACK);
    let answer = json(&project, "why --link fastmcp valkey -o json");
    assert_eq!(answer["links"][0]["place"], "stack.yaml:14");
    assert_eq!(texts(&answer["keys"], "of"), BTreeSet::from(["fastmcp", "valkey"]));
    assert_eq!(answer["accounts"][0]["at"], "valkey");
    assert!(
        texts(&answer["tools"], "name")
            .iter()
            .all(|name| name.starts_with("valkey_"))
    );
    let answer = json(&project, "why --link prometheus loki -o json");
    let edges: Vec<_> = answer["network"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| (&edge["from"], &edge["to"]))
        .collect();
    assert_eq!(edges, [(&"prometheus".into(), &"loki".into())]);
}

#[test]
fn a_stack_that_cannot_be_read_is_told_as_everywhere() {
    let run = Project::new(&LINKED.replace("to: loki", "to: lokki")).run("why docs/topology.md -o json");
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("E_TOPOLOGY_LINK"), "{}", run.stdout);
}
