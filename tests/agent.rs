//! The Stack Agent's router without a socket, and its checks with programs made for the test.
#![cfg(feature = "agent")]
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value as Json, json};
use stacktic::agent::exec::{Executor, Programs, Setup};
use stacktic::agent::query::load_path;
use stacktic::agent::secrets::SecretFolder;
use stacktic::agent::serve::{AccessLog, Agent, keys_of, router};
use tempfile::TempDir;
use tower::ServiceExt as _;

const KEY: &str = "the-key-of-a-test";
const PASSWORD: &str = "canary-of-the-password";
const PSQL: &str = "PGPASSWORD={password} psql -h {host} -U {username} -d {database} -c 'SELECT 1'";

/// An agent over the example's metadata.
struct Fixture {
    router: Router,
    access_log: AccessLog,
    log: Log,
    folder: TempDir,
}

/// What was written to the access log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<Json> {
        let bytes = self.0.lock().unwrap();
        let lines = std::str::from_utf8(&bytes).unwrap().lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Fixture {
    /// With these programs, each the body of a shell script.
    fn new(programs: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (secrets, path) = (folder.path().join("secrets"), folder.path().join("programs"));
        let digest = stacktic::name::sha256_hex(KEY.as_bytes());
        put(&secrets, "AGENT_API_KEYS", &format!("mcp:{digest}"));
        put(&secrets, "cnpg.app_db.password", PASSWORD);
        std::fs::create_dir_all(&path).unwrap();
        for (name, body) in programs {
            put(&path, name, &format!("#!/bin/sh\n{body}\n"));
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(path.join(name), mode).unwrap();
        }
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/generated-example/out/stack-metadata.json");
        let secrets = SecretFolder::new(&secrets);
        let keys = keys_of(&secrets).unwrap();
        let executor = Executor::new(Setup {
            programs: Programs::look_up(path.as_os_str()),
            launcher: env!("CARGO_BIN_EXE_stacktic").into(),
            inherited: BTreeMap::new(),
            secrets,
        });
        let log = Log::default();
        let access_log = AccessLog::new(log.clone());
        let index = load_path(example.as_ref()).unwrap();
        let agent = Agent::new(index, executor, keys, access_log.clone());
        Self {
            router: router(Arc::new(agent)),
            access_log,
            log,
            folder,
        }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Json) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    fn log_lines(&self) -> Vec<Json> {
        self.access_log.flush();
        self.log.lines()
    }

    async fn query(&self, body: Json) -> (StatusCode, Json) {
        self.send(post(&body.to_string())).await
    }
}

fn put(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let mut file = std::fs::File::create(folder.join(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn post(body: &str) -> Request<Body> {
    with_key(Request::post("/metadata/q"), body)
}

fn with_key(request: axum::http::request::Builder, body: &str) -> Request<Body> {
    let request = request.header("authorization", format!("Bearer {KEY}"));
    request.body(Body::from(body.to_owned())).unwrap()
}

#[track_caller]
fn code(reply: &(StatusCode, Json)) -> (u16, &str) {
    (reply.0.as_u16(), reply.1["error"]["code"].as_str().unwrap())
}

#[tokio::test]
async fn a_key_is_needed_for_metadata() {
    let agent = Fixture::new(&[]);
    for path in [
        "/metadata/structure",
        "/metadata/fields/kafka",
        "/metadata/fields/nothing",
    ] {
        let reply = agent.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(code(&reply), (401, "E_AUTH"));
        let wrong = Request::get(path).header("authorization", "Bearer wrong");
        assert_eq!(
            code(&agent.send(wrong.body(Body::empty()).unwrap()).await),
            (401, "E_AUTH")
        );
    }
    let open = Request::post("/metadata/q")
        .body(Body::from(r#"{"source": "all"}"#))
        .unwrap();
    assert_eq!(code(&agent.send(open).await), (401, "E_AUTH"));
    let (status, health) = agent.send(Request::get("/health").body(Body::empty()).unwrap()).await;
    assert_eq!((status, health), (StatusCode::OK, json!({"status": "ok"})));
}

#[tokio::test]
async fn the_pages_requests() {
    let agent = Fixture::new(&[]);
    let (status, found) = agent.query(json!({"source": "kafka", "target": "component"})).await;
    let kafka = json!({"name": "kafka", "type": "kafka", "namespace": "kafka", "group": "messaging"});
    assert_eq!(
        (status, found),
        (StatusCode::OK, json!({"results": [kafka], "next_cursor": null}))
    );
    let (_, found) = agent.query(json!({"source": "kafka", "target": "links_from"})).await;
    let link = json!({"link": "prometheus-kafka", "component": "prometheus"});
    assert!(found["results"].as_array().unwrap().contains(&link), "{found}");
    let (_, structure) = agent.send(with_key(Request::get("/metadata/structure"), "")).await;
    assert_eq!(structure["components"][0]["name"], "alloy");
    let (_, fields) = agent.send(with_key(Request::get("/metadata/fields/cnpg"), "")).await;
    assert_eq!(
        fields["sub_components"]["database"]["variables"]["password"],
        "[secret]"
    );
}

#[tokio::test]
async fn what_is_not_a_query() {
    let agent = Fixture::new(&[]);
    let nearest = agent.query(json!({"sauce": "all"})).await;
    assert_eq!(code(&nearest), (422, "E_FIELD"));
    assert_eq!(nearest.1["error"]["nearest"], "source");
    let large = post(&format!("{{\"source\": \"{}\"}}", "x".repeat(64 * 1024)));
    assert_eq!(code(&agent.send(large).await), (413, "E_LIMIT"));
    let twice = agent.send(post(r#"{"source": "all", "source": "kafka"}"#)).await;
    assert_eq!(code(&twice), (422, "E_PARSE"));
    assert_eq!(code(&agent.send(post("")).await), (422, "E_PARSE"));
    let get = with_key(Request::get("/metadata/q"), "");
    assert_eq!(code(&agent.send(get).await), (405, "E_METHOD"));
    let path = with_key(Request::get("/metadata"), "");
    assert_eq!(code(&agent.send(path).await), (404, "E_PATH"));
    let unknown = with_key(Request::get("/metadata/fields/kafak"), "");
    assert_eq!(code(&agent.send(unknown).await), (422, "E_SOURCE"));
}

#[tokio::test]
async fn a_check_gets_its_secret_and_shows_none() {
    let psql = r#"echo "$PGPASSWORD"; echo "$@" >&2; test "$PGPASSWORD" = canary-of-the-password"#;
    let agent = Fixture::new(&[("psql", psql)]);
    let body = json!({"source": "cnpg", "target": "sub_components", "where": {"name": "app_db"}, "command": PSQL,
        "select": ["username", "name", "password"], "severity": "critical", "description": "the database answers"});
    let (status, report) = agent.query(body).await;
    let expected = json!({
        "status": "passed",
        "results": [{"name": "app_db", "status": "passed", "output": "[secret]", "username": "app_user", "password": "[secret]"}],
        "output": "[secret]", "severity": "critical", "description": "the database answers", "next_cursor": null
    });
    assert_eq!((status, report), (StatusCode::OK, expected));
    let lines = agent.log_lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["command"], &lines[0]["outcome"], &lines[0]["key"]),
        (&json!(PSQL), &json!("passed"), &json!("mcp"))
    );
    assert!(!lines[0].to_string().contains("canary"));
}

/// A value in place of its variable is refused, and the log does not keep it.
#[tokio::test]
async fn a_secret_that_the_caller_wrote_is_not_logged() {
    let agent = Fixture::new(&[]);
    let command = PSQL.replace("{password}", PASSWORD);
    let reply = agent.query(json!({"source": "cnpg", "command": command})).await;
    assert_eq!(code(&reply), (422, "E_ENV_VALUE"));
    let line = agent.log_lines()[0].to_string();
    assert!(
        line.contains("PGPASSWORD=[secret] psql") && !line.contains(PASSWORD),
        "{line}"
    );
}

/// The layer without the secret: nothing is started for any record when one has none.
#[tokio::test]
async fn a_secret_that_is_missing_stops_the_whole_call() {
    let agent = Fixture::new(&[("psql", "echo started >> \"$MARK\"")]);
    let body = json!({"source": "cnpg", "target": "sub_components", "command": PSQL});
    let reply = agent.query(body.clone()).await;
    assert_eq!(code(&reply), (422, "E_VAR_UNSET"));
    assert!(
        reply.1["error"]["message"]
            .as_str()
            .unwrap()
            .contains("cnpg/keycloak_db"),
        "{}",
        reply.1
    );
    let mut dry = body;
    dry["dry_run"] = json!(true);
    let (status, report) = agent.query(dry).await;
    assert_eq!((status, &report["status"]), (StatusCode::OK, &json!("dry_run")));
    put(
        &agent.folder.path().join("secrets"),
        "cnpg.keycloak_db.password",
        "another\n",
    );
    let (status, report) = agent
        .query(json!({"source": "cnpg", "target": "sub_components", "command": PSQL}))
        .await;
    assert_eq!(
        (status, report["results"].as_array().unwrap().len()),
        (StatusCode::OK, 2)
    );
}

#[tokio::test]
async fn what_follows_a_check() {
    let programs = [
        ("pg_isready", "echo accepting"),
        ("psql", "echo broken >&2; exit 2"),
        ("nc", "echo open"),
    ];
    let agent = Fixture::new(&programs);
    let call = |command: &str, after: (&str, &str)| {
        json!({"source": "cnpg", "target": "sub_components",
        "where": {"name": "app_db"}, "command": command, after.0: after.1})
    };
    let ready = "pg_isready -h {host} -p {port}";
    let (_, report) = agent.query(call(PSQL, ("on_failure", ready))).await;
    let diagnosed = json!({"name": "app_db", "status": "failed", "output": "broken",
        "on_failure": {"status": "passed", "output": "accepting"}});
    assert_eq!(
        (&report["status"], &report["results"][0]),
        (&json!("failed"), &diagnosed)
    );
    let (_, report) = agent.query(call(ready, ("on_failure", PSQL))).await;
    assert_eq!(
        report["results"][0],
        json!({"name": "app_db", "status": "passed", "output": "accepting"})
    );
    let (_, report) = agent.query(call(ready, ("on_success", PSQL))).await;
    assert_eq!(
        (&report["status"], &report["results"][0]["on_success"]["output"]),
        (&json!("failed"), &json!("broken"))
    );
    let (_, report) = agent.query(call(ready, ("on_success", "nc -z {host} {port}"))).await;
    assert_eq!(
        (&report["status"], &report["results"][0]["on_success"]["output"]),
        (&json!("passed"), &json!("open"))
    );
    let nothing = json!({"source": "cnpg", "where": {"name": "x"}, "command": ready});
    assert_eq!(agent.query(nothing).await.1["status"], "no_records");
}

#[tokio::test]
async fn a_check_without_its_program_is_refused() {
    let agent = Fixture::new(&[]);
    let reply = agent
        .query(json!({"source": "cnpg", "command": "pg_isready -h {host}"}))
        .await;
    assert_eq!(code(&reply), (422, "E_PROGRAM"));
}

#[tokio::test]
async fn what_a_program_may_not_do() {
    let agent = Fixture::new(&[
        (
            "pg_isready",
            "ulimit -t; ulimit -c; ulimit -f; ulimit -n; pwd; env | cut -d= -f1 | sort | tr '\\n' ' '; cat",
        ),
        ("nc", "sleep 60 & sleep 60"),
        ("curl", "yes | head -c 100000"),
    ]);
    let (_, report) = agent
        .query(json!({"source": "cnpg", "command": "pg_isready -h {host}"}))
        .await;
    assert_eq!(report["output"], "5\n0\n0\n256\n/\nHOME LC_ALL PWD");
    let slow = json!({"source": "cnpg", "command": "nc -z {host} {port}", "timeout": 1});
    let (_, report) = agent.query(slow).await;
    assert_eq!(
        (&report["status"], &report["output"]),
        (&json!("failed"), &json!("no answer in time; the check was stopped"))
    );
    let url = "curl -s http://{host}:{port}/metrics";
    let (_, report) = agent.query(json!({"source": "prometheus", "command": url})).await;
    assert_eq!(
        (
            report["status"].as_str(),
            report["output"].as_str().unwrap().len() > 16_000
        ),
        (Some("passed"), true)
    );
    assert!(report["output"].as_str().unwrap().len() <= 16 * 1024);
    let counted = json!({"source": "prometheus", "command": format!("{url} | grep -c y")});
    let (_, report) = agent.query(counted).await;
    assert_eq!(report["status"], "failed");
    assert!(
        report["output"]
            .as_str()
            .unwrap()
            .starts_with("the output is longer than 16 KiB"),
        "{report}"
    );
}
