//! `stacktic graph`: the stack as a picture, in views that leave out what they are not about.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::builder::Project;

/// No component has the name of its type.
const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  front: {type: apisix}
  shop-api: {type: fastapi, attributes: {image: 'registry.example.com/api:1.0.0', secret_env: [MAIL_TOKEN]}}
  helper: {type: fastmcp}
  watcher: {type: stack_agent}
  main-db:
    type: cnpg
    sub_components:
      orders: {type: database, attributes: {username: app_user}}
  numbers: {type: prometheus}
  logs-kept: {type: loki}
  shipper: {type: alloy}
  papers: {type: cert_manager}
  keeper: {type: argo_cd}
  mail: {type: mailpit}
links:
  - {from: front, to: [shop-api, helper]}
  - {from: shop-api, to: main-db/orders, access: own}
  - {from: shop-api, to: mail, access: write}
  - {from: helper, to: [main-db, watcher, numbers]}
  - {from: numbers, to: [main-db, front]}
  - {from: shipper, to: logs-kept}
  - {from: shipper, to: '*'}
  - {from: keeper, to: [main-db, front]}
  - {from: watcher, to: [main-db, front]}
";

/// A type and an interface that the program does not know; its title is no tag.
const MAILPIT: &str = "\
type: mailpit
title: \"mail </title><script>alert(1)</script>\"
category: messaging
docs: https://mailpit.axllent.org/docs/
namespace: mail
group: backend
object: \"{name}\"
service: MAIL
install: {manifests: true}
endpoints:
  smtp: {host: \"{object}.{namespace}.svc.cluster.local\", port: 1025, protocol: tcp}
pods: {app: \"{object}\"}
health: [\"nc -z {host} {port}\"]
provides:
  smtp:
    endpoint: smtp
    facts: {host: \"{to.host}\"}
    accounts:
      \"*\": {per: link, name: \"mail_{link.id}\", secret: {name: \"{to.object}.{link.object}\", keys: {password: {fact: password}}}}
";

const SMTP: &str = "\
interface: smtp
title: a mail server
facts:
  host: {help: host}
  password: {secret: true, help: password}
levels:
  read: see mail
  write: send mail
consumers:
  application: {levels: [read, write]}
";

fn shop() -> Project {
    Project::new(STACK)
        .file("extra/catalog/mailpit/component.yaml", MAILPIT)
        .file("extra/link-types/interfaces/smtp.yaml", SMTP)
}

fn graph(project: &Project, arguments: &str) -> String {
    let run = project.run(&format!("graph --catalog extra {arguments}"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments}");
    run.stdout
}

/// What a view shows: components, and lines with their levels.
fn shown(project: &Project, view: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let document: Json = serde_json::from_str(&graph(project, &format!("-o json --view {view}"))).unwrap();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let components = document["components"].as_array().unwrap().iter();
    let links = document["links"].as_array().unwrap().iter();
    let drawn = links.filter(|link| link["watches"] == false);
    let line = |link: &Json| {
        let ai = if link["ai"] == true { "ai " } else { "" };
        format!(
            "{ai}{} {} {}",
            text(&link["from"]),
            text(&link["level"]),
            text(&link["to"])
        )
    };
    (
        components.map(|one| text(&one["name"])).collect(),
        drawn.map(line).collect(),
    )
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn views_show_what_they_are_about() {
    let project = shop();
    let (components, lines) = shown(&project, "ai");
    assert_eq!(components, set(&["helper", "main-db", "numbers", "watcher"]));
    assert_eq!(
        lines,
        set(&[
            "ai helper read main-db",
            "ai helper read numbers",
            "ai helper read watcher"
        ])
    );
    let (components, lines) = shown(&project, "data");
    assert_eq!(components, set(&["mail", "main-db", "shop-api"]));
    assert_eq!(lines, set(&["shop-api own main-db", "shop-api write mail"]));
    let (components, lines) = shown(&project, "delivery");
    assert!(components.is_superset(&set(&["front", "papers", "numbers", "keeper", "main-db", "watcher"])));
    assert_eq!(
        lines,
        set(&[
            "front write helper",
            "front write shop-api",
            "shipper write logs-kept",
            "watcher probe front"
        ])
    );
    let (components, lines) = shown(&project, "all");
    assert_eq!(components.len(), 11);
    assert!(lines.is_superset(&shown(&project, "ai").1) && lines.is_superset(&shown(&project, "data").1));
}

/// What watches everything is told in boxes, where a line each would hide all others.
#[test]
fn watching_is_told_in_boxes() {
    let text = graph(&shop(), "-o mermaid --view delivery");
    assert!(!text.contains("c_numbers --"), "{text}");
    assert!(text.contains("metrics \u{2190} numbers"), "{text}");
    assert!(
        text.contains("deployed \u{2190} keeper") && text.contains("logs \u{2190} shipper"),
        "{text}"
    );
    let text = graph(&shop(), "-o mermaid --view ai");
    assert!(text.contains("its checks reach 2 components"), "{text}");
}

/// The order of a stack file says nothing.
#[test]
fn same_stack_same_bytes() {
    let mut lines: Vec<&str> = STACK.lines().collect();
    let links = lines.iter().position(|line| *line == "links:").unwrap();
    lines[links + 1..].reverse();
    let shuffled = shop().file("stack.yaml", format!("{}\n", lines.join("\n")));
    for form in ["svg", "html", "mermaid", "dot", "json"] {
        let arguments = format!("-o {form}");
        let text = graph(&shop(), &arguments);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{form}");
        assert_eq!(text, graph(&shuffled, &arguments), "{form}");
    }
}

#[test]
fn text_of_a_catalog_is_no_markup() {
    for form in ["svg", "html"] {
        let text = graph(&shop(), &format!("-o {form}"));
        assert!(text.contains("mail &lt;/title&gt;&lt;script&gt;alert(1)"), "{form}");
        assert!(!text.contains("<script>alert"), "{form}");
    }
}

/// Names of secrets are told; what is put in their place is not there to be told.
#[test]
fn pages_are_small_and_name_secrets_alone() {
    let stack = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("generated-example/stack.yaml");
    let page = graph(&shop(), &format!("-o html {}", stack.display()));
    assert!(page.len() < 400 * 1024, "{}", page.len());
    assert!(
        page.contains("MCP_CNPG_PASSWORD") && page.contains("network edge"),
        "{page}"
    );
    assert!(!page.contains("change-me") && !page.contains("app_user:"), "{page}");
}

#[test]
fn what_changed_is_shown_in_the_picture() {
    let project = shop();
    let after = STACK
        .replace(
            "  - {from: shop-api, to: mail, access: write}\n",
            "  - {from: shop-api, to: mail}\n",
        )
        .replace("to: [main-db, watcher, numbers]", "to: [main-db, watcher]");
    project.write("after.yaml", after);
    let document: Json =
        serde_json::from_str(&graph(&project, "after.yaml --diff stack.yaml --view all -o json")).unwrap();
    let links = document["links"].as_array().unwrap().iter();
    let changed: BTreeSet<String> = links
        .filter(|link| link["change"] != "same")
        .map(|link| {
            format!(
                "{} {} {} {}",
                link["from"], link["to"], link["change"], link["level_before"]
            )
        })
        .collect();
    assert_eq!(
        changed,
        set(&[
            r#""helper" "numbers" "removed" null"#,
            r#""shop-api" "mail" "changed" "write""#
        ])
    );
    let text = graph(&project, "after.yaml --diff stack.yaml");
    assert!(
        text.contains("line ai removed") && text.contains("~ write \u{2192} read"),
        "{text}"
    );
    let same = graph(&project, "--diff stack.yaml");
    assert!(
        !same.contains("class=\"node added") && !same.contains("data-x"),
        "{same}"
    );
}

#[test]
fn what_is_wrong_is_told() {
    let project = Project::new(&STACK.replace("type: apisix", "type: apisx"));
    let run = project.run("graph");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("did you mean `apisix`?"), "{}", run.stderr);
    let run = project.run("graph -o json");
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let findings: Json = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(findings["findings"][0]["file"], "stack.yaml");
    for arguments in ["graph nowhere.yaml", "graph --diff nowhere.yaml"] {
        assert_eq!(project.run(arguments).code, 1, "{arguments}");
    }
    for arguments in ["graph --view none", "graph -o png"] {
        assert_eq!(project.run(arguments).code, 64, "{arguments}");
    }
}
