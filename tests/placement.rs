//! Adding or removing a component moves no object from one place to another, and removes none but its own.
//!
//! In: random stacks with and without one more component. Out: where each Kubernetes object lies: a folder of the bases,
//! which is what one Application deploys, or a file of the Applications. It must not know what an object is for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and starts and writes by itself"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::{select, subsequence};
use serde_json::Value as Json;
use stacktic::yaml;
use support::Files;

/// Types whose components can stand alone, each with a sub-component that it may have.
const TYPES: [(&str, &str); 16] = [
    ("apisix", ""),
    ("clickhouse", "database"),
    ("cnpg", "database"),
    ("fastapi", ""),
    ("fastmcp", ""),
    ("grafana", ""),
    ("istio", ""),
    ("kafka", "topic"),
    ("keycloak", "realm"),
    ("loki", ""),
    ("prometheus", ""),
    ("rabbitmq", "queue"),
    ("seaweedfs", "bucket"),
    ("stack_agent", ""),
    ("traefik", ""),
    ("valkey", ""),
];
/// Those that a link may lead to, from each of these.
const WATCHERS: [(&str, &[&str]); 3] = [
    (
        "argo_cd",
        &[
            "cnpg",
            "kafka",
            "grafana",
            "loki",
            "valkey",
            "fastapi",
            "fastmcp",
            "clickhouse",
            "rabbitmq",
        ],
    ),
    (
        "prometheus",
        &[
            "cnpg",
            "kafka",
            "grafana",
            "loki",
            "valkey",
            "fastapi",
            "clickhouse",
            "rabbitmq",
            "keycloak",
        ],
    ),
    (
        "fastmcp",
        &[
            "cnpg",
            "kafka",
            "grafana",
            "loki",
            "valkey",
            "fastapi",
            "clickhouse",
            "rabbitmq",
            "stack_agent",
        ],
    ),
];

#[derive(Clone, Debug)]
struct Component {
    name: String,
    kind: (&'static str, &'static str),
    /// The type's own when there is none.
    namespace: Option<&'static str>,
}

impl Component {
    fn line(&self) -> String {
        let mut fields = format!("type: {}", self.kind.0);
        if let Some(namespace) = self.namespace {
            fields += &format!(", namespace: {namespace}");
        }
        if self.kind.0 == "fastapi" {
            fields += &format!(", attributes: {{image: \"a:1\", subdomain: {}}}", self.name);
        }
        if matches!(self.kind.0, "grafana" | "fastmcp") {
            fields += &format!(", attributes: {{subdomain: {}}}", self.name);
        }
        if !self.kind.1.is_empty() {
            fields += &format!(", sub_components: {{part: {{type: {}}}}}", self.kind.1);
        }
        format!("  {}: {{{fields}}}\n", self.name)
    }
}

fn stack(components: &[Component]) -> String {
    let mut text = "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\ngitops: {repository: https://git.example.com/shop.git}\nenvironments: {dev: {}}\ncomponents:\n  argo-cd: {type: argo_cd}\n  cert-manager: {type: cert_manager, external: {}}\n  gateway-api: {type: gateway_api, external: {}}\n".to_owned();
    text.extend(components.iter().map(Component::line));
    text += "links:\n";
    let delivery = [("argo-cd", "argo_cd")];
    let all = || {
        components
            .iter()
            .map(|component| (component.name.as_str(), component.kind.0))
    };
    for (from, kind) in delivery.into_iter().chain(all()) {
        let targets = WATCHERS
            .iter()
            .find(|(watcher, _)| *watcher == kind)
            .map_or(&[][..], |found| found.1);
        for (to, _) in all().filter(|(to, kind)| *to != from && targets.contains(kind)) {
            text += &format!("  - {{from: {from}, to: {to}}}\n");
        }
    }
    if text.ends_with("links:\n") {
        text + "  []\n"
    } else {
        text
    }
}

/// Files of a stack, or nothing for one that is refused: two clusters in one namespace, for example.
fn generate(stack: &str) -> Option<Files> {
    let folder = tempfile::tempdir().unwrap();
    support::write_file(&folder.path().join("stack.yaml"), stack);
    let mut command = support::program(folder.path());
    command.args(["gen", "stack.yaml"]);
    let run = support::run(command);
    let is_refused = run.code == 1 && run.stderr.starts_with("error[E_TOPOLOGY_");
    assert!(run.code == 0 || is_refused, "{stack}\n{}", run.stderr);
    (run.code == 0).then(|| support::files(&folder.path().join("out")))
}

/// Kind, namespace and name.
type Identity = (String, String, String);

/// Every object with its place: a folder of the bases, or an Application's file.
fn places(files: &Files) -> BTreeMap<Identity, String> {
    let mut found = BTreeMap::new();
    for (path, bytes) in files {
        let Some(place) = place(path) else { continue };
        let text = std::str::from_utf8(bytes).unwrap();
        for document in yaml::documents(text).unwrap() {
            for identity in identities(&document) {
                let second = found.insert(identity.clone(), place.to_owned());
                assert!(second.is_none(), "{identity:?} lies in {place} and in {second:?}");
            }
        }
    }
    found
}

fn place(path: &str) -> Option<&str> {
    if path.starts_with("argocd/dev/") && path != "argocd/dev/kustomization.yaml" {
        return Some(path);
    }
    let (folder, file) = path.strip_prefix("k8s/deploy/base/")?.split_once('/')?;
    // Values and patches hold no objects of their own.
    let is_object = file.ends_with(".yaml") && !file.contains("values") && !file.starts_with("rollout-");
    is_object.then_some(folder)
}

/// The object of a document, or those that a kustomization generates.
fn identities(document: &Json) -> Vec<Identity> {
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    if document["kind"] != "Kustomization" {
        let metadata = &document["metadata"];
        return vec![(
            word(&document["kind"]),
            word(&metadata["namespace"]),
            word(&metadata["name"]),
        )];
    }
    let generators = [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")];
    let items = generators.iter().flat_map(|(key, kind)| {
        let items = document[key].as_array().into_iter().flatten();
        items.map(|item| ((*kind).to_owned(), word(&item["namespace"]), word(&item["name"])))
    });
    items.collect()
}

/// Whether an object that a component brings along is its own: it lies in the component's folder or bears its name, or it
/// is a namespace or an operator that nothing else in the stack needs.
fn is_its_own(added: &Component, identity: &Identity, place: &str) -> bool {
    let (kind, _, name) = identity;
    let bears = |text: &str| text.contains(&added.name) || text.contains(&added.name.replace('-', "_"));
    let shared = ["_namespaces", "argocd/dev/operators"]
        .iter()
        .any(|shared| place.starts_with(shared));
    place == added.name || bears(name) || bears(place) || shared
        // The agent may read pods of each namespace, and tools of a link type come with its first link.
        || matches!(kind.as_str(), "Role" | "RoleBinding")
        || (kind == "ConfigMap" && name.contains("-tools-"))
        // Its settings, once it has links at all.
        || (kind == "ConfigMap" && name.ends_with("-config"))
        || (kind == "KafkaBridge")
}

/// What several components share says nothing of any of them: operators, with their values, and default-deny policies.
fn assert_shared_files_stay(before: &Files, after: &Files, added: &Component) {
    let shared = [
        "argocd/dev/operators/",
        "argocd/dev/namespaces.yaml",
        "k8s/deploy/base/_operators/",
        "k8s/deploy/base/_namespaces/networkpolicy-",
        "k8s/deploy/base/_namespaces/secret/",
    ];
    for (path, bytes) in before {
        if shared.iter().any(|start| path.starts_with(start)) {
            assert_eq!(after.get(path), Some(bytes), "{path} changes with {added:?}");
        }
    }
}

fn component(name: &'static str) -> impl Strategy<Value = Component> {
    let namespace = prop_oneof![3 => Just(None), 1 => select(vec![Some("shared"), Some("monitoring"), Some("mcp")])];
    (select(TYPES.to_vec()), namespace).prop_map(move |(kind, namespace)| Component {
        name: name.to_owned(),
        kind,
        // Its operator serves its own namespace alone.
        namespace: namespace.filter(|_| kind.0 != "keycloak"),
    })
}

fn components() -> impl Strategy<Value = Vec<Component>> {
    let all: Vec<_> = ["bravo", "delta", "echo", "golf", "kilo", "mike", "oscar", "tango"]
        .into_iter()
        .map(component)
        .collect();
    (all, any::<u8>()).prop_flat_map(|(all, _)| {
        let count = all.len();
        subsequence(all, 1..=count)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_component_moves_nothing_but_its_own(
        others in components(),
        first in component("aa-added"),
        last in component("zz-added"),
    ) {
        for added in [first, last] {
            let with: Vec<Component> = others.iter().cloned().chain([added.clone()]).collect();
            let (Some(before), Some(after)) = (generate(&stack(&others)), generate(&stack(&with))) else { continue };
            assert_shared_files_stay(&before, &after, &added);
            let (before, after) = (places(&before), places(&after));
            for (identity, place) in &before {
                assert_eq!(after.get(identity), Some(place), "{identity:?} is moved by {added:?}, beside {others:?}");
            }
            for (identity, place) in after.iter().filter(|(identity, _)| !before.contains_key(*identity)) {
                assert!(is_its_own(&added, identity, place), "{identity:?} in {place} goes with {added:?}, beside {others:?}");
            }
        }
    }
}

/// Every namespace and its policy lie in the folder of none, and stay in the cluster when they go from it.
#[test]
fn namespaces_belong_to_nobody() {
    let example = include_str!("../generated-example/stack.yaml");
    let more = example.replace(
        "\ncomponents:\n",
        "\ncomponents:\n  archive: {type: loki, attributes: {replicas: 1}}\n",
    );
    for stack in [example, &more] {
        let files = generate(stack).unwrap();
        let of_kind = |kind: &str| -> BTreeSet<String> {
            let found = places(&files)
                .into_iter()
                .filter(|(identity, place)| identity.0 == kind && place == "_namespaces");
            found
                .map(|((_, namespace, name), _)| if kind == "Namespace" { name } else { namespace })
                .collect()
        };
        let all: BTreeSet<String> = places(&files)
            .into_keys()
            .filter(|identity| identity.0 != "Application" && !identity.1.is_empty())
            .map(|identity| identity.1)
            .collect();
        assert_eq!(of_kind("Namespace"), all);
        assert_eq!(of_kind("NetworkPolicy"), all);
        for (path, bytes) in files
            .iter()
            .filter(|(path, _)| path.starts_with("k8s/deploy/base/_namespaces/n"))
        {
            let annotations =
                &yaml::documents(std::str::from_utf8(bytes).unwrap()).unwrap()[0]["metadata"]["annotations"];
            assert_eq!(
                annotations["argocd.argoproj.io/sync-options"], "Prune=false,Delete=false",
                "{path}"
            );
            assert_eq!(
                annotations["argocd.argoproj.io/compare-options"], "IgnoreExtraneous",
                "{path}"
            );
        }
    }
}

/// The Application of the namespaces comes before all others.
#[test]
fn namespaces_come_first() {
    let files = generate(include_str!("../generated-example/stack.yaml")).unwrap();
    let wave = |path: &str| -> i64 {
        let text = std::str::from_utf8(&files[path]).unwrap();
        let wave = &yaml::documents(text).unwrap()[0]["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"];
        wave.as_str().unwrap().parse().unwrap()
    };
    let namespaces = "argocd/dev/namespaces.yaml";
    let index = std::str::from_utf8(&files["argocd/dev/kustomization.yaml"]).unwrap();
    assert!(index.contains("- namespaces.yaml\n"));
    let others = files
        .keys()
        .filter(|path| path.starts_with("argocd/dev/applications/") || path.starts_with("argocd/dev/operators/"));
    assert!(others.clone().count() > 10);
    assert!(others.into_iter().all(|path| wave(path) > wave(namespaces)));
    assert!(wave("argocd/dev/project.yaml") < wave(namespaces));
}
