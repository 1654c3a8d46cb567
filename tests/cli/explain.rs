//! `stacktic explain`: what is said of codes is so, and the rest comes from the catalog.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use stacktic::report::{self, Example, Family, Page};

use crate::assert_said;
use crate::builder::{LOKI, Project};
use crate::support::Run;

/// What queries and checks on pages are asked of.
const ASKED: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  cnpg: {type: cnpg, sub_components: {app_db: {type: database, attributes: {username: app_user}}}}
  loki: {type: loki}
  warehouse: {type: clickhouse, external: {stack: data, host: clickhouse.data.example.com}}
";

/// Codes whose examples nothing here can run: requests to a running agent, calls of tools, and a stack of thousands of databases.
fn is_told_only(page: &Page) -> bool {
    let codes = report::codes();
    let by_server_alone = codes[page.code] == [Family::Server];
    by_server_alone || ["E_AUTH", "E_METHOD", "E_OUTPUT_SIZE", "E_PATH"].contains(&page.code)
}

fn json(run: &Run) -> Json {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr))
}

/// The texts under `key`, anywhere.
fn texts(value: &Json, key: &str, found: &mut BTreeSet<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        Json::Object(fields) => {
            found.extend(fields.get(key).and_then(Json::as_str).map(str::to_owned));
            fields.values().for_each(|value| texts(value, key, found));
        }
        _ => {}
    }
}

/// The codes that the program says to an example.
fn said(page: &Page, examples: &[Example]) -> BTreeSet<String> {
    let project = Project::new(ASKED);
    let (mut found, mut before) = (BTreeSet::new(), None);
    for example in examples {
        match example.kind.split(' ').collect::<Vec<_>>().as_slice() {
            [_, "query"] => {
                let run = project.run_with("query -q -", example.text);
                let error = json(&run)["error"]["code"].as_str().map(str::to_owned);
                assert_eq!(run.code == 0, error.is_none(), "{}: {}", page.code, run.stderr);
                found.extend(error);
            }
            [_, "before", _] => before = Some(example.text),
            [_, path] => project.write(&format!("example/{path}"), example.text),
            _ => panic!("{}: `{}` is no kind of example", page.code, example.kind),
        }
    }
    let (run, key) = match report::codes()[page.code].as_slice() {
        [Family::Stack] => (project.run("check example/stack.yaml -o json"), "code"),
        [Family::Catalog | Family::Output] => (project.run("catalog check example -o json"), "code"),
        [Family::Preview] => {
            if let Some(before) = before {
                project.write("before.yaml", before);
                assert_eq!(project.run("gen before.yaml --out example/out").code, 0);
            }
            (project.run("gen example/stack.yaml --dry-run -o gitlab"), "check_name")
        }
        _ => return found,
    };
    texts(&json(&run), key, &mut found);
    found
}

/// Problems of one page; examples that are the same are run once.
fn problems(page: &Page, seen: &mut BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let mut of = |examples: &[Example]| {
        let family = &report::codes()[page.code];
        let key = format!("{family:?} {examples:?}");
        seen.entry(key).or_insert_with(|| said(page, examples)).clone()
    };
    let (bad, good) = (of(&page.bad), of(&page.good));
    let is_preview = report::codes()[page.code] == [Family::Preview];
    // What an AI gains has several lines, of which the page is about one.
    let is_bad = bad.contains(page.code) && (is_preview || bad.len() == 1);
    let is_good = !good.contains(page.code) && (is_preview || good.is_empty());
    (!is_bad || !is_good).then(|| format!("{}: bad {bad:?}, good {good:?}", page.code))
}

/// The bad example of a page has its code and no other, the good one has none.
#[test]
fn examples_are_as_bad_and_as_good_as_pages_say() {
    let pages: Vec<Page> = report::pages().into_iter().filter(|page| !is_told_only(page)).collect();
    assert!(pages.len() > 60, "{}", pages.len());
    let wrong: Vec<String> = std::thread::scope(|scope| {
        // Entries of the catalog share good examples, so that each kind stays together.
        let (catalog, others): (Vec<&Page>, Vec<&Page>) =
            pages.iter().partition(|page| page.code.starts_with("E_CATALOG"));
        let runs = [catalog, others].map(|pages| {
            scope.spawn(move || {
                let mut seen = BTreeMap::new();
                pages
                    .into_iter()
                    .filter_map(|page| problems(page, &mut seen))
                    .collect::<Vec<_>>()
            })
        });
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Calls on pages are calls of tools that there are, with arguments that they take.
#[test]
fn calls_on_pages_could_be_made() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("link-types/pairs");
    let mut tools = BTreeMap::new();
    for pair in std::fs::read_dir(root).unwrap() {
        let Ok(text) = std::fs::read_to_string(pair.unwrap().path().join("tools.json")) else {
            continue;
        };
        let described: Json = serde_json::from_str(&text).unwrap();
        for tool in described["tools"].as_array().unwrap() {
            let schema = &tool["input_schema"];
            tools.insert(tool["name"].as_str().unwrap().to_owned(), schema.clone());
        }
    }
    let mut seen = 0;
    for page in report::pages() {
        for example in page
            .bad
            .iter()
            .chain(&page.good)
            .filter(|example| example.kind.ends_with(" call"))
        {
            let call: Json = serde_json::from_str(example.text).unwrap();
            let schema = &tools[call["tool"].as_str().unwrap()];
            let given = call["arguments"].as_object().unwrap();
            let wrong = given
                .keys()
                .find(|name| schema["properties"].get(name.as_str()).is_none());
            assert_eq!(wrong, None, "{}: {}", page.code, example.text);
            let required = schema["required"].as_array().into_iter().flatten();
            assert!(
                required
                    .into_iter()
                    .all(|name| given.contains_key(name.as_str().unwrap())),
                "{}",
                page.code
            );
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn the_index_has_every_code_once_for_each_who_says_it() {
    let run = Project::new(LOKI).run("explain");
    assert_eq!(run.code, 0);
    for (code, families) in report::codes() {
        let lines = run
            .stdout
            .lines()
            .filter(|line| line.split_whitespace().next() == Some(code));
        assert_eq!(lines.count(), families.len(), "{code}");
    }
    let data = json(&Project::new(LOKI).run("explain -o json"));
    assert_eq!(data["codes"].as_array().unwrap().len(), report::codes().len());
}

#[test]
fn a_code() {
    assert_said!(Project::new(LOKI).said("explain e_topology_namespace"), @r"
    exit code: 0
    ----- stdout -----
    E_TOPOLOGY_NAMESPACE: A stack may not use the namespace.

    `default` and all that begin with `kube-` are the cluster's own: what a stack puts there would mix with what others look after.

    Bad
      stack.yaml
        apiVersion: stacktic.io/v1
        kind: Stack
        name: shop
        domain: shop.example.com
        components:
          loki: {type: loki, namespace: kube-system}

    Good
      stack.yaml
        apiVersion: stacktic.io/v1
        kind: Stack
        name: shop
        domain: shop.example.com
        components:
          loki: {type: loki, namespace: monitoring}

    Said by: Stack files
    ----- stderr -----
    ");
}

#[test]
fn words_that_nothing_has() {
    let project = Project::new(LOKI);
    for (words, error, hint) in [
        (
            "valky",
            "`valky` is no component type, interface, link type or code",
            "did you mean `valkey`?",
        ),
        (
            "e_topology_lnik",
            "`e_topology_lnik` is no",
            "did you mean `E_TOPOLOGY_LINK`?",
        ),
        ("fastmcp-lokii", "`fastmcp-lokii` is no", "did you mean `fastmcp-loki`?"),
        (
            "fastmcp lokii",
            "the catalog has no type `lokii`",
            "did you mean `loki`?",
        ),
        (
            "fastmcp apisix",
            "no link type joins `fastmcp` to `apisix`",
            "`stacktic explain apisix fastmcp`",
        ),
        ("zzzzzz", "`zzzzzz` is no", "`stacktic catalog ls`"),
    ] {
        let run = project.run(&format!("explain {words}"));
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{words}");
        assert!(
            run.stderr.contains(error) && run.stderr.contains(hint),
            "{words}: {}",
            run.stderr
        );
    }
    assert_eq!(project.run("explain a b c").code, 64);
}

/// A type with all that links of it give and take, and an interface of the same name beside it.
#[test]
fn a_type_and_an_interface() {
    let project = Project::new(LOKI);
    let said = project.run("explain valkey").stdout;
    for part in [
        "type valkey: ",
        "\nAttributes\n",
        "\nProvides\n  redis ",
        "\nConsumes\n  tls ",
        "\nLinks to it\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let data = json(&project.run("explain valkey -o json"));
    let of = &data["explained"][0];
    assert_eq!(
        (&of["kind"], &of["provides"][0]["interface"]),
        (&"type".into(), &"redis".into())
    );
    assert!(of["attributes"].as_array().unwrap().iter().all(|one| one["help"] != ""));
    assert!(
        of["links_to"]
            .as_array()
            .unwrap()
            .iter()
            .any(|link| link["type"] == "fastmcp-valkey")
    );
    let data = json(&project.run("explain redis -o json"));
    assert_eq!(data["explained"][0]["kind"], "interface");
    assert!(
        data["explained"][0]["provided_by"]
            .as_array()
            .unwrap()
            .contains(&"valkey".into())
    );
}

/// Both ways to write a pair say the same: what the smallest stack has with the link alone, at each level.
#[test]
fn a_pair_at_each_of_its_levels() {
    let project = Project::new(LOKI);
    let data = json(&project.run("explain fastmcp valkey -o json"));
    assert_eq!(data, json(&project.run("explain fastmcp-valkey -o json")));
    let levels = &data["explained"][0]["by_level"];
    let names = |level: &str, what: &str, key: &str| {
        let mut found = BTreeSet::new();
        texts(&levels[level][what], key, &mut found);
        found
    };
    let (read, write) = (names("read", "tools", "name"), names("write", "tools", "name"));
    assert!(read.contains("valkey_get") && !read.contains("valkey_set"), "{read:?}");
    assert!(write.contains("valkey_set") && write.is_superset(&read), "{write:?}");
    assert!(names("read", "keys", "key").contains("MCP_VALKEY_PASSWORD"));
    assert_eq!(names("read", "network", "to"), BTreeSet::from(["provider".to_owned()]));
    assert_eq!(levels["read"]["accounts"][0]["access"], "read");
    assert_ne!(
        levels["read"]["accounts"][0]["grants"],
        levels["write"]["accounts"][0]["grants"]
    );
    let said = project.run("explain fastmcp valkey").stdout;
    assert!(
        said.contains("\nAt level write, ") && said.contains("    valkey_set "),
        "{said}"
    );
}
