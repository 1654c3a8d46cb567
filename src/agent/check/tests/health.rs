//! Every health check of the catalog's types is accepted for the records of the committed example.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value as Json;

use super::super::adapter::{Adapter, Meaning, Role};
use super::super::programs::PROGRAMS;
use super::{Check, Context, Endpoint, Record, Value};
use crate::catalog::SCHEME;

fn metadata() -> Json {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("generated-example/out/stack-metadata.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn array<'a>(object: &'a Json, key: &str) -> &'a [Json] {
    object[key].as_array().unwrap()
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn endpoints(component: &Json) -> BTreeSet<Endpoint> {
    let endpoints = component["endpoints"].as_object().unwrap().values();
    let read = |endpoint: &Json| {
        Endpoint::new(
            text(&endpoint["host"]),
            u16::try_from(endpoint["port"].as_u64().unwrap()).unwrap(),
        )
    };
    endpoints.map(read).collect()
}

fn record(component: &Json) -> Record {
    let fields = ["name", "namespace", "object", "host", "port"];
    let fields = fields
        .iter()
        .map(|field| ((*field).to_owned(), Value::Plain(text(&component[*field]))));
    let attributes = component["attributes"].as_object().unwrap().iter();
    let attributes = attributes.map(|(name, value)| {
        let secret = value.get("secret").is_some();
        (
            name.clone(),
            if secret {
                Value::Secret
            } else {
                Value::Plain(text(value))
            },
        )
    });
    let variables: BTreeMap<String, Value> = attributes.chain(fields).collect();
    let endpoints = endpoints(component);
    let host = text(&component["host"]);
    let port = text(&component["port"]);
    let primary = endpoints
        .iter()
        .find(|endpoint| endpoint.host == host && endpoint.port.to_string() == port);
    Record {
        name: text(&component["name"]),
        primary: primary.cloned(),
        endpoints,
        variables,
        ..Record::default()
    }
}

#[test]
fn health_checks_of_the_example_compile() {
    let metadata = metadata();
    let components = array(&metadata, "components");
    let context = Context {
        endpoints: components.iter().flat_map(endpoints).collect(),
        namespaces: components
            .iter()
            .map(|component| text(&component["namespace"]))
            .collect(),
        ..Context::default()
    };
    let mut count = 0;
    for component in components {
        for check in array(component, "health") {
            let text = text(check);
            let check = Check::parse(&text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
            let compiled = check.compile(&record(component), &context);
            let compiled = compiled.unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
            assert!(!compiled.shown.contains(['{', '}']), "{}", compiled.shown);
            count += 1;
        }
    }
    assert!(count >= components.len(), "{count} health checks");
}

/// Types that the example does not use as well; the file is read line by line, since only the
/// sentences matter here.
#[test]
fn health_checks_of_the_catalog_parse() {
    let catalog = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let mut types = 0;
    for folder in std::fs::read_dir(catalog).unwrap() {
        let Ok(text) = std::fs::read_to_string(folder.unwrap().path().join("component.yaml")) else {
            continue;
        };
        let lines = text.lines().skip_while(|line| *line != "health:").skip(1);
        let checks: Vec<&str> = lines.map_while(|line| line.strip_prefix("  - ")).collect();
        for check in &checks {
            let check = check.replace(SCHEME, "http");
            assert!(
                Check::parse(&check).is_ok(),
                "{check}: {:?}",
                Check::parse(&check).err()
            );
        }
        types += usize::from(!checks.is_empty());
    }
    assert!(types >= 10, "{types} types with health checks");
}

/// A row of the table as people read it: what has to stand first, then what may be left out.
fn synopsis(adapter: &Adapter) -> String {
    let value = |meaning: Meaning| match meaning {
        Meaning::Host | Meaning::EndpointHost => "HOST".to_owned(),
        Meaning::Port | Meaning::EndpointPort => "PORT".to_owned(),
        Meaning::Username => "USER".to_owned(),
        Meaning::Database => "DATABASE".to_owned(),
        Meaning::Namespace => "NAMESPACE".to_owned(),
        Meaning::Selector => "SELECTOR".to_owned(),
        Meaning::Address => "ADDRESS".to_owned(),
        Meaning::Probe => "SQL".to_owned(),
        Meaning::Pattern => "TEXT".to_owned(),
        Meaning::Seconds(_) => "SECONDS".to_owned(),
        Meaning::Word(words) => words.join("|"),
    };
    let options = adapter.options.iter();
    let options = options.map(|option| (option.flag, format!("{} {}", option.flag, value(option.meaning))));
    let switches = adapter.switches.iter().map(|flag| (*flag, (*flag).to_owned()));
    let (must, may): (Vec<_>, Vec<_>) = options
        .chain(switches)
        .partition(|(flag, _)| adapter.required.contains(flag));
    let pipe = if adapter.role == Role::Filter { "… | " } else { "" };
    let words = std::iter::once(format!("{pipe}{}", adapter.program))
        .chain(adapter.operands.iter().map(|operand| value(*operand)))
        .chain(must.into_iter().map(|(_, text)| text))
        .chain(may.into_iter().map(|(_, text)| format!("[{text}]")));
    words.collect::<Vec<_>>().join(" ")
}

/// Whoever writes an entry reads there what a check may say.
#[test]
fn the_readme_of_the_catalog_lists_every_program() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("catalog/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, section) = text.split_once("## Health checks").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let listed: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let known: Vec<String> = PROGRAMS.iter().map(synopsis).collect();
    assert_eq!(listed, known);
}
