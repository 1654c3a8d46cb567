//! `stacktic catalog check`: what a person sees of a catalog, and what `gen` and `check` say of the same entries.

use crate::assert_said;
use crate::builder::{LOKI, Project};

/// A type with three mistakes.
const WRONG: &str = "\
type: mailpitt
title: mail sink
category: messaging
docs: https://mailpit.axllent.org/docs/
namespace: mail
group: messaging
object: \"{name}\"
service: MAIL
install: {chart: {repository: \"https://charts.example.com\", name: mailpit, version: 1.2.3}}
endpoints:
  smtp: {host: \"{object}.{namespace}.svc.cluster.local\", port: 1025, protocol: tcp}
primary_endpoint: stmp
pods: {app: \"{nmae}\"}
health: [\"nc -z {host} {port}\"]
files: [{path: values.yaml, text: \"fullnameOverride: <% component.object %>\"}]
profiles: {ha: {stays: one pod that holds the mails}}
";

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  mail: {type: mailpit}
";

const SAID: &str = "\
error[E_CATALOG_NAME]: the folder is called `mailpit`, and the entry `mailpitt`
 --> extra/catalog/mailpit/component.yaml:1:7
  |
1 | type: mailpitt
  |       ^^^^^^^^
hint: write `type: mailpit`, or rename the folder

error[E_CATALOG_ENDPOINT]: there is no endpoint `stmp`
  --> extra/catalog/mailpit/component.yaml:12:19
   |
12 | primary_endpoint: stmp
   |                   ^^^^
hint: did you mean `smtp`?

error[E_CATALOG_PATTERN]: the variable `{nmae}` is not known here
  --> extra/catalog/mailpit/component.yaml:13:13
   |
13 | pods: {app: \"{nmae}\"}
   |             ^^^^^^^^
hint: did you mean `name`?

3 findings in 1 file of the catalog
";

fn wrong(stack: &str) -> Project {
    Project::new(stack).file("extra/catalog/mailpit/component.yaml", WRONG)
}

/// Whoever is asked tells the same, all at once; nothing is written.
#[test]
fn every_command_that_uses_an_entry_tells_its_findings() {
    let project = wrong(STACK);
    for arguments in [
        "catalog check extra",
        "catalog check --catalog extra",
        "gen --catalog extra",
        "check --catalog extra",
        "query --catalog extra",
        "catalog ls --catalog extra",
        "catalog show mailpit --catalog extra",
    ] {
        let run = project.run(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (4, SAID), "{arguments}");
    }
    assert!(project.out().is_empty());
}

/// A stack that does not use the entry is not held up by it.
#[test]
fn an_entry_that_is_not_used_is_in_nobodys_way() {
    let project = wrong(LOKI);
    assert_eq!(project.run("gen --catalog extra").code, 0);
    assert_eq!(project.run("catalog check extra").code, 4);
}

/// Folders are looked at by every command: an entry that nobody finds is missed by nobody.
#[test]
fn a_folder_without_its_entry() {
    let project = Project::new(LOKI).file("extra/catalog/mailpit/component.yml", WRONG);
    assert_said!(project.said("gen --catalog extra"), @r#"
    exit code: 4
    ----- stdout -----
    ----- stderr -----
    error[E_CATALOG_FOLDER]: the folder has no `component.yaml`
     --> extra/catalog/mailpit
    hint: rename `component.yml` to `component.yaml`

    1 finding in 1 file of the catalog
    "#);
}

#[test]
fn findings_for_programs() {
    let project = wrong(STACK);
    for arguments in ["catalog check extra -o json", "gen --catalog extra -o json"] {
        let run = project.run(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (4, ""), "{arguments}");
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let first = &report["findings"][0];
        assert_eq!(report["findings"].as_array().unwrap().len(), 3);
        assert_eq!(
            first,
            &serde_json::json!({
                "code": "E_CATALOG_NAME",
                "file": "extra/catalog/mailpit/component.yaml",
                "line": 1,
                "column": 7,
                "length": 8,
                "message": "the folder is called `mailpit`, and the entry `mailpitt`",
                "hint": "write `type: mailpit`, or rename the folder",
            })
        );
    }
}

#[test]
fn a_good_catalog() {
    let good = WRONG
        .replace("mailpitt", "mailpit")
        .replace("stmp", "smtp")
        .replace("{nmae}", "{name}");
    let project = Project::new(STACK).file("extra/catalog/mailpit/component.yaml", good);
    assert_said!(project.said("catalog check extra"), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
    `extra` is good: 1 entry, tried in 17 stacks
    "#);
    assert_eq!(project.run("catalog check nosuch").code, 4);
    assert_eq!(project.run("gen --catalog extra").code, 0);
}

/// A key that no entry has on its own, and that a prefix makes what a runtime looks for.
#[test]
fn a_prefix_that_steers_a_process() {
    let pair = "from: fastapi\nto: valkey\ntitle: a cache\nkeys: {OPTIONS: host}\n";
    let stack = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  shop: {type: fastapi, attributes: {image: \"registry.example.com/app:1.0.0\"}}
  valkey: {type: valkey}
links:
  - {from: shop, to: valkey, env: NODE}
";
    let project = Project::new(stack).file("extra/link-types/pairs/fastapi-valkey/pair.yaml", pair);
    assert_said!(project.said("check --catalog extra"), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error[E_TOPOLOGY_NAME]: the link `shop → valkey` would set `NODE_OPTIONS`, which steers Node.js
     --> stack.yaml:9:5
      |
    9 |   - {from: shop, to: valkey, env: NODE}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: choose another prefix, such as `env: VALKEY` on `shop → valkey`

    1 finding in `stack.yaml`
    "#);
    project.write("stack.yaml", stack.replace("env: NODE", "env: CACHE"));
    assert_eq!(project.run("check --catalog extra").code, 0);
}
