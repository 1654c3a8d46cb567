//! The laws of the catalog: the program's own entries keep them, and each wrong entry gives one clear finding.
//!
//! A case is a small catalog with one mistake: the good entry of `good`, with one text replaced or one file more. A new
//! kind of entry adds its good files there, and rows to a table below.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first thing that is not as it should be, and writes its own files"
)]

mod jobs;
mod links;
mod tools;
mod trials;
mod watching;
mod workloads;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

/// A type that keeps every law.
const MAILPIT: &str = r#"type: mailpit
title: mail sink
category: messaging
docs: https://mailpit.axllent.org/docs/
namespace: mail
group: messaging
object: "{name}"
service: MAIL
install:
  chart: {repository: "https://charts.example.com", name: mailpit, version: 1.2.3}
attributes:
  memory: {type: quantity, default: 64Mi, help: memory request and limit}
  replicas: {type: integer, default: 1, range: [1, 9], needs: store, help: pods}
  sender: {type: string, default: "mail@{domain}", pattern: "[a-z@.]+", help: address that mail comes from}
  token: {type: string, secret: true, help: token of the API}
sub_components:
  box:
    title: a mailbox
    attributes:
      owner: {type: string, default: nobody, pattern: "[a-z]+", reserved: [root], help: who reads it}
endpoints:
  smtp: {host: "{object}.{namespace}.svc.cluster.local", port: 1025, protocol: tcp}
  web: {host: "{object}.{namespace}.svc.cluster.local", port: 8025, protocol: http}
primary_endpoint: smtp
pods: {app: "{name}"}
health:
  - nc -z {host} {port}
images: {server: "docker.io/axllent/mailpit:1.29.6"}
secrets:
  - name: "{object}-admin"
    file: admin.env
    keys:
      - {key: password, help: of your own choice}
files:
  - {path: volume.yaml, template: volume.yaml.j2, resource: true}
  - {path: values.yaml, template: values.yaml.j2}
holds_data: [PersistentVolumeClaim]
provides:
  smtp:
    endpoint: smtp
    facts: {host: "{to.host}", port: "{to.port}", username: "{account.name}"}
    accounts:
      "*": {per: link, name: "app_{link.id}", secret: {name: "{to.object}.{link.object}", keys: {password: {fact: password}}}}
    levels: {write: {mail: [send]}}
  mail_api:
    at: box
    endpoint: web
    facts: {url: "http://{endpoints.web.host}:{endpoints.web.port}/{sub.owner}"}
    scope: {boxes: {from: sub_components, type: box, attribute: owner}}
    levels: {read: {boxes: ["{scope.boxes}"]}, write: {boxes: [all]}}
    when: {store: {facts: {url: "http://{to.host}/stored"}}}
consumes:
  - store:
      interface: postgres
      levels: [own]
      single: true
      deliver: {secret: {name: "{from.object}-store", file: store.env, keys: {user: username, password: password}}}
convention: mailers
profiles: {ha: {attributes: {replicas: 3}}}
rollout: {values: [podAnnotations]}
"#;

const VOLUME: &str = "kind: PersistentVolumeClaim\nmetadata:\n  name: <% component.object | yaml %>\napiVersion: v1\n";

const VALUE: &str = "\
fullnameOverride: <% component.object | yaml %>
users:
  #: for account in component.accounts | of(\"smtp\")
  - <% account.name %>
  #: endfor
";

/// What the type gives to applications.
const SMTP: &str = r#"interface: smtp
title: mail
docs: https://www.rfc-editor.org/rfc/rfc5321
facts:
  host: {help: host}
  port: {help: TCP port}
  username: {help: account}
  password: {secret: true, from: write, help: password of the account}
levels:
  write: send mail
consumers:
  application: {levels: [write]}
conventions:
  django: {fixed: {EMAIL_HOST: host}, keys: {"{ENV}_NAME": username}}
keys: {fixed: {SMTP_SERVER: host}}
"#;

/// What the type gives to tools.
const MAIL_API: &str = r#"interface: mail_api
title: mail that was sent
facts:
  url: {help: address}
levels:
  read: list mail
  write: read, and remove mail
"#;

const MAILERS: &str = r#"convention: mailers
title: programs that send mail
docs: https://docs.example.com/settings
interfaces:
  smtp:
    fixed: {MAIL_URL: "smtp://{host}:{port}", MAIL_USER: username}
    files: {mail.password: password}
    keys: {"{ENV}_URL": {secret: "smtp://{username}:{password}@{host}"}, "{ENV}_HOST": host}
    when: {username: {fixed: {MAIL_LOGIN: "true/{username}"}}}
always: {MAIL_SETTINGS: /run/secrets}
"#;

/// A pair with one tool.
const PAIR: &str = r#"from: fastmcp
to: mailpit
title: mail that was sent
interface: mail_api
levels: [read]
account: {per: connection, name: "mcp_{link.id}", levels: {read: {boxes: ["{scope.boxes}"]}}}
keys: {URL: url, NAME: "{to.name}"}
scope: {names: {from: sub_components, type: box}}
data: {sender: "{to.sender}"}
tools: {modules: [mailpit_tools.py]}
"#;

/// A pair that refines a link type, of another provider and the same consumer.
const REFINES: &str = "from: django\nto: mailpit\ntitle: Django sends mail\nkeys: {HOST: host}\n";

const TOOLS: &str = r#"{"tools": [{"name": "mail_list", "class": "read", "destructive": false, "idempotent": true,
 "timeout_ms": 1000, "result_bytes": 1024, "text_bytes": 64, "instance_argument": "instance",
 "title": "Mailpit: list mail", "description": "List messages.",
 "input_schema": {"type": "object", "additionalProperties": false, "properties": {
  "limit": {"description": "most messages", "type": "integer", "minimum": 1, "maximum": 9}}},
 "data_schema": {"type": "object", "additionalProperties": false, "properties": {}}}]}
"#;

const MODULE: &str = "\"\"\"Mail.\"\"\"\n\nimport json\n\nfrom stacktic_mcp.core.toolkit import Toolset\n";

const HOOK: &str = "name: mail_notes\ntitle: a page about mail\nvalues: components\noutputs:\n  - {path: \"k8s/deploy/base/{component}/mail.yaml\", template: mail.yaml.j2}\n";

const TYPE: &str = "catalog/mailpit/component.yaml";
const VOLUMES: &str = "catalog/mailpit/volume.yaml.j2";
const VALUES: &str = "catalog/mailpit/values.yaml.j2";
const INTERFACE_FILE: &str = "link-types/interfaces/smtp.yaml";
const CONVENTION_FILE: &str = "link-types/conventions/mailers.yaml";
const PAIR_FILE: &str = "link-types/pairs/fastmcp-mailpit/pair.yaml";
const REFINES_FILE: &str = "link-types/pairs/django-mailpit/pair.yaml";
const TOOLS_FILE: &str = "link-types/pairs/fastmcp-mailpit/tools.json";
const MODULE_FILE: &str = "link-types/pairs/fastmcp-mailpit/mailpit_tools.py";
const HOOK_FILE: &str = "hooks/mail_notes/hook.yaml";

type Files = BTreeMap<String, String>;

fn good() -> Files {
    let files = [
        (TYPE, MAILPIT),
        (VOLUMES, VOLUME),
        (VALUES, VALUE),
        (INTERFACE_FILE, SMTP),
        ("link-types/interfaces/mail_api.yaml", MAIL_API),
        (CONVENTION_FILE, MAILERS),
        (PAIR_FILE, PAIR),
        (REFINES_FILE, REFINES),
        (TOOLS_FILE, TOOLS),
        (MODULE_FILE, MODULE),
        (HOOK_FILE, HOOK),
        ("hooks/mail_notes/mail.yaml.j2", "mail: true\n"),
    ];
    files.map(|(path, text)| (path.to_owned(), text.to_owned())).into()
}

/// `file:line: CODE: message; hint` of each finding.
fn found(files: &Files) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    write(files, folder.path());
    told(&["extra"], folder.path())
}

fn write(files: &Files, folder: &Path) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What `catalog check` finds in the folders that are named, which stand in one called `extra`.
fn told(arguments: &[&str], folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let arguments = arguments.iter().map(|argument| argument.replace("extra", folder));
    let output = Command::new(env!("CARGO_BIN_EXE_stacktic"))
        .args(["catalog", "check", "--output", "json"])
        .args(arguments)
        .env_remove("STACKTIC_CATALOG")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let text = |finding: &Json, key: &str| finding[key].as_str().unwrap_or("none").to_owned();
    let tell = |finding: &Json| {
        let (file, line, code) = (text(finding, "file"), &finding["line"], text(finding, "code"));
        let told = format!(
            "{file}:{line}: {code}: {}; {}",
            text(finding, "message"),
            text(finding, "hint")
        );
        told.replace(&format!("{folder}/"), "")
    };
    let findings: Vec<String> = report["findings"].as_array().unwrap().iter().map(tell).collect();
    assert_eq!(
        output.status.code(),
        Some(if findings.is_empty() { 0 } else { 4 }),
        "{said}"
    );
    findings
}

/// A good entry gives no finding, or the tables below prove nothing.
#[test]
fn the_good_catalog_is_good() {
    assert_eq!(found(&good()), Vec::<String>::new());
}

/// What holds for others holds for the program's own entries.
#[test]
fn the_entries_of_the_program_keep_the_laws() {
    assert_eq!(told(&[], Path::new("/nowhere")), Vec::<String>::new());
}

/// Rows of a table: a text that stands once in the good file, what is put in its place, and the finding.
type Cases = &'static [(&'static str, &'static str, &'static str)];

/// One text of one file replaced by another: one finding. All rows that differ are told at once.
fn replaced(file: &str, cases: Cases) {
    let mut wrong = Vec::new();
    for (from, to, expected) in cases {
        let mut files = good();
        let text = files.get_mut(file).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` stands once in {file}");
        *text = text.replace(from, to);
        let found = found(&files);
        if found != [*expected] {
            wrong.push(format!(
                "`{from}` → `{to}`\n  found    {found:?}\n  expected {expected}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const WRONG_FORMS_OF_A_TYPE: Cases = &[
    (
        "title: mail sink",
        "titel: mail sink",
        "catalog/mailpit/component.yaml:2: E_CATALOG_SCHEMA: the key `titel` is not known here; did you mean `title`?",
    ),
    (
        "group: messaging\n",
        "",
        "catalog/mailpit/component.yaml:1: E_CATALOG_SCHEMA: the entry lacks the key `group`; add `group:`: default group",
    ),
    (
        "port: 1025",
        "port: true",
        "catalog/mailpit/component.yaml:22: E_CATALOG_SCHEMA: `port` must be an integer, not a boolean; write a whole number in digits, without quotes",
    ),
    (
        "port: 1025",
        "port: 70000",
        "catalog/mailpit/component.yaml:22: E_CATALOG_SCHEMA: `port` must be 0 to 65535; none",
    ),
    (
        "protocol: http}",
        "protocol: htpp}",
        "catalog/mailpit/component.yaml:23: E_CATALOG_SCHEMA: `protocol` is not one of its legal values; did you mean `http`?",
    ),
    (
        "{type: quantity, default",
        "{type: quantitty, default",
        "catalog/mailpit/component.yaml:12: E_CATALOG_SCHEMA: `type` is not one of its legal values; did you mean `quantity`?",
    ),
    (
        "range: [1, 9]",
        "range: [1, 9, 10]",
        "catalog/mailpit/component.yaml:13: E_CATALOG_SCHEMA: `range` must be a list of 2, not of 3; none",
    ),
    (
        "pods: {app: \"{name}\"}",
        "pods: {app: 5}",
        "catalog/mailpit/component.yaml:25: E_CATALOG_SCHEMA: `app` must be a string, not an integer; put it in quotes",
    ),
    (
        "health:\n  - nc -z {host} {port}",
        "health: nc -z {host} {port}",
        "catalog/mailpit/component.yaml:26: E_CATALOG_SCHEMA: `health` must be a list, not a string; write it as `health: [<value>]`",
    ),
    (
        "  chart: {repository",
        "  manifests: true\n  chart: {repository",
        "catalog/mailpit/component.yaml:10: E_CATALOG_SCHEMA: `install` has `chart` and `manifests`; write exactly one of `chart`, `operator`, `manifests`, `workload`",
    ),
    (
        "title: mail sink",
        "title: mail sink\nuse: [replicsa]",
        "catalog/mailpit/component.yaml:3: E_CATALOG_SCHEMA: there is no preset `replicsa`; did you mean `replicas`?",
    ),
    (
        "  - {path: values.yaml, template: values.yaml.j2}\n",
        "  - {path: value.yaml, template: values.yaml.j2}\n",
        "catalog/mailpit/component.yaml:10: E_CATALOG_FILE: nothing makes `values.yaml`, and the chart is installed with its own values alone; add `files: [{path: values.yaml, template: values.yaml.j2}]`",
    ),
    (
        "title: mail sink",
        "title: mail sink\nuse: replicas",
        "catalog/mailpit/component.yaml:3: E_CATALOG_SCHEMA: `use` must be a list, not a string; write it as `use: [<preset>]`",
    ),
    (
        "title: mail sink",
        "title: mail sink\nuse: [cpu]\nfoo: null",
        "catalog/mailpit/component.yaml:4: E_CATALOG_SCHEMA: the key `foo` is not known here; one of `attributes`, `category`, `certificate`, `config_maps`, `consumes`, `convention`, `deprecated`, `dialect`, `docs`, `endpoints`, `files`, `folders`, `group`, `health`, `health_endpoints`, `holds_data`, `images`, `install`, `jobs`, `keeps_callers`",
    ),
    (
        "title: a mailbox\n    attributes:\n",
        "title: a mailbox\n    use: [storage]\n    attributes:\n      storage: {default: 1Gi, hulp}\n",
        "catalog/mailpit/component.yaml:21: E_CATALOG_SCHEMA: the key `hulp` is not known here; did you mean `help`?",
    ),
    (
        "title: a mailbox",
        "title: a mailbox\n    use: [storage]\n    colour:",
        "catalog/mailpit/component.yaml:20: E_CATALOG_SCHEMA: the key `colour` is not known here; one of `attributes`, `object`, `title`, `use`",
    ),
    (
        "help: pods}",
        "help: pods, which are <name>.>}",
        "catalog/mailpit/component.yaml:13: E_CATALOG_SCHEMA: the key `which are <name>.>` is not known here; put a text that has a comma in quotes: `help: \"pods, which are <name>.>\"`",
    ),
    (
        "title: a mailbox",
        "title: a mailbox\n    colour: red",
        "catalog/mailpit/component.yaml:19: E_CATALOG_SCHEMA: the key `colour` is not known here; one of `attributes`, `object`, `title`, `use`",
    ),
    (
        "primary_endpoint: smtp",
        "primary_endpoint: smtp\nprimary_endpoint: web",
        "catalog/mailpit/component.yaml:25: E_CATALOG_YAML: the key `primary_endpoint` stands on line 24 already; remove one of the two, or give one another name",
    ),
];

#[test]
fn wrong_forms_of_a_type() {
    replaced(TYPE, WRONG_FORMS_OF_A_TYPE);
}

#[test]
fn several_mistakes_are_told_at_once() {
    let mut files = good();
    let text = files.get_mut(TYPE).unwrap();
    *text = text
        .replace("title: mail sink", "titel: mail sink")
        .replace("port: 8025", "port: []");
    assert_eq!(found(&files).len(), 2, "{:?}", found(&files));
}

const WRONG_TYPES: Cases = &[
    (
        "type: mailpit",
        "type: mailpitt",
        "catalog/mailpit/component.yaml:1: E_CATALOG_NAME: the folder is called `mailpit`, and the entry `mailpitt`; write `type: mailpit`, or rename the folder",
    ),
    (
        "category: messaging",
        "category: mesaging",
        "catalog/mailpit/component.yaml:3: E_CATALOG_NAME: the catalog has no chapter `mesaging`; did you mean `messaging`?",
    ),
    (
        "docs: https",
        "docs: http",
        "catalog/mailpit/component.yaml:4: E_CATALOG_NAME: `http://mailpit.axllent.org/docs/` is no https address of a documentation; write where the product's own documentation stands: `https://…`",
    ),
    (
        "title: mail sink",
        "title: |\n  mail\n  sink",
        "catalog/mailpit/component.yaml:3: E_CATALOG_TEXT: the title has more than one line; say in one line what it is",
    ),
    (
        "title: mail sink",
        "title: \"mail \\u202e sink\"",
        "catalog/mailpit/component.yaml:2: E_CATALOG_TEXT: the text holds U+202E, a character that does not show; remove it",
    ),
    (
        "title: mail sink",
        "title: mail sink # \u{200b}",
        "catalog/mailpit/component.yaml:2: E_CATALOG_TEXT: the text holds U+200B, a character that does not show; remove it",
    ),
    (
        "namespace: mail\n",
        "namespace: kube-system\n",
        "catalog/mailpit/component.yaml:5: E_CATALOG_NAMESPACE: the namespace `kube-system` is one of the cluster's own; take one of the stack's; none",
    ),
    (
        "primary_endpoint: smtp",
        "primary_endpoint: stmp",
        "catalog/mailpit/component.yaml:24: E_CATALOG_ENDPOINT: there is no endpoint `stmp`; did you mean `smtp`?",
    ),
    (
        "pods: {app: \"{name}\"}",
        "pods: {app: \"{name}\"}\ncertificate: {services: [\"{object}\"]}",
        "catalog/mailpit/component.yaml:26: E_CATALOG_LINK: nobody can sign the certificate of the type; add a slot of the interface `tls`, or take the certificate away",
    ),
    (
        "pods: {app: \"{name}\"}",
        "pods: {app: \"{name}\"}\npods_of: {wbe: {app: a}}",
        "catalog/mailpit/component.yaml:26: E_CATALOG_ENDPOINT: there is no endpoint `wbe`; one of `smtp`, `web`",
    ),
    (
        "health:\n",
        "health_endpoints: [stmp]\nhealth:\n",
        "catalog/mailpit/component.yaml:26: E_CATALOG_ENDPOINT: there is no endpoint `stmp`; did you mean `smtp`?",
    ),
    (
        "web: {host: \"{object}.{namespace}.svc.cluster.local\"",
        "web: {host: \"mail.example.com\"",
        "catalog/mailpit/component.yaml:23: E_CATALOG_ENDPOINT: the endpoint `web` lies outside the component's namespace and the stack's domain; write the host of its Service: `<service>.{namespace}.svc.cluster.local`",
    ),
    (
        "web: {host: \"{object}.{namespace}.svc",
        "web: {host: \"{object}.kube-system.svc",
        "catalog/mailpit/component.yaml:23: E_CATALOG_ENDPOINT: the endpoint `web` lies outside the component's namespace and the stack's domain; write the host of its Service: `<service>.{namespace}.svc.cluster.local`",
    ),
    (
        "pods: {app: \"{name}\"}",
        "pods: {app: \"{nmae}\"}",
        "catalog/mailpit/component.yaml:25: E_CATALOG_PATTERN: the variable `{nmae}` is not known here; did you mean `name`?",
    ),
    (
        "name: \"{object}-admin\"",
        "name: \"{object-admin\"",
        "catalog/mailpit/component.yaml:30: E_CATALOG_PATTERN: `{object-admin` has a brace that is not part of a `{variable}`; braces mean variables, and nothing else; the text of a shell does without them",
    ),
    (
        "file: admin.env",
        "file: \"admin.{token}.env\"",
        "catalog/mailpit/component.yaml:31: E_CATALOG_PATTERN: the variable `{token}` is not known here; one of `name`, `namespace`, `object`, `memory`, `replicas`, `sender`",
    ),
    (
        "mailpit:1.29.6",
        "mailpit:latest",
        "catalog/mailpit/component.yaml:28: E_CATALOG_VERSION: the image `server` must end in an exact tag or digest, never `latest`; write `<registry>/<name>:<tag>`",
    ),
    (
        "mailpit:1.29.6",
        "mailpit:",
        "catalog/mailpit/component.yaml:28: E_CATALOG_VERSION: the image `server` must end in an exact tag or digest, never `latest`; write `<registry>/<name>:<tag>`",
    ),
    (
        "version: 1.2.3",
        "version: ^1.2.3",
        "catalog/mailpit/component.yaml:10: E_CATALOG_VERSION: `^1.2.3` is no exact version of a chart; write all three numbers: `1.2.3`",
    ),
    (
        "nc -z {host} {port}",
        "nc -z {host} 9999",
        "catalog/mailpit/component.yaml:27: E_CATALOG_HEALTH: the check connects to none of the health endpoints `smtp`; use `{host}` and `{port}`, or name the endpoint in `health_endpoints`",
    ),
    (
        "health:\n  - nc -z {host} {port}\n",
        "",
        "catalog/mailpit/component.yaml:1: E_CATALOG_HEALTH: the type has no health check; add `health:`, such as `nc -z {host} {port}`",
    ),
    (
        "pods: {app: \"{name}\"}\n",
        "",
        "catalog/mailpit/component.yaml:1: E_CATALOG_ENDPOINT: nothing selects the type's pods, so no network policy can hold them; add `pods:`, the labels of its pods",
    ),
    (
        "template: volume.yaml.j2",
        "template: volumes.yaml.j2",
        "catalog/mailpit/component.yaml:35: E_CATALOG_FILE: there is no file `volumes.yaml.j2` beside the entry; did you mean `volume.yaml.j2`?",
    ),
    (
        "template: volume.yaml.j2",
        "text: \"kind: PersistentVolumeClaim\", template: volume.yaml.j2",
        "catalog/mailpit/component.yaml:35: E_CATALOG_SCHEMA: an entry of `files` has `template` and `text`; write exactly one of `template`, `text`",
    ),
    (
        "path: volume.yaml",
        "path: ../volume.yaml",
        "catalog/mailpit/component.yaml:35: E_CATALOG_FILE: `../volume.yaml` is not a path in the output: it has the component `..`; write a path below the component's folder",
    ),
    (
        "holds_data: [PersistentVolumeClaim]\n",
        "",
        "catalog/mailpit/component.yaml:1: E_CATALOG_DATA: the `PersistentVolumeClaim` in `volume.yaml` holds data, and would go with its file; add `holds_data: [PersistentVolumeClaim]`",
    ),
    (
        "- {key: password, help",
        "- {key: password, help: a}\n      - {key: password, help",
        "catalog/mailpit/component.yaml:34: E_CATALOG_SCHEMA: the key `password` stands twice; remove one of the two",
    ),
    (
        "- {key: password, help",
        "- {key: password, linked: smpt, help",
        "catalog/mailpit/component.yaml:33: E_CATALOG_SCHEMA: there is no provided interface `smpt`; did you mean `smtp`?",
    ),
];

#[test]
fn wrong_types() {
    replaced(TYPE, WRONG_TYPES);
}

const WRONG_ATTRIBUTES: Cases = &[
    (
        "pattern: \"[a-z]+\", reserved",
        "pattern: \"[a-z\", reserved",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: `pattern` of `owner` is no regular expression: non-empty character class has no closing bracket; it is matched as a whole, without `^` and `$`",
    ),
    (
        "reserved: [root]",
        "reserved: [root, \"(\"]",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: `reserved` of `owner` is no regular expression: found open group without closing ')'; it is matched as a whole, without `^` and `$`",
    ),
    (
        "default: nobody",
        "default: Nobody",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: the default of `owner` must match `[a-z]+`; give a default that a stack file could give",
    ),
    (
        "default: nobody",
        "default: root",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: the default of `owner` is a name that the service keeps for itself: `root`; give a default that a stack file could give",
    ),
    (
        "default: 1, range",
        "default: 10, range",
        "catalog/mailpit/component.yaml:13: E_CATALOG_ATTRIBUTE: the default of `replicas` must be 1 to 9; give a default that a stack file could give",
    ),
    (
        "range: [1, 9]",
        "range: [9, 1]",
        "catalog/mailpit/component.yaml:13: E_CATALOG_ATTRIBUTE: no number is at least 9 and at most 1; write the lesser first",
    ),
    (
        "default: 64Mi",
        "default: 64MB",
        "catalog/mailpit/component.yaml:12: E_CATALOG_ATTRIBUTE: the default of `memory` must be a Kubernetes quantity such as `500m` or `10Gi`; give a default that a stack file could give",
    ),
    (
        "default: nobody, pattern: \"[a-z]+\", reserved: [root], help",
        "default: nobody, help",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: `owner` takes any text, which reaches templates; give it a `pattern` or an `enum`",
    ),
    (
        "secret: true,",
        "secret: true, default: x,",
        "catalog/mailpit/component.yaml:15: E_CATALOG_ATTRIBUTE: `token` is a secret, and has a default for everybody to read; remove `default`",
    ),
    (
        "default: 64Mi,",
        "default: 64Mi, range: [1, 2],",
        "catalog/mailpit/component.yaml:12: E_CATALOG_ATTRIBUTE: `memory` is no number, and has a range; remove `range`",
    ),
    (
        "reserved: [root]",
        "declared: bxo",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: there is no sub-component type `bxo`; one of `box`",
    ),
    (
        "  memory: {type",
        "  name: {type",
        "catalog/mailpit/component.yaml:12: E_CATALOG_ATTRIBUTE: `name` is a variable of every component already; give the attribute another name",
    ),
    (
        "default: \"mail@{domain}\"",
        "default: \"mail@{doman}\"",
        "catalog/mailpit/component.yaml:14: E_CATALOG_PATTERN: the variable `{doman}` is not known here; did you mean `domain`?",
    ),
    (
        "default: 1, range: [1, 9]",
        "default: 1, enum: [1, \"3\"]",
        "catalog/mailpit/component.yaml:13: E_CATALOG_ATTRIBUTE: `replicas` is an integer, and one of its values is the text `3`; write numbers without quotes, or a `range`",
    ),
    (
        "default: 1, range: [1, 9]",
        "default: 2, enum: [1, 3, 5]",
        "catalog/mailpit/component.yaml:13: E_CATALOG_ATTRIBUTE: the default of `replicas` must be one of `1`, `3`, `5`; give a default that a stack file could give",
    ),
    (
        "range: [1, 9]",
        "range: [1, 9], enum: [1, 3]",
        "catalog/mailpit/component.yaml:13: E_CATALOG_ATTRIBUTE: `replicas` lists its values, and has a range; remove `range`",
    ),
    (
        "pattern: \"[a-z]+\", reserved: [root]",
        "enum: [nobody, 3]",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: `owner` is a text, and one of its values is the number 3; put it in quotes, or write `type: integer`",
    ),
    (
        "  memory: {type",
        "  env: {type: settings, help: settings}\n  memory: {type",
        "catalog/mailpit/component.yaml:12: E_CATALOG_ATTRIBUTE: `env` gives variables to pods that a chart or templates of its own make; remove it, or make the pods by `install: workload`",
    ),
    (
        "    attributes:\n      owner: {type",
        "    attributes:\n      keys: {type: secret_names, help: keys}\n      owner: {type",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: `keys` is variables, which only a component has; move it to the attributes of the type",
    ),
    (
        "    attributes:\n      owner: {type",
        "    attributes:\n      boxes: {type: ends, help: boxes}\n      owner: {type",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: `type` of `boxes` is for settings of links; remove it, or move the attribute to `with` of a slot",
    ),
    (
        "needs: store,",
        "needs: store, at_most: memory,",
        "catalog/mailpit/component.yaml:13: E_CATALOG_ATTRIBUTE: `at_most` of `replicas` is for settings of links; remove it, or move the attribute to `with` of a slot",
    ),
    (
        "profiles: {ha: {attributes: {replicas: 3}}}\n",
        "",
        "catalog/mailpit/component.yaml:1: E_CATALOG_ATTRIBUTE: nobody is told what survives the loss of a node; add `profiles: {ha: {attributes: {replicas: 3}}}`, or `profiles: {ha: {stays: <why>}}`",
    ),
    (
        "{replicas: 3}",
        "{replicsa: 3}",
        "catalog/mailpit/component.yaml:59: E_CATALOG_ATTRIBUTE: there is no attribute `replicsa`; did you mean `replicas`?",
    ),
    (
        "{replicas: 3}",
        "{replicas: 10}",
        "catalog/mailpit/component.yaml:59: E_CATALOG_ATTRIBUTE: `replicas` must be 1 to 9; give a value that a stack file could give",
    ),
    (
        "{replicas: 3}",
        "{token: swordfish}",
        "catalog/mailpit/component.yaml:59: E_CATALOG_ATTRIBUTE: `token` is a secret, and has a value for everybody to read; remove it",
    ),
    (
        "needs: store,",
        "needs: shop,",
        "catalog/mailpit/component.yaml:13: E_CATALOG_ATTRIBUTE: there is no slot `shop`; one of `store`",
    ),
    (
        "default: nobody, pattern",
        "default: nobody, needs: store, pattern",
        "catalog/mailpit/component.yaml:20: E_CATALOG_ATTRIBUTE: `needs` of `owner` says nothing: only links that begin at a component are asked for; remove it",
    ),
];

#[test]
fn wrong_attributes() {
    replaced(TYPE, WRONG_ATTRIBUTES);
}

const WRONG_NETWORK: Cases = &[
    (
        "profiles:",
        "network: {api_server: {slot: stroe}}\nprofiles:",
        "catalog/mailpit/component.yaml:59: E_CATALOG_LINK: there is no slot `stroe`; did you mean `store`?",
    ),
    (
        "profiles:",
        "network: {api_server: {pods: {app.kubernetes.io/name: \"{object}\"}}}\nprofiles:",
        "catalog/mailpit/component.yaml:59: E_CATALOG_SCHEMA: the values of `app.kubernetes.io/name` are no plain words; write the values that one of these pods has, and no variable",
    ),
    (
        "profiles:",
        "network: {to: [{port: 443, for_each: bxo}]}\nprofiles:",
        "catalog/mailpit/component.yaml:59: E_CATALOG_SCHEMA: there is no sub-component type `bxo`; one of `box`",
    ),
    (
        "profiles:",
        "network: {to: [{port: \"{prot}\"}]}\nprofiles:",
        "catalog/mailpit/component.yaml:59: E_CATALOG_PATTERN: the variable `{prot}` is not known here; one of `name`, `type`, `namespace`, `group`, `stack`, `domain`, `object`, `memory`, `replicas`, `sender`",
    ),
    (
        "profiles:",
        "network: {to: [{port: 443, pods: {app.kubernetes.io/name: []}}]}\nprofiles:",
        "catalog/mailpit/component.yaml:59: E_CATALOG_SCHEMA: the values of `app.kubernetes.io/name` are no plain words; write the values that one of these pods has, and no variable",
    ),
];

const WRONG_CONDITIONS: Cases = &[
    (
        "    file: admin.env\n",
        "    file: admin.env\n    when: {replicsa: \"2\"}\n",
        "catalog/mailpit/component.yaml:32: E_CATALOG_SCHEMA: there is no attribute `replicsa`; did you mean `replicas`?",
    ),
    (
        "    file: admin.env\n",
        "    file: cloud.env\n    when: {replicas: \"2\"}\n",
        "catalog/mailpit/component.yaml:32: E_CATALOG_SCHEMA: a Secret that others use as well is always there; remove `when`",
    ),
];

#[test]
fn wrong_conditions() {
    replaced(TYPE, WRONG_CONDITIONS);
}

#[test]
fn wrong_network() {
    replaced(TYPE, WRONG_NETWORK);
}

/// Said of what the type does not have.
const WRONG_ROLLOUTS: Cases = &[
    (
        "rollout: {values: [podAnnotations]}\n",
        "",
        "catalog/mailpit/component.yaml:1: E_CATALOG_SCHEMA: it reads Secrets, and nobody says how its pods learn of a new value; add `rollout: {values: [podAnnotations]}`, `{objects: {<kind>: <JSON pointer>}}`, `{follows: <who sees a change>}` or `{command: <what a person runs>}`",
    ),
    (
        "{values: [podAnnotations]}",
        "{values: []}",
        "catalog/mailpit/component.yaml:60: E_CATALOG_SCHEMA: it names no annotations; say which: `[podAnnotations]`",
    ),
    (
        "{values: [podAnnotations]}",
        "{objects: {Mail: spec.annotations}}",
        "catalog/mailpit/component.yaml:60: E_CATALOG_SCHEMA: a place is no JSON pointer; it begins with `/`, as `/spec/template/metadata/annotations`",
    ),
    (
        "{values: [podAnnotations]}",
        "{command: \"restart {objct}\"}",
        "catalog/mailpit/component.yaml:60: E_CATALOG_PATTERN: the variable `{objct}` is not known here; did you mean `object`?",
    ),
];

#[test]
fn wrong_rollouts() {
    replaced(TYPE, WRONG_ROLLOUTS);
}

/// A file under another name.
const RENAMED: Cases = &[
    (
        TYPE,
        "catalog/mailpit/component.yml",
        "catalog/mailpit:0: E_CATALOG_FOLDER: the folder has no `component.yaml`; rename `component.yml` to `component.yaml`",
    ),
    (
        TYPE,
        "catalog/mailpit/Component.yaml",
        "catalog/mailpit:0: E_CATALOG_FOLDER: the folder has no `component.yaml`; rename `Component.yaml` to `component.yaml`",
    ),
    (
        TYPE,
        "catalog/mailpit/README.md",
        "catalog/mailpit:0: E_CATALOG_FOLDER: the folder has no `component.yaml`; add `component.yaml`, or remove the folder",
    ),
    (
        HOOK_FILE,
        "hooks/mail_notes/hooks.yaml",
        "hooks/mail_notes:0: E_CATALOG_FOLDER: the folder has no `hook.yaml`; rename `hooks.yaml` to `hook.yaml`",
    ),
    (
        TOOLS_FILE,
        "link-types/pairs/fastmcp-mailpit/tool.json",
        "link-types/pairs/fastmcp-mailpit/pair.yaml:10: E_CATALOG_FILE: there is no file `tools.json` beside the entry; did you mean `tool.json`?",
    ),
];

/// One file more.
const ADDED: &[(&str, &str)] = &[
    (
        "catalog/valkey.yaml",
        "catalog/valkey.yaml:0: E_CATALOG_FOLDER: a file where each entry is a folder; move it to `catalog/valkey/component.yaml`",
    ),
    (
        "catalogue/valkey/component.yaml",
        "catalogue:0: E_CATALOG_FOLDER: nothing reads this folder; did you mean `catalog`?",
    ),
    (
        "catalog/mailpit/old.yaml",
        "catalog/mailpit/old.yaml:0: E_CATALOG_FILE: nothing names this file; name it in `files`, `folders`, `package` or `install`, or remove it",
    ),
    (
        "hooks/mail_notes/old.md.j2",
        "hooks/mail_notes/old.md.j2:0: E_CATALOG_FILE: nothing names this file; name it in `outputs`, or remove it",
    ),
    (
        "link-types/mailpit-fastmcp/link.yaml",
        "link-types/mailpit-fastmcp:0: E_CATALOG_FOLDER: nothing reads this folder; what two types have of their own stands in `link-types/pairs/mailpit-fastmcp/pair.yaml`; what one gives and the other takes, in `provides` and `consumes` of the two",
    ),
    (
        "link-types/interface/imap.yaml",
        "link-types/interface:0: E_CATALOG_FOLDER: nothing reads this folder; did you mean `interfaces`?",
    ),
    (
        "link-types/imap.yaml",
        "link-types/imap.yaml:0: E_CATALOG_FOLDER: nothing reads this file; move it into one of `interfaces`, `conventions`, `pairs`",
    ),
    (
        "link-types/interfaces/imap/interface.yaml",
        "link-types/interfaces/imap:0: E_CATALOG_FOLDER: a folder where each entry is a file `<name>.yaml`; move it to `link-types/interfaces/imap.yaml`",
    ),
    (
        "link-types/conventions/rails.yml",
        "link-types/conventions/rails.yml:0: E_CATALOG_FOLDER: a file of another name where each entry is a file `<name>.yaml`; move it to `link-types/conventions/rails.yaml`",
    ),
    (
        "link-types/pairs/fastmcp-mailpit/old.py",
        "link-types/pairs/fastmcp-mailpit/old.py:0: E_CATALOG_FILE: nothing names this file; name it in `files` or `tools`, or remove it",
    ),
];

#[test]
fn wrong_folders_and_files() {
    for (from, to, expected) in RENAMED {
        let mut files = good();
        let text = files.remove(*from).unwrap();
        files.insert((*to).to_owned(), text);
        assert_eq!(found(&files), [*expected], "{from} → {to}");
    }
    for (path, expected) in ADDED {
        let mut files = good();
        files.insert((*path).to_owned(), "a: 1\n".to_owned());
        assert_eq!(found(&files), [*expected], "{path}");
    }
}

#[test]
fn files_for_people_are_nobodys_entries() {
    let mut files = good();
    for path in [
        "README.md",
        "catalog/README.md",
        "catalog/mailpit/README.md",
        "catalog/_shared/x.yaml",
        "docs/x.md",
    ] {
        files.insert(path.to_owned(), "for people\n".to_owned());
    }
    assert_eq!(found(&files), Vec::<String>::new());
}

const WRONG_HOOKS: Cases = &[
    (
        "template: mail.yaml.j2}",
        "template: mail.yaml.j2, note}",
        "hooks/mail_notes/hook.yaml:5: E_CATALOG_SCHEMA: the key `note` is not known here; one of `group_by`, `path`, `resource`, `seeded`, `template`, `where`",
    ),
    (
        "name: mail_notes",
        "name: mail_doc",
        "hooks/mail_notes/hook.yaml:1: E_CATALOG_NAME: the folder is called `mail_notes`, and the entry `mail_doc`; write `name: mail_notes`, or rename the folder",
    ),
    (
        "outputs:",
        "where: {type: mailpti}\noutputs:",
        "hooks/mail_notes/hook.yaml:4: E_CATALOG_HOOK: there is no component type `mailpti`; did you mean `mailpit`?",
    ),
    (
        "outputs:",
        "where: {interfcae: smtp}\noutputs:",
        "hooks/mail_notes/hook.yaml:4: E_CATALOG_SCHEMA: the key `interfcae` is not known here; did you mean `interface`?",
    ),
    (
        "values: components",
        "values: {function: components}",
        "hooks/mail_notes/hook.yaml:5: E_CATALOG_SCHEMA: an entry of `outputs` lacks the key `for_each`; add `for_each:`: list of the values that the output is made for, once per item",
    ),
    (
        "k8s/deploy/base/{component}/mail.yaml",
        "docs/mail.sh",
        "hooks/mail_notes/hook.yaml:5: E_CATALOG_HOOK: `docs/mail.sh` of hook `mail_notes` is not a place where a hook may write; such places are `docs/*.{csv,json,md,txt,yaml}`, `docs/<word>/*.{csv,json,md,txt,yaml}`, `docs/<word>/<word>/*.{csv,json,md,txt,yaml}`, `k8s/deploy/base/<folder>/*.{json,yaml}`, `k8s/deploy/base/<folder>/config/*.{env,json,yaml}`, `k8s/deploy/base/<folder>/config/*.json.<part>`",
    ),
    (
        "values: components",
        "values: component",
        "hooks/mail_notes/hook.yaml:3: E_CATALOG_SCHEMA: `values` is not one of its legal values; write `values: components`",
    ),
    (
        "outputs:",
        "where: {interface: smpt}\noutputs:",
        "hooks/mail_notes/hook.yaml:4: E_CATALOG_HOOK: there is no interface `smpt`; did you mean `smtp`?",
    ),
    (
        "path: \"k8s/deploy",
        "path: \"/k8s/deploy",
        "hooks/mail_notes/hook.yaml:5: E_CATALOG_HOOK: `/k8s/deploy/base/component/mail.yaml` is not a path in the output: it is absolute; write a path below the output",
    ),
];

#[test]
fn wrong_hooks() {
    replaced(HOOK_FILE, WRONG_HOOKS);
}

const WRONG_TOOL_DEFINITIONS: Cases = &[
    (
        "\"mail_list\"",
        "\"mail-list\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:1: E_CATALOG_TOOLS: `mail-list` is no name of a tool; write a-z, 0-9 and _, begin with a letter, at most 40 characters",
    ),
    (
        "\"mail_list\"",
        "\"loki_query\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:0: E_CATALOG_TOOLS: `fastmcp-loki` has a tool `loki_query` already; give the tool a name of its own",
    ),
    (
        "\"timeout_ms\": 1000, ",
        "",
        "link-types/pairs/fastmcp-mailpit/tools.json:1: E_CATALOG_TOOLS: `mail_list` lacks the key `timeout_ms`; add `\"timeout_ms\":` with a whole number, or derive the file anew from its modules",
    ),
    (
        "\"timeout_ms\": 1000",
        "\"timeout_ms\": \"1s\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:2: E_CATALOG_TOOLS: `timeout_ms` of `mail_list` must be a whole number; derive the file anew from its modules",
    ),
    (
        "data_schema",
        "output_schema",
        "link-types/pairs/fastmcp-mailpit/tools.json:6: E_CATALOG_TOOLS: the key `output_schema` of `mail_list` is not known here; did you mean `input_schema`?",
    ),
    (
        "\"class\": \"read\"",
        "\"class\": \"raed\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:1: E_CATALOG_TOOLS: `raed` is no class of a tool; did you mean `read`?",
    ),
    (
        "\"class\": \"read\"",
        "\"class\": \"write\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:1: E_CATALOG_TOOLS: `mail_list` writes, and no link may carry it; let links of the pair have the level `write`",
    ),
    (
        "\"instance_argument\": \"instance\"",
        "\"instance_argument\": \"limit\"",
        "link-types/pairs/fastmcp-mailpit/tools.json:2: E_CATALOG_TOOLS: `mail_list` has an argument `limit` already, which chooses no instance; write another name, such as `instance`",
    ),
    (
        "List messages.",
        "List \\u200bmessages.",
        "link-types/pairs/fastmcp-mailpit/tools.json:3: E_CATALOG_TEXT: the text holds U+200B, a character that does not show; remove it: a model reads what no reviewer sees",
    ),
    (
        "most messages",
        "most \\u202emessages",
        "link-types/pairs/fastmcp-mailpit/tools.json:5: E_CATALOG_TEXT: the text holds U+202E, a character that does not show; remove it: a model reads what no reviewer sees",
    ),
    (
        "\"input_schema\": {\"type\": \"object\", \"additionalProperties\": false,",
        "\"input_schema\": {\"type\": \"object\",",
        "link-types/pairs/fastmcp-mailpit/tools.json:4: E_CATALOG_TOOLS: a schema of `mail_list` takes keys that are not listed; add `\"additionalProperties\": false`",
    ),
    (
        "\"description\": \"most messages\", ",
        "",
        "link-types/pairs/fastmcp-mailpit/tools.json:5: E_CATALOG_TOOLS: the argument `limit` of `mail_list` is not described; add a `description`: a model has nothing else to go by",
    ),
    (
        ", \"maximum\": 9",
        "",
        "link-types/pairs/fastmcp-mailpit/tools.json:5: E_CATALOG_TOOLS: the argument `limit` of `mail_list` takes a number of any size; give it a limit: `maxLength`, `pattern` or `enum`; `minimum` and `maximum`",
    ),
];

const WRONG_MODULES: Cases = &[
    (
        "import json",
        "import requests",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: the server has no module `requests`; the server has the standard library, its own package, and what its lock installs",
    ),
    (
        "import json",
        "import htttpx",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: the server has no module `htttpx`; did you mean `httpx`?",
    ),
    (
        "from stacktic_mcp.core.toolkit",
        "from toolkit",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:5: E_CATALOG_MODULE: the server has no module `toolkit`; did you mean `stacktic_mcp.core.toolkit`?",
    ),
    (
        "from stacktic_mcp.core.toolkit",
        "from stacktic_mcp.core.tolkit",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:5: E_CATALOG_MODULE: the server has no module `stacktic_mcp.core.tolkit`; did you mean `stacktic_mcp.core.toolkit`?",
    ),
    (
        "import json",
        "import ctypes",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `ctypes` loads, starts or rebuilds code; leave it out: a tool asks its backend, and nothing else",
    ),
    (
        "import json",
        "eval('1')",
        "link-types/pairs/fastmcp-mailpit/mailpit_tools.py:3: E_CATALOG_MODULE: `eval` makes code out of data; write the code out",
    ),
];

#[test]
fn wrong_tools() {
    replaced(TOOLS_FILE, WRONG_TOOL_DEFINITIONS);
    replaced(MODULE_FILE, WRONG_MODULES);
}

const WRONG_STACKS: Cases = &[
    (
        "nc -z {host} {port}",
        "bash -c 'nc -z {host} {port}'",
        "catalog/mailpit/component.yaml:27: E_CATALOG_HEALTH: the Stack Agent refuses this check: `bash` is not a program of the check language: `psql`, `pg_isready`, `kubectl`, `curl`, `valkey-cli`, `redis-cli`, `nc`; a check is a sentence of the agent's language, such as `nc -z {host} {port}`; there is no shell",
    ),
    (
        "nc -z {host} {port}",
        "nc -z {hots} {port}",
        "catalog/mailpit/component.yaml:27: E_CATALOG_HEALTH: the Stack Agent refuses this check: no record of the stack has a variable `{hots}`; a check is a sentence of the agent's language, such as `nc -z {host} {port}`; there is no shell",
    ),
    (
        "holds_data:",
        "config_maps: {files: [\"files/*.py\"]}\nholds_data:",
        "catalog/mailpit/component.yaml:37: E_CATALOG_FILE: no file of a component is called `files/*.py`; name files that the type makes or copies",
    ),
];

const WRONG_TEMPLATES: Cases = &[
    (
        "component.object",
        "component.objcet",
        "catalog/mailpit/volume.yaml.j2:3: E_CATALOG_TEMPLATE: `component.objcet` is not defined; did you mean `object`?; a template sees `component`, `stack`, and `sub` under `for_each`",
    ),
    (
        "component.object | yaml",
        "component.object ~ (component.sub_components | of(\"box\") | length)",
        "catalog/mailpit/volume.yaml.j2:3: E_CATALOG_TEMPLATE: invalid operation: `of` selects by `interface`, and these items have `type`; did you mean `by_type(\"box\")`?; a template sees `component`, `stack`, and `sub` under `for_each`",
    ),
    (
        "component.object | yaml",
        "component.object | ymal",
        "catalog/mailpit/volume.yaml.j2:3: E_CATALOG_TEMPLATE: unknown filter: filter ymal is unknown; a template sees `component`, `stack`, and `sub` under `for_each`",
    ),
    (
        "<% component.object | yaml %>",
        "<% component.object | yaml",
        "catalog/mailpit/volume.yaml.j2:4: E_CATALOG_TEMPLATE: syntax error: unexpected identifier, expected end of variable block; a template sees `component`, `stack`, and `sub` under `for_each`",
    ),
    (
        "<% component.object | yaml %>",
        "\"{{ component.object }}\"",
        "catalog/mailpit/volume.yaml.j2:3: E_CATALOG_TEMPLATE: `{{` is no sign of a template here, and would be printed; write `<% … %>`",
    ),
    (
        "apiVersion: v1\n",
        "",
        "catalog/mailpit/volume.yaml.j2:1: E_CATALOG_TEMPLATE: `volume.yaml` is written, and an object in it has no `apiVersion`; give each object `apiVersion`, `kind` and a `metadata.name` of a-z, 0-9, `-` and `.`",
    ),
    (
        "  name: <% component.object | yaml %>",
        "  name: <% component.object %>_Data",
        "catalog/mailpit/volume.yaml.j2:1: E_CATALOG_TEMPLATE: `volume.yaml` is written, and the PersistentVolumeClaim `trial_Data` in it has a name that Kubernetes refuses; give each object `apiVersion`, `kind` and a `metadata.name` of a-z, 0-9, `-` and `.`",
    ),
    (
        "metadata:\n  name:",
        "metadata:\n name: a\n  name:",
        "catalog/mailpit/volume.yaml.j2:1: E_CATALOG_TEMPLATE: `volume.yaml` is written, and a rendered file is not YAML: line 7: while parsing a block mapping, did not find expected key; values go through the filter `yaml` or `json`, blocks keep their indentation",
    ),
];

/// What shows only when a stack is made of the type.
#[test]
fn wrong_stacks() {
    replaced(TYPE, WRONG_STACKS);
    replaced(VOLUMES, WRONG_TEMPLATES);
}
