//! Rule: names follow their grammar.

use super::Checker;
use crate::finding::{Code, Finding};
use crate::name::{ComponentName, EnvPrefix, Namespace, SubName, env_form, is_fqdn, legal_form};

pub(super) fn check(checker: &mut Checker<'_>) {
    let document = &checker.topology.document;
    stack(checker, &document.name, &document.domain);
    prefixes(checker);
    for name in document.environments.keys() {
        if let Err(rule) = ComponentName::parse(name) {
            report(
                checker,
                Code::E_TOPOLOGY_NAME,
                &["environments", name],
                &format!("the environment `{name}` {rule}"),
                other_name(name),
            );
        }
    }
    for (name, component) in &document.components {
        if let Err(rule) = ComponentName::parse(name) {
            report(
                checker,
                Code::E_TOPOLOGY_NAME,
                &["components", name],
                &format!("the component name `{name}` {rule}"),
                other_name(name),
            );
        }
        if let Some(namespace) = &component.namespace
            && let Err(rule) = Namespace::parse(namespace)
        {
            let span = checker.topology.place(&["components", name, "namespace"]);
            let message = format!("the namespace `{namespace}` {rule}");
            let finding = Finding::new(Code::E_TOPOLOGY_NAMESPACE, span, message);
            checker.findings.push(finding.hint(other_namespace(namespace)));
        }
        if let Some(group) = &component.group
            && let Err(rule) = ComponentName::parse(group)
        {
            let span = checker.topology.place(&["components", name, "group"]);
            let finding = Finding::new(Code::E_TOPOLOGY_NAME, span, format!("the group `{group}` {rule}"));
            checker.findings.push(finding.hint(other_name(group)));
        }
        for sub in component.sub_components.keys() {
            if let Err(rule) = SubName::parse(sub) {
                let path = ["components", name, "sub_components", sub];
                report(
                    checker,
                    Code::E_TOPOLOGY_NAME,
                    &path,
                    &format!("the sub-component name `{sub}` {rule}"),
                    other_sub_name(sub),
                );
            }
        }
    }
}

/// The prefixes that links are given.
fn prefixes(checker: &mut Checker<'_>) {
    let topology = checker.topology;
    for (position, link) in topology.document.links.iter().enumerate() {
        if let Some(prefix) = &link.env
            && let Err(rule) = EnvPrefix::parse(prefix)
        {
            let span = topology.place(&["links", &position.to_string(), "env"]);
            let message = format!("the prefix `{prefix}` {rule}");
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_NAME, span, message).hint(other_prefix(prefix)));
        }
    }
}

fn other_prefix(prefix: &str) -> String {
    let prefix = env_form(prefix.trim_end_matches(['_', '-', '.']));
    match EnvPrefix::parse(&prefix) {
        Ok(prefix) => format!("write `env: {prefix}`"),
        Err(_) => {
            "write another such as `env: SESSIONS`, or leave `env` out and have that of the link's end".to_owned()
        }
    }
}

fn stack(checker: &mut Checker<'_>, name: &str, domain: &str) {
    if !name.is_empty()
        && let Err(rule) = ComponentName::parse(name)
    {
        let span = checker.topology.place(&["name"]);
        let finding = Finding::new(Code::E_TOPOLOGY_NAME, span, format!("the stack name `{name}` {rule}"));
        checker.findings.push(finding.hint(other_name(name)));
    }
    if !domain.is_empty() {
        self::domain(checker, &["domain"], domain, "stack");
    }
}

/// A domain below which services are published.
pub(super) fn domain(checker: &mut Checker<'_>, path: &[&str], domain: &str, example: &str) {
    if is_fqdn(domain) {
        return;
    }
    let message = format!("the domain `{domain}` is not a domain name");
    let finding = Finding::new(Code::E_TOPOLOGY_HOST, checker.topology.place(path), message);
    let hint = format!("write a lower-case name such as `{example}.example.com`: no scheme, port or IP address");
    checker.findings.push(finding.hint(hint));
}

fn report(checker: &mut Checker<'_>, code: Code, path: &[&str], message: &str, hint: String) {
    let span = checker.topology.key_place(path);
    checker.findings.push(Finding::new(code, span, message).hint(hint));
}

/// What to write in place of a name outside its grammar.
pub(super) fn other_name(name: &str) -> String {
    match legal_form(name) {
        Some(legal) => format!("write `{legal}`"),
        None => "write another, shorter than 41 characters, such as `api` or `orders-db`".to_owned(),
    }
}

fn other_sub_name(name: &str) -> String {
    let legal = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
    let form = name.replace(|character| !legal(character), "_");
    // With many letters replaced it would be no name that anybody meant.
    let is_near = name.chars().filter(|character| !legal(*character)).count() <= 2;
    match SubName::parse(form.trim_start_matches(['.', '-'])) {
        Ok(legal) if is_near => format!("write `{legal}`"),
        _ => "write another, shorter than 64 characters, such as `orders` or `app_db`".to_owned(),
    }
}

/// A name of the cluster's own has no near one.
fn other_namespace(namespace: &str) -> String {
    let legal = legal_form(namespace).filter(|legal| Namespace::parse(legal.as_str()).is_ok());
    match legal {
        Some(legal) => format!("write `namespace: {legal}`"),
        None => "write another such as `shop`, or leave `namespace` out and have that of the type".to_owned(),
    }
}
