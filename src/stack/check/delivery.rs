//! Rule: what `gitops` names can be read by Argo CD, and every environment has a cluster of its own.
//!
//! Two environments of one cluster would be the same objects with other values: each would undo what the other does.

use std::collections::BTreeMap;

use super::{Checker, names};
use crate::catalog::matches_whole;
use crate::finding::{Code, Finding};
use crate::name::Namespace;
use crate::stack::delivery::OWN_CLUSTER;
use crate::topology::GitopsDocument;

/// A user name stands in an ssh address only.
const REPOSITORY: &str = "(https://|ssh://([A-Za-z0-9][A-Za-z0-9._-]{0,62}@)?)[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\
     (:[1-9][0-9]{0,4})?(/[A-Za-z0-9._~-]{1,100}){1,12}";
const REVISION: &str = "[A-Za-z0-9_][A-Za-z0-9._/-]{0,119}";
const PATH: &str = "[.]|[.]?[A-Za-z0-9_][A-Za-z0-9._-]{0,60}(/[.]?[A-Za-z0-9_][A-Za-z0-9._-]{0,60}){0,8}";
/// People name clusters after their provider's names, too: `arn:aws:eks:eu-west-1:1234:cluster/prod`.
const CLUSTER: &str = "[A-Za-z0-9]([A-Za-z0-9._:/@-]{0,250}[A-Za-z0-9])?";

pub(super) fn check(checker: &mut Checker<'_>) {
    if let Some(gitops) = &checker.topology.document.gitops {
        self::gitops(checker, gitops);
    }
    domains(checker);
    clusters(checker);
}

fn gitops(checker: &mut Checker<'_>, gitops: &GitopsDocument) {
    let texts = [
        (
            "repository",
            Some(&gitops.repository).filter(|text| !text.is_empty()),
            REPOSITORY,
            "write an address such as `https://git.example.com/platform/shop.git` or `ssh://git@…`, without credentials",
        ),
        (
            "revision",
            gitops.revision.as_ref(),
            REVISION,
            "write a branch, tag or commit such as `main`",
        ),
        (
            "path",
            gitops.path.as_ref(),
            PATH,
            "write a folder below the top of the repository, such as `out`",
        ),
    ];
    for (key, text, expression, hint) in texts {
        if text.is_some_and(|text| !matches_whole(expression, text)) {
            let span = checker.topology.place(&["gitops", key]);
            // An address may carry a password, so it is not repeated.
            let finding = Finding::new(
                Code::E_TOPOLOGY_SCHEMA,
                span,
                format!("`{key}` is none that Argo CD can read"),
            );
            checker.findings.push(finding.hint(hint));
        }
    }
    if let Some(namespace) = &gitops.namespace
        && let Err(rule) = Namespace::parse(namespace)
    {
        let span = checker.topology.place(&["gitops", "namespace"]);
        let message = format!("the namespace `{namespace}` {rule}");
        let finding = Finding::new(Code::E_TOPOLOGY_NAMESPACE, span, message);
        checker
            .findings
            .push(finding.hint("write that of Argo CD, such as `argocd`"));
    }
}

fn domains(checker: &mut Checker<'_>) {
    for (name, environment) in &checker.topology.document.environments {
        if let Some(domain) = &environment.domain {
            names::domain(checker, &["environments", name, "domain"], domain, name);
        }
    }
}

fn clusters(checker: &mut Checker<'_>) {
    let topology = checker.topology;
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, environment) in &topology.document.environments {
        let given = environment.cluster.as_ref().map(|cluster| cluster.name.as_str());
        if let Some(cluster) = given.filter(|cluster| !cluster.is_empty() && !matches_whole(CLUSTER, cluster)) {
            let span = topology.place(&["environments", name, "cluster", "name"]);
            let message = format!("`{cluster}` is no name of a cluster in Argo CD");
            let finding = Finding::new(Code::E_TOPOLOGY_NAME, span, message);
            checker
                .findings
                .push(finding.hint("write the one that `argocd cluster list` tells, such as `prod-eu`"));
            continue;
        }
        // Without GitOps an environment is installed where a person's kubectl points to.
        let own = topology.document.gitops.as_ref().map(|_| OWN_CLUSTER);
        let Some(cluster) = given.or(own) else { continue };
        let Some(first) = seen.insert(cluster, name) else {
            continue;
        };
        let first = checker.on_line(&["environments", first]);
        let where_ = match cluster {
            OWN_CLUSTER => "the cluster that Argo CD runs in".to_owned(),
            named => format!("the cluster `{named}`"),
        };
        let message = format!("`{name}` and {first} are both in {where_}");
        let span = topology.key_place(&["environments", name]);
        let finding = Finding::new(Code::E_TOPOLOGY_ENV, span, message);
        let hint = format!("give one a cluster of its own: `{name}: {{cluster: {{name: <cluster>}}}}`");
        checker.findings.push(finding.hint(hint));
    }
}
