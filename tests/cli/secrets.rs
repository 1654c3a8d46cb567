//! `stacktic secrets`: values are made, shared and told, and never shown.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value as Json, json};

use crate::assert_said;
use crate::builder::Project;

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  api: {type: fastapi, attributes: {image: registry.example.com/api:1.0.0}}
  agent: {type: stack_agent}
  apisix: {type: apisix}
  cnpg: {type: cnpg, sub_components: {app_db: {type: database}}}
  fastmcp: {type: fastmcp}
  grafana: {type: grafana}
links:
  - {from: api, to: cnpg/app_db, access: own}
  - {from: fastmcp, to: cnpg}
  - {from: fastmcp, to: agent}
  - {from: fastmcp, to: grafana}
  - {from: apisix, to: fastmcp}
";

const SERVER: &str = "out/k8s/deploy/base/fastmcp/secret/cloud.env";

/// All values that stand in secret files and are long enough to be one.
fn values(project: &Project) -> BTreeSet<String> {
    let files = project.out();
    let secrets = files.iter().filter(|(path, _)| path.contains("/secret/"));
    let lines = secrets.flat_map(|(_, bytes)| {
        String::from_utf8_lossy(bytes)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    let values = lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.1.to_owned()));
    values.filter(|value| value.len() > 30).collect()
}

fn value(project: &Project, path: &str, key: &str) -> String {
    let text = project.read(path);
    let prefix = format!("{key}=");
    text.lines()
        .find_map(|line| line.strip_prefix(&prefix))
        .unwrap()
        .to_owned()
}

#[test]
fn says_what_is_left_and_how_it_is_made() {
    let project = Project::generated(STACK);
    assert_said!(project.said("secrets fill"), @r"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
    11 keys filled in, 10 files written
    left: `MCP_GRAFANA_TOKEN` in `k8s/deploy/base/fastmcp/secret/cloud.env` comes from elsewhere
        token of a service account of grafana (Administration, Service accounts) with the role Viewer, and of a second one with the role Editor for the write token
          kubectl port-forward -n monitoring service/grafana 3000:80 & url=http://127.0.0.1:3000/api/serviceaccounts
          id=$(jq -n '$ARGS.named' --arg name mcp-ro-fastmcp-grafana --arg role Viewer | curl -fsSu admin --json @- $url | jq .id)
          jq -n '$ARGS.named' --arg name mcp-ro-fastmcp-grafana | curl -fsSu admin --json @- $url/$id/tokens | jq -r .key
    ");
    assert_said!(project.said("secrets status"), @r"
    exit code: 0
    ----- stdout -----
    filled          k8s/deploy/base/agent/secret/cloud.env  AGENT_API_KEYS
    filled          k8s/deploy/base/api/secret/cloud.env  CNPG_APP_DB_PASSWORD
    filled          k8s/deploy/base/apisix/secret/admin.env  admin
    filled          k8s/deploy/base/apisix/secret/admin.env  viewer
    filled          k8s/deploy/base/apisix/secret/apisix-fastmcp-key.env  key
    filled          k8s/deploy/base/cnpg/secret/database.app-db.env  password
    prefilled       k8s/deploy/base/cnpg/secret/database.app-db.env  username
    filled          k8s/deploy/base/cnpg/secret/fastmcp-cnpg.env  password
    prefilled       k8s/deploy/base/cnpg/secret/fastmcp-cnpg.env  username
    filled          k8s/deploy/base/fastmcp/secret/cloud.env  MCP_API_KEYS
    filled          k8s/deploy/base/fastmcp/secret/cloud.env  MCP_CNPG_PASSWORD
    from elsewhere  k8s/deploy/base/fastmcp/secret/cloud.env  MCP_GRAFANA_TOKEN
    filled          k8s/deploy/base/fastmcp/secret/cloud.env  MCP_STACK_AGENT_KEY
    filled          k8s/deploy/base/grafana/secret/admin.env  password
    prefilled       k8s/deploy/base/grafana/secret/admin.env  username
    ----- stderr -----
    ");
    assert_said!(project.said("secrets fill"), @r"
    exit code: 0
    ----- stdout -----
    ----- stderr -----
    nothing to fill in
    left: `MCP_GRAFANA_TOKEN` in `k8s/deploy/base/fastmcp/secret/cloud.env` comes from elsewhere
        token of a service account of grafana (Administration, Service accounts) with the role Viewer, and of a second one with the role Editor for the write token
          kubectl port-forward -n monitoring service/grafana 3000:80 & url=http://127.0.0.1:3000/api/serviceaccounts
          id=$(jq -n '$ARGS.named' --arg name mcp-ro-fastmcp-grafana --arg role Viewer | curl -fsSu admin --json @- $url | jq .id)
          jq -n '$ARGS.named' --arg name mcp-ro-fastmcp-grafana | curl -fsSu admin --json @- $url/$id/tokens | jq -r .key
    ");
}

#[test]
fn shows_no_value_and_lets_nobody_else_read_one() {
    let project = Project::generated(STACK);
    let mut said = String::new();
    for arguments in [
        "secrets init",
        "secrets fill",
        "secrets status -o json",
        "secrets rotate api:cnpg/app_db",
        "secrets sync -o json",
        "secrets status",
    ] {
        let run = project.run(arguments);
        assert_eq!(run.code, 0, "{arguments}: {}", run.stderr);
        said += &(run.stdout + &run.stderr);
        for value in values(&project) {
            assert!(!said.contains(&value), "{arguments}");
        }
    }
    for (path, _) in project.out().iter().filter(|(path, _)| path.contains("/secret/")) {
        let mode = fs::metadata(project.path().join("out").join(path))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
    assert_eq!(project.run("gen --check").code, 0);
}

#[test]
fn a_rotation_changes_one_link_at_both_ends() {
    let project = Project::generated(STACK);
    project.run("secrets fill");
    let before = values(&project);
    let old = value(
        &project,
        "out/k8s/deploy/base/api/secret/cloud.env",
        "CNPG_APP_DB_PASSWORD",
    );
    assert_eq!(project.run("secrets rotate api:cnpg/app_db").code, 0);
    let new = value(
        &project,
        "out/k8s/deploy/base/api/secret/cloud.env",
        "CNPG_APP_DB_PASSWORD",
    );
    assert_eq!(
        new,
        value(
            &project,
            "out/k8s/deploy/base/cnpg/secret/database.app-db.env",
            "password"
        )
    );
    let gone: Vec<String> = before.difference(&values(&project)).cloned().collect();
    assert_eq!(gone, [old]);
    assert_said!(project.said("secrets rotate fastmcp:grafana"), @r"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error: the link has no value of our own choice: a new one comes from whoever issues it, and goes into the emptied key
    ");
    assert_said!(project.said("secrets rotate fastmcp:grafna"), @r"
    exit code: 1
    ----- stdout -----
    ----- stderr -----
    error: the stack has no link `fastmcp:grafna`; did you mean `fastmcp:grafana`?
    ");
}

#[test]
fn a_new_value_has_a_new_word_that_makes_pods_begin_anew() {
    let project = Project::generated(STACK);
    let file = "out/k8s/deploy/base/grafana/values-rollout.yaml";
    let word = || value_of(&project, file, "stacktic.io/rollout");
    assert_eq!(word(), "first");
    assert_eq!(project.run("secrets fill").code, 0);
    let filled = word();
    assert_ne!(filled, "first");
    assert_eq!(project.run("secrets fill").code, 0);
    assert_eq!(word(), filled, "nothing was changed");
    assert_eq!(project.run("secrets rotate api:cnpg/app_db").code, 0);
    assert_eq!(word(), filled, "another link was changed");
    let password = "out/k8s/deploy/base/grafana/secret/admin.env";
    let emptied = project
        .read(password)
        .replace(&value(&project, password, "password"), "");
    project.write(password, &emptied);
    assert_eq!(project.run("secrets fill").code, 0);
    assert_ne!(word(), filled);
    assert!(values(&project).iter().all(|value| !value.contains(&word())));
    assert_eq!(project.run("gen --check").code, 0);
    // Nothing builds without the file.
    fs::remove_file(project.path().join(file)).unwrap();
    assert_eq!(project.run("gen --check").code, 2);
    assert_eq!(project.run("gen").code, 0);
    assert_eq!(word(), "first");
}

#[test]
fn what_was_written_is_told_whole() {
    let project = Project::generated(&format!(
        "{STACK}  - {{from: api, to: rabbit/jobs, access: write}}\n  - {{from: agent, to: rabbit}}\n"
    ).replace(
        "components:\n",
        "components:\n  cert-manager: {type: cert_manager, external: {}}\n  rabbit: {type: rabbitmq, sub_components: {jobs: {type: queue}}}\n",
    ));
    let told = |arguments: &str| -> Json { serde_json::from_str(&project.run(arguments).stdout).unwrap() };
    let filled = told("secrets fill -o json");
    let changed: BTreeSet<&str> = filled["changed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    assert!(
        changed.contains("k8s/deploy/base/grafana/values-rollout.yaml"),
        "{changed:?}"
    );
    assert_eq!(filled["afterwards"], json!([]), "who had no value goes on with none");
    let rotated = told("secrets rotate api:rabbit/jobs -o json");
    let command = rotated["afterwards"][0]["command"].as_str().unwrap();
    assert!(
        command.contains("users.rabbitmq.com -n rabbitmq -l app.kubernetes.io/component=rabbit "),
        "{command}"
    );
    assert!(
        rotated["changed"]
            .as_array()
            .unwrap()
            .contains(&json!("k8s/deploy/base/api/secret/cloud.env"))
    );
}

/// The value behind a key of a YAML file, as it stands on its line.
fn value_of(project: &Project, path: &str, key: &str) -> String {
    let text = project.read(path);
    let mut lines = text.lines().filter_map(|line| line.trim().strip_prefix(key));
    lines.next().unwrap().trim_start_matches(": ").to_owned()
}

#[test]
fn the_key_of_a_removed_link_is_let_in_no_more() {
    let project = Project::generated(STACK);
    project.run("secrets fill");
    assert!(value(&project, SERVER, "MCP_API_KEYS").starts_with("link.apisix-fastmcp:"));
    project.write("stack.yaml", STACK.replace("  - {from: apisix, to: fastmcp}\n", ""));
    assert_eq!(project.run("gen").code, 3, "its key is kept aside");
    assert_eq!(project.run("secrets sync").code, 0);
    assert_eq!(value(&project, SERVER, "MCP_API_KEYS"), "");
}

#[test]
fn what_somebody_typed_is_never_written_over() {
    let project = Project::generated(STACK);
    let text = project
        .read(SERVER)
        .replace("MCP_CNPG_PASSWORD=\n", "MCP_CNPG_PASSWORD=typed-by-hand\n");
    project.write(SERVER, text);
    assert_eq!(project.run("secrets fill").code, 0);
    let provider = "out/k8s/deploy/base/cnpg/secret/fastmcp-cnpg.env";
    assert_eq!(value(&project, provider, "password"), "typed-by-hand");
    let text = project.read(provider).replace("typed-by-hand", "typed-otherwise");
    project.write(provider, text);
    assert_said!(project.said("secrets fill"), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    nothing to fill in
    error: `password` in `k8s/deploy/base/cnpg/secret/fastmcp-cnpg.env`: not the same value everywhere: `MCP_CNPG_PASSWORD` in `k8s/deploy/base/fastmcp/secret/cloud.env`, `password` in `k8s/deploy/base/cnpg/secret/fastmcp-cnpg.env`
    error: `MCP_CNPG_PASSWORD` in `k8s/deploy/base/fastmcp/secret/cloud.env`: not the same value everywhere: `MCP_CNPG_PASSWORD` in `k8s/deploy/base/fastmcp/secret/cloud.env`, `password` in `k8s/deploy/base/cnpg/secret/fastmcp-cnpg.env`
    left: `MCP_GRAFANA_TOKEN` in `k8s/deploy/base/fastmcp/secret/cloud.env` comes from elsewhere
        token of a service account of grafana (Administration, Service accounts) with the role Viewer, and of a second one with the role Editor for the write token
          kubectl port-forward -n monitoring service/grafana 3000:80 & url=http://127.0.0.1:3000/api/serviceaccounts
          id=$(jq -n '$ARGS.named' --arg name mcp-ro-fastmcp-grafana --arg role Viewer | curl -fsSu admin --json @- $url | jq .id)
          jq -n '$ARGS.named' --arg name mcp-ro-fastmcp-grafana | curl -fsSu admin --json @- $url/$id/tokens | jq -r .key
    hint: what somebody filled in is never written over: empty the keys that are wrong, or `stacktic secrets rotate` the link
    ");
    assert_eq!(value(&project, SERVER, "MCP_CNPG_PASSWORD"), "typed-by-hand");
}

#[test]
fn keys_come_from_gen() {
    assert_said!(Project::new(STACK).said("secrets fill"), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: `k8s/deploy/base/agent/secret/cloud.env` is not in step with the stack; run `stacktic gen` first
    ");
    let project = Project::generated(STACK);
    project.write("stack.yaml", STACK.replace("  - {from: fastmcp, to: grafana}\n", ""));
    assert_said!(project.said("secrets fill"), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: `k8s/deploy/base/fastmcp/secret/cloud.env` is not in step with the stack; run `stacktic gen` first
    ");
    let encrypted = include_str!("../golden/sops_file_out_of_step_is_refused/encrypted.env");
    project.write("stack.yaml", STACK);
    project.write(SERVER, encrypted);
    assert_said!(project.said("secrets fill"), @r"
    exit code: 3
    ----- stdout -----
    ----- stderr -----
    error: `k8s/deploy/base/fastmcp/secret/cloud.env` is no file of values: it is encrypted, and the stack says `secrets: plain`, so that a Secret would hold the ciphertext; write `secrets: sops` into the stack file, or decrypt it:
    sops decrypt --in-place out/k8s/deploy/base/fastmcp/secret/cloud.env
    ");
}

#[test]
fn what_the_stack_file_names_is_left_to_whoever_issues_it() {
    let image = "image: registry.example.com/api:1.0.0";
    let project = Project::generated(&STACK.replace(image, &format!("{image}, secret_env: [STRIPE_API_KEY]")));
    let api = "out/k8s/deploy/base/api/secret/cloud.env";
    let left =
        "left: `STRIPE_API_KEY` in `k8s/deploy/base/api/secret/cloud.env` comes from elsewhere\n    of api itself";
    let filled = project.said("secrets fill");
    assert!(filled.contains(left), "{filled}");
    assert_eq!(value(&project, api, "STRIPE_API_KEY"), "");
    let typed = project.read(api).replace("STRIPE_API_KEY=", "STRIPE_API_KEY=of-stripe");
    project.write(api, &typed);
    let status = project.said("secrets status");
    assert!(
        status.contains(&format!("filled          {}  STRIPE_API_KEY", &api[4..])),
        "{status}"
    );
    // A rotation of another account leaves it, and so does a link that goes.
    assert_eq!(project.run("secrets rotate api:cnpg/app_db").code, 0);
    assert_eq!(value(&project, api, "STRIPE_API_KEY"), "of-stripe");
}
