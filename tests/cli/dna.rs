//! `stacktic dna`: the stack in one read, the same bytes as an MCP server of it serves.

use serde_json::Value as Json;

use crate::builder::Project;

const STACK: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
environments:
  dev: {}
  prod:
    components:
      cnpg: {attributes: {storage: 90Gi}}
components:
  api: {type: fastapi, attributes: {image: 'registry.example.com/api:1.0.0', secret_env: [MAIL_TOKEN]}}
  gateway: {type: apisix}
  mcp: {type: fastmcp}
  agent: {type: stack_agent}
  cnpg:
    type: cnpg
    sub_components:
      app_db: {type: database, attributes: {username: app_user}}
links:
  - {from: gateway, to: [api, mcp]}
  - {from: api, to: cnpg/app_db, access: own}
  - {from: mcp, to: cnpg}
  - {from: mcp, to: agent}
";

/// The lines as the server's file has them, as one text.
fn served(project: &Project, path: &str, size: &str) -> String {
    let file: Json = serde_json::from_str(&project.read(path)).unwrap();
    let lines = file[size]["lines"].as_array().unwrap().iter();
    lines.map(|line| format!("{}\n", line.as_str().unwrap())).collect()
}

#[test]
fn it_prints_what_the_server_serves() {
    let project = Project::new(STACK);
    assert_eq!(project.run("gen").code, 0);
    let base = "out/k8s/deploy/base/mcp/config/stack-dna.json";
    for size in ["brief", "normal", "full"] {
        let run = project.run(&format!("dna --detail {size}"));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert_eq!(run.stdout, served(&project, base, size), "{size}");
    }
    assert_eq!(project.run("dna").stdout, served(&project, base, "normal"));
    assert_eq!(
        project.run_with("dna -", STACK).stdout,
        served(&project, base, "normal")
    );
}

/// What an environment changes is told by its own server.
#[test]
fn an_environment_is_told_as_it_is() {
    let project = Project::new(STACK);
    assert_eq!(project.run("gen").code, 0);
    let own = "out/k8s/deploy/overlays/prod/mcp/config/stack-dna.json";
    let run = project.run("dna --detail full --environment prod");
    assert_eq!(run.stdout, served(&project, own, "full"));
    assert!(run.stdout.contains("storage=90Gi"), "{}", run.stdout);
    assert_eq!(project.run("dna --environment dev").stdout, project.run("dna").stdout);
    let run = project.run("dna --environment pord");
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stderr,
        "error: the stack has no environment `pord`; did you mean `prod`?\n"
    );
}

#[test]
fn the_form_for_programs() {
    let project = Project::new(STACK);
    let run = project.run("dna --detail brief --output json");
    let reply: Json = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(reply["document"], project.run("dna --detail brief").stdout);
    assert_eq!(
        (&reply["stack"], &reply["detail"], &reply["budget"]),
        (&"shop".into(), &"brief".into(), &1_500.into())
    );
    let document = reply["document"].as_str().unwrap();
    assert_eq!(reply["tokens"], document.len().div_ceil(4));
    let digest = format!(
        "digest: sha256:{} of all below this line\n",
        reply["digest"].as_str().unwrap()
    );
    assert!(document.contains(&digest), "{document}");
}

/// A name of a secret is told, and that it is one.
#[test]
fn secrets_are_names() {
    let text = Project::new(STACK).run("dna --detail full").stdout;
    for told in ["MAIL_TOKEN", "CNPG_APP_DB_PASSWORD", "password (secret)"] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[test]
fn what_is_wrong_is_told() {
    let run = Project::new(&STACK.replace("type: apisix", "type: apisx")).run("dna");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("did you mean `apisix`?"), "{}", run.stderr);
    assert_eq!(Project::new(STACK).run("dna --detail huge").code, 64);
    assert_eq!(Project::new(STACK).run("dna nowhere.yaml").code, 1);
}
