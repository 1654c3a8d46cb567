//! `stacktic freeze`: what kubectl is asked to do, by one that only writes it down.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value as Json;

use crate::builder::Project;
use crate::support::{self, Run};

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  argo: {type: argo_cd}
  cnpg: {type: cnpg, sub_components: {app_db: {type: database}}}
  fastmcp: {type: fastmcp}
  loki: {type: loki}
  second: {type: fastmcp, namespace: other}
  valkey: {type: valkey}
links:
  - {from: fastmcp, to: cnpg}
  - {from: fastmcp, to: valkey, access: write}
  - {from: fastmcp, to: argo}
  - {from: fastmcp, to: loki}
  - {from: second, to: loki}
";

/// Writes its arguments and its input down; fails where the file `broken` says a word of them.
const KUBECTL: &str = "\
#!/bin/sh
printf '%s\\n' \"$*\" >> \"$0.calls\"
case \"$*\" in *'-f -'*) cat >> \"$0.input\"; echo >> \"$0.input\";; esac
if [ -f \"$0.broken\" ] && printf '%s' \"$*\" | grep -q -f \"$0.broken\"; then
  echo 'error: the server is away' >&2
  exit 1
fi
";

fn project() -> Project {
    let project = Project::new(STACK).file("bin/kubectl", KUBECTL);
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(project.path().join("bin/kubectl"), mode).unwrap();
    project
}

fn run(project: &Project, arguments: &[&str]) -> Run {
    let mut command = support::program(project.path());
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = project.path().join("bin");
    command.env("PATH", format!("{}:{path}", bin.display()));
    command.arg("freeze").args(arguments);
    support::run(command)
}

fn calls(project: &Project) -> Vec<String> {
    project.read("bin/kubectl.calls").lines().map(str::to_owned).collect()
}

#[test]
fn every_server_gets_the_switch_and_its_pods_a_new_word() {
    let project = project();
    let frozen = run(&project, &["--reason", "a key\nis 'out' $(id)"]);
    assert_eq!(frozen.code, 0, "{}", frozen.stderr);
    let first = calls(&project);
    let word = |line: &str| line.split_once("freeze=").map_or("-", |found| found.1).to_owned();
    let without: Vec<String> = first
        .iter()
        .map(|line| line.replace(&format!("freeze={}", word(line)), "freeze=WORD"))
        .collect();
    assert_eq!(
        without,
        [
            "apply -n mcp -f -",
            "apply -n other -f -",
            "annotate pods -n mcp -l app.kubernetes.io/instance=fastmcp --overwrite stacktic.io/freeze=WORD",
            "annotate pods -n other -l app.kubernetes.io/instance=second --overwrite stacktic.io/freeze=WORD",
        ]
    );
    let input = project.read("bin/kubectl.input");
    for (line, namespace) in input.lines().zip(["mcp", "other"]) {
        let object: Json = serde_json::from_str(line).unwrap();
        assert_eq!(object["kind"], "ConfigMap");
        // With a label of Argo CD's it would belong to an Application, which would delete it.
        let metadata = serde_json::json!({ "name": "stacktic-freeze", "namespace": namespace });
        assert_eq!(object["metadata"], metadata);
        assert_eq!(object["data"], serde_json::json!({ "reason": "a key\nis 'out' $(id)" }));
    }
    run(&project, &[]);
    assert_ne!(word(&calls(&project)[2]), word(&calls(&project)[6]));
}

#[test]
fn it_is_lifted_in_the_same_way() {
    let project = project();
    let lifted = run(&project, &["--lift", "--context", "prod"]);
    assert_eq!((lifted.code, lifted.stdout.as_str()), (0, ""), "{}", lifted.stderr);
    let calls = calls(&project);
    assert_eq!(
        calls[0],
        "delete configmap stacktic-freeze -n mcp --ignore-not-found --context prod"
    );
    assert!(calls[2].starts_with("annotate pods -n mcp"), "{}", calls[2]);
    assert!(calls.iter().all(|call| call.contains("--context prod")));
}

#[test]
fn what_fails_stops_nothing_else_and_is_told() {
    let project = project().file("bin/kubectl.broken", "apply -n mcp");
    let run = run(&project, &["--reason", "x"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("the server is away"), "{}", run.stderr);
    assert!(
        run.stderr.contains("1 of 4 commands failed: not everything is frozen"),
        "{}",
        run.stderr
    );
    assert_eq!(calls(&project).len(), 4);
}

#[test]
fn printed_commands_do_what_the_command_does() {
    let project = project();
    let reason = "it's\n\"EOF\"\nEOF\n$(touch hacked)";
    let printed = run(&project, &["--print", "--reason", reason]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    assert!(!project.path().join("bin/kubectl.calls").exists());
    // Those that take accounts back follow, and are not for a shell without a cluster.
    let (commands, _) = printed.stdout.split_once("# Keys").unwrap();
    let mut shell = support::shell(project.path(), commands);
    shell.env(
        "PATH",
        format!("{}:/usr/bin:/bin", project.path().join("bin").display()),
    );
    assert_eq!(support::run(shell).code, 0);
    assert_eq!(calls(&project).len(), 4);
    let input = project.read("bin/kubectl.input");
    let object: Json = serde_json::from_str(input.lines().next().unwrap()).unwrap();
    assert_eq!(object["data"]["reason"], reason);
    assert!(!project.path().join("hacked").exists());
}

#[test]
fn each_account_of_the_servers_is_told_with_what_takes_it_back() {
    let project = project();
    let run = run(&project, &[]);
    for line in [
        "# cnpg: account mcp_ro_fastmcp_cnpg",
        "-- psql -c 'ALTER ROLE \"mcp_ro_fastmcp_cnpg\" NOLOGIN'",
        "stacktic secrets rotate fastmcp:cnpg stack.yaml",
        "# valkey: account mcp_fastmcp_valkey",
        "valkey-cli --user admin --askpass ACL SETUSER mcp_fastmcp_valkey off",
        "# issued elsewhere, and taken back there: token of the role",
    ] {
        assert!(run.stdout.contains(line), "{line}\n{}", run.stdout);
    }
    // It has no account.
    assert!(!run.stdout.contains("loki"), "{}", run.stdout);
}

#[test]
fn a_stack_without_a_server_and_a_machine_without_kubectl_are_told() {
    let project = Project::new(crate::builder::LOKI);
    let found = run(&project, &[]);
    assert_eq!(found.code, 1);
    assert!(found.stderr.contains("the stack has no MCP server"), "{}", found.stderr);
    let project = Project::new(crate::builder::LINKED);
    let mut command = support::program(project.path());
    command.env("PATH", project.path()).arg("freeze");
    let found = support::run(command);
    assert_eq!(found.code, 1);
    assert!(found.stderr.contains("`kubectl` is not on PATH"), "{}", found.stderr);
    assert_eq!(run(&project, &["--lift", "--reason", "x"]).code, 64);
}
