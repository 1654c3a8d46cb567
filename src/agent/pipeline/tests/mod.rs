//! Jobs of the example's stack: the product page's sentences, bound to real records.

use serde_json::{Value as Json, json};

use super::{Jobs, PipelineError, context, jobs};
use crate::agent::check;
use crate::agent::query::{Index, Query};

fn index() -> Index {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/generated-example/out/stack-metadata.json");
    crate::agent::query::load_path(path.as_ref()).unwrap()
}

/// The example after a change of its metadata.
fn changed(change: impl Fn(&mut Json)) -> Index {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/generated-example/out/stack-metadata.json");
    let mut metadata: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    change(&mut metadata);
    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&file, &metadata).unwrap();
    crate::agent::query::load_path(file.path()).unwrap()
}

fn retain(metadata: &mut Json, list: &str, keep: impl Fn(&Json) -> bool) {
    metadata[list].as_array_mut().unwrap().retain(keep);
}

fn compiled(body: Json) -> Result<Jobs, PipelineError> {
    compiled_with(&index(), body)
}

fn compiled_with(index: &Index, body: Json) -> Result<Jobs, PipelineError> {
    let query = Query::parse(body.to_string().as_bytes()).unwrap();
    let command = query.command.clone().unwrap();
    jobs(index, &context(index), &query, &command)
}

/// Name and dry run of each job.
#[track_caller]
fn check(body: Json, expected: &[(&str, &str)]) {
    let jobs = compiled(body).unwrap();
    let shown = jobs.jobs.iter();
    let shown: Vec<(&str, &str)> = shown
        .map(|job| (job.name.as_str(), job.command.compiled.shown.as_str()))
        .collect();
    assert_eq!(shown, expected);
}

#[track_caller]
fn refused(body: Json) -> check::Refusal {
    match compiled(body) {
        Err(PipelineError::Check(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn published_hosts_of_the_gateway() {
    let body = json!({"source": "apisix", "target": "links_to", "command": "curl -sk https://{subdomain}.{domain}"});
    check(
        body,
        &[
            ("fastapi", "curl -sk https://api.stack-3.source-lab.io"),
            ("fastmcp", "curl -sk https://fastmcp.stack-3.source-lab.io"),
            ("grafana", "curl -sk https://grafana.stack-3.source-lab.io"),
            ("langflow", "curl -sk https://langflow.stack-3.source-lab.io"),
        ],
    );
}

/// Names of the components whose published host a check may reach.
fn reached(index: &Index) -> Vec<String> {
    let names = index
        .metadata()
        .components
        .iter()
        .map(|component| component.name.clone());
    let reached = |name: &String| {
        let body = json!({"source": name, "command": "curl -sk https://{subdomain}.{domain}"});
        compiled_with(index, body).is_ok()
    };
    names.filter(reached).collect()
}

#[test]
fn a_published_host_is_one_that_a_gateway_of_this_stack_publishes() {
    assert_eq!(reached(&index()), ["fastapi", "fastmcp", "grafana", "langflow"]);
    let without =
        |link: &'static str| changed(move |metadata| retain(metadata, "links", |found| found["type"] != link));
    assert_eq!(reached(&without("apisix-grafana")), ["fastapi", "fastmcp", "langflow"]);
    assert_eq!(reached(&without("apisix-fastmcp")), ["fastapi", "grafana", "langflow"]);
    let no_gateway = changed(|metadata| {
        retain(metadata, "components", |found| found["name"] != "apisix");
        retain(metadata, "links", |found| {
            found["from"] != "apisix" && found["to"] != "apisix"
        });
    });
    assert!(reached(&no_gateway).is_empty());
    let body = json!({"source": "fastapi", "command": "curl -sk https://{subdomain}.{domain}"});
    let Err(PipelineError::Check(refusal)) = compiled_with(&no_gateway, body) else {
        panic!("it is reached")
    };
    assert_eq!(refusal.code, check::Code::E_DESTINATION);
}

#[test]
fn a_database_brings_the_name_of_its_secret() {
    let command = "PGPASSWORD={password} psql -h {host} -U {username} -d {database} -c 'SELECT 1'";
    let body = json!({"source": "type:cnpg", "target": "sub_components", "command": command, "select": ["username"]});
    let jobs = compiled(body).unwrap().jobs;
    let [first, second] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    let secret = &first.command.secrets[0];
    assert_eq!(
        (secret.file_name().as_str(), secret.owner().as_str()),
        ("cnpg.app_db.password", "cnpg/app_db")
    );
    assert_eq!(first.fields["username"], "app_user");
    assert_eq!(second.command.secrets[0].file_name(), "cnpg.keycloak_db.password");
}

#[test]
fn what_a_record_may_not_have_there() {
    use check::Code;
    let refusal = refused(json!({"source": "valkey", "command": "nc -z {hots} {port}"}));
    assert_eq!((refusal.code, refusal.token.as_str()), (Code::E_UNKNOWN_VAR, "{hots}"));
    let refusal = refused(json!({"source": "kafka", "command": "curl -s http://{subdomain}.{domain}"}));
    assert_eq!(refusal.code, Code::E_VAR_UNSET);
    let refusal = refused(json!({"source": "cnpg", "command": "curl -s http://169.254.169.254/latest"}));
    assert_eq!(refusal.code, Code::E_DESTINATION);
    let refusal =
        refused(json!({"source": "cnpg", "target": "sub_components", "command": "curl -s http://{host}/{password}"}));
    assert_eq!(refusal.code, Code::E_SECRET_POSITION);
    let refusal = refused(json!({"source": "cnpg", "command": "pg_isready -h {host}", "on_failure": "sh -c id"}));
    assert_eq!(refusal.code, Code::E_PROGRAM);
}

/// One record that lives elsewhere refuses the call, and names itself.
#[test]
fn another_stack_is_not_touched() {
    let external = json!({
        "version": 1, "stack": "s", "domain": "s.example.com", "environments": [], "links": [],
        "components": [{
            "name": "warehouse", "type": "clickhouse", "title": "t", "namespace": "data", "group": "g", "object": "o",
            "host": "clickhouse.data.example.com", "port": 9000, "is_external": true, "external_stack": "data-platform",
            "endpoints": {"native": {"host": "clickhouse.data.example.com", "port": 9000, "protocol": "tcp"}},
            "attributes": {}, "sub_components": [], "health": [], "docs": ""
        }]
    });
    let index = Index::load(external.to_string().as_bytes()).unwrap();
    let context = context(&index);
    assert!(context.endpoints.is_empty() && context.namespaces.is_empty());
    let query = Query::new("all", "component");
    let refusal = jobs(&index, &context, &query, "nc -z {host} {port}").map(|_| ());
    assert!(
        matches!(refusal, Err(PipelineError::Check(found)) if found.code == check::Code::E_EXTERNAL
        && found.message.contains("`warehouse`"))
    );
    let query = Query {
        conditions: [("is_external".to_owned(), json!(false))].into(),
        ..query
    };
    assert!(
        jobs(&index, &context, &query, "nc -z {host} {port}")
            .unwrap()
            .jobs
            .is_empty()
    );
}

/// Every health check of the catalog compiles for the component that it is written for.
#[test]
fn health_checks_of_the_example_compile() {
    let index = index();
    let context = context(&index);
    let components = &index.metadata().components;
    let mut seen = 0;
    for component in components {
        for health in &component.health {
            let query = Query::new(&component.name, "component");
            let compiled = jobs(&index, &context, &query, health);
            assert!(compiled.is_ok(), "{} {health}: {compiled:?}", component.name);
            seen += 1;
        }
    }
    assert!(seen > components.len());
}
