//! The body of a query: what is read, and what is refused before the stack is asked.

use crate::agent::query::{Code, Query, Severity};

#[test]
fn a_full_body() {
    let body = br#"{"source": "type:cnpg", "target": "sub_components", "select": ["name"], "where": {"type": "database"},
        "command": "pg_isready -h {host}", "verify_delay": 5, "on_success": "nc -z {host} {port}", "on_failure": "nc -z {host} {port}",
        "severity": "critical", "description": "databases answer", "timeout": 10, "dry_run": true, "limit": 20, "cursor": "x"}"#;
    let query = Query::parse(body).unwrap();
    assert_eq!(query.severity, Some(Severity::Critical));
    assert_eq!(
        (query.limit, query.timeout, query.dry_run),
        (Some(20), Some(10), Some(true))
    );
}

#[test]
fn a_short_body_and_nulls() {
    let short = Query::parse(br#"{"source": "all"}"#).unwrap();
    assert_eq!(short, Query::new("all", "component"));
    let nulls = Query::parse(br#"{"source": "all", "where": null, "select": null, "limit": null, "cursor": null}"#);
    assert_eq!(nulls.unwrap(), short);
}

#[test]
fn refusals() {
    for (body, code, position) in [
        (r#"{"source": "all", "#, Code::E_PARSE, Some(17)),
        ("", Code::E_PARSE, Some(0)),
        ("[]", Code::E_PARSE, Some(1)),
        (r#"{"source": 1}"#, Code::E_PARSE, Some(11)),
        (r#"{"source": "all", "source": "all"}"#, Code::E_PARSE, Some(25)),
        (r#"{"source": "all", "limit": "5"}"#, Code::E_PARSE, Some(29)),
        (r#"{"source": "all", "limit": -5}"#, Code::E_PARSE, Some(28)),
        (r#"{"source": "all", "dry_run": "true"}"#, Code::E_PARSE, Some(34)),
        (r#"{"source": "all", "severity": "bad"}"#, Code::E_PARSE, Some(34)),
        (r#"{"source": "all", "where": []}"#, Code::E_PARSE, Some(28)),
        (
            r#"{"source": "all", "where": {"a": 1, "a": 2}}"#,
            Code::E_PARSE,
            Some(42),
        ),
        (r#"{"source": "all"} x"#, Code::E_PARSE, Some(18)),
        ("{\"source\": \"all\",\n\"limit\": x}", Code::E_PARSE, Some(27)),
        (r#"{"target": "component"}"#, Code::E_PARSE, Some(22)),
        (r#"{"source": "all", "comand": "x"}"#, Code::E_FIELD, Some(0)),
        (r#"{"source": "all", "on_failure": "x"}"#, Code::E_FIELD, None),
    ] {
        let error = Query::parse(body.as_bytes()).unwrap_err();
        assert_eq!((error.code, error.position), (code, position), "{body}: {error}");
    }
    let error = Query::parse(br#"{"source": "all", "comand": "x"}"#).unwrap_err();
    assert_eq!(error.nearest.as_deref(), Some("command"));
    assert_eq!(Query::parse(&[b' '; 65 * 1024]).unwrap_err().code, Code::E_LIMIT);
    assert_eq!(Query::parse(b"{\"source\": \"\xff\"}").unwrap_err().code, Code::E_PARSE);
    let deep = format!("{{\"source\": \"all\", \"where\": {{\"a\": {}", "[".repeat(60_000));
    assert_eq!(Query::parse(deep.as_bytes()).unwrap_err().code, Code::E_PARSE);
}

#[test]
fn the_schema_is_closed_and_names_every_key() {
    let schema = serde_json::to_value(schemars::schema_for!(Query)).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], serde_json::json!(["source"]));
    let keys: Vec<&str> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys.len(), 14);
    assert!(keys.contains(&"where") && keys.contains(&"verify_delay"));
}
