//! Templates of a platform team: what they ask for in vain is told with place and nearest name.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_said;
use crate::builder::Project;

const MAIL: &str = "\
type: mailpit
title: mail sink
category: messaging
docs: https://mailpit.axllent.org/docs/
namespace: mail
group: backend
object: \"{name}\"
service: MAIL
install: {manifests: true}
attributes:
  storage: {type: quantity, default: 1Gi, help: size of the volume}
  relay: {type: hostname, help: host that mail goes on to}
sub_components:
  box:
    title: a mailbox
    attributes:
      owner: {type: string, default: nobody, pattern: \"[a-z]+\", help: who reads it}
endpoints:
  smtp: {host: \"{object}.{namespace}.svc.cluster.local\", port: 1025, protocol: tcp}
pods: {app: \"{name}\"}
health: [\"nc -z {host} {port}\"]
files:
  - {path: values.yaml, template: values.yaml.j2}
";

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  mail:
    type: mailpit
    sub_components:
      sales: {type: box}
";

/// What `gen` says of a template, without its first words.
fn said(template: &str) -> String {
    let project = Project::new(STACK)
        .file("extra/catalog/mailpit/component.yaml", MAIL)
        .file("extra/catalog/mailpit/values.yaml.j2", template);
    let run = project.run("gen --catalog extra");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{template}: {}", run.stderr);
    assert!(project.out().is_empty(), "nothing is written");
    let told = run.stderr.split_once("E_CATALOG_TEMPLATE: ").unwrap().1;
    told.trim_end().to_owned()
}

#[test]
fn the_message_names_the_template_its_line_and_the_nearest_name() {
    let project = Project::new(STACK)
        .file("extra/catalog/mailpit/component.yaml", MAIL)
        .file(
            "extra/catalog/mailpit/values.yaml.j2",
            "a: 1\nstorage: <% component.attributes.stroage | yaml %>\n",
        );
    assert_said!(project.said("gen --catalog extra"), @r#"
    exit code: 4
    ----- stdout -----
    ----- stderr -----
    error: could not render `k8s/deploy/base/mail/values.yaml` (component mail, template values.yaml.j2): E_CATALOG_TEMPLATE: `extra/catalog/mailpit/values.yaml.j2:2`: `component.attributes.stroage` is not defined; did you mean `storage`?
    "#);
}

#[test]
fn every_way_to_ask_in_vain() {
    for (template, expected) in [
        (
            "<% compnent.name %>",
            "`compnent` is not defined; did you mean `component`?",
        ),
        (
            "<% component.nmae %>",
            "`component.nmae` is not defined; did you mean `name`?",
        ),
        (
            "#: for sub in component.sub_components\n- <% sub.attributes.ower | yaml %>\n#: endfor\n",
            "`component.sub_components[0].attributes.ower` is not defined; did you mean `owner`?",
        ),
        (
            "#: if component.attributes.rely\na: 1\n#: endif\n",
            "`component.attributes.rely` is not defined; did you mean `relay`?",
        ),
        (
            "#: for sub in component.subcomponents\n#: endfor\n",
            "`component.subcomponents` is not defined; did you mean `sub_components`?",
        ),
        (
            "<% component.labls | default('x') %><% component.nmae | json %>",
            "`component.nmae` is not defined; did you mean `name`?",
        ),
        (
            "<% [component.nmae, component.labls | default('x')] | json %>",
            "`component.nmae` is not defined; did you mean `name`?",
        ),
        ("<% 'a' if false %>", "undefined value"),
        (
            "<% component.attributes.relay %>",
            "invalid operation: a value that is not given has no text; ask for it with `if`, or write it with `yaml`",
        ),
        (
            "<% component.name | upper %>",
            "unknown filter: filter upper is unknown",
        ),
        (
            "#: if component.name is defined\n#: endif\n",
            "unknown test: test defined is unknown",
        ),
        (
            "<% component.name",
            "syntax error: unexpected end of input, expected end of variable block",
        ),
    ] {
        let line = template.lines().position(|line| line.starts_with("- ")).unwrap_or(0) + 1;
        let place = format!("`extra/catalog/mailpit/values.yaml.j2:{line}`");
        assert_eq!(said(template), format!("{place}: {expected}"), "{template}");
    }
}

/// A closed list names attributes too: of a name that nobody has it would be empty, or full of other names.
#[test]
fn lists_that_ask_in_vain() {
    let link = |source: &str| {
        format!("from: fastapi\nto: mailpit\ninterface: http\nlevels: [read]\nscope: {{boxes: {{{source}}}}}\n")
    };
    let stack = format!(
        "{STACK}  shop: {{type: fastapi, attributes: {{image: shop:1}}}}\nlinks:\n  - {{from: shop, to: mail}}\n"
    );
    for (source, code, told) in [
        (
            "from: attribute, name: relya",
            4,
            "`relya`, which is not there; did you mean `relay`?",
        ),
        (
            "from: sub_components, type: box, attribute: onwer",
            4,
            "`onwer`, which is not there; did you mean `owner`?",
        ),
        (
            "from: sub_components, type: box, parent: onwer",
            4,
            "`onwer`, which is not there; did you mean `owner`?",
        ),
        ("from: sub_components, type: box, attribute: owner", 0, ""),
        ("from: attribute, name: relay", 0, ""),
    ] {
        let project = Project::new(&stack)
            .file(
                "extra/catalog/mailpit/component.yaml",
                format!("{MAIL}provides: {{http: {{}}}}\n"),
            )
            .file("extra/catalog/mailpit/values.yaml.j2", "a: 1\n")
            .file("extra/link-types/pairs/fastapi-mailpit/pair.yaml", link(source));
        let run = project.run("check --catalog extra");
        assert_eq!(run.code, code, "{source}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{source}: {}", run.stderr);
    }
}

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/catalog/README.md");

/// The fields that the README lists in the row that begins so; what stands in brackets explains one.
fn listed(begin: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(README).unwrap();
    let row = text
        .lines()
        .find(|line| line.starts_with(&format!("| {begin}")))
        .unwrap();
    let cell = row.split(" | ").nth(1).unwrap();
    let outside = cell.split('(').enumerate().map(|(number, part)| match number {
        0 => part,
        _ => part.split_once(')').map_or("", |(_, rest)| rest),
    });
    let words = outside.flat_map(|part| part.split('`').skip(1).step_by(2));
    words.map(str::to_owned).collect()
}

/// A type with an account, and with a link of its own.
fn linked() -> Project {
    let stack = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  mail: {type: mailpit, sub_components: {sales: {type: box}}}
  db: {type: cnpg, sub_components: {app: {type: database}}}
  app: {type: fastapi, attributes: {image: \"registry.example.com/app:1.0.0\"}}
links:
  - {from: app, to: mail}
  - {from: mail, to: db/app, access: own}
";
    let linked = "\
provides:
  smtp:
    accounts: {\"*\": {per: link, name: \"{link.id}\", secret: {name: \"{to.object}-users\", keys: {\"{account.name}\": {fact: password}}}}}
    levels: {write: {mail: [send]}}
consumes:
  - store: {interface: postgres, levels: [own], deliver: {secret: {name: store, file: store.env, keys: {password: password}}}}
";
    let interface = "\
interface: smtp
title: mail
facts: {password: {secret: true, help: password}}
levels: {write: send}
consumers: {application: {levels: [write]}}
";
    Project::new(stack)
        .file("extra/catalog/mailpit/component.yaml", format!("{MAIL}{linked}"))
        .file("extra/link-types/interfaces/smtp.yaml", interface)
}

/// The README lists what a template sees, and nothing else.
#[test]
fn the_readme_lists_the_fields_that_templates_see() {
    let template = "\
component: <% component | json %>
sub: <% component.sub_components[0] | json %>
account: <% component.accounts[0] | json %>
link: <% component.gets.store[0] | json %>
";
    let project = linked().file("extra/catalog/mailpit/values.yaml.j2", template);
    let run = project.run("gen --catalog extra");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let made = project.read("out/k8s/deploy/base/mail/values.yaml");
    for (word, row) in [
        ("component", "`component` |"),
        ("sub", "`sub`"),
        ("account", "`account`"),
        ("link", "a link, an item of"),
    ] {
        let begin = format!("{word}: ");
        let line = made.lines().find_map(|line| line.strip_prefix(&begin)).unwrap();
        let seen: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        assert_eq!(listed(row), seen.into_keys().collect(), "{word}");
    }
}
