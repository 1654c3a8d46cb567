//! Rule: names follow their grammar.

use super::Checker;
use crate::finding::{Code, Finding};
use crate::name::{ComponentName, EnvPrefix, Namespace, SubName, env_form, is_fqdn};

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
            );
        }
        if let Some(namespace) = &component.namespace
            && let Err(rule) = Namespace::parse(namespace)
        {
            let span = checker.topology.place(&["components", name, "namespace"]);
            checker.findings.push(Finding::new(
                Code::E_TOPOLOGY_NAMESPACE,
                span,
                format!("the namespace `{namespace}` {rule}"),
            ));
        }
        if let Some(group) = &component.group
            && let Err(rule) = ComponentName::parse(group)
        {
            let span = checker.topology.place(&["components", name, "group"]);
            checker.findings.push(Finding::new(
                Code::E_TOPOLOGY_NAME,
                span,
                format!("the group `{group}` {rule}"),
            ));
        }
        for sub in component.sub_components.keys() {
            if let Err(rule) = SubName::parse(sub) {
                let path = ["components", name, "sub_components", sub];
                report(
                    checker,
                    Code::E_TOPOLOGY_NAME,
                    &path,
                    &format!("the sub-component name `{sub}` {rule}"),
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
                .push(Finding::new(Code::E_TOPOLOGY_NAME, span, message).maybe_hint(legal_prefix(prefix)));
        }
    }
}

fn legal_prefix(prefix: &str) -> Option<String> {
    let prefix = env_form(prefix.trim_end_matches(['_', '-', '.']));
    let is_legal = EnvPrefix::parse(&prefix).is_ok();
    is_legal.then(|| format!("write `env: {prefix}`"))
}

fn stack(checker: &mut Checker<'_>, name: &str, domain: &str) {
    if !name.is_empty()
        && let Err(rule) = ComponentName::parse(name)
    {
        let span = checker.topology.place(&["name"]);
        checker.findings.push(Finding::new(
            Code::E_TOPOLOGY_NAME,
            span,
            format!("the stack name `{name}` {rule}"),
        ));
    }
    if !domain.is_empty() && !is_fqdn(domain) {
        let span = checker.topology.place(&["domain"]);
        let finding = Finding::new(
            Code::E_TOPOLOGY_HOST,
            span,
            format!("the domain `{domain}` is not a domain name"),
        );
        checker
            .findings
            .push(finding.hint("write a lower-case name such as `stack.example.com`: no scheme, port or IP address"));
    }
}

fn report(checker: &mut Checker<'_>, code: Code, path: &[&str], message: &str) {
    let span = checker.topology.key_place(path);
    checker.findings.push(Finding::new(code, span, message));
}
