//! `stacktic catalog`, `schema` and `completions`: what the program knows, on stdout.

use crate::assert_said;
use crate::builder::{LOKI, Project, head};

/// A type of a platform team's own.
const MAIL: &str = "\
type: mailpit
title: mail sink
category: backend
docs: https://mailpit.axllent.org/docs/
namespace: mail
group: backend
object: \"{name}\"
service: MAIL
install: {manifests: true}
attributes:
  memory: {type: quantity, default: 64Mi, help: memory request and limit}
  token: {type: string, secret: true, help: of your own choice}
  sender: {type: string, required: true, help: address that mail comes from}
endpoints:
  smtp: {host: \"{object}.{namespace}.svc.cluster.local\", port: 1025, protocol: tcp, target_port: 1025}
notes: Nothing leaves it.
";

const LINK: &str = "\
name: fastapi-mailpit
title: mail that an application sends
from: fastapi
to: mailpit
endpoints: [smtp]
principal: \"app_{link.id}\"
grants: {read: [send mail]}
env:
  - {key: \"{env}_HOST\", value: \"{to.host}\"}
  - {key: \"{env}_PASSWORD\", secret: true, help: of your own choice}
";

fn with_mail() -> Project {
    Project::new(LOKI)
        .file("extra/catalog/mailpit/component.yaml", MAIL)
        .file("extra/link-types/fastapi-mailpit/link.yaml", LINK)
}

/// One line for every folder, sorted, with its title.
#[test]
fn lists_every_entry() {
    let run = Project::new(LOKI).run("catalog ls");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let (types, links) = run.stdout.split_once("\n\nLink types\n").unwrap();
    let folders = |folder: &str, definition: &str| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        std::fs::read_dir(root)
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().join(definition).is_file())
            .count()
    };
    assert_eq!(types.lines().count(), 1 + folders("catalog", "component.yaml"));
    assert_eq!(links.lines().count(), folders("link-types", "link.yaml"));
    let titled = |line: &str| line.split_whitespace().count() >= 2;
    assert!(types.lines().skip(1).chain(links.lines()).all(titled));
}

#[test]
fn shows_entries_of_an_overlay() {
    let project = with_mail();
    assert_said!(project.said("catalog show mailpit --catalog extra"), @r#"
    exit code: 0
    ----- stdout -----
    mailpit: mail sink

      category   backend
      namespace  mail
      group      backend
      deployed   manifests
      docs       https://mailpit.axllent.org/docs/
      endpoint   smtp: {object}.{namespace}.svc.cluster.local

    Attributes
      memory               64Mi                     memory request and limit
      sender               required                 address that mail comes from
      token                secret                   of your own choice

    Links
      argo_cd-*                    Argo CD syncs a component automatically
      fastapi-mailpit              mail that an application sends

    Nothing leaves it.
    ----- stderr -----
    "#);
    assert_said!(project.said("catalog show fastapi-mailpit --catalog extra"), @r#"
    exit code: 0
    ----- stdout -----
    fastapi-mailpit: mail that an application sends

      from  fastapi
      to    mailpit
      write_access  never
      access        read
      principal     app_{link.id}

    Grants
      send mail

    Environment
      {env}_HOST
      {env}_PASSWORD (secret)

    Network edges to endpoints
      smtp
    ----- stderr -----
    "#);
    assert!(project.run("catalog ls --catalog extra").stdout.contains("  mailpit "));
}

#[test]
fn an_unknown_entry_is_answered_with_the_nearest() {
    assert_said!(Project::new(LOKI).said("catalog show lokki"), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error: the catalog has no entry `lokki`
    hint: did you mean `loki`?
    "#);
}

/// Every entry that is listed can be shown.
#[test]
fn shows_every_entry() {
    let project = Project::new(LOKI);
    let list = project.run("catalog ls").stdout;
    let names = list
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next());
    for name in names {
        let run = project.run(&format!("catalog show {name}"));
        assert!(
            run.code == 0 && run.stdout.starts_with(&format!("{name}: ")),
            "{name}: {}",
            run.stderr
        );
    }
}

#[test]
fn schemas_are_json() {
    let project = with_mail();
    for which in ["", "stack", "component", "link", "hook", "metadata", "tools-lock"] {
        let run = project.run(&format!("schema {which}"));
        let schema: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{which}");
        assert!(schema["$schema"].is_string(), "{which}");
    }
    let schema = project.run("schema stack --catalog extra").stdout;
    assert!(
        schema.contains("\"mailpit\"") && schema.contains("\"fastapi-mailpit\""),
        "an overlay's types complete"
    );
}

#[test]
fn completions_name_the_commands() {
    let project = Project::new(LOKI);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = project.run(&format!("completions {shell}"));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
        assert!(
            run.stdout.contains("on-edit") && run.stdout.contains("catalog"),
            "{shell}"
        );
    }
    assert_said!(head(&project.said("completions nosuchshell"), 5), @r#"
    exit code: 64
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'nosuchshell' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]
    "#);
}
