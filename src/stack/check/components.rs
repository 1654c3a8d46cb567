//! Rule: components and sub-components are of types that the catalog has, and hosts of other stacks
//! are domain names.

use super::{Checker, values};
use crate::catalog::ComponentType;
use crate::finding::{Code, Finding, suggestion};
use crate::name::{is_fqdn, nearest, slip};
use crate::topology::{ComponentDocument, UnknownKey};

pub(super) fn check(checker: &mut Checker<'_>) -> anyhow::Result<()> {
    let topology = checker.topology;
    for (name, component) in &topology.document.components {
        external(checker, name, component)?;
        if component.component_type.is_empty() {
            missing_type(checker, name)?;
            continue;
        }
        match checker.catalog.component_type(&component.component_type)? {
            Some(entry) => of_type(checker, name, component, &entry.definition)?,
            None => unknown_type(checker, name, &component.component_type),
        }
    }
    Ok(())
}

/// What has no type is told once: here, where the types are known.
fn missing_type(checker: &mut Checker<'_>, name: &str) -> anyhow::Result<()> {
    let path = ["components", name];
    if is_told(checker, &path) {
        return Ok(());
    }
    let hint = match nearest(name, checker.catalog.type_names()) {
        Some(meant) => format!("add `type:`; did you mean `type: {meant}`?"),
        None => format!(
            "add `type:` with one of `{}`",
            checker.catalog.offered_types()?.join("`, `")
        ),
    };
    without_type(checker, &path, hint);
    Ok(())
}

fn without_type(checker: &mut Checker<'_>, path: &[&str], hint: String) {
    let name = path.last().copied().unwrap_or_default();
    let path = [path, &["type"]].concat();
    let message = if checker.topology.holds(&path) {
        format!("`type` of `{name}` is empty")
    } else {
        format!("`{name}` lacks the key `type`")
    };
    let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, checker.topology.place(&path), message);
    checker.findings.push(finding.hint(hint));
}

/// Whether the form of a component, or of its type, is blamed already.
fn is_told(checker: &Checker<'_>, path: &[&str]) -> bool {
    let topology = checker.topology;
    let glued = |unknown: &UnknownKey| unknown.key.starts_with("type:") && unknown.path.iter().eq(path);
    topology.is_refused(path) || topology.is_refused(&[path, &["type"]].concat()) || topology.unknown.iter().any(glued)
}

fn missing_sub_type(checker: &mut Checker<'_>, path: [&str; 4], known: &[&str]) {
    if is_told(checker, &path) {
        return;
    }
    let hint = match known {
        [] => "remove it: the type has no sub-components".to_owned(),
        [one] => format!("add `type: {one}`"),
        several => format!("add `type:` with one of `{}`", several.join("`, `")),
    };
    without_type(checker, &path, hint);
}

fn of_type(
    checker: &mut Checker<'_>,
    name: &str,
    component: &ComponentDocument,
    kind: &ComponentType,
) -> anyhow::Result<()> {
    let owner = format!("type `{}`", kind.name);
    values::check(
        checker,
        &["components", name],
        &kind.attributes,
        &component.attributes,
        &owner,
    )?;
    let known: Vec<&str> = kind.sub_components.keys().map(String::as_str).collect();
    for (sub_name, sub) in &component.sub_components {
        let path = ["components", name, "sub_components", sub_name];
        if sub.sub_type.is_empty() {
            missing_sub_type(checker, path, &known);
            continue;
        }
        match kind.sub_components.get(&sub.sub_type) {
            Some(sub_kind) => {
                let owner = format!("sub-component type `{}`", sub.sub_type);
                values::check(checker, &path, &sub_kind.attributes, &sub.attributes, &owner)?;
            }
            None => {
                let span = checker.topology.place(&[path[0], path[1], path[2], path[3], "type"]);
                let message = format!("type `{}` has no sub-component type `{}`", kind.name, sub.sub_type);
                let hint = suggestion(&sub.sub_type, &known)
                    .unwrap_or_else(|| "remove it: the type has no sub-components".to_owned());
                checker
                    .findings
                    .push(Finding::new(Code::E_TOPOLOGY_TYPE, span, message).hint(hint));
            }
        }
    }
    Ok(())
}

fn unknown_type(checker: &mut Checker<'_>, name: &str, kind: &str) {
    let span = checker.topology.place(&["components", name, "type"]);
    let finding = Finding::new(Code::E_TOPOLOGY_TYPE, span, format!("the catalog has no type `{kind}`"));
    let near = checker.suggest(kind, || checker.catalog.type_names());
    // Who names a type that is not there, and no slip of one, has it in a folder that was not given.
    let is_slip = || slip(kind, checker.catalog.type_names()).is_some();
    let hint = match checker.catalog.has_overlays() || is_slip() {
        true => near,
        false => near.map(|near| format!("{near} (a type of your own needs `--catalog FOLDER`)")),
    };
    checker.findings.push(finding.maybe_hint(hint));
}

fn external(checker: &mut Checker<'_>, name: &str, component: &ComponentDocument) -> anyhow::Result<()> {
    let Some(external) = &component.external else {
        return Ok(());
    };
    let path = ["components", name, "external"];
    let given = ["stack", "host"].map(|key| checker.topology.holds(&[path[0], path[1], path[2], key]));
    // What the cluster has anyway is found by its own names, and metadata says the rest where it was read.
    let says_nothing = given == [false, false]
        && super::cluster_needs::of_clusters(checker.catalog)?.contains(&component.component_type);
    if external.component.is_some() && external.metadata.is_none() {
        let span = checker.topology.key_place(&[path[0], path[1], path[2], "component"]);
        let message = "`component` of `external` is one of `metadata`, which is not there".to_owned();
        let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, span, message);
        checker.findings.push(finding.hint("add `metadata:` with the file"));
    } else if !says_nothing && external.metadata.is_none() {
        let texts = [&external.stack, &external.host];
        for ((key, is_given), text) in ["stack", "host"].into_iter().zip(given).zip(texts) {
            let own = [path[0], path[1], path[2], key];
            let (span, fact) = match is_given {
                true if text.is_empty() => (checker.topology.place(&own), format!("`{key}` of `external` is empty")),
                true => continue,
                false => (
                    checker.topology.place(&path),
                    format!("`external` lacks the key `{key}`"),
                ),
            };
            if !checker.topology.is_refused(&own) {
                let finding = Finding::new(Code::E_TOPOLOGY_SCHEMA, span, fact);
                checker
                    .findings
                    .push(finding.hint(format!("add `{key}:` with a value")));
            }
        }
    }
    if !external.host.is_empty() && !is_public_host(&external.host) {
        let span = checker.topology.place(&["components", name, "external", "host"]);
        let finding = Finding::new(
            Code::E_TOPOLOGY_HOST,
            span,
            format!("the host `{}` is not a domain name", external.host),
        );
        checker.findings.push(
            finding.hint("write a lower-case domain name: no IP address in any spelling, no name inside a cluster or host, no user or port"),
        );
    }
    if !external.stack.is_empty()
        && let Err(rule) = crate::name::ComponentName::parse(&external.stack)
    {
        let span = checker.topology.place(&["components", name, "external", "stack"]);
        let message = format!("the stack name `{}` {rule}", external.stack);
        let hint = super::names::other_name(&external.stack);
        checker
            .findings
            .push(Finding::new(Code::E_TOPOLOGY_NAME, span, message).hint(hint));
    }
    Ok(())
}

/// Suffixes of names inside a cluster, a cloud or a host, and of services that answer with any address.
const NOT_PUBLIC: [&str; 13] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "svc",
    "cluster.local",
    "arpa",
    "nip.io",
    "sslip.io",
    "xip.io",
    "localtest.me",
    "lvh.me",
    "home",
];

/// A domain name that is no spelling of an address or of this host.
fn is_public_host(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    let inside = NOT_PUBLIC
        .iter()
        .any(|suffix| host == *suffix || host.ends_with(&format!(".{suffix}")));
    is_fqdn(host) && !numeric && !inside
}

#[cfg(test)]
mod tests {
    use super::is_public_host;

    #[test]
    fn hosts() {
        for (input, good) in [
            ("clickhouse.data.example.com", true),
            ("10.0.0.1", false),
            ("0x7f000001", false),
            ("127.0x1", false),
            ("2130706433", false),
            ("[::1]", false),
            ("localhost", false),
            ("db.localhost", false),
            ("valkey.cache.svc.cluster.local", false),
            ("metadata.google.internal", false),
            ("127.0.0.1.nip.io", false),
            ("user@db.example.com", false),
            ("db.example.com:9000", false),
            ("http://db.example.com", false),
            ("DB.example.com", false),
        ] {
            assert_eq!(is_public_host(input), good, "{input}");
        }
    }
}
