//! `stacktic keys`: a key is printed once, its digest is kept, and nothing of others is lost.

use stacktic::name::sha256_hex;

use crate::assert_said;
use crate::builder::{LINKED, Project};

const SERVER: &str = "out/k8s/deploy/base/fastmcp/secret/cloud.env";

fn entries(project: &Project) -> String {
    let text = project.read(SERVER);
    let line = text.lines().find_map(|line| line.strip_prefix("MCP_API_KEYS="));
    line.unwrap().to_owned()
}

#[test]
fn a_key_is_printed_alone_and_its_digest_is_kept() {
    let project = Project::generated(LINKED);
    let run = project.run("keys add ci --expires 2099-01-31 --profile desk");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let key = run.stdout.strip_suffix('\n').unwrap();
    assert!(key.len() >= 43 && key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let digest = sha256_hex(key.as_bytes());
    assert_eq!(
        entries(&project),
        format!("ci:{digest};expires=2099-01-31T23:59:59Z;profile=desk")
    );
    assert_said!(run.stderr, @r"
    `ci` is in `k8s/deploy/base/fastmcp/secret/cloud.env`, as its SHA-256; it ends 2099-01-31T23:59:59Z. The key itself is printed this once
    next: bring it to the server; there it holds within 5 s of the file's change
        kubectl apply --server-side -k out/k8s/deploy/overlays/dev
    ");
    for (path, bytes) in project.out() {
        assert!(!String::from_utf8_lossy(&bytes).contains(key), "{path}");
    }
    let again = project.run("keys add ci");
    assert_eq!((again.code, again.stdout.as_str()), (1, ""));
    assert!(again.stderr.contains("there is a key `ci` already"), "{}", again.stderr);
    assert_eq!(project.run("gen --check").code, 0);
}

#[test]
fn keys_are_listed_rotated_and_revoked() {
    let project = Project::generated(LINKED);
    let old = project.run("keys add ci").stdout;
    let text = project.read(SERVER);
    project.write(SERVER, text.replace("MCP_API_KEYS=", "MCP_API_KEYS=mine, "));
    let new = project.run("keys add ci --rotate --overlap 3d");
    assert_eq!(new.code, 0, "{}", new.stderr);
    assert_ne!(new.stdout, old);
    assert_eq!(project.run("keys add soon --expires 5d").code, 0);
    let short = |text: &str| sha256_hex(text.trim_end().as_bytes())[..8].to_owned();
    let said = project
        .said("keys list")
        .replace(&short(&old), "[OLD]")
        .replace(&short(&new.stdout), "[NEW]");
    let times = regex_lite::Regex::new(r"\d{4}-\d\d-\d\dT\S+Z").unwrap();
    let said = times.replace_all(&said, "[TIME]").into_owned();
    let rows: Vec<&str> = said.lines().collect();
    assert_eq!(rows[2], "entry 1 is of no form that the server takes");
    assert_eq!(rows[3], "ci    [TIME]  -  [OLD]  expires soon");
    assert_eq!(rows[4], "ci.2  never                 -  [NEW]  valid");
    assert!(
        rows[5].starts_with("soon  [TIME]") && rows[5].ends_with("expires soon"),
        "{said}"
    );
    assert_eq!(project.run("keys revoke ci").code, 0);
    assert!(entries(&project).starts_with("mine,ci.2:"));
    let missing = project.run("keys revoke ci");
    assert_eq!(missing.code, 1);
    assert!(missing.stderr.contains("there is no key `ci`"), "{}", missing.stderr);
    // What links bring comes and goes with them, and leaves keys of people alone.
    assert_eq!(project.run("secrets sync").code, 0);
    assert!(entries(&project).contains("ci.2:"));
}

/// A server with a client `claude`.
const WITH_CLIENT: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  fastmcp:
    type: fastmcp
    sub_components:
      claude: {type: client, attributes: {profile: [loki]}}
  loki: {type: loki}
links:
  - {from: fastmcp, to: loki}
";

#[test]
fn a_key_that_is_called_like_a_client_is_of_that_client() {
    let project = Project::generated(WITH_CLIENT);
    let entry = |name: &str| {
        let all = entries(&project);
        let found = all.split(',').find(|entry| entry.starts_with(&format!("{name}:")));
        found.unwrap().to_owned()
    };
    let run = project.run("keys add claude");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(entry("claude").ends_with(";profile=claude"));
    assert!(
        run.stderr
            .contains("it is of the client `claude`, and opens nothing once that is gone"),
        "{}",
        run.stderr
    );
    // A successor is called otherwise, and opens the same.
    let text = project.read(SERVER);
    project.write(SERVER, text.replace(";profile=claude", ""));
    assert_eq!(project.run("keys add claude --rotate").code, 0);
    assert!(entry("claude.2").ends_with(";profile=claude"));
    // Any other key is one of the whole server, and nothing else is said of it.
    let run = project.run("keys add ci");
    assert!(!entry("ci").contains("profile"));
    assert!(!run.stderr.contains("client `"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_written() {
    let project = Project::generated(LINKED);
    let before = project.read(SERVER);
    for arguments in [
        "keys add link.x",
        "keys add Ci",
        "keys add ci --expires yesterday",
        "keys add ci --expires 2001-01-01",
        "keys add ci --expires 0d",
        "keys add ci --profile a/b",
        "keys add ci --rotate",
        "keys add ci --server other",
        "keys revoke ci",
    ] {
        let run = project.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{arguments}");
    }
    assert_eq!(project.read(SERVER), before);
    let elsewhere = Project::new(&format!("{LINKED}secrets: external_secrets\n"));
    let run = elsewhere.run("keys add ci");
    assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{}", run.stderr);
    assert!(run.stderr.contains("openssl rand -hex 32"), "{}", run.stderr);
    assert_eq!(
        Project::new("apiVersion: stacktic.io/v1\nkind: Stack\nname: a\n")
            .run("keys list")
            .code,
        1
    );
}
