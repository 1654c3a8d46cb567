//! What runs beside a component, what its chart gets, and who makes its accounts.

use super::{Cases, TYPE, VALUES, found, good, replaced};

/// A job of the type, behind the good entry; a script has lines of its own.
const JOB: &str = r#"jobs:
  boxes:
    for_each: box
    deadline_seconds: 60
    pods: boxes
    endpoints: [web]
    steps:
      - name: boxes
        image: server
        command:
          - sh
          - -ec
          - |
            set -- "{sub.owner}"
            curl "http://{endpoints.web.host}:{endpoints.web.port}/$1"
        env:
          ADMIN: {secret: "{object}-admin", key: password}
          MEMORY: "{memory}"
        cpu: {request: 1m, limit: 1m}
        memory: {request: 1Mi, limit: "{memory}"}
"#;

const WRONG_JOBS: Cases = &[
    (
        "      - name: boxes\n",
        "      - name: boxes\n        accounts: smtp\n",
        "catalog/mailpit/component.yaml:68: E_CATALOG_SCHEMA: `boxes` would name the containers of all accounts alike; name the account in it: `{account.object}`",
    ),
    (
        "    deadline_seconds: 60",
        "    slot: stroe\n    deadline_seconds: 60",
        "catalog/mailpit/component.yaml:64: E_CATALOG_LINK: there is no slot `stroe`; did you mean `store`?",
    ),
    (
        "{endpoints.web.port}",
        "{endpoint.web.port}",
        "catalog/mailpit/component.yaml:75: E_CATALOG_PATTERN: the variable `{endpoint.web.port}` is not known here; did you mean `endpoints.web.port`?",
    ),
    (
        "{sub.owner}",
        "{sub.onwer}",
        "catalog/mailpit/component.yaml:74: E_CATALOG_PATTERN: the variable `{sub.onwer}` is not known here; did you mean `sub.owner`?",
    ),
    (
        "{sub.owner}",
        "${X:-1}",
        "catalog/mailpit/component.yaml:74: E_CATALOG_PATTERN: the variable `{X:-1}` is not known here; braces mean variables, and nothing else; the text of a shell does without them",
    ),
    (
        "/$1\"",
        "/$1\" | awk '{print $1}",
        "catalog/mailpit/component.yaml:75: E_CATALOG_PATTERN: the variable `{print $1}` is not known here; braces mean variables, and nothing else; the text of a shell does without them",
    ),
    (
        "/$1\"",
        "/$1\" }",
        "catalog/mailpit/component.yaml:75: E_CATALOG_PATTERN: `curl \"http://{endpoints.web.host}:{endpoints.web.port}/$1\" }` has a brace that is not part of a `{variable}`; braces mean variables, and nothing else; the text of a shell does without them",
    ),
    (
        "MEMORY: \"{memory}\"",
        "MEMORY: \"{memroy}\"",
        "catalog/mailpit/component.yaml:78: E_CATALOG_PATTERN: the variable `{memroy}` is not known here; did you mean `memory`?",
    ),
    (
        "limit: \"{memory}\"}",
        "limit: \"{account.name}\"}",
        "catalog/mailpit/component.yaml:80: E_CATALOG_PATTERN: the variable `{account.name}` is not known here; one of `domain`, `endpoints.…`, `external`, `group`, `host`, `images.…`, `is_scraped`, `memory`, `name`, `namespace`, `object`, `port`, `replicas`, `sender`, `service`, `stack`, `sub.…`, `title`, `type`",
    ),
    (
        "secret: \"{object}-admin\"",
        "secret: \"{object}-amdin\"",
        "catalog/mailpit/component.yaml:77: E_CATALOG_SCHEMA: the type has no Secret `{object}-amdin`; did you mean `{object}-admin`?",
    ),
    (
        "secret: \"{object}-admin\"",
        "secret: certificates",
        "catalog/mailpit/component.yaml:77: E_CATALOG_SCHEMA: the type has no Secret `certificates`; name it in `secrets`, or as the Secret of an account that the type provides",
    ),
    (
        "key: password}",
        "key: passwrod}",
        "catalog/mailpit/component.yaml:77: E_CATALOG_SCHEMA: the Secret `{object}-admin` has no key `passwrod`; did you mean `password`?",
    ),
];

#[test]
fn wrong_jobs() {
    let mut files = good();
    files.get_mut(TYPE).unwrap().push_str(JOB);
    assert_eq!(found(&files), Vec::<String>::new());
    let wrong = WRONG_JOBS.iter().filter_map(|(from, to, expected)| {
        assert_eq!(JOB.matches(from).count(), 1, "`{from}` stands once in the job");
        let mut files = good();
        files.get_mut(TYPE).unwrap().push_str(&JOB.replace(from, to));
        let found = found(&files);
        (found != [*expected]).then(|| format!("`{from}` → `{to}`\n  found    {found:?}\n  expected {expected}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a chart gets, and who makes the accounts.
const WRONG_VALUES: Cases = &[
    (
        "fullnameOverride: <% component.object | yaml %>",
        "fullnameOverride: mailpit",
        "catalog/mailpit/values.yaml.j2:1: E_CATALOG_FILE: `fullnameOverride` is not the object, and hosts of the entry are named after that; write `fullnameOverride: <% component.object | yaml %>`",
    ),
    (
        "fullnameOverride:",
        "fullnameOverrid:",
        "catalog/mailpit/values.yaml.j2:1: E_CATALOG_FILE: `fullnameOverrid` is no word of a chart; did you mean `fullnameOverride`?",
    ),
    (
        "component.accounts | of(\"smtp\")",
        "component.accounts | of(\"mail_api\")",
        "catalog/mailpit/component.yaml:39: E_CATALOG_LINK: links of `smtp` have accounts, and nothing of the type makes them; go through `component.accounts | of(\"smtp\")` in a template, or write `accounts: smtp` in a step of a job, a `projected` folder or the `for_each` of a file",
    ),
];

#[test]
fn wrong_values() {
    replaced(VALUES, WRONG_VALUES);
}
