//! `stacktic catalog`, `schema` and `completions`: what the program knows, on stdout.

use crate::assert_said;
use crate::builder::{LOKI, Project, head};

/// A type of a platform team's own.
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
  memory: {type: quantity, default: 64Mi, help: memory request and limit}
  token: {type: string, secret: true, help: of your own choice}
  sender: {type: string, required: true, pattern: \"[a-z.@]+\", help: address that mail comes from}
endpoints:
  smtp: {host: \"{object}.{namespace}.svc.cluster.local\", port: 1025, protocol: tcp, target_port: 1025}
provides:
  smtp:
    endpoint: smtp
    facts: {host: \"{to.host}\"}
    accounts:
      \"*\": {per: link, name: \"app_{link.id}\", secret: {issued: of your own choice, keys: {password: {fact: password}}}}
    levels: {write: {mail: [send]}}
pods: {app: \"{name}\"}
health: [\"nc -z {host} {port}\"]
notes: Nothing leaves it.
";

const SMTP: &str = "\
interface: smtp
title: mail that is sent
facts:
  host: {help: host of the server}
  password: {secret: true, help: password of the account}
levels: {write: send mail}
consumers: {application: {levels: [write]}}
";

fn with_mail() -> Project {
    Project::new(LOKI)
        .file("extra/catalog/mailpit/component.yaml", MAIL)
        .file("extra/link-types/interfaces/smtp.yaml", SMTP)
}

/// One line for every entry below the heading of its kind, with its title.
#[test]
fn lists_every_entry() {
    let run = Project::new(LOKI).run("catalog ls");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = |folder: &str, is_entry: fn(&std::path::Path) -> bool| {
        let found = std::fs::read_dir(root.join(folder)).unwrap();
        found.filter(|entry| is_entry(&entry.as_ref().unwrap().path())).count()
    };
    let is_yaml = |path: &std::path::Path| path.extension().is_some_and(|extension| extension == "yaml");
    let expected = [
        entries("catalog", |path| path.join("component.yaml").is_file()),
        entries("link-types/interfaces", is_yaml),
        entries("link-types/conventions", is_yaml),
        entries("link-types/pairs", |path| path.join("pair.yaml").is_file()),
        entries("hooks", |path| path.join("hook.yaml").is_file()),
        entries("blueprints", is_yaml),
    ];
    let sections: Vec<Vec<&str>> = run
        .stdout
        .split("\n\n")
        .map(|section| section.lines().skip(1).collect())
        .collect();
    let counts: Vec<usize> = sections.iter().map(Vec::len).collect();
    assert_eq!(counts, expected);
    let titled = |line: &&str| line.split_whitespace().count() >= 2;
    assert!(sections.iter().flatten().all(titled));
}

#[test]
fn what_stands_for_an_entry_of_the_core_is_told() {
    let core = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("link-types/interfaces/redis.yaml");
    let text = std::fs::read_to_string(core).unwrap();
    let project = with_mail();
    project.write("extra/link-types/interfaces/redis.yaml", &text);
    let run = project.run("catalog ls --catalog extra");
    let line = run.stdout.lines().find(|line| line.starts_with("  redis ")).unwrap();
    assert!(line.ends_with("interfaces, in place of another)"), "{line}");
    let others = run.stdout.matches("in place of another").count();
    assert_eq!(others, 1);
}

#[test]
fn lists_are_data_too() {
    let run = with_mail().run("catalog ls -o json --catalog extra");
    let listed: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let entries = listed["entries"].as_array().unwrap();
    let of = |name: &str| entries.iter().find(|entry| entry["name"] == name).unwrap();
    assert_eq!(
        (of("loki")["origin"].as_str(), of("loki")["category"].as_str()),
        (Some("core"), Some("observability"))
    );
    assert_eq!(
        (of("mailpit")["kind"].as_str(), of("smtp")["kind"].as_str()),
        (Some("type"), Some("interface"))
    );
    assert!(of("mailpit")["origin"].as_str().unwrap().contains("extra"));
    assert_eq!(of("mailpit")["replaces"], false);
    let run = with_mail().run("catalog links -o json --catalog extra");
    let listed: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let links = listed["links"].as_array().unwrap();
    let without = links
        .iter()
        .filter(|link| link["effects"].as_array().unwrap().is_empty());
    assert_eq!(
        without.map(|link| link["type"].to_string()).collect::<Vec<_>>(),
        [""; 0]
    );
    let mail = links.iter().find(|link| link["type"] == "fastapi-mailpit").unwrap();
    assert_eq!(mail["interface"], "smtp");
    assert_eq!(
        (mail["levels"][0].as_str(), mail["default"].as_str()),
        (Some("write"), Some("write"))
    );
    assert_eq!(
        mail["effects"],
        serde_json::json!(["network edge", "account", "settings"])
    );
}

#[test]
fn shows_entries_of_an_overlay() {
    let project = with_mail();
    assert_said!(project.said("catalog show mailpit --catalog extra"), @r#"
    exit code: 0
    ----- stdout -----
    mailpit: mail sink

      category   messaging
      namespace  mail
      group      backend
      deployed   manifests
      docs       https://mailpit.axllent.org/docs/
      endpoint   smtp: {object}.{namespace}.svc.cluster.local

    Attributes
      memory               64Mi                     memory request and limit
      sender               required                 address that mail comes from
      token                secret                   of your own choice

    Links to it
      alloy-mailpit                    read             Alloy collects the logs of a component's pods
      argo_cd-mailpit                  write            Argo CD syncs a component automatically
      celery-mailpit                   write            mail sink: mail that is sent
      django-mailpit                   write            mail sink: mail that is sent
      external_secrets-mailpit         read             External Secrets makes a component's Secrets of the values in its store
      external_source_code-mailpit     write            mail sink: mail that is sent
      falco-mailpit                    read             Falco watches processes in the namespace of a component
      fastapi-mailpit                  write            mail sink: mail that is sent
      image_base-mailpit               write            mail sink: mail that is sent
      kyverno-mailpit                  write            Kyverno guards the namespace of a component by its policies
      nextjs-mailpit                   write            mail sink: mail that is sent
      nodejs-mailpit                   write            mail sink: mail that is sent
      opa-mailpit                      write            Gatekeeper guards the namespace of a component by its policies
      spring_boot-mailpit              write            mail sink: mail that is sent
      stack_agent-mailpit              probe            the agent checks the health of a component
      trivy-mailpit                    read             Trivy scans what runs in the namespace of a component

    Nothing leaves it.
    ----- stderr -----
    "#);
    assert_said!(project.said("catalog show fastapi-mailpit --catalog extra"), @r#"
    exit code: 0
    ----- stdout -----
    fastapi-mailpit: mail sink: mail that is sent

      from       fastapi
      to         mailpit
      interface  smtp
      slot       smtp
      levels     write (write when none is named)

    Effects
      network edge
      account
      settings

    Grants
      write    mail: send

    Endpoints
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
            run.code == 0
                && ["kind: Stack", &format!("{name}: "), &format!("{name}_")]
                    .iter()
                    .any(|text| run.stdout.contains(text)),
            "{name}: {}",
            run.stderr
        );
    }
}

/// A name that several kinds of entries have is that of all of them; a word in front chooses.
#[test]
fn shows_all_of_a_name() {
    let project = Project::new(LOKI);
    let heads = |arguments: &str| {
        let run = project.run(arguments);
        let lines = run
            .stdout
            .lines()
            .filter(|line| line.contains("kafka: ") || line.contains("nodejs: "));
        let heads = lines.filter(|line| !line.starts_with(' ')).map(str::to_owned);
        heads.collect::<Vec<String>>()
    };
    assert_eq!(
        heads("catalog show kafka"),
        [
            "type kafka: Apache Kafka by Strimzi",
            "interface kafka: one Kafka topic"
        ]
    );
    assert_eq!(heads("catalog show interface:kafka"), ["kafka: one Kafka topic"]);
    assert_eq!(heads("catalog show nodejs").len(), 2);
    assert_eq!(project.run("catalog show hook:kafka").code, 1);
}

/// What a command asks for next must find the entries that this one was given.
#[test]
fn commands_that_are_told_have_the_flags_that_were_given() {
    let project = with_mail();
    let stack = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  mail: {type: mailpit, attributes: {sender: a@b}}
  fastmcp: {type: fastmcp}
  agent: {type: stack_agent}
links: [{from: fastmcp, to: agent}]
";
    project.write("stack.yaml", stack);
    let hint = |arguments: &str| {
        let run = project.run(arguments);
        let mut lines = run
            .stderr
            .lines()
            .filter(|line| line.contains("run `stacktic ") || line.contains("  stacktic dev"));
        lines.next().unwrap_or_default().trim().to_owned()
    };
    assert_eq!(
        hint("gen --check --catalog extra --out there stack.yaml"),
        "hint: run `stacktic gen --catalog extra --out there stack.yaml`"
    );
    assert_eq!(
        hint("gen --catalog extra stack.yaml"),
        "stacktic dev --catalog extra stack.yaml"
    );
}

#[test]
fn schemas_are_json() {
    let project = with_mail();
    for which in [
        "",
        "stack",
        "component",
        "interface",
        "convention",
        "pair",
        "hook",
        "metadata",
        "tools-lock",
        "server-tools-lock",
    ] {
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

/// What an overlay's entry takes from presets, the core's or its own, is shown as if it stood there.
#[test]
fn shows_attributes_of_presets() {
    let team = "team_web:\n  use: [web_application]\n  namespace: team\n  attributes:\n    port: {default: 3000}\n";
    let entry = "type: rails\nuse: [team_web]\ntitle: site\ndocs: https://guides.rubyonrails.org/\nservice: RAILS\nattributes:\n  health_path: {default: /up}\n  max_replicas: null\nprofiles: {ha: {attributes: {max_replicas: null}}}\n";
    let project = Project::new(LOKI)
        .file("extra/catalog/_shared/presets.yaml", team)
        .file("extra/catalog/rails/component.yaml", entry);
    // Every other type of the catalog has links to it or from it.
    let other = regex_lite::Regex::new(r"  (rails-\w+|\w+-rails) .*\n").unwrap();
    let said = project.said("catalog show rails --catalog extra");
    let said = other.replace_all(&said, |line: &regex_lite::Captures<'_>| {
        let is_told = ["rails-rails", "rails-cnpg_database", "stack_agent-rails"].contains(&&line[1]);
        if is_told { line[0].to_owned() } else { String::new() }
    });
    assert_said!(said, @r#"
    exit code: 0
    ----- stdout -----
    rails: site

      category   applications
      namespace  team
      group      backend
      deployed   manifests
      docs       https://guides.rubyonrails.org/
      endpoint   http: {object}.{namespace}.svc.cluster.local

    Attributes
      cpu                  1                        CPU limit of each pod
      cpu_request          100m                     CPU that each pod is sure to get, and that the load is measured by
      env                  -                        settings of its own, in the open; an environment adds to them one by one
      health_path          /up                      path that answers 200 when the application is up
      image                required                 image of the application, at an exact tag or digest
      memory               512Mi                    memory request and limit of each pod
      port                 3000                     port the application listens on
      replicas             2                        number of pods
      scale_cpu            80                       part of cpu_request that pods are held at where the load decides how many there are
      secret_env           -                        names of secrets of its own, which others issue; each is a file of that name beside those of links
      subdomain            {name}                   host name in front of the domain when a gateway publishes the application

    Profile ha
      replicas             3

    Links from it
      rails-cnpg_database              read write own   PostgreSQL by CloudNativePG: one PostgreSQL database
      rails-rails                      probe read write site: the web interface

    Links to it
      rails-rails                      probe read write site: the web interface
      stack_agent-rails                probe            the agent checks the health of a component
    ----- stderr -----
    "#);
}

#[test]
fn presets_that_cannot_be_taken() {
    let taken = Project::new(LOKI).file(
        "extra/catalog/_shared/presets.yaml",
        "memory:\n  attributes:\n    memory: {default: 9Gi}\n",
    );
    assert_said!(taken.said("check --catalog extra"), @r#"
    exit code: 4
    ----- stdout -----
    ----- stderr -----
    error[E_CATALOG_SCHEMA]: the preset `memory` is there already
     --> extra/catalog/_shared/presets.yaml:1:1
      |
    1 | memory:
      | ^^^^^^
    hint: give yours another name

    1 finding in 1 file of the catalog
    "#);
    let slips = Project::new(LOKI).file(
        "extra/catalog/_shared/presets.yaml",
        "small:\n  group: null\n  attributes:\n    size: {type: integer, hulp}\n  naem: small\n",
    );
    assert_said!(slips.said("check --catalog extra"), @r#"
    exit code: 4
    ----- stdout -----
    ----- stderr -----
    error[E_CATALOG_SCHEMA]: the key `hulp` is not known here
     --> extra/catalog/_shared/presets.yaml:4:27
      |
    4 |     size: {type: integer, hulp}
      |                           ^^^^
    hint: did you mean `help`?

    error[E_CATALOG_SCHEMA]: the key `naem` is not known here
     --> extra/catalog/_shared/presets.yaml:5:3
      |
    5 |   naem: small
      |   ^^^^
    hint: did you mean `namespace`?

    2 findings in 1 file of the catalog
    "#);
    let unknown = Project::new(LOKI).file(
        "extra/catalog/rails/component.yaml",
        "type: rails\nuse: [web_aplication]\n",
    );
    assert_said!(unknown.said("catalog show rails --catalog extra"), @r#"
    exit code: 4
    ----- stdout -----
    ----- stderr -----
    error[E_CATALOG_SCHEMA]: there is no preset `web_aplication`
     --> extra/catalog/rails/component.yaml:2:7
      |
    2 | use: [web_aplication]
      |       ^^^^^^^^^^^^^^
    hint: did you mean `web_application`?

    1 finding in 1 file of the catalog
    "#);
}
