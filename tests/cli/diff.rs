//! Two topologies, from files and from git revisions: what differs, who is touched, and what is told of a name that leads nowhere.

use std::process::Command;

use serde_json::Value as Json;

use crate::assert_said;
use crate::builder::{LINKED, LOKI, Project, lines_with};
use crate::support;

/// A folder in which the stack file was committed as `main`.
fn committed(stack: &str) -> Project {
    let project = Project::new(stack);
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project);
    project
}

fn commit(project: &Project) {
    git(project, &["add", "-A"]);
    let who = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "commit.gpgsign=false",
    ];
    git(project, &[&who[..], &["commit", "-q", "-m", "x"]].concat());
}

fn git(project: &Project, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(project.path()).env_clear();
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    let run = support::run(command);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

/// What lies in the folder, but for what git keeps.
fn there(project: &Project) -> Vec<String> {
    let files = support::files(project.path()).into_keys();
    files.filter(|path| !path.starts_with(".git/")).collect()
}

/// A stack of two readers and a writer.
const SHOP: &str = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  api: {type: fastapi, attributes: {image: registry.example.com/api:1.0.0}}
  cnpg:
    type: cnpg
    sub_components:
      app_db: {type: database}
  fastmcp: {type: fastmcp}
  loki: {type: loki}
links:
  - {from: api, to: cnpg/app_db, access: own}
  - {from: fastmcp, to: api}
  - {from: fastmcp, to: cnpg}
  - {from: fastmcp, to: loki}
";

#[test]
fn a_link_that_goes_is_told_by_access_then_by_its_line_then_by_files() {
    let project = committed(LINKED);
    project.write("stack.yaml", &LINKED[..LINKED.find("links:").unwrap()]);
    let run = project.run("diff --from main");
    assert_eq!((run.code, run.stderr.as_str()), (2, ""));
    let first: Vec<&str> = run.stdout.lines().take(4).collect();
    assert!(first[0].starts_with("- fastmcp → loki: "), "{first:?}");
    let link = run.stdout.lines().find(|line| line.starts_with("- link")).unwrap();
    assert!(
        link.starts_with("- link fastmcp → loki removed (read): 5 tool files, 3 keys, 1 edge"),
        "{link}"
    );
    assert!(
        run.stdout.find("- link").unwrap() < run.stdout.find("~ Deployment mcp/fastmcp").unwrap(),
        "{}",
        run.stdout
    );
    let last = run.stdout.lines().last().unwrap();
    assert!(last.contains(" update, ") && last.contains(" delete"), "{last}");
    // Nothing was written, and the revision is the default.
    assert_eq!(there(&project), ["stack.yaml"]);
    assert_eq!(project.run("diff").stdout, run.stdout);
    // The other way round, what is lost is gained.
    let run = project.run("diff --from stack.yaml --to main --tree counts --fail-on read-gain");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stdout.starts_with("+ fastmcp → loki: "), "{}", run.stdout);
    assert_eq!(
        run.stderr.lines().next(),
        Some("error: an AI would gain more than `--fail-on` lets it")
    );
}

#[test]
fn the_same_topology_is_no_difference() {
    let project = committed(LINKED);
    project.write("other.yaml", format!("# a comment\n{LINKED}"));
    for arguments in [
        "diff",
        "diff --from other.yaml",
        "diff --from other.yaml --to main:stack.yaml",
    ] {
        let run = project.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{arguments}: {}", run.stderr);
        assert!(run.stderr.ends_with("` do not differ\n"), "{arguments}: {}", run.stderr);
        let run = project.run(&arguments.replace("diff", "impact"));
        assert_eq!(run.code, 0, "{arguments}: {}", run.stderr);
        assert_eq!(
            run.stdout,
            "nothing differs\n\nno consumer, AI tool or account is touched\n"
        );
    }
    let report: Json = serde_json::from_str(&project.run("diff -o json").stdout).unwrap();
    assert_eq!(
        (report["topology"].as_array().unwrap().len(), &report["diff"]),
        (0, &Json::from(""))
    );
}

#[test]
fn every_kind_of_difference_is_one_line() {
    let project = Project::new(SHOP).file("old.yaml", SHOP);
    let stack = SHOP
        .replace("domain: shop.example.com", "domain: shop.example.org\nenvironments: {dev: {}, prod: {components: {cnpg: {attributes: {storage: 50Gi}}}}}")
        .replace("  loki: {type: loki}", "  logs: {type: loki}\n  valkey: {type: valkey, attributes: {key_prefixes: \"a:\"}}")
        .replace("to: loki", "to: logs")
        .replace("    sub_components:", "    attributes: {storage: 20Gi}\n    sub_components:\n      hr: {type: database}")
        .replace("access: own", "access: write");
    project.write("stack.yaml", stack);
    let run = project.run("diff --from old.yaml --tree counts");
    assert_eq!(run.code, 2, "{}", run.stderr);
    let told = run
        .stdout
        .split("\n\n")
        .find(|part| part.contains("~ stack: "))
        .unwrap();
    assert_said!(told, @"
    ~ stack: domain shop.example.com → shop.example.org
    + environment dev added: profile dev
    + environment prod added: profile dev
    ~ component cnpg: storage 10Gi → 20Gi
    ~ component cnpg in prod: storage 10Gi → 50Gi
    > component loki is now logs
    + component valkey added: type valkey, key_prefixes a:
    + database cnpg/hr added
    ~ link api → cnpg/app_db: access own → write
    ");
    let report: Json = serde_json::from_str(&project.run("diff --from old.yaml -o json").stdout).unwrap();
    let renamed = report["topology"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["change"] == "renamed")
        .unwrap();
    assert_eq!(
        (&renamed["was"], &renamed["name"], &renamed["what"]),
        (&"loki".into(), &"logs".into(), &"component".into())
    );
    assert_eq!(
        (&report["from"]["name"], &report["from"]["commit"]),
        (&"old.yaml".into(), &Json::Null)
    );
}

#[test]
fn every_form_tells_the_same_lines() {
    let project = committed(SHOP);
    project.write("stack.yaml", SHOP.replace("access: own", "access: write"));
    let line = "link api → cnpg/app_db: access own → write";
    for (form, rule) in [
        ("md", "**What was written otherwise**"),
        ("github", "title=TOPOLOGY_CHANGED"),
        ("gitlab", "TOPOLOGY_CHANGED"),
        ("sarif", "TOPOLOGY_CHANGED"),
        ("junit", "TOPOLOGY_CHANGED"),
    ] {
        let run = project.run(&format!("diff -o {form}"));
        assert_eq!((run.code, run.stderr.as_str()), (2, ""), "{form}");
        assert!(run.stdout.contains(line), "{form}: {}", run.stdout);
        assert!(run.stdout.contains(rule), "{form}: {}", run.stdout);
        let run = project.run(&format!("impact -o {form}"));
        assert_eq!((run.code, run.stderr.as_str()), (2, ""), "{form}");
        assert!(run.stdout.contains("api → cnpg/app_db"), "{form}: {}", run.stdout);
    }
}

#[test]
fn who_is_touched_by_a_change() {
    let project = committed(SHOP);
    project.write(
        "stack.yaml",
        SHOP.replace(
            "    sub_components:",
            "    attributes: {storage: 20Gi}\n    sub_components:",
        ),
    );
    let run = project.run("impact --from main");
    assert_eq!((run.code, run.stderr.as_str()), (2, ""));
    assert_said!(run.stdout, @"
    ~ component cnpg: storage 10Gi → 20Gi

    consumers: 2
      api → cnpg/app_db
      fastmcp → cnpg
    AI tools: 1
      fastmcp: 8 tools of cnpg reach what changes: cnpg_activity, cnpg_describe_table, cnpg_explain, cnpg_health, cnpg_list_databases, cnpg_list_tables, cnpg_query, cnpg_table_stats
    accounts: 2
      app_db at cnpg (own, of api) is at what changes
      mcp_ro_fastmcp_cnpg at cnpg (read, of fastmcp) is at what changes
    ");
    let report: Json = serde_json::from_str(&project.run("impact -o json").stdout).unwrap();
    assert_eq!(
        (&report["touched"], &report["servers"][0]["server"]),
        (&true.into(), &"fastmcp".into())
    );
    assert_eq!(report["servers"][0]["tools"][0]["how"], "reached");
    assert_eq!(
        report["consumers"][0]["path"],
        serde_json::json!(["api", "cnpg/app_db"])
    );
    assert_eq!(report["from"]["commit"].as_str().unwrap().len(), 40);
}

#[test]
fn what_nobody_reaches_touches_nobody() {
    let project = committed(LOKI);
    project.write("stack.yaml", format!("{LOKI}  kafka: {{type: kafka}}\n"));
    let run = project.run("impact");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(
        run.stdout,
        "+ component kafka added: type kafka\n\nno consumer, AI tool or account is touched\n"
    );
    // An AI that may read the logs of all may read those, too.
    project.write(
        "stack.yaml",
        LINKED.replace(
            "fastmcp: {type: fastmcp}",
            "fastmcp: {type: fastmcp}\n  kafka: {type: kafka}",
        ),
    );
    project.write("linked.yaml", LINKED);
    let run = project.run("impact --from linked.yaml");
    assert_eq!((run.code, run.stderr.as_str()), (2, ""));
    assert!(
        run.stdout.contains("tools of loki changed: loki_errors"),
        "{}",
        run.stdout
    );
}

#[test]
fn tools_come_and_go_with_a_link() {
    let project = committed(SHOP);
    project.write("stack.yaml", SHOP.replace("  - {from: fastmcp, to: loki}\n", ""));
    let run = project.run("impact");
    let told = lines_with(&run.stdout, &["tools of loki", "at loki", "fastmcp → loki"]);
    assert!(told.contains("fastmcp → loki (its link)"), "{}", run.stdout);
    assert!(told.contains(" tools of loki lost: loki_"), "{}", run.stdout);
    let report: Json = serde_json::from_str(&project.run("impact -o json").stdout).unwrap();
    let tools = report["servers"][0]["tools"].as_array().unwrap();
    assert!(
        tools
            .iter()
            .all(|tool| tool["how"] == "lost" && tool["reaches"][0] == "loki"),
        "{tools:?}"
    );
}

#[test]
fn a_name_that_leads_nowhere_says_why() {
    let project = committed(LINKED).file("sub/other.yaml", LINKED);
    let told = |arguments: &str| {
        let run = project.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{arguments}");
        run.stderr
            .replace(project.path().canonicalize().unwrap().to_str().unwrap(), "[FOLDER]")
    };
    let all: Vec<String> = [
        "diff --from nosuch",
        "diff --from nosuch.yaml --to stack.yaml",
        "diff --from=--output=x",
        "diff --from=",
        "diff --from :stack.yaml",
        "diff --from main:nosuch.yaml",
        "diff --from main:../stack.yaml",
        "diff --from sub",
        "diff sub/other.yaml",
        "diff nosuch/stack.yaml",
        "diff - --from main",
        "diff --from - --to -",
    ]
    .iter()
    .map(|arguments| told(arguments))
    .collect();
    assert_said!(all.concat(), @"
    error: there is no file `nosuch` and no revision `nosuch` in the repository `[FOLDER]`
    error: there is no file `nosuch.yaml` and no revision `nosuch.yaml` in the repository `[FOLDER]`
    error: `--from --output=x` is neither a file nor a revision: no revision begins with `-`, and a file is written `./--output=x`
    error: `--from` names nothing: write a file, or a git revision such as `main`
    error: `--from :stack.yaml` names no revision in front of the `:`; write `HEAD:stack.yaml`
    error: `nosuch.yaml` is not in the revision `main`; write `main:PATH` for a file of another name, from the top of the repository
    error: `../stack.yaml` lies outside of the repository `[FOLDER]`
    error: `--from sub` is a folder: name the stack file in it
    error: `sub/other.yaml` is not in the revision `HEAD`; write `HEAD:PATH` for a file of another name, from the top of the repository
    error: there is no folder `nosuch`, so there is no repository to ask
    error: standard input has no history: name the stack file, or write `--from main:PATH`
    error: standard input can be read once: name a file or a revision for one of the two
    ");
    let run = project.run("diff --from --output=x");
    assert_eq!(run.code, 64, "{}", run.stderr);
}

#[test]
fn without_a_repository_or_git_it_is_said() {
    let project = Project::new(LINKED);
    let run = project.run("diff");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(
        run.stderr
            .starts_with("error: there is no file `HEAD`, and this folder is in no git repository"),
        "{}",
        run.stderr
    );
    let mut command = support::program(project.path());
    command.args(["diff", "--from", "main"]).env("PATH", project.path());
    let run = support::run(command);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert_eq!(
        run.stderr,
        "error: `git` is not on PATH, so no revision can be read: install it, or name a file\n"
    );
    // Files need none.
    let mut command = support::program(project.path());
    command
        .args(["diff", "--from", "stack.yaml"])
        .env("PATH", project.path());
    assert_eq!(support::run(command).code, 0);
}

#[test]
fn an_older_stack_that_is_not_good_is_told_by_its_name() {
    let project = committed(&LINKED.replace("type: loki", "type: lokki"));
    project.write("stack.yaml", LINKED);
    let run = project.run("diff");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("the catalog has no type `lokki`"), "{}", run.stderr);
    assert!(run.stderr.contains("--> HEAD:stack.yaml:"), "{}", run.stderr);
}

#[test]
fn a_stack_below_the_top_is_found_from_anywhere() {
    let project = committed(LINKED).file("stacks/shop.yaml", LINKED);
    commit(&project);
    project.write(
        "stacks/shop.yaml",
        LINKED.replace("domain: shop.example.com", "domain: shop.example.org"),
    );
    let line = "~ stack: domain shop.example.com → shop.example.org";
    for arguments in [
        "diff stacks/shop.yaml",
        "diff stacks/shop.yaml --from HEAD:./shop.yaml",
        "diff stacks/shop.yaml --from HEAD:stacks/shop.yaml",
        "diff --from stack.yaml --to stacks/shop.yaml",
    ] {
        let run = project.run(arguments);
        assert_eq!(run.code, 2, "{arguments}: {}", run.stderr);
        assert!(run.stdout.contains(line), "{arguments}: {}", run.stdout);
    }
    // A hook of git's says where the repository is; the stack file says it better.
    let run = project.run_as(
        "diff stacks/shop.yaml",
        &[("GIT_DIR", ".git"), ("GIT_INDEX_FILE", ".git/index")],
    );
    assert_eq!(run.code, 2, "{}", run.stderr);
    let run = project.run_with("diff --from main:stacks/shop.yaml --to -", LINKED);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn metadata_of_another_stack_is_that_of_the_revision() {
    let other = SHOP.replace("name: shop", "name: data");
    let project = Project::new(LINKED).file("data/stack.yaml", &other);
    assert_eq!(project.run("gen data/stack.yaml").code, 0);
    let own = "\
apiVersion: stacktic.io/v1
kind: Stack
name: shop
domain: shop.example.com
components:
  api: {type: fastapi, attributes: {image: registry.example.com/api:1.0.0}}
  cnpg: {type: cnpg, external: {metadata: data/out/stack-metadata.json, host: db.example.com}}
links:
  - {from: api, to: cnpg/app_db, access: write}
";
    project.write("stack.yaml", own);
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project);
    // The database goes there, and here the link goes with it.
    let gone = other
        .replace("      app_db: {type: database}", "      hr: {type: database}")
        .replace("app_db", "hr");
    project.write("data/stack.yaml", gone);
    assert_eq!(project.run("gen data/stack.yaml").code, 0);
    project.write("stack.yaml", own.replace("app_db", "hr"));
    let run = project.run("diff --tree counts");
    assert_eq!((run.code, run.stderr.as_str()), (2, ""));
    assert!(
        run.stdout.contains("> database cnpg/app_db is now cnpg/hr\n\n"),
        "{}",
        run.stdout
    );
    // What the revision does not have is read from the disk, and said.
    project.write(".gitignore", "data/\n");
    git(&project, &["rm", "-q", "-r", "--cached", "data"]);
    commit(&project);
    let run = project.run("diff --tree counts");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr
            .contains("note: the metadata `data/out/stack-metadata.json` is not in `HEAD:stack.yaml`"),
        "{}",
        run.stderr
    );
}
