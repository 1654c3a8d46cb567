//! Every refusal: its code, its place, and the nearest name.

use serde_json::{Value as Json, json};

use super::support::{ask, component, index, page_stack, stack};
use crate::agent::query::Code;

fn check(cases: &[(Json, Code, Option<usize>, Option<&str>)]) {
    let index = index(&page_stack());
    for (body, code, position, nearest) in cases {
        let error = ask(&index, body).map(|reply| panic!("{body}: {reply}")).unwrap_err();
        let found = (error.code, error.position, error.nearest.as_deref());
        assert_eq!(found, (*code, *position, *nearest), "{body}: {error}");
    }
}

#[test]
fn sources() {
    check(&[
        (json!({"source": "kafak"}), Code::E_SOURCE, Some(0), Some("kafka")),
        (json!({"source": "type:kafkaa"}), Code::E_SOURCE, Some(5), Some("kafka")),
        (
            json!({"source": "namespace:monitor"}),
            Code::E_SOURCE,
            Some(10),
            Some("monitoring"),
        ),
        (json!({"source": "group:"}), Code::E_SOURCE, Some(6), None),
        (json!({"source": "typ:kafka"}), Code::E_SOURCE, Some(0), Some("type:")),
        (json!({"source": ""}), Code::E_SOURCE, Some(0), None),
        (json!({"source": "ALL"}), Code::E_SOURCE, Some(0), Some("all")),
    ]);
}

#[test]
fn targets() {
    check(&[
        (
            json!({"source": "all", "target": "sub_component"}),
            Code::E_TARGET,
            Some(0),
            Some("sub_components"),
        ),
        (json!({"source": "all", "target": "path"}), Code::E_TARGET, None, None),
        (
            json!({"source": "all", "target": "path", "where": {"to": ["kafka"]}}),
            Code::E_TARGET,
            None,
            None,
        ),
        (
            json!({"source": "all", "target": "path", "where": {"to": "kafk"}}),
            Code::E_TARGET,
            Some(0),
            Some("kafka"),
        ),
    ]);
}

#[test]
fn fields_and_operators() {
    let filter = |condition: Json| json!({"source": "all", "where": condition});
    check(&[
        (
            filter(json!({"namspace": "db"})),
            Code::E_FIELD,
            Some(0),
            Some("namespace"),
        ),
        (
            filter(json!({"namspace__in": ["db"]})),
            Code::E_FIELD,
            Some(0),
            Some("namespace"),
        ),
        (filter(json!({"": "db"})), Code::E_FIELD, Some(0), None),
        (filter(json!({"__in": []})), Code::E_FIELD, Some(0), None),
        (filter(json!({"topic": "orders"})), Code::E_FIELD, Some(0), None),
        (filter(json!({"linked_host": "x"})), Code::E_FIELD, Some(0), None),
        (
            filter(json!({"replicas__gtt": 1})),
            Code::E_OPERATOR,
            Some(10),
            Some("gt"),
        ),
        (filter(json!({"replicas__": 1})), Code::E_OPERATOR, Some(10), None),
        (filter(json!({"replicas__gt": "1"})), Code::E_OPERATOR, Some(10), None),
        (filter(json!({"replicas": null})), Code::E_OPERATOR, Some(0), None),
        (filter(json!({"replicas": {"gt": 1}})), Code::E_OPERATOR, Some(0), None),
        (filter(json!({"name__exists": "true"})), Code::E_OPERATOR, Some(6), None),
        (filter(json!({"name__in": "kafka"})), Code::E_OPERATOR, Some(6), None),
        (filter(json!({"name__startswith": 1})), Code::E_OPERATOR, Some(6), None),
        (filter(json!({"name__contains": null})), Code::E_OPERATOR, Some(6), None),
        (filter(json!({"name__regex": "("})), Code::E_OPERATOR, Some(6), None),
        (filter(json!({"name__regex": "(?=a)"})), Code::E_OPERATOR, Some(6), None),
        (
            filter(json!({"name__regex": "((a{99}){99}){99}"})),
            Code::E_OPERATOR,
            Some(6),
            None,
        ),
        (
            json!({"source": "all", "select": ["nam"]}),
            Code::E_FIELD,
            Some(0),
            Some("name"),
        ),
    ]);
}

#[test]
fn a_secret_answers_only_whether_it_exists() {
    let index = index(&page_stack());
    for (target, condition) in [
        ("sub_components", json!({"password": "x"})),
        ("sub_components", json!({"attribute_password": "x"})),
        ("sub_components", json!({"password__not": "x"})),
        ("sub_components", json!({"password__contains": "x"})),
        ("sub_components", json!({"password__in": ["x"]})),
        ("sub_components", json!({"password__startswith": "x"})),
        ("sub_components", json!({"password__regex": "x"})),
        ("sub_components", json!({"password__gt": 1})),
        ("links_to", json!({"password": "x"})),
        ("component", json!({"token": "[secret]"})),
        ("attributes", json!({"token__lte": 1})),
    ] {
        let error = ask(&index, &json!({"source": "all", "target": target, "where": condition})).unwrap_err();
        assert_eq!(error.code, Code::E_SECRET_FIELD, "{condition}");
    }
}

/// A name that is a secret in one component is treated as one in all: an answer must not tell which.
#[test]
fn a_secret_somewhere_is_a_secret() {
    for secret_in in ["a", "b"] {
        let components: Vec<Json> = ["a", "b"]
            .iter()
            .map(|name| {
                let value = if *name == secret_in {
                    json!({"secret": true})
                } else {
                    json!("plain")
                };
                component(name, "web", "app", "apps", json!({"attributes": {"key": value}}))
            })
            .collect();
        let index = index(&stack(&components, &[]));
        let error = ask(&index, &json!({"source": "all", "where": {"key": "plain"}})).unwrap_err();
        assert_eq!(error.code, Code::E_SECRET_FIELD);
    }
}

#[test]
fn limits() {
    let conditions: Json = (0..21)
        .map(|number| (format!("a{number}"), json!(1)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let cases = [
        json!({"limit": 0}),
        json!({"limit": 501}),
        json!({"select": vec!["name"; 51]}),
        json!({"where": conditions}),
        json!({"where": {"name": "x".repeat(257)}}),
        json!({"where": {"name__in": vec!["x"; 51]}}),
        json!({"where": {"name__in": ["x".repeat(257)]}}),
        json!({"verify_delay": 31}),
        json!({"timeout": 0}),
        json!({"timeout": 11}),
        json!({"description": "x".repeat(1001)}),
    ];
    let index = index(&page_stack());
    for mut body in cases {
        body["source"] = "all".into();
        assert_eq!(ask(&index, &body).unwrap_err().code, Code::E_LIMIT, "{body}");
    }
}

#[test]
fn a_cursor_serves_one_query() {
    let first = index(&page_stack());
    let body = json!({"source": "all", "limit": 2});
    let cursor = ask(&first, &body).unwrap()["next_cursor"].clone();
    let text = cursor.as_str().unwrap().to_owned();
    let with = |body: Json, cursor: Json| {
        let mut body = body;
        body["cursor"] = cursor;
        body
    };
    assert!(ask(&first, &with(json!({"source": "all", "limit": 5}), cursor.clone())).is_ok());
    let (hash, place) = text.split_once('.').unwrap();
    for bad in [
        with(json!({"source": "type:kafka"}), cursor.clone()),
        with(json!({"source": "all", "target": "attributes"}), cursor.clone()),
        with(json!({"source": "all", "where": {"port": 80}}), cursor.clone()),
        with(json!({"source": "all", "select": ["name"]}), cursor.clone()),
        with(json!({"source": "all"}), json!("")),
        with(json!({"source": "all"}), json!(hash)),
        with(json!({"source": "all"}), json!(format!("{text}.0"))),
        with(json!({"source": "all"}), json!(format!("{hash}.+2.0"))),
        with(json!({"source": "all"}), json!(format!("{hash}.-1.0"))),
        with(json!({"source": "all"}), json!(format!("{hash}.9999999999.0"))),
        with(
            json!({"source": "all"}),
            json!(format!("0{}.{place}", &hash[1..]).replace(hash, "0")),
        ),
    ] {
        assert_eq!(ask(&first, &bad).unwrap_err().code, Code::E_PARSE, "{bad}");
    }
    let mut other = page_stack();
    other["components"][0]["port"] = json!(9093);
    let error = ask(&index(&other), &with(body, cursor)).unwrap_err();
    assert_eq!(error.code, Code::E_PARSE, "a cursor of another topology");
    let far = json!({"source": "all", "cursor": format!("{hash}.999999999.999999999")});
    assert_eq!(ask(&first, &far).unwrap(), json!({"results": [], "next_cursor": null}));
}

#[test]
fn an_error_is_short_printable_data() {
    let index = index(&page_stack());
    let hostile = format!("\u{202e}\u{1b}[31m{}", "x".repeat(5000));
    for body in [
        json!({"source": hostile}),
        json!({"source": "all", "target": hostile}),
        json!({"source": "all", "where": {hostile.clone(): 1}}),
    ] {
        let error = ask(&index, &body).unwrap_err();
        assert!(
            error.message.len() < 400 && error.message.is_ascii(),
            "{}",
            error.message
        );
        assert!(error.token.unwrap().len() <= 80);
    }
    let error = ask(&index, &json!({"source": "kafak"})).unwrap_err();
    assert_eq!(
        serde_json::to_value(&error).unwrap(),
        json!({"code": "E_SOURCE", "message": "`kafak` is not in the stack; did you mean `kafka`?", "position": 0, "token": "kafak", "nearest": "kafka"})
    );
}
