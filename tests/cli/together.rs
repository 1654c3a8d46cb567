//! Several stacks in one run: what would collide is refused, and one takes what it needs from another.

use crate::assert_said;
use crate::builder::Project;

/// A stack of one cluster: `name`, and what stands below `components`.
fn stack(name: &str, more: &str, components: &str) -> String {
    format!(
        "apiVersion: stacktic.io/v1\nkind: Stack\nname: {name}\ndomain: {name}.example.com\n{more}components:\n{components}"
    )
}

/// Two stacks in folders of their own.
fn two(first: &str, second: &str) -> Project {
    Project::new("")
        .file("one/stack.yaml", first)
        .file("two/stack.yaml", second)
}

const BOTH: &str = "one/stack.yaml two/stack.yaml";

#[test]
fn stacks_that_leave_each_other_alone() {
    let project = two(
        &stack("data", "", "  loki: {type: loki}\n"),
        &stack("shop", "", "  cache: {type: valkey}\n"),
    );
    assert_said!(project.said(&format!("check {BOTH}")), @r#"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
    `one/stack.yaml` is good: 1 component, 0 links
    `two/stack.yaml` is good: 1 component, 0 links
    "#);
    let run = project.run(&format!("gen {BOTH}"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let [one, two] = ["stack `data` of `one/stack.yaml`", "stack `shop` of `two/stack.yaml`"];
    assert!(run.stderr.find(one) < run.stderr.find(two), "{}", run.stderr);
    assert!(project.read("one/out/docs/install.md").contains("# Install data"));
    assert!(project.read("two/out/docs/install.md").contains("# Install shop"));
    assert_eq!(project.run(&format!("gen {BOTH} --check")).code, 0);
}

#[test]
fn one_folder_one_name_and_one_place_in_git() {
    let gitops = "gitops: {repository: https://git.example.com/platform/all.git}\n";
    let text = stack("shop", gitops, "  loki: {type: loki}\n");
    let project = two(&text, &text).file("one/second.yaml", &text);
    assert_said!(project.said("check one/stack.yaml one/second.yaml"), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error[E_TOPOLOGY_COLLISION]: `one/stack.yaml` is called `shop`, too
     --> one/second.yaml:3:1
      |
    3 | name: shop
      | ^^^^
    hint: give it another name: Applications and entries of stores begin with it

    error[E_TOPOLOGY_COLLISION]: its output and that of `one/stack.yaml` are one folder, `[FOLDER]/one/out`
     --> one/second.yaml:3:1
      |
    3 | name: shop
      | ^^^^
    hint: put each stack file into a folder of its own

    error[E_TOPOLOGY_COLLISION]: Argo CD reads it from `out` of the repository, where `one/stack.yaml` lies
     --> one/second.yaml:5:1
      |
    5 | gitops: {repository: https://git.example.com/platform/all.git}
      | ^^^^^^
    hint: give one of the two another folder: `path: shop`

    3 findings in `one/second.yaml`
    "#);
    assert_said!(project.said(&format!("gen {BOTH}")), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error[E_TOPOLOGY_COLLISION]: `one/stack.yaml` is called `shop`, too
     --> two/stack.yaml:3:1
      |
    3 | name: shop
      | ^^^^
    hint: give it another name: Applications and entries of stores begin with it

    error[E_TOPOLOGY_COLLISION]: Argo CD reads it from `out` of the repository, where `one/stack.yaml` lies
     --> two/stack.yaml:5:1
      |
    5 | gitops: {repository: https://git.example.com/platform/all.git}
      | ^^^^^^
    hint: give one of the two another folder: `path: shop`

    2 findings in `two/stack.yaml`
    "#);
    assert!(!project.path().join("one/out").exists());
}

#[test]
fn namespaces_and_kinds_of_one_cluster() {
    let components = "  cert-manager: {type: cert_manager}\n  pg: {type: cnpg}\n";
    let project = two(&stack("data", "", components), &stack("shop", "", components));
    assert_said!(project.said(&format!("check {BOTH}")), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error[E_TOPOLOGY_COLLISION]: `cert-manager` brings the kinds of acme.cert-manager.io, cert-manager.io, as does `cert-manager` of `one/stack.yaml`
     --> two/stack.yaml:6:3
      |
    6 |   cert-manager: {type: cert_manager}
      |   ^^^^^^^^^^^^
    hint: in one of the two: `cert-manager: {type: cert_manager, external: {}}`

    error[E_TOPOLOGY_COLLISION]: `cert-manager` lies in the namespace `cert-manager`, as does `cert-manager` of `one/stack.yaml`
     --> two/stack.yaml:6:3
      |
    6 |   cert-manager: {type: cert_manager}
      |   ^^^^^^^^^^^^
    hint: give one of the two another `namespace`: in a cluster each has one owner

    error[E_TOPOLOGY_COLLISION]: `pg` brings the kinds of postgresql.cnpg.io, as does `pg` of `one/stack.yaml`
     --> two/stack.yaml:7:3
      |
    7 |   pg: {type: cnpg}
      |   ^^
    hint: write `operators: {cnpg: external}` into one of the two

    error[E_TOPOLOGY_COLLISION]: `pg` lies in the namespace `db`, as does `pg` of `one/stack.yaml`
     --> two/stack.yaml:7:3
      |
    7 |   pg: {type: cnpg}
      |   ^^
    hint: give one of the two another `namespace`: in a cluster each has one owner

    4 findings in `two/stack.yaml`
    "#);
}

#[test]
fn releases_and_hosts_of_one_cluster() {
    let of = |name: &str, own: &str| {
        let components = format!(
            "  ui: {{type: grafana, namespace: {name}, attributes: {{subdomain: charts}}}}
  gateway: {{type: apisix, namespace: edge-{name}}}
links:
- {{from: gateway, to: ui}}
"
        );
        stack(name, own, &components).replace(&format!("{name}.example"), "example")
    };
    let project = two(&of("data", ""), &of("shop", "operators: {apisix: external}\n"));
    assert_said!(project.said(&format!("check {BOTH}")), @r#"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error[E_TOPOLOGY_COLLISION]: `ui` is published as `charts.example.com`, as is `ui` of `one/stack.yaml`
     --> two/stack.yaml:7:3
      |
    7 |   ui: {type: grafana, namespace: shop, attributes: {subdomain: charts}}
      |   ^^
    hint: give one of the two another `subdomain`, or the stack another `domain`

    error[E_TOPOLOGY_COLLISION]: `gateway` is the release `gateway` of apisix, as is `gateway` of `one/stack.yaml`: objects of the cluster are called after it
     --> two/stack.yaml:8:3
      |
    8 |   gateway: {type: apisix, namespace: edge-shop}
      |   ^^^^^^^
    hint: rename one of the two components

    2 findings in `two/stack.yaml`
    "#);
}

#[test]
fn clusters_of_their_own_share_nothing() {
    let of = |name: &str, cluster: &str| {
        let more = format!(
            "gitops: {{repository: https://git.example.com/platform/{name}.git}}\nenvironments: {{prod: {{cluster: {{name: {cluster}}}}}}}\n"
        );
        stack(name, &more, "  pg: {type: cnpg}\n")
    };
    let apart = two(&of("data", "eu"), &of("shop", "us"));
    assert_eq!(apart.run(&format!("check {BOTH}")).code, 0);
    let together = two(&of("data", "eu"), &of("shop", "eu"));
    let run = together.run(&format!("check {BOTH}"));
    assert!(run.stderr.contains("`pg` lies in the namespace `db`"), "{}", run.stderr);
    // Without Argo CD nobody says which cluster it is: environments of one name are taken for one.
    let by_hand = two(
        &of("data", "eu"),
        &stack("shop", "environments: {prod: {}}\n", "  pg: {type: cnpg}\n"),
    );
    assert_eq!(by_hand.run(&format!("check {BOTH}")).code, 1);
    let other = two(
        &of("data", "eu"),
        &stack("shop", "environments: {dev: {}}\n", "  pg: {type: cnpg}\n"),
    );
    assert_eq!(other.run(&format!("check {BOTH}")).code, 0);
}

/// Operators are of the cluster: one stack brings them, the other says so.
#[test]
fn operators_of_the_other_stack() {
    let pg = |namespace: &str| format!("  pg: {{type: cnpg, namespace: {namespace}}}\n");
    let gitops = |name: &str| format!("gitops: {{repository: https://git.example.com/platform/{name}.git}}\n");
    let project = two(
        &stack("data", &gitops("data"), &pg("data-db")),
        &stack(
            "shop",
            &(gitops("shop") + "operators: {cnpg: external}\n"),
            &pg("shop-db"),
        ),
    );
    let run = project.run(&format!("gen {BOTH}"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let operator = "argocd/dev/operators/cnpg.yaml";
    assert!(project.path().join("one/out").join(operator).exists());
    assert!(!project.path().join("two/out").join(operator).exists());
    assert!(!project.path().join("two/out/k8s/deploy/base/_operators").exists());
    assert!(project.read("one/out/helmfile.yaml").contains("cloudnative-pg"));
    assert!(!project.path().join("two/out/helmfile.yaml").exists());
    for out in ["one/out", "two/out"] {
        let run = project.run(&format!("verify --install {out}"));
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
}

/// What a stack takes from another of the run is what that run makes of it, whatever lies on disk.
#[test]
fn a_component_of_the_other_stack() {
    let data = |database: &str| {
        let subs = format!("{{orders: {{type: database, attributes: {{database: {database}}}}}}}");
        stack("data", "", &format!("  pg: {{type: cnpg, sub_components: {subs}}}\n"))
    };
    let shop = stack(
        "shop",
        "",
        "  api: {type: fastapi, attributes: {image: \"registry.example.com/api:1.0.0\"}}
  pg: {type: cnpg, external: {metadata: ../two/out/stack-metadata.json}}
links:
- {from: api, to: pg/orders, access: read}
",
    );
    let project = two(&shop, &data("orders_v1"));
    let settings = |project: &Project| project.read("one/out/k8s/deploy/base/api/config/cloud.env");
    assert_eq!(project.run("check one/stack.yaml").code, 1);
    for database in ["orders_v1", "orders_v2"] {
        project.write("two/stack.yaml", data(database));
        let run = project.run(&format!("gen {BOTH}"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(settings(&project).contains(&format!("CNPG_ORDERS_DATABASE={database}\n")));
        assert!(settings(&project).contains("CNPG_ORDERS_HOST=cluster-db-rw.db.svc.cluster.local\n"));
        assert_eq!(project.run("gen one/stack.yaml --check").code, 0);
    }
}

/// Where one output is refused, none is written.
#[test]
fn all_or_none() {
    let project = two(
        &stack("data", "", "  loki: {type: loki}\n"),
        &stack("shop", "", "  cache: {type: valkey}\n"),
    )
    .file("two/out/docs/install.md", "mine\n");
    let run = project.run(&format!("gen {BOTH}"));
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(run.stderr.matches("nothing was written").count(), 2, "{}", run.stderr);
    assert!(!project.path().join("one/out/docs/install.md").exists());
    let report: serde_json::Value = serde_json::from_str(&project.run(&format!("gen {BOTH} -o json")).stdout).unwrap();
    let names: Vec<_> = report["stacks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["stack"])
        .collect();
    assert_eq!(names, ["data", "shop"]);
}

#[test]
fn one_output_folder_for_several() {
    let project = two("", "");
    assert_said!(project.said(&format!("gen {BOTH} --out there")), @r#"
    exit code: 64
    ----- stdout -----
    ----- stderr -----
    error: the argument '--out <DIR>' is of one stack file: each of several is written beside its own

    Usage: stacktic [OPTIONS] <COMMAND>

    For more information, try '--help'.
    "#);
}
