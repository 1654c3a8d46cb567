//! `stacktic query`: the agent's questions, answered from a stack file.

use crate::assert_said;
use crate::builder::{LOKI, Project};

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  api: {type: fastapi, attributes: {image: 'registry.example.com/api:1.0.0'}}
  cnpg:
    type: cnpg
    sub_components:
      app_db: {type: database, attributes: {username: app_user}}
links:
  - {from: api, to: cnpg/app_db, access: own}
";

fn ask(query: &str) -> String {
    let project = Project::new(STACK);
    let run = project.run_with("query --query -", query);
    project.shown(&run)
}

#[test]
fn sub_components_with_consumers() {
    let query =
        r#"{"source": "type:cnpg", "target": "sub_components", "select": ["database", "username", "consumers"]}"#;
    assert_said!(ask(query), @r#"
    exit code: 0
    ----- stdout -----
    {
      "next_cursor": null,
      "results": [
        {
          "consumers": [
            "api"
          ],
          "database": "app_db",
          "username": "app_user"
        }
      ]
    }
    ----- stderr -----
    "#);
}

#[test]
fn a_mistyped_target() {
    assert_said!(ask(r#"{"source": "cnpg", "target": "links_form"}"#), @r#"
    exit code: 1
    ----- stdout -----
    {
      "error": {
        "code": "E_TARGET",
        "message": "`links_form` is no target; did you mean `links_from`?",
        "nearest": "links_from",
        "position": 0,
        "token": "links_form"
      }
    }
    ----- stderr -----
    "#);
}

#[test]
fn a_check_needs_the_agent() {
    assert_said!(ask(r#"{"source": "cnpg", "command": "pg_isready -h {host}"}"#), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error: a check is run by the Stack Agent of a running stack
    hint: `"dry_run": true` shows what would run
    "#);
}

#[test]
fn a_check_is_shown_without_one() {
    let body = r#"{"source": "cnpg", "target": "component", "dry_run": true,
        "command": "pg_isready -h {host} -p {port}", "on_failure": "nc -z {host} {port}"}"#;
    assert_said!(ask(body), @r#"
    exit code: 0
    ----- stdout -----
    {
      "next_cursor": null,
      "results": [
        {
          "command": "pg_isready -h cluster-db-rw.db.svc.cluster.local -p 5432",
          "name": "cnpg",
          "on_failure": "nc -z cluster-db-rw.db.svc.cluster.local 5432"
        }
      ],
      "status": "dry_run"
    }
    ----- stderr -----
    "#);
}

#[test]
fn a_check_that_the_agent_would_refuse() {
    let body = r#"{"source": "cnpg", "command": "curl -s 'http://{host}/?q=1'", "dry_run": true}"#;
    assert_said!(ask(body), @r#"
    exit code: 1
    ----- stdout -----
    {
      "error": {
        "code": "E_ARG",
        "message": "a path is letters, digits and `/._-~:=,@+`, without a query",
        "position": 8,
        "token": "'http://{host}/?q=1'"
      }
    }
    ----- stderr -----
    "#);
}

/// What people type first: the source alone, and what other languages take for an object.
#[test]
fn bodies_that_are_no_query() {
    let project = Project::new(LOKI);
    for (body, told) in [
        (
            "type:loki",
            "a query is a JSON object, such as `{\\\"source\\\": \\\"type:loki\\\"}`",
        ),
        (
            "type=stack_agent",
            "a query is a JSON object, such as `{\\\"source\\\": \\\"type:stack_agent\\\"}`",
        ),
        (
            "loki",
            "a query is a JSON object, such as `{\\\"source\\\": \\\"loki\\\"}`",
        ),
        (
            "[]",
            "a query is a JSON object, such as `{\\\"source\\\": \\\"all\\\"}`",
        ),
        (
            "{}",
            "it has no `source`; add one of `all`, `type:NAME`, `namespace:NAME`, `group:NAME` or the name of a component",
        ),
        (
            "{source:all}",
            "a key stands in no double quotes; JSON puts keys and text in them",
        ),
        (
            "{\"type\":\"loki\"}",
            "`type` is no key of a query; write `\\\"source\\\": \\\"type:NAME\\\"`",
        ),
    ] {
        let run = project.run(&format!("query -q {body}"));
        assert_eq!(run.code, 1, "{body}");
        assert!(run.stdout.contains(told), "{body}: {}", run.stdout);
    }
}
