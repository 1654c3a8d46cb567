//! What shows only when a stack is made of an entry: each mistake gives one finding, however many links trip on it.

use super::{CONVENTION_FILE, Files, HOOK_FILE, INTERFACE_FILE, REFINES_FILE, TYPE, VOLUMES, found, good};

const HOOK_TEMPLATE: &str = "hooks/mail_notes/mail.yaml.j2";
const PAIR_TEMPLATE: &str = "link-types/pairs/django-mailpit/mail.yaml.j2";
const MAILER_FILE: &str = "catalog/mailer/component.yaml";

/// An application in the words of the overlay's convention.
const MAILER: &str = "type: mailer
use: [web_application]
title: newsletters
docs: https://docs.example.com/mailer
service: MAILER
convention: mailers
install: {workload: {env: {PORT: \"{port}\"}}}
";

/// All of a file, in place of a text that stands in it once.
const WHOLE: &str = "";

/// A file, a text of it, and what is put in its place.
type Edit = (&'static str, &'static str, &'static str);

/// Edits that make one mistake together, and the finding; none where they make none.
type Case = (&'static [Edit], Option<&'static str>);

fn edited(edits: &[Edit]) -> Files {
    let mut files = good();
    for (file, from, to) in edits {
        let text = files.entry((*file).to_owned()).or_default();
        if *from == WHOLE {
            (*to).clone_into(text);
        } else {
            assert_eq!(text.matches(from).count(), 1, "`{from}` stands once in {file}");
            *text = text.replace(from, to);
        }
    }
    files
}

/// All rows that differ are told at once.
fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for (edits, expected) in cases {
        let found = found(&edited(edits));
        let expected: Vec<&str> = expected.iter().copied().collect();
        if found != expected {
            wrong.push(format!("{edits:?}\n  found    {found:?}\n  expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A hook with this selection, path and template.
macro_rules! hook {
    ($selection:literal, $path:literal, $template:literal) => {
        &[
            (
                HOOK_FILE,
                WHOLE,
                concat!(
                    "name: mail_notes\ntitle: a page about mail\n",
                    $selection,
                    "\noutputs:\n  - {path: \"",
                    $path,
                    "\", template: mail.yaml.j2}\n"
                ),
            ),
            (HOOK_TEMPLATE, WHOLE, $template),
        ]
    };
}

const FAILING_HOOKS: &[Case] = &[
    (
        hook!("values: components", "docs/{componet}.yaml", "a: 1\n"),
        Some(
            "hooks/mail_notes/hook.yaml:5: E_CATALOG_PATTERN: pattern `docs/{componet}.yaml` names `componet`, which is not known there; a path names a text of what its template sees, which is `stack` and `component`",
        ),
    ),
    (
        hook!(
            "values: components",
            "docs/{component}.yaml",
            "a: <% componet.name %>\n"
        ),
        Some(
            "hooks/mail_notes/mail.yaml.j2:1: E_CATALOG_TEMPLATE: `componet` is not defined; did you mean `component`?; a template sees `stack` and `component`",
        ),
    ),
    (
        hook!("values: components", "docs/{component}.yaml", "a: {b: 1\n"),
        Some(
            "hooks/mail_notes/mail.yaml.j2:1: E_CATALOG_TEMPLATE: `trial.yaml` is written, and a rendered file is not YAML: line 2: unclosed bracket '{'; values go through the filter `yaml` or `json`, blocks keep their indentation",
        ),
    ),
    (
        hook!(
            "values: components\ngroup_by: namespace",
            "docs/{namespace}.yaml",
            "a: <% component.name %>\n"
        ),
        Some(
            "hooks/mail_notes/mail.yaml.j2:1: E_CATALOG_TEMPLATE: `component` is not defined; did you mean `components`?; a template sees `stack`, `components` and `namespace`",
        ),
    ),
    (
        hook!("values: links\nwhere: {interface: smtp}", "docs/{too}.md", "a: 1\n"),
        Some(
            "hooks/mail_notes/hook.yaml:6: E_CATALOG_PATTERN: pattern `docs/{too}.md` names `too`, which is not known there; a path names a text of what its template sees, which is `stack`, `from`, `to` and `link`; tried with a link `celery-mailpit`, `access: write`",
        ),
    ),
    (
        hook!(
            "values: links\nwhere: {interface: smtp}",
            "docs/{link.object}.md",
            "a: <% link.frm %>\n"
        ),
        Some(
            "hooks/mail_notes/mail.yaml.j2:1: E_CATALOG_TEMPLATE: `link.frm` is not defined; did you mean `from`?; a template sees `stack`, `from`, `to` and `link`; tried with a link `celery-mailpit`, `access: write`",
        ),
    ),
    (
        hook!(
            "values: links\nwhere: {interface: smtp, external: true}",
            "docs/{link.object}.md",
            "a: <% link.frm %>\n"
        ),
        Some(
            "hooks/mail_notes/mail.yaml.j2:1: E_CATALOG_TEMPLATE: `link.frm` is not defined; did you mean `from`?; a template sees `stack`, `from`, `to` and `link`; tried with a link `celery-mailpit`, `access: write`, to another stack",
        ),
    ),
    (
        hook!(
            "values: accounts\nwhere: {interface: smtp}\ngroup_by: component",
            "docs/{account.name}.md",
            "a: 1\n"
        ),
        Some(
            "hooks/mail_notes/hook.yaml:7: E_CATALOG_PATTERN: pattern `docs/{account.name}.md` names `account.name`, which is not known there; a path names a text of what its template sees, which is `stack`, `accounts`, and what they are grouped by; tried with a link `celery-mailpit`, `access: write`",
        ),
    ),
    (
        hook!("values: stack", "docs/{stack}.md", "a: <% stack.nmae %>\n"),
        Some(
            "hooks/mail_notes/mail.yaml.j2:1: E_CATALOG_TEMPLATE: `stack.nmae` is not defined; did you mean `name`?; a template sees `stack`, `links` and `accounts`",
        ),
    ),
    (
        hook!(
            "values: stack",
            "docs/{stack}.md",
            "#: for link in links\n<% link.frm %>\n#: endfor\n"
        ),
        Some(
            "hooks/mail_notes/mail.yaml.j2:2: E_CATALOG_TEMPLATE: `links[0].frm` is not defined; did you mean `from`?; a template sees `stack`, `links` and `accounts`; tried with a link `airflow-airflow`, `access: read`",
        ),
    ),
];

#[test]
fn hooks_that_fail() {
    check(FAILING_HOOKS);
}

/// What two links need to be two files.
const SHARED_PATHS: &[Case] = &[
    (
        hook!(
            "values: links\nwhere: {interface: smtp}",
            "docs/mail/{to}.md",
            "a: <% link.from %>\n"
        ),
        Some(
            "hooks/mail_notes/hook.yaml:5: E_OUTPUT_PATH: `docs/mail/provider.md` is made twice: by hook mail_notes, template mail.yaml.j2 and by hook mail_notes, template mail.yaml.j2; write a path that tells items apart, or one file for each group of them; tried with a link `celery-mailpit`, `access: write`, and a second one beside it",
        ),
    ),
    (
        hook!(
            "values: links\nwhere: {interface: smtp}",
            "docs/mail/{from}.md",
            "a: <% link.from %>\n"
        ),
        Some(
            "hooks/mail_notes/hook.yaml:5: E_OUTPUT_PATH: `docs/mail/second.md` is made twice: by hook mail_notes, template mail.yaml.j2 and by hook mail_notes, template mail.yaml.j2; write a path that tells items apart, or one file for each group of them; tried with a link `celery-mailpit`, `access: write`, and a second one beside it",
        ),
    ),
    (
        hook!(
            "values: accounts\nwhere: {interface: smtp}",
            "docs/mail/{component}.md",
            "a: <% account.name %>\n"
        ),
        Some(
            "hooks/mail_notes/hook.yaml:5: E_OUTPUT_PATH: `docs/mail/provider.md` is made twice: by hook mail_notes, template mail.yaml.j2 and by hook mail_notes, template mail.yaml.j2; write a path that tells items apart, or one file for each group of them; tried with a link `celery-mailpit`, `access: write`, and a second one beside it",
        ),
    ),
    (
        &[
            (
                REFINES_FILE,
                "keys: {HOST: host}",
                "files: [{on: to, path: sender.yaml, template: mail.yaml.j2}]",
            ),
            (PAIR_TEMPLATE, WHOLE, "a: <% link.from %>\n"),
        ],
        Some(
            "link-types/pairs/django-mailpit/pair.yaml:4: E_OUTPUT_PATH: `k8s/deploy/base/provider/sender.yaml` is made twice: by pair django-mailpit, template mail.yaml.j2 and by pair django-mailpit, template mail.yaml.j2; write a path that tells links apart: `{link.object}` is the name of one; tried with a link `django-mailpit`, `access: write`, and a second one beside it",
        ),
    ),
    (
        hook!(
            "values: links\nwhere: {interface: smtp}",
            "docs/mail/{link.object}.md",
            "a: <% link.from %>\n"
        ),
        None,
    ),
];

#[test]
fn two_links_are_two_files() {
    check(SHARED_PATHS);
}

const IDLE_HOOKS: &[Case] = &[
    (
        hook!(
            "values: links\nwhere: {interface: smtp, level: own}",
            "docs/{link.object}.md",
            "a: 1\n"
        ),
        Some(
            "hooks/mail_notes/hook.yaml:4: E_CATALOG_HOOK: no stack has what is selected: links where interface smtp, level own; `stacktic catalog links` prints every link with its levels, `stacktic catalog show TYPE` what a type is",
        ),
    ),
    (
        hook!(
            "values: links\nwhere: {type: django-mailpti}",
            "docs/{link.object}.md",
            "a: 1\n"
        ),
        Some(
            "hooks/mail_notes/hook.yaml:4: E_CATALOG_HOOK: no stack has what is selected: links where type django-mailpti; `stacktic catalog links` prints every link with its levels, `stacktic catalog show TYPE` what a type is",
        ),
    ),
    (
        hook!(
            "values: accounts\nwhere: {interface: smtp, role: gateway}",
            "docs/{account}.md",
            "a: 1\n"
        ),
        Some(
            "hooks/mail_notes/hook.yaml:4: E_CATALOG_HOOK: no stack has what is selected: accounts where interface smtp, role gateway; `stacktic catalog links` prints every link with its levels, `stacktic catalog show TYPE` what a type is",
        ),
    ),
    (
        hook!(
            "values: components\nwhere: {external: true, deployed: true}",
            "docs/{component}.md",
            "a: 1\n"
        ),
        Some(
            "hooks/mail_notes/hook.yaml:4: E_CATALOG_HOOK: no stack has what is selected: components where deployed true, external true; `stacktic catalog links` prints every link with its levels, `stacktic catalog show TYPE` what a type is",
        ),
    ),
    (
        hook!(
            "values: components\nwhere: {type: mailpit, role: gateway}",
            "docs/{component}.md",
            "a: 1\n"
        ),
        Some(
            "hooks/mail_notes/hook.yaml:4: E_CATALOG_HOOK: no stack has what is selected: components where role gateway, type mailpit; `stacktic catalog links` prints every link with its levels, `stacktic catalog show TYPE` what a type is",
        ),
    ),
    (
        hook!(
            "values: links\nwhere: {interface: smtp, external: true}",
            "docs/{link.object}.md",
            "a: <% link.host %>\n"
        ),
        None,
    ),
    (
        hook!(
            "values: components\nwhere: {external: true}",
            "docs/{component}.md",
            "a: <% component.name %>\n"
        ),
        None,
    ),
];

#[test]
fn hooks_that_select_nothing() {
    check(IDLE_HOOKS);
}

const FAILING_LINKS: &[Case] = &[
    (
        &[
            (
                REFINES_FILE,
                "keys: {HOST: host}",
                "files: [{on: from, path: \"{link.object}.yaml\", template: mail.yaml.j2}]",
            ),
            (PAIR_TEMPLATE, WHOLE, "a: <% link.frm %>\n"),
        ],
        Some(
            "link-types/pairs/django-mailpit/mail.yaml.j2:1: E_CATALOG_TEMPLATE: `link.frm` is not defined; did you mean `from`?; a template sees `stack`, `from`, `to` and `link`; tried with a link `django-mailpit`, `access: write`",
        ),
    ),
    (
        &[
            (
                REFINES_FILE,
                "keys: {HOST: host}",
                "files: [{on: from, path: \"{link.object}.yaml\", template: mail.yaml.j2}]",
            ),
            (PAIR_TEMPLATE, WHOLE, "a: 1\n b: 2\n"),
        ],
        Some(
            "link-types/pairs/django-mailpit/mail.yaml.j2:1: E_CATALOG_TEMPLATE: `consumer-provider.yaml` is written, and a rendered file is not YAML: line 3: mapping values are not allowed in this context; values go through the filter `yaml` or `json`, blocks keep their indentation",
        ),
    ),
    (
        &[
            (
                REFINES_FILE,
                "keys: {HOST: host}",
                "files: [{on: to, path: volume.yaml, template: mail.yaml.j2}]",
            ),
            (PAIR_TEMPLATE, WHOLE, "a: 1\n"),
        ],
        Some(
            "link-types/pairs/django-mailpit/pair.yaml:4: E_OUTPUT_PATH: `k8s/deploy/base/provider/volume.yaml` is made twice: by component provider, template volume.yaml.j2 and by pair django-mailpit, template mail.yaml.j2; write a path that tells links apart: `{link.object}` is the name of one; tried with a link `django-mailpit`, `access: write`",
        ),
    ),
    (
        &[(
            INTERFACE_FILE,
            "django: {fixed: {EMAIL_HOST: host}",
            "spring: {fixed: {MAIL_HOST: \"{to.hots}\"}",
        )],
        Some(
            "link-types/interfaces/smtp.yaml:14: E_CATALOG_PATTERN: pattern `{to.hots}` names `to.hots`, which is not known there; name what is there in every such stack; tried with a link `spring_boot-mailpit`, `access: write`",
        ),
    ),
    (
        &[
            (CONVENTION_FILE, "\"{ENV}_HOST\": host", "\"{ENV}_HOST\": \"{to.hots}\""),
            (MAILER_FILE, WHOLE, MAILER),
        ],
        Some(
            "link-types/conventions/mailers.yaml:8: E_CATALOG_PATTERN: pattern `{to.hots}` names `to.hots`, which is not known there; name what is there in every such stack; tried with a link `mailer-mailpit`, `access: write`, `env:`",
        ),
    ),
    (
        &[(
            VOLUMES,
            "metadata:\n",
            "#: for account in component.accounts\n# <% account.grants.mial %>\n#: endfor\nmetadata:\n",
        )],
        Some(
            "catalog/mailpit/volume.yaml.j2:3: E_CATALOG_TEMPLATE: `component.accounts[0].grants.mial` is not defined; did you mean `mail`?; a template sees `component`, `stack`, and `sub` under `for_each`; tried with a link `celery-mailpit`, `access: write`",
        ),
    ),
    // What changes with a link of the provider is tried with it.
    (
        &[
            (
                TYPE,
                "facts: {host: \"{to.host}\", port: \"{to.port}\", username: \"{account.name}\"}",
                "facts: {host: \"{to.host}\", port: \"{to.port}\", username: \"{account.name}\"}\n    when: {store: {facts: {host: \"stored.{to.host}\"}}}",
            ),
            (
                VOLUMES,
                "metadata:\n",
                "#: if component.accounts and component.gets.store\n# <% component.attributes.nothing %>\n#: endif\nmetadata:\n",
            ),
        ],
        Some(
            "catalog/mailpit/volume.yaml.j2:3: E_CATALOG_TEMPLATE: `component.attributes.nothing` is not defined; one of `memory`, `replicas`, `sender`; a template sees `component`, `stack`, and `sub` under `for_each`; tried with a link `celery-mailpit`, `access: write`, whose provider has a link of `store`",
        ),
    ),
    // The level `probe` grants nothing.
    (
        &[
            (
                INTERFACE_FILE,
                "  write: send mail",
                "  probe: connect\n  write: send mail",
            ),
            (INTERFACE_FILE, "levels: [write]", "levels: [probe, write]"),
            (
                TYPE,
                "levels: {write: {mail: [send]}}",
                "levels: {probe: {}, write: {mail: [send]}}",
            ),
            (
                VOLUMES,
                "metadata:\n",
                "#: for account in component.accounts | of(\"smtp\")\n# <% account.grants.mail | json %>\n#: endfor\nmetadata:\n",
            ),
        ],
        Some(
            "catalog/mailpit/volume.yaml.j2:3: E_CATALOG_TEMPLATE: `component.accounts[0].grants.mail` is not defined; a template sees `component`, `stack`, and `sub` under `for_each`; tried with a link `celery-mailpit`, `access: probe`",
        ),
    ),
];

#[test]
fn links_that_fail() {
    check(FAILING_LINKS);
}

const WORKING_LINKS: &[Case] = &[
    (&[(MAILER_FILE, WHOLE, MAILER)], None),
    (
        &[
            (
                REFINES_FILE,
                "keys: {HOST: host}",
                "files: [{on: from, path: \"{link.object}.yaml\", template: mail.yaml.j2}]",
            ),
            (PAIR_TEMPLATE, WHOLE, "a: <% link.from %>\n"),
        ],
        None,
    ),
    (
        hook!(
            "values: links\nwhere: {interface: smtp}",
            "docs/{link.object}.md",
            "<% link.facts.host %>\n"
        ),
        None,
    ),
];

#[test]
fn links_that_work() {
    check(WORKING_LINKS);
}

/// What would change more than the entry itself.
const FAR_REACHING: &[Case] = &[
    (
        &[
            (
                "hooks/network_policies/hook.yaml",
                WHOLE,
                "name: network_policies\ntitle: notes\nvalues: components\noutputs:\n  - {path: \"docs/{component}.txt\", template: notes.txt.j2}\n",
            ),
            ("hooks/network_policies/notes.txt.j2", WHOLE, "notes\n"),
        ],
        Some(
            "hooks/network_policies/hook.yaml:1: E_CATALOG_HOOK: another hook is called `network_policies`, and nothing would make what it makes; give the hook a name of its own",
        ),
    ),
    (
        &[
            (MAILER_FILE, WHOLE, MAILER),
            (
                MAILER_FILE,
                "PORT: \"{port}\"",
                "PORT: \"{port}\", LD_PRELOAD: /tmp/evil.so",
            ),
        ],
        Some(
            "catalog/mailer/component.yaml:7: E_CATALOG_ENV: `LD_PRELOAD` steers the dynamic linker; set it in the image, or give the program an argument",
        ),
    ),
];

#[test]
fn far_reaching_entries() {
    check(FAR_REACHING);
}
