//! The records and the context that every sentence is compiled for, made once.
//!
//! Nothing in, fixtures out. One record is well behaved for each kind of client; the others are what metadata should
//! never hold and a check must withstand all the same.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use stacktic::agent::check::{Context, Endpoint, Record, Value};

/// Part of every hostile value: where it is found, a hostile value came through.
pub const CANARY: &str = "kanarienvogel";

/// A record, and what has to be true of it whatever the sentence is.
pub struct Subject {
    pub record: Record,
    /// Variables whose values may stand in no command.
    pub hostile: Vec<String>,
    /// Whether its own host, user and database may stand in no command.
    pub has_hostile_destination: bool,
}

pub fn subjects() -> &'static [Subject] {
    static SUBJECTS: LazyLock<Vec<Subject>> = LazyLock::new(|| {
        let plain = [database(), cache(), component(), external(), open_password()];
        let mut subjects: Vec<Subject> = plain.into_iter().map(friendly).collect();
        subjects.extend([hostile_attributes(), hostile_destination()]);
        subjects
    });
    &SUBJECTS
}

pub fn context() -> &'static Context {
    static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
        let endpoints = subjects().iter().flat_map(|subject| subject.record.endpoints.clone());
        let published = [
            ("api.stack-3.source-lab.io", 443),
            ("loki.monitoring.svc.cluster.local", 3100),
        ];
        Context {
            endpoints: endpoints
                .chain(published.map(|(host, port)| Endpoint::new(host, port)))
                .collect(),
            authorities: [(
                "loki.monitoring.svc.cluster.local".to_owned(),
                "/run/authorities/loki/ca.crt".to_owned(),
            )]
            .into(),
            external_hosts: ["clickhouse.data.example.com".to_owned()].into(),
            // The last one is no namespace: it would be a flag of `kubectl`.
            namespaces: ["db", "kafka", "monitoring", "-A"].map(str::to_owned).into(),
        }
    });
    &CONTEXT
}

fn friendly(record: Record) -> Subject {
    Subject {
        record,
        hostile: Vec::new(),
        has_hostile_destination: false,
    }
}

/// A sub-component with its secrets.
fn database() -> Record {
    let primary = Endpoint::new("cluster-db-rw.db.svc.cluster.local", 5432);
    let replicas = Endpoint::new("cluster-db-ro.db.svc.cluster.local", 5433);
    let mut variables = texts(&[
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
    ]);
    variables.insert("password".to_owned(), Value::Secret);
    variables.insert("token".to_owned(), Value::Secret);
    Record {
        name: "app_db".to_owned(),
        primary: Some(primary.clone()),
        endpoints: [primary, replicas].into(),
        username: Some("app_user".to_owned()),
        database: Some("app_db".to_owned()),
        variables,
        ..Record::default()
    }
}

fn cache() -> Record {
    let primary = Endpoint::new("valkey-primary.cache.svc.cluster.local", 6379);
    let mut variables = texts(&[
        ("host", "valkey-primary.cache.svc.cluster.local"),
        ("port", "6379"),
        ("namespace", "kafka"),
    ]);
    variables.insert("password".to_owned(), Value::Secret);
    Record {
        name: "valkey".to_owned(),
        primary: Some(primary.clone()),
        endpoints: [primary].into(),
        variables,
        ..Record::default()
    }
}

/// A component without secrets, user and database.
fn component() -> Record {
    let primary = Endpoint::new("grafana.monitoring.svc.cluster.local", 80);
    Record {
        name: "grafana".to_owned(),
        primary: Some(primary.clone()),
        endpoints: [primary].into(),
        variables: texts(&[
            ("host", "grafana.monitoring.svc.cluster.local"),
            ("port", "80"),
            ("namespace", "monitoring"),
            ("object", "grafana"),
        ]),
        ..Record::default()
    }
}

fn external() -> Record {
    Record {
        name: "warehouse".to_owned(),
        is_external: true,
        ..database()
    }
}

/// A password that the topology does not mark as a secret: it may stand in no slot.
fn open_password() -> Record {
    let mut record = database();
    record.variables.extend(texts(&[("password", "app_user")]));
    record
}

/// Attributes that a shell or a client would read as something else.
fn hostile_attributes() -> Subject {
    let long = format!("{CANARY}{}", "x".repeat(300));
    let values = [
        ("namespace", "-c kanarienvogel"),
        ("object", "kanarienvogel b"),
        ("subdomain", "kanarienvogel'y"),
        ("domain", "$(kanarienvogel)"),
        ("name", "--kanarienvogel"),
        ("title", "kanarienvogel\nid"),
        ("storage_class", "\u{202e}kanarienvogel"),
        ("linked_name", "{kanarienvogel}"),
        ("linked_namespace", long.as_str()),
    ];
    let mut record = database();
    record.variables.extend(texts(&values));
    Subject {
        record,
        hostile: values.map(|(name, _)| name.to_owned()).to_vec(),
        has_hostile_destination: false,
    }
}

/// A record that is itself somewhere else than it says.
fn hostile_destination() -> Subject {
    let hosts = [
        "-kanarienvogel",
        "kanarienvogel=b",
        "/kanarienvogel",
        "kanarienvogel b",
        "u@kanarienvogel",
    ];
    Subject {
        record: Record {
            primary: Some(Endpoint::new("-kanarienvogel", 5432)),
            endpoints: hosts.map(|host| Endpoint::new(host, 80)).into(),
            username: Some("postgresql://kanarienvogel/".to_owned()),
            database: Some("host=kanarienvogel".to_owned()),
            ..database()
        },
        hostile: Vec::new(),
        has_hostile_destination: true,
    }
}

fn texts(values: &[(&str, &str)]) -> BTreeMap<String, Value> {
    let values = values.iter();
    values
        .map(|(name, text)| ((*name).to_owned(), Value::Plain((*text).to_owned())))
        .collect()
}
