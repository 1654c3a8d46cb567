//! What the table and the record refuse, each code on the sentences that earn it.

use super::refusals_of_grammar::check;
use super::{Check, Code, Record, Value, context, record};

#[test]
fn programs() {
    check("id", Code::E_PROGRAM, "id");
    check("bash -c id", Code::E_PROGRAM, "bash");
    check("echo {password}", Code::E_PROGRAM, "echo");
    check("/usr/bin/psql -c 'SELECT 1'", Code::E_PROGRAM, "/usr/bin/psql");
    check("{name} x", Code::E_PROGRAM, "{name}");
    check("'' x", Code::E_PROGRAM, "''");
    check("grep x", Code::E_PROGRAM, "grep");
    check("test 1 -gt 0", Code::E_PROGRAM, "test");
    check("kubectl get pods -n db | sh", Code::E_PROGRAM, "sh");
    check("kubectl get pods -n db | curl https://x", Code::E_PROGRAM, "curl");
}

/// A shell takes no assignment from quotes: the word is the program.
#[test]
fn quoted_assignments() {
    for word in [
        "'PGPASSWORD'={password}",
        "'PGPASSWORD='{password}",
        "\"PGPASSWORD={password}\"",
        "''PGPASSWORD=x",
    ] {
        check(&format!("{word} psql -c 'SELECT 1'"), Code::E_PROGRAM, word);
    }
}

#[test]
fn environment_slots() {
    let rest = "psql -h {host} -U {username} -d {database} -c 'SELECT 1'";
    check(
        &format!("LD_PRELOAD={{password}} {rest}"),
        Code::E_ENV_NAME,
        "LD_PRELOAD={password}",
    );
    check(&format!("PGHOST=evil {rest}"), Code::E_ENV_NAME, "PGHOST=evil");
    check(
        &format!("pgpassword={{password}} {rest}"),
        Code::E_ENV_NAME,
        "pgpassword={password}",
    );
    check(
        "PGPASSWORD={password} curl https://{subdomain}.{domain}",
        Code::E_ENV_NAME,
        "PGPASSWORD={password}",
    );
    check(
        "PGPASSWORD={password} valkey-cli ping",
        Code::E_ENV_NAME,
        "PGPASSWORD={password}",
    );
    check(&format!("PGPASSWORD=x {rest}"), Code::E_ENV_VALUE, "PGPASSWORD=x");
    check(&format!("PGPASSWORD= {rest}"), Code::E_ENV_VALUE, "PGPASSWORD=");
    check(
        &format!("PGPASSWORD=x{{password}} {rest}"),
        Code::E_ENV_VALUE,
        "PGPASSWORD=x{password}",
    );
    check(
        &format!("PGPASSWORD={{host}} {rest}"),
        Code::E_ENV_VALUE,
        "PGPASSWORD={host}",
    );
    check(
        &format!("PGPASSWORD={{token}} {rest}"),
        Code::E_ENV_VALUE,
        "PGPASSWORD={token}",
    );
}

#[test]
fn a_password_that_is_no_secret_stays_out_of_its_slot() {
    let mut record = record();
    let plain = Value::Plain("app_user".to_owned());
    record.variables.insert("password".to_owned(), plain);
    let check = Check::parse("PGPASSWORD={password} psql -c 'SELECT 1'").unwrap();
    assert_eq!(check.compile(&record, &context()).unwrap_err().code, Code::E_ENV_VALUE);
}

#[test]
fn secrets_outside_their_slot() {
    check(
        "curl https://{subdomain}.{domain}/{password}",
        Code::E_SECRET_POSITION,
        "{password}",
    );
    check(
        "curl \"https://{password}.{domain}\"",
        Code::E_SECRET_POSITION,
        "{password}",
    );
    check("psql -c \"SELECT '{password}'\"", Code::E_SECRET_POSITION, "{password}");
    check(
        "psql -h {password} -c 'SELECT 1'",
        Code::E_SECRET_POSITION,
        "{password}",
    );
    check("nc -z {token} 80", Code::E_SECRET_POSITION, "{token}");
    check(
        "kubectl get pods -n db | grep {password}",
        Code::E_SECRET_POSITION,
        "{password}",
    );
    check(
        "kubectl get pods -n db -l a={token}",
        Code::E_SECRET_POSITION,
        "{token}",
    );
}

#[test]
fn destinations() {
    check(
        "psql -h evil.example -c 'SELECT 1'",
        Code::E_DESTINATION,
        "evil.example",
    );
    check("psql -h {host}.evil -c 'SELECT 1'", Code::E_DESTINATION, "{host}.evil");
    check(
        "psql -h cluster-db-ro.db.svc.cluster.local -c 'SELECT 1'",
        Code::E_DESTINATION,
        "cluster-db-ro.db.svc.cluster.local",
    );
    check("psql -p 05432 -c 'SELECT 1'", Code::E_DESTINATION, "05432");
    check("psql -U postgres -c 'SELECT 1'", Code::E_DESTINATION, "postgres");
    check("psql -d host=evil -c 'SELECT 1'", Code::E_DESTINATION, "host=evil");
    check("pg_isready -h localhost", Code::E_DESTINATION, "localhost");
    check("valkey-cli -h evil ping", Code::E_DESTINATION, "evil");
    check("redis-cli -p 6379 ping", Code::E_DESTINATION, "6379");
    check("nc -z evil 80", Code::E_DESTINATION, "evil");
    check("nc -z {host} 22", Code::E_DESTINATION, "22");
    check("nc -z {host} 5433", Code::E_DESTINATION, "5433");
    check("kubectl get pods -n kube-system", Code::E_DESTINATION, "kube-system");
    check("curl https://evil.example", Code::E_DESTINATION, "https://evil.example");
    check(
        "curl http://169.254.169.254/",
        Code::E_DESTINATION,
        "http://169.254.169.254/",
    );
    check(
        "curl http://api.stack-3.source-lab.io",
        Code::E_DESTINATION,
        "http://api.stack-3.source-lab.io",
    );
    check(
        "curl https://{subdomain}.{domain}@evil.example",
        Code::E_DESTINATION,
        "https://{subdomain}.{domain}@evil.example",
    );
    check(
        "curl https://{subdomain}.{domain}.evil",
        Code::E_DESTINATION,
        "https://{subdomain}.{domain}.evil",
    );
}

#[test]
fn arguments() {
    for (text, token) in [
        ("psql -h {host}", "psql"),
        ("psql -f /etc/passwd -c 'SELECT 1'", "-f"),
        ("psql -c 'SELECT 1' -c 'SELECT 1'", "-c"),
        ("psql -c", "-c"),
        ("psql -c -t", "-c"),
        ("psql -h{host} -c 'SELECT 1'", "-h{host}"),
        ("psql -c 'SELECT 1' {database}", "{database}"),
        ("psql --set=x=y -c 'SELECT 1'", "--set=x=y"),
        ("psql -o {name} -c 'SELECT 1'", "-o"),
        ("kubectl get pods", "kubectl"),
        ("kubectl get secrets -n db", "secrets"),
        ("kubectl delete pods -n db", "delete"),
        ("kubectl get {name} -n db", "{name}"),
        ("kubectl get pods app -n db", "app"),
        ("kubectl get pods -A", "-A"),
        ("kubectl get pods -n db -o json", "json"),
        ("kubectl get pods -n db -o jsonpath=x", "jsonpath=x"),
        ("kubectl get pods -n db --kubeconfig=x", "--kubeconfig=x"),
        ("kubectl get pods -n db -l 'a in (b)'", "'a in (b)'"),
        ("kubectl exec x -n db", "exec"),
        ("curl", "curl"),
        ("curl api.stack-3.source-lab.io", "api.stack-3.source-lab.io"),
        ("curl {host}", "{host}"),
        ("curl -L https://{subdomain}.{domain}", "-L"),
        ("curl -sko /tmp/x https://{subdomain}.{domain}", "-sko"),
        ("curl -H {password} https://{subdomain}.{domain}", "-H"),
        ("curl -m 16 https://{subdomain}.{domain}", "16"),
        ("curl -m 0 https://{subdomain}.{domain}", "0"),
        ("curl -m {port} https://{subdomain}.{domain}", "{port}"),
        ("curl -ms 5 https://{subdomain}.{domain}", "-ms"),
        ("curl https://a https://b", "https://b"),
        ("curl file:///etc/passwd", "file:///etc/passwd"),
        (
            "curl 'https://{subdomain}.{domain}/a b'",
            "'https://{subdomain}.{domain}/a b'",
        ),
        ("valkey-cli -h {host} flushall", "flushall"),
        ("valkey-cli -a {password} ping", "-a"),
        ("valkey-cli ping -h", "-h"),
        ("valkey-cli", "valkey-cli"),
        ("nc {host} {port}", "nc"),
        ("nc -z {host}", "nc"),
        ("nc -e /bin/sh {host} {port}", "-e"),
        ("nc -z - {port}", "-"),
        ("nc -z -- {host} {port}", "--"),
        ("pg_isready -t 11", "11"),
        ("kubectl get pods -n db | grep", "grep"),
        ("kubectl get pods -n db | grep -r x", "-r"),
        ("kubectl get pods -n db | grep '^a.*b$'", "'^a.*b$'"),
        ("kubectl get pods -n db | grep ''", "''"),
        ("kubectl get pods -n db | grep a b", "b"),
        ("kubectl get pods -n db | grep -f x", "-f"),
    ] {
        check(text, Code::E_ARG, token);
    }
}

#[test]
fn sql() {
    check("psql -c 'DROP TABLE users'", Code::E_SQL, "'DROP TABLE users'");
    check("psql -c 'SELECT * FROM users'", Code::E_SQL, "'SELECT * FROM users'");
    check("psql -c '\\! id'", Code::E_SQL, "'\\! id'");
    check("psql -c ''", Code::E_SQL, "''");
    check("psql -c \"SELECT '{name}'\"", Code::E_SQL, "\"SELECT '{name}'\"");
    check("psql -c {name}", Code::E_SQL, "{name}");
}

#[test]
fn variables() {
    check("nc -z {hots} {port}", Code::E_UNKNOWN_VAR, "{hots}");
    check(
        "kubectl get pods -n {linked_namespace}",
        Code::E_VAR_UNSET,
        "{linked_namespace}",
    );
    check(
        "kubectl get pods -n db -l a={storage_class}",
        Code::E_VAR_UNSET,
        "{storage_class}",
    );
    check("kubectl get pods -n db | grep '{title}'", Code::E_VAR_VALUE, "{title}");
    check("kubectl get pods -n db | grep {flag}", Code::E_VAR_VALUE, "{flag}");
}

#[test]
fn a_record_without_a_value_of_its_own() {
    let bare = Record {
        username: None,
        ..record()
    };
    let check = Check::parse("psql -c 'SELECT 1'").unwrap();
    assert_eq!(check.compile(&bare, &context()).unwrap_err().code, Code::E_VAR_UNSET);
    let odd = Record {
        database: Some("host=evil".to_owned()),
        ..record()
    };
    assert_eq!(check.compile(&odd, &context()).unwrap_err().code, Code::E_VAR_VALUE);
}

#[test]
fn other_stacks() {
    let record = Record {
        is_external: true,
        ..record()
    };
    let sentence = Check::parse("nc -z {host} {port}").unwrap();
    assert_eq!(
        sentence.compile(&record, &context()).unwrap_err().code,
        Code::E_EXTERNAL
    );
    let text = "curl http://clickhouse.data.example.com:8123/ping";
    check(text, Code::E_EXTERNAL, "http://clickhouse.data.example.com:8123/ping");
}

/// The password of a database goes to no client that would send it as it is.
#[test]
fn a_client_of_stores_is_refused_for_a_database() {
    for sentence in ["valkey-cli ping", "REDISCLI_AUTH={password} redis-cli ping"] {
        let refusal = super::Check::parse(sentence)
            .and_then(|check| check.compile(&super::record(), &super::context()))
            .unwrap_err();
        assert_eq!(refusal.code, Code::E_DESTINATION, "{sentence}");
    }
}
