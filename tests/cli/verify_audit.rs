//! `stacktic verify --audit`: logs from files and pipes, judged and told.

use serde_json::Value as Json;
use stacktic::name::sha256_hex;

use crate::assert_said;
use crate::builder::Project;

/// Lines as a server writes them, from the one behind `previous` on.
fn log(replica: &str, from: u64, previous: &str, tools: &[&str]) -> Vec<String> {
    let mut previous = previous.to_owned();
    let lines = (from..).zip(tools).map(|(number, tool)| {
        let line = format!(
            "{{\"replica\":\"{replica}\",\"sequence\":{number},\"time\":\"2026-11-30T10:00:0{number}.000Z\",\"key\":\"ci\",\
             \"session\":\"\",\"method\":\"tools/call\",\"tool\":\"{tool}\",\"link\":\"l\",\"arguments\":{{\"q\":\"hidden\"}},\
             \"arguments_sha256\":\"x\",\"decision\":\"allowed\",\"code\":null,\"duration_ms\":1,\"bytes\":2,\
             \"previous\":\"{previous}\"}}"
        );
        previous = sha256_hex(line.as_bytes());
        line
    });
    lines.collect()
}

fn first() -> String {
    "0".repeat(64)
}

fn text(lines: &[String]) -> String {
    lines.concat().replace("}{\"replica", "}\n{\"replica") + "\n"
}

fn project() -> Project {
    let project = Project::new("");
    let one = log("pod-a", 1, &first(), &["get_rows", "get_rows"]);
    let later = log("pod-a", 3, &sha256_hex(one[1].as_bytes()), &["set_key"]);
    // The newer file has the name that comes first, as logs are turned.
    project.write("audit.jsonl", text(&later));
    project.write("audit.jsonl.1", text(&one));
    project.write(
        "b.log",
        format!(
            "starting\n{}\u{1b}[0m bye\n",
            text(&log("pod-b", 1, &first(), &["get_rows"]))
        ),
    );
    project
}

#[test]
fn logs_of_several_replicas_are_told_as_one() {
    let project = project();
    let said = project.said("verify --audit audit.jsonl audit.jsonl.1 b.log");
    let said = regex_lite::Regex::new("[0-9a-f]{64}")
        .unwrap()
        .replace_all(&said, "[HASH]")
        .into_owned();
    assert_said!(said, @r"
    exit code: 0
    ----- stdout -----
    `pod-a`: lines 1 to 3, 2026-11-30T10:00:01.000Z to 2026-11-30T10:00:03.000Z
      head: 3 [HASH] pod-a
    `pod-b`: lines 1 to 1, 2026-11-30T10:00:01.000Z to 2026-11-30T10:00:01.000Z
      head: 1 [HASH] pod-b
    4 lines: 4 requests, 4 calls of tools, 0 denied, 0 failed, 0 writes; 2 lines of others in between

    key  requests   denied   failed   writes
    ci          4        0        0        0

    tool      requests   denied   failed   writes
    get_rows         3        0        0        0
    set_key          1        0        0        0

    each line is as it was written, as far as a later line or a head that was kept can tell
    ----- stderr -----
    ");
}

#[test]
fn a_fault_has_its_file_and_its_line() {
    let project = project();
    let changed = project.read("audit.jsonl.1").replacen("get_rows", "get_role", 1);
    project.write("audit.jsonl.1", changed);
    let run = project.run("verify --audit audit.jsonl.1 audit.jsonl");
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stderr,
        "error: changed: line 1 is not as it was written: the next line names another\n --> audit.jsonl.1:1\n\n"
    );
    assert!(!(run.stdout + &run.stderr).contains("hidden"));
    let told: Json =
        serde_json::from_str(&project.run("verify -o json --audit audit.jsonl.1 audit.jsonl").stdout).unwrap();
    assert_eq!(told["flaws"][0]["kind"], "changed");
    assert_eq!(told["flaws"][0]["at"]["line"], 1);
    assert_eq!(told["whole"], false);
}

#[test]
fn a_head_that_was_kept_finds_a_log_cut() {
    let project = project();
    let told: Json =
        serde_json::from_str(&project.run("verify -o json --audit audit.jsonl.1 audit.jsonl").stdout).unwrap();
    let head = &told["logs"][0]["head"];
    let head = format!("{} {} pod-a\n", head["sequence"], head["sha256"].as_str().unwrap());
    project.write("heads", &head);
    assert_eq!(
        project
            .run("verify --head heads --audit audit.jsonl.1 audit.jsonl")
            .code,
        0
    );
    let run = project.run("verify --head heads --audit audit.jsonl.1");
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.starts_with("error: cut: line 3 of `pod-a` was remembered"),
        "{}",
        run.stderr
    );
    // Beside the file, as the server leaves it.
    project.write("audit.jsonl.1.head", head.replace(" pod-a", ""));
    assert_eq!(project.run("verify --audit audit.jsonl.1").code, 1);
}

#[test]
fn standard_input_is_a_log_like_any_other() {
    let project = project();
    let whole = project.read("audit.jsonl.1");
    assert_eq!(project.run_with("verify --audit -", &whole).code, 0);
    assert_eq!(project.run_with("verify --audit - audit.jsonl", &whole).code, 0);
    assert_eq!(project.run_with("verify --audit -", "nothing\n").code, 1);
    let long = format!(
        "{}\n{whole}{{\"sequence\":{}\n",
        "x".repeat(300_000),
        "1".repeat(300_000)
    );
    let run = project.run_with("verify --audit -", &long);
    assert!(
        run.stderr.contains("longer than any line of the log\n --> -:4\n"),
        "{}",
        run.stderr
    );
    assert_eq!(project.run("verify --audit - -").code, 1);
    assert_eq!(project.run("verify --audit missing").code, 1);
    assert_eq!(project.run("verify").code, 64);
    assert_eq!(project.run("verify --lock x").code, 64);
}

#[test]
fn calls_of_tools_that_a_lock_does_not_know_are_listed() {
    let project = project();
    project.write(
        "old.json",
        r#"{"version": 2, "links": [], "tools": [{"name": "get_rows"}]}"#,
    );
    let run = project.run("verify --lock old.json --audit audit.jsonl audit.jsonl.1");
    assert_eq!(run.code, 0);
    assert!(
        run.stdout
            .contains("3 of which the log does not tell; 1 of tools that it does not know"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("set_key  allowed, not in the lock  audit.jsonl:1\n"),
        "{}",
        run.stdout
    );
}
