//! Tests of the language as a whole, on the records of the product page's stack.

mod bash;
mod compiled;
mod health;
mod properties;
mod refusals_of_grammar;
mod refusals_of_rules;
pub(super) mod vectors;

use super::{Check, Code, Compiled, Context, Endpoint, Record, Refusal, Value};

/// The sentences of the product page and of the generated server's playbooks.
const SENTENCES: [&str; 13] = [
    "PGPASSWORD={password} psql -h {host} -U {username} -d {database} -c 'SELECT 1'",
    "PGPASSWORD={password} psql -h {host} -p {port} -U {username} -d {database} -c \"SELECT 1\"",
    "kubectl get pods -n {namespace} -l cnpg.io/cluster --no-headers",
    "kubectl get pods -n {namespace} -l cnpg.io/cluster={object} -o wide",
    "pods=$(kubectl get pods -n {namespace} --no-headers | grep -c Running); test \"$pods\" -gt 0",
    "kubectl get pods -n '{namespace}' --no-headers | grep -v Completed | grep -ci \"running\"",
    "curl -sk https://{subdomain}.{domain}",
    "curl -s -f -m 5 http://{host}:{port}/health",
    "curl -sk \"https://{subdomain}.{domain}/status:x=1\"",
    "pg_isready -h {host} -p {port}",
    "nc -z {host} {port}",
    "valkey-cli -h {host} ping",
    "REDISCLI_AUTH={password} redis-cli -h {host} -p {port} PING",
];

/// The database `app_db`, published for the sake of the page's `curl`.
fn record() -> Record {
    let plain = [
        ("name", "app_db"),
        ("namespace", "db"),
        ("object", "cluster-db"),
        ("host", "cluster-db-rw.db.svc.cluster.local"),
        ("port", "5432"),
        ("username", "app_user"),
        ("database", "app_db"),
        ("subdomain", "api"),
        ("domain", "stack-3.source-lab.io"),
        ("storage_class", ""),
        ("linked_namespace", ""),
        ("title", "PostgreSQL by CloudNativePG"),
        ("flag", "-o"),
    ];
    let plain = plain.map(|(name, value)| (name.to_owned(), Value::Plain(value.to_owned())));
    let mut variables = std::collections::BTreeMap::from(plain);
    variables.insert("password".to_owned(), Value::Secret);
    variables.insert("token".to_owned(), Value::Secret);
    let primary = Endpoint::new("cluster-db-rw.db.svc.cluster.local", 5432);
    let replicas = Endpoint::new("cluster-db-ro.db.svc.cluster.local", 5433);
    Record {
        name: "app_db".to_owned(),
        is_external: false,
        primary: Some(primary.clone()),
        endpoints: [primary, replicas].into(),
        username: Some("app_user".to_owned()),
        database: Some("app_db".to_owned()),
        variables,
    }
}

fn context() -> Context {
    let mut endpoints = record().endpoints;
    endpoints.insert(Endpoint::new("api.stack-3.source-lab.io", 443));
    endpoints.insert(Endpoint::new("loki.monitoring.svc.cluster.local", 3100));
    Context {
        endpoints,
        authorities: std::collections::BTreeMap::new(),
        external_hosts: ["clickhouse.data.example.com".to_owned()].into(),
        namespaces: ["db", "kafka", "monitoring"].map(str::to_owned).into(),
    }
}

/// The same as a store: what the clients of Valkey and Redis are for.
fn store() -> Record {
    Record {
        database: None,
        ..record()
    }
}

/// For the record that the sentence's program is a client of.
fn compile(text: &str) -> Result<Compiled, Refusal> {
    let of_store = text.contains("valkey-cli") || text.contains("redis-cli");
    let record = if of_store { store() } else { record() };
    Check::parse(text)?.compile(&record, &context())
}

/// The code and the token of a refusal; panics where there is none.
#[track_caller]
fn refusal(text: &str) -> (Code, String) {
    match compile(text) {
        Ok(compiled) => panic!("accepted: {text}\n{compiled:?}"),
        Err(refusal) => (refusal.code, refusal.token),
    }
}
