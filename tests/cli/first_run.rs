//! The first run of `stacktic gen` says what to do next; no other run does.

use std::fs;

use crate::assert_said;
use crate::builder::{LINKED, LOKI, Project, head};

const SECRET: &str = "out/k8s/deploy/base/fastmcp/secret/cloud.env";

/// What a run says from `next:` on.
fn next(project: &Project, arguments: &str) -> String {
    let run = project.run(arguments);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    let found = run.stderr.find("next:\n");
    found.map_or(String::new(), |start| run.stderr[start..].to_owned())
}

/// A server with its agent, which `dev` can run, and a database, which an operator runs.
fn whole() -> String {
    let components = "  fastmcp: {type: fastmcp}\n  stack-agent: {type: stack_agent}\n  \
                      cnpg: {type: cnpg, sub_components: {app_db: {type: database}}}\n";
    let links = "  - {from: fastmcp, to: cnpg}\n  - {from: fastmcp, to: stack-agent}\n";
    LINKED
        .replace("  fastmcp: {type: fastmcp}\n", components)
        .replace("links:\n", &format!("links:\n{links}"))
}

#[test]
fn says_what_to_do_next_and_only_once() {
    let project = Project::new(&whole());
    assert_said!(next(&project, "gen"), @r#"
    next:
      1. fill in 6 empty keys in 4 files: these make what is of your own choice, and tell where the rest comes from
           out/k8s/deploy/base/cnpg/secret/database.app-db.env
           out/k8s/deploy/base/cnpg/secret/fastmcp-cnpg.env
           out/k8s/deploy/base/fastmcp/secret/cloud.env
           out/k8s/deploy/base/stack-agent/secret/cloud.env
           stacktic secrets init stack.yaml &&
           stacktic secrets fill stack.yaml
      2. build the image of `fastmcp`, and push it to where the cluster pulls it from
           docker build --tag registry.shop.example.com/stacktic-mcp:0.1.0 out/k8s/build/base/fastmcp &&
           docker push registry.shop.example.com/stacktic-mcp:0.1.0
      3. build the image of `stack-agent`, and push it to where the cluster pulls it from
           cp "$(command -v stacktic)" out/k8s/build/base/stack-agent/ &&
           docker build --tag registry.shop.example.com/stack-agent:0.1.0 out/k8s/build/base/stack-agent &&
           docker push registry.shop.example.com/stack-agent:0.1.0
      4. install the operators
           helm upgrade --install cloudnative-pg cloudnative-pg --repo https://cloudnative-pg.github.io/charts --version 0.29.0 --create-namespace -n cnpg-system -f out/k8s/deploy/base/_operators/values-cnpg-cloudnative-pg.yaml
      5. deploy the environment `dev`; the last line again, for kinds that only the charts bring
           kubectl apply --server-side -k out/k8s/deploy/overlays/dev
           helm upgrade --install loki oci://ghcr.io/grafana-community/helm-charts/loki --version 18.11.0 --create-namespace -n monitoring -f out/k8s/deploy/base/loki/values.yaml
           kubectl apply --server-side -k out/k8s/deploy/overlays/dev
      6. the secret files are plain, so do not commit them; with `secrets: sops` in the stack file, `stacktic gen` and the commands of the first step encrypt them
      7. or try the MCP server here and now, without a cluster
           stacktic dev stack.yaml
    "#);
    assert_eq!(next(&project, "gen"), "");
    project.write("stack.yaml", whole().replace("  - {from: fastmcp, to: loki}\n", ""));
    assert_eq!(next(&project, "gen"), "");
}

#[test]
fn a_stack_without_a_server_builds_no_image() {
    assert_said!(next(&Project::new(LOKI), "gen"), @r"
    next:
      1. deploy the environment `dev`; the last line again, for kinds that only the charts bring
           kubectl apply --server-side -k out/k8s/deploy/overlays/dev
           helm upgrade --install loki oci://ghcr.io/grafana-community/helm-charts/loki --version 18.11.0 --create-namespace -n monitoring -f out/k8s/deploy/base/loki/values.yaml
           kubectl apply --server-side -k out/k8s/deploy/overlays/dev
    ");
}

#[test]
fn argo_cd_deploys_each_environment() {
    let stack = LINKED
        .replace(
            "components:\n",
            "gitops: {repository: https://git.shop.example.com/shop.git}\nenvironments: {dev: {}, prod: {cluster: {name: prod-eu}}}\ncomponents:\n  argo-cd: {type: argo_cd}\n",
        )
        .replace("links:\n", "links:\n  - {from: argo-cd, to: loki}\n");
    let project = Project::new("").file("deep/stack.yaml", stack);
    assert_said!(next(&project, "gen deep/stack.yaml --out deep/made"), @r"
    next:
      1. fill in 1 empty key in 1 file: these make what is of your own choice, and tell where the rest comes from
           deep/made/k8s/deploy/base/fastmcp/secret/cloud.env
           stacktic secrets init --out deep/made deep/stack.yaml &&
           stacktic secrets fill --out deep/made deep/stack.yaml
      2. build the image of `fastmcp`, and push it to where the cluster pulls it from
           docker build --tag registry.shop.example.com/stacktic-mcp:0.1.0 deep/made/k8s/build/base/fastmcp &&
           docker push registry.shop.example.com/stacktic-mcp:0.1.0
      3. the secret files are plain, so do not commit them; with `secrets: sops` in the stack file, `stacktic gen` and the commands of the first step encrypt them
      4. commit `deep/made` to the repository that Argo CD reads, https://git.shop.example.com/shop.git
      5. in the cluster where Argo CD of `dev` runs: it syncs the rest from here on
           kubectl apply -f deep/made/argocd/dev/project.yaml -f deep/made/argocd/dev/root.yaml
      6. in the cluster where Argo CD of `prod` runs: it syncs the rest from here on
           kubectl apply -f deep/made/argocd/prod/project.yaml -f deep/made/argocd/prod/root.yaml
    ");
    for environment in ["dev", "prod"] {
        for file in ["project", "root"] {
            let path = format!("deep/made/argocd/{environment}/{file}.yaml");
            assert!(project.path().join(path).is_file());
        }
    }
}

#[test]
fn external_secrets_have_no_keys_to_fill_in() {
    let stack = LINKED.replace("components:\n", "secrets: external_secrets\ncomponents:\n");
    assert_said!(next(&Project::new(&stack), "gen"), @r"
    next:
      1. put the values into your secret store, under the keys of 1 ExternalSecret
           out/k8s/deploy/base/fastmcp/externalsecret-fastmcp-credentials.yaml
      2. build the image of `fastmcp`, and push it to where the cluster pulls it from
           docker build --tag registry.shop.example.com/stacktic-mcp:0.1.0 out/k8s/build/base/fastmcp &&
           docker push registry.shop.example.com/stacktic-mcp:0.1.0
      3. deploy the environment `dev`; the last line again, for kinds that only the charts bring
           kubectl apply --server-side -k out/k8s/deploy/overlays/dev
           helm upgrade --install loki oci://ghcr.io/grafana-community/helm-charts/loki --version 18.11.0 --create-namespace -n monitoring -f out/k8s/deploy/base/loki/values.yaml
           kubectl apply --server-side -k out/k8s/deploy/overlays/dev
    ");
}

/// The lock is lost, and the secret file is what its owner made of it.
#[test]
fn a_secret_file_that_was_there_is_counted_as_it_is() {
    let words_of = |stack: &str, edit: fn(String) -> String| {
        let project = Project::generated(stack);
        fs::remove_dir_all(project.path().join("out/.stacktic")).unwrap();
        project.write(SECRET, edit(project.read(SECRET)));
        head(&next(&project, "gen"), 3)
    };
    let words = |edit| words_of(LINKED, edit);
    assert_said!(words(|seeded| seeded), @r"
    next:
      1. fill in 1 empty key in 1 file: these make what is of your own choice, and tell where the rest comes from
           out/k8s/deploy/base/fastmcp/secret/cloud.env
    ");
    assert_said!(words(|seeded| seeded.replace("MCP_API_KEYS=", "MCP_API_KEYS=hunter2:0a")), @r"
    next:
      1. build the image of `fastmcp`, and push it to where the cluster pulls it from
           docker build --tag registry.shop.example.com/stacktic-mcp:0.1.0 out/k8s/build/base/fastmcp &&
    ");
    let sealed = |_| "MCP_API_KEYS=ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\nsops_mac=ENC[x]\n".to_owned();
    let with_sops = LINKED.replace("components:\n", "secrets: sops\ncomponents:\n");
    assert_said!(words_of(&with_sops, sealed), @r"
    next:
      1. look into 1 encrypted file with `sops edit`: only there you see whether values are missing
           out/k8s/deploy/base/fastmcp/secret/cloud.env
    ");
}

#[test]
fn runs_that_write_nothing_say_nothing() {
    let project = Project::new(LINKED);
    for mode in ["--check", "--dry-run", "--diff"] {
        assert!(!project.run(&format!("gen {mode}")).stderr.contains("next:"), "{mode}");
    }
    project.write("out/tools.lock.json", "somebody else's");
    let run = project.run("gen");
    assert_eq!(run.code, 3);
    assert!(!run.stderr.contains("next:"), "{}", run.stderr);
    let empty = LOKI.replace("components:\n  loki: {type: loki}\n", "components: {}\n");
    assert_eq!(next(&Project::new(&empty), "gen"), "");
}

#[test]
fn json_has_the_steps() {
    let project = Project::new(LINKED);
    let steps = || {
        let run = project.run("gen -o json");
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        report["next_steps"].clone()
    };
    let first = steps();
    assert_said!(format!("{:#}\n{:#}", first[0], first[1]), @r#"
    {
      "command": "stacktic secrets init stack.yaml &&\nstacktic secrets fill stack.yaml",
      "files": [
        "out/k8s/deploy/base/fastmcp/secret/cloud.env"
      ],
      "step": "fill in 1 empty key in 1 file: these make what is of your own choice, and tell where the rest comes from"
    }
    {
      "command": "docker build --tag registry.shop.example.com/stacktic-mcp:0.1.0 out/k8s/build/base/fastmcp &&\ndocker push registry.shop.example.com/stacktic-mcp:0.1.0",
      "step": "build the image of `fastmcp`, and push it to where the cluster pulls it from"
    }
    "#);
    assert_eq!(steps(), serde_json::json!([]));
}
