//! What accepted sentences become: the dry run, the arguments, the environment, the outcome.

use std::collections::BTreeMap;

use super::{Compiled, Context, Record, SENTENCES, compile, context, record, store};
use crate::agent::check::{Check, EnvironmentValue, Outcome, Value};

#[track_caller]
fn compiled(text: &str) -> Compiled {
    compile(text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
}

#[test]
fn every_sentence_of_the_page_is_accepted() {
    for sentence in SENTENCES {
        compiled(sentence);
    }
}

#[test]
fn dry_runs() {
    let shown = |text: &str| compiled(text).shown;
    assert_eq!(
        shown("curl -sk https://{subdomain}.{domain}"),
        "curl -sk https://api.stack-3.source-lab.io"
    );
    assert_eq!(
        shown(SENTENCES[0]),
        "PGPASSWORD=[secret] psql -h cluster-db-rw.db.svc.cluster.local -U app_user -d app_db -c 'SELECT 1'"
    );
    assert_eq!(
        shown("  PGPASSWORD=\"{password}\"  psql  -d '{database}' -c 'SELECT 1'"),
        "  PGPASSWORD=\"[secret]\"  psql  -d 'app_db' -c 'SELECT 1'"
    );
    assert_eq!(
        shown(SENTENCES[4]),
        "pods=$(kubectl get pods -n db --no-headers | grep -c Running); test \"$pods\" -gt 0"
    );
}

#[test]
fn psql_gets_the_record_and_nothing_else() {
    let step = compiled("psql -tA -c 'SELECT 1'").step;
    let expected = [
        "-XAtqw",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        "cluster-db-rw.db.svc.cluster.local",
        "-p",
        "5432",
        "-U",
        "app_user",
        "-d",
        "app_db",
        "-c",
        "SELECT 1",
    ];
    assert_eq!(step.program, "psql");
    assert_eq!(step.arguments, expected);
    let names: Vec<&str> = step.environment.keys().copied().collect();
    assert_eq!(
        names,
        [
            "HOME",
            "LC_ALL",
            "PGAPPNAME",
            "PGCONNECT_TIMEOUT",
            "PGOPTIONS",
            "PGPASSWORD",
            "PGREQUIREAUTH"
        ]
    );
    assert_eq!(step.environment["PGPASSWORD"], EnvironmentValue::Secret("password"));
    let read_only = |value: &EnvironmentValue| matches!(value, EnvironmentValue::Plain(text) if text.contains("default_transaction_read_only=on"));
    assert!(read_only(&step.environment["PGOPTIONS"]));
}

/// Nothing that a sentence says takes it back, and nobody else's certificate is looked at by this authority.
#[test]
fn a_server_with_a_certificate_is_verified() {
    let (db, loki) = (
        "cluster-db-rw.db.svc.cluster.local",
        "loki.monitoring.svc.cluster.local",
    );
    let files = [
        (db, "/run/authorities/cnpg/ca.crt"),
        (loki, "/run/authorities/loki/ca.crt"),
    ];
    let context = Context {
        authorities: files.map(|(host, file)| (host.to_owned(), file.to_owned())).into(),
        ..context()
    };
    let step = |text: &str, record: &Record| Check::parse(text).unwrap().compile(record, &context).unwrap().step;
    for sentence in ["psql -c 'SELECT 1'", "pg_isready"] {
        let environment = step(sentence, &record()).environment;
        assert_eq!(environment["PGSSLMODE"], EnvironmentValue::Plain("verify-full"));
        let file = EnvironmentValue::Authority("/run/authorities/cnpg/ca.crt".to_owned());
        assert_eq!(environment["PGSSLROOTCERT"], file);
    }
    let arguments = |text: &str| step(text, &store()).arguments.join(" ");
    assert!(arguments("valkey-cli ping").ends_with("--tls --cacert /run/authorities/cnpg/ca.crt ping"));
    let curl = arguments("curl -s https://loki.monitoring.svc.cluster.local:3100/ready");
    assert!(curl.contains(" --cacert /run/authorities/loki/ca.crt "), "{curl}");
    // What a gateway publishes is verified by the authorities that everybody knows.
    assert!(!arguments("curl -s https://{subdomain}.{domain}").contains("--cacert"));
}

#[test]
fn the_sentence_alone_does_not_decide_about_the_secret() {
    let with = compiled(SENTENCES[0]);
    let without = compiled(SENTENCES[0].trim_start_matches("PGPASSWORD={password} "));
    assert_eq!(with.step, without.step);
    assert!(!without.shown.contains("[secret]"));
}

#[test]
fn other_programs() {
    let arguments = |text: &str| compiled(text).step.arguments.join(" ");
    assert_eq!(
        arguments("kubectl --no-headers get -n {namespace} pods -l a=b"),
        "get pods -n db -l a=b --no-headers --request-timeout=8s"
    );
    assert_eq!(
        arguments("curl -kfs https://{subdomain}.{domain} -m 3"),
        "-q -g --proto =http,https --noproxy * --max-redirs 0 --max-filesize 1048576 --connect-timeout 5 -m 3 -s -k -f \
         https://api.stack-3.source-lab.io"
    );
    let host = "cluster-db-rw.db.svc.cluster.local";
    assert_eq!(arguments("nc -vz {host} {port}"), format!("-z -v -w 5 {host} 5432"));
    assert_eq!(
        arguments("nc -z cluster-db-ro.db.svc.cluster.local 5433"),
        "-z -w 5 cluster-db-ro.db.svc.cluster.local 5433"
    );
    assert_eq!(
        arguments("pg_isready -d {database}"),
        format!("-h {host} -p 5432 -d app_db -t 5")
    );
    assert_eq!(
        arguments("redis-cli ping -h {host}"),
        format!("-h {host} -p 5432 -e --no-auth-warning ping")
    );
}

#[test]
fn only_kubectl_inherits() {
    assert_eq!(
        compiled("kubectl get pods -n db").step.inherited,
        ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBECONFIG"]
    );
    for sentence in [
        "curl -sk https://{subdomain}.{domain}",
        "nc -z {host} {port}",
        "psql -c 'SELECT 1'",
    ] {
        assert!(compiled(sentence).step.inherited.is_empty());
    }
}

#[test]
fn secrets_go_to_the_slots_of_the_row() {
    let secrets = |text: &str| -> Vec<&'static str> {
        let environment: BTreeMap<_, _> = compiled(text).step.environment;
        let secret = |value: &EnvironmentValue| matches!(value, EnvironmentValue::Secret(_));
        environment
            .iter()
            .filter(|(_, value)| secret(value))
            .map(|(name, _)| *name)
            .collect()
    };
    assert_eq!(secrets("valkey-cli ping"), ["REDISCLI_AUTH", "VALKEYCLI_AUTH"]);
    assert_eq!(secrets("REDISCLI_AUTH={password} redis-cli ping"), ["REDISCLI_AUTH"]);
    for sentence in [
        "curl -sk https://{subdomain}.{domain}",
        "nc -z {host} {port}",
        "kubectl get pods -n db",
    ] {
        assert!(secrets(sentence).is_empty(), "{sentence}");
    }
    let mut open = super::store();
    open.variables.remove("password");
    let ping = Check::parse("valkey-cli ping").unwrap();
    let step = ping.compile(&open, &context()).unwrap().step;
    assert_eq!(step.environment.len(), 2);
}

#[test]
fn outcomes() {
    let pods = "kafka-0 1/1 Running 0 1d\nkafka-1 1/1 Running 0 1d\nold 0/1 Completed 0 1d\n";
    let conclude = |text: &str, succeeded| {
        let Outcome { passed, output } = compiled(text).conclude(pods, succeeded);
        (passed, output)
    };
    let capture = "pods=$(kubectl get pods -n db --no-headers | grep -c Running); test \"$pods\" -gt";
    assert_eq!(conclude(&format!("{capture} 0"), true), (true, "2 running".to_owned()));
    assert_eq!(conclude(&format!("{capture} 5"), true), (false, "2 running".to_owned()));
    assert_eq!(
        conclude(&format!("{capture} 0"), false),
        (false, "2 running".to_owned())
    );
    let count = "kubectl get pods -n db | grep -v Completed | grep -c Running";
    assert_eq!(conclude(count, true), (true, "2".to_owned()));
    assert_eq!(
        conclude("kubectl get pods -n db | grep Error", true),
        (false, String::new())
    );
    assert_eq!(conclude("kubectl get pods -n db", true), (true, pods.trim().to_owned()));
    assert!(!conclude("kubectl get pods -n db", false).0);
}

/// No pods can be listed: that is not the same as no pod crashing.
#[test]
fn a_failed_process_is_not_the_answer_zero() {
    let check = compiled("n=$(kubectl get pods -n db | grep -c Crash); test \"$n\" -eq 0");
    assert!(check.conclude("", true).passed);
    assert!(!check.conclude("", false).passed);
}

#[test]
fn a_value_is_one_word() {
    let mut record = Record::clone(&record());
    let value = Value::Plain("a=b,c/d:e@f%+_.g".to_owned());
    record.variables.insert("text".to_owned(), value);
    let check = Check::parse("kubectl get pods -n db | grep x{text}'y z'").unwrap();
    let compiled = check.compile(&record, &context()).unwrap();
    assert!(compiled.filters[0].apply("xa=b,c/d:e@f%+_.gy z").1);
}
