//! The installer simulation finds nothing wrong with the example, and notices each fault that is put into it.
//!
//! In: the generated example, and single changes of its text. Out: problems. Random stacks are simulated in
//! `tests/output/test_installs.py`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and reads the example by itself"
)]

use std::fs;
use std::path::Path;

use stacktic::verify::{self, Files};

/// The YAML of the example's output.
fn example() -> Files {
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated-example/out");
    let files = walkdir::WalkDir::new(&out).into_iter().map(Result::unwrap);
    let files = files.filter(|file| file.path().extension().is_some_and(|kind| kind == "yaml"));
    files
        .map(|file| {
            let path = file.path().strip_prefix(&out).unwrap();
            (path.display().to_string(), fs::read_to_string(file.path()).unwrap())
        })
        .collect()
}

fn problems(files: &Files) -> Vec<String> {
    let found = verify::install(files).problems.into_iter();
    found
        .map(|problem| format!("{}: {}", problem.file, problem.fact))
        .collect()
}

/// The one problem of the example with `old` replaced by `new` in `file`.
fn check(file: &str, old: &str, new: &str, expected: &str) {
    let mut files = example();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(old), "{file} lacks {old}");
    *text = text.replacen(old, new, 1);
    let found = problems(&files);
    assert!(
        found.iter().any(|problem| problem.contains(expected)),
        "{file}: {old} -> {new}: {found:#?}"
    );
}

const KAFKA: &str = "argocd/dev/applications/kafka.yaml";

#[test]
fn the_example_installs() {
    let found = verify::install(&example());
    assert_eq!(found.problems, []);
    let names: Vec<&str> = found.environments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["dev", "prod"]);
    for environment in &found.environments {
        let waves: Vec<i64> = environment.applications.iter().map(|one| one.wave).collect();
        assert!(waves.is_sorted() && waves.first() == Some(&-1), "{waves:?}");
        assert!(environment.applications.iter().any(|one| !one.brings.is_empty()));
    }
}

#[test]
fn a_namespace_that_comes_too_late() {
    check(
        "argocd/dev/namespaces.yaml",
        "sync-wave: \"-1\"",
        "sync-wave: \"9\"",
        "comes before its namespace",
    );
}

#[test]
fn an_operator_that_comes_with_its_resources() {
    let told = "is of the group `kafka.strimzi.io`, which no wave before 1 brings";
    check(
        "argocd/dev/operators/kafka.yaml",
        "sync-wave: \"0\"",
        "sync-wave: \"1\"",
        told,
    );
}

#[test]
fn a_group_that_nobody_brings() {
    let told = "is of the group `kafka.strimzi.io`, which no wave before 1 brings";
    check("argocd/dev/kustomization.yaml", "  - operators/kafka.yaml\n", "", told);
}

#[test]
fn a_chart_that_brings_its_own_kinds() {
    let mut files = example();
    let issuer = "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata:\n  name: ours\n";
    files.insert("k8s/deploy/base/cert-manager/issuer.yaml".to_owned(), issuer.to_owned());
    let kustomization = files
        .get_mut("k8s/deploy/base/cert-manager/kustomization.yaml")
        .unwrap();
    *kustomization = kustomization.replacen("resources:\n", "resources:\n  - issuer.yaml\n", 1);
    assert_eq!(
        problems(&files),
        [""; 0],
        "the chart of the same Application brings the kind"
    );
    let application = files.get_mut("argocd/dev/applications/cert-manager.yaml").unwrap();
    *application = application.replace("- SkipDryRunOnMissingResource=true", "- PruneLast=true");
    let found = problems(&files);
    assert!(
        found
            .iter()
            .any(|problem| problem.contains("and does not skip its dry run")),
        "{found:#?}"
    );
}

#[test]
fn a_secret_that_is_not_there() {
    let told = "reads the Secret `fastapi-credentials`";
    let file = "k8s/deploy/base/fastapi/kustomization.yaml";
    check(file, "name: fastapi-credentials", "name: fastapi-credential", told);
}

#[test]
fn a_config_map_that_is_not_there() {
    let file = "k8s/deploy/base/fastmcp/kustomization.yaml";
    check(
        file,
        "name: fastmcp-topology",
        "name: topology",
        "reads the ConfigMap `fastmcp-topology`",
    );
}

#[test]
fn an_object_in_two_applications() {
    let told = "lies in stack-3.dev.kafka as well as in stack-3.dev.fastapi";
    let file = "k8s/deploy/base/kafka/kustomization.yaml";
    check(file, "resources:\n", "resources:\n  - ../fastapi\n", told);
}

#[test]
fn an_operator_that_is_there_twice() {
    let mut files = example();
    let second = files["argocd/dev/operators/kafka.yaml"].replace("stack-3.dev.operator.kafka", "stack-3.dev.second");
    files.insert("argocd/dev/operators/second.yaml".to_owned(), second);
    let index = files.get_mut("argocd/dev/kustomization.yaml").unwrap();
    index.push_str("  - operators/second.yaml\n");
    let found = problems(&files);
    assert!(
        found.iter().any(|problem| problem.contains("both bring the kinds of")),
        "{found:#?}"
    );
}

#[test]
fn a_resource_where_no_operator_looks() {
    let told = "is served by nobody: stack-3.dev.operator.keycloak serves `keycloak` alone";
    let file = "k8s/deploy/base/keycloak/keycloak.yaml";
    check(file, "namespace: keycloak", "namespace: app", told);
}

#[test]
fn a_component_that_is_not_delivered() {
    let told = "no Application of `dev` applies this folder";
    check(
        "argocd/dev/kustomization.yaml",
        "  - applications/kafka.yaml\n",
        "",
        told,
    );
}

#[test]
fn a_folder_that_is_not_the_nearest() {
    let told = "k8s/deploy/overlays/prod/cnpg/kustomization.yaml: no Application of `prod` applies this folder";
    check(
        "argocd/prod/applications/cnpg.yaml",
        "overlays/prod/cnpg",
        "base/cnpg",
        told,
    );
}

#[test]
fn files_that_a_kustomization_names_and_are_gone() {
    let file = "k8s/deploy/base/kafka/kustomization.yaml";
    check(
        file,
        "- kafka.yaml",
        "- gone.yaml",
        "a kustomization names it, and it is not there",
    );
    check(
        KAFKA,
        "deploy/base/kafka",
        "deploy/base/gone",
        "there is no kustomization that could be read",
    );
}

#[test]
fn a_wave_that_needs_a_later_one() {
    let told = "comes before its namespace";
    check(KAFKA, "sync-wave: \"1\"", "sync-wave: \"-2\"", told);
}
