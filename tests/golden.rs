//! Golden cases: each folder of `tests/golden/` is a test; see its README for what a folder holds.
//!
//! In: stack files, and edits of the output. Out: what the program said and wrote, compared byte for
//! byte. It must not know what any case is about. `UPDATE_GOLDEN=1` rewrites, `GOLDEN_CASE=word` picks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test ends where its ground fails, and starts, writes and deletes by itself"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use support::{Files, Run};

/// Text that stands for a secret in stack files; the program must never say it.
const SECRET: &str = "never-to-be-shown";

#[test]
fn golden_cases() {
    let wanted = std::env::var("GOLDEN_CASE").unwrap_or_default();
    let cases: Vec<PathBuf> = cases()
        .into_iter()
        .filter(|case| name(case).contains(&wanted))
        .collect();
    assert!(!cases.is_empty(), "no case is named like `{wanted}`");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let (left, right) = cases.split_at(cases.len() / 2);
    let check_all = |cases: &[PathBuf]| cases.iter().flat_map(|case| check(case, update)).collect::<Vec<_>>();
    let failures = std::thread::scope(|scope| {
        let other = scope.spawn(|| check_all(right));
        let mut failures = check_all(left);
        failures.extend(other.join().expect("a failing case does not panic"));
        failures
    });
    assert!(
        failures.is_empty(),
        "{}\n`UPDATE_GOLDEN=1 cargo test --test golden` rewrites, then read the diff",
        failures.join("\n")
    );
}

/// Every code of a finding is shown by a case.
#[test]
fn every_code_has_a_case() {
    let source = include_str!("../src/finding.rs");
    let words = source.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let codes: BTreeSet<&str> = words.filter(|word| word.starts_with("E_TOPOLOGY_")).collect();
    assert!(codes.len() >= 12, "{codes:?}");
    let said: String = cases()
        .iter()
        .filter_map(|case| fs::read_to_string(case.join("expected.txt")).ok())
        .collect();
    let silent: Vec<&&str> = codes
        .iter()
        .filter(|code| !said.contains(&format!("error[{code}]")))
        .collect();
    assert!(silent.is_empty(), "no case shows {silent:?}");
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = fs::read_dir(root).expect("the cases are there");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

fn name(case: &Path) -> &str {
    case.file_name().and_then(|name| name.to_str()).expect("ASCII names")
}

/// Caps that no file in the repository should have to reach.
#[test]
fn limits_of_size_and_count() {
    let head = "apiVersion: stacktic.io/v1\nkind: Stack\nname: shop\ndomain: shop.example.com\ncomponents:\n";
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let link = |_| "  - {from: a, to: b}\n".to_owned();
    for (text, message) in [
        (
            lines(10_001, &|number| format!("  c{number}: {{type: loki}}\n")),
            "10001 components; a stack has at most 10000",
        ),
        (
            format!(
                "  a: {{type: loki}}\nlinks:\n{}",
                lines(50_001, &link).replace(", ", ",")
            ),
            "50001 links; a stack has at most 50000",
        ),
        (
            format!(
                "{}environments:\n{}",
                lines(1001, &|number| format!("  c{number}: {{type: loki}}\n")),
                lines(30, &|number| format!("  e{number}: {{}}\n"))
            ),
            "1001 components in 30 environments make 30030 overlays; a stack has at most 30000",
        ),
        (
            format!("# {}\n", "x".repeat(1024 * 1024)),
            "the file is larger than 1 MB",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        support::write_file(&folder.path().join("stack.yaml"), format!("{head}{text}"));
        let run = generate(&Files::new(), folder.path());
        let first = run.stderr.lines().next().unwrap_or_default();
        assert_eq!(
            (run.code, first),
            (1, format!("error[E_TOPOLOGY_LIMIT]: {message}").as_str())
        );
        assert!(!folder.path().join("out").exists());
    }
}

/// The place of the first byte that is not UTF-8 is told; here, because files of cases are text.
#[test]
fn not_utf8() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    support::write_file(&folder.path().join("stack.yaml"), b"kind: Stack\nname: caf\xe9\n");
    let run = generate(&Files::new(), folder.path());
    let expected = "error[E_TOPOLOGY_YAML]: the file is not UTF-8 text\n --> stack.yaml:2:10\n";
    assert_eq!(
        (run.code, run.stderr.starts_with(expected)),
        (1, true),
        "{}",
        run.stderr
    );
}

/// What is wrong with a case.
fn check(case: &Path, update: bool) -> Vec<String> {
    let input: Files = support::files(case)
        .into_iter()
        .filter(|(path, _)| !is_expected(path))
        .collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    support::write(folder.path(), &input);
    let out = folder.path().join("out");
    let (actual, mut failures) = if name(case).starts_with("err_") {
        bad_input(&input, folder.path(), &out)
    } else if input.contains_key("before.yaml") || input.contains_key("edits.txt") {
        steps(&input, folder.path(), &out)
    } else {
        tree(&input, folder.path(), &out)
    };
    if update {
        rewrite(case, &actual);
    } else {
        let expected = support::files(case)
            .into_iter()
            .filter(|(path, _)| is_expected(path))
            .collect();
        failures.extend(differences(&expected, &actual));
    }
    failures
        .into_iter()
        .map(|failure| format!("== {}: {failure}", name(case)))
        .collect()
}

fn is_expected(path: &str) -> bool {
    path == "expected.txt" || path.starts_with("expected/")
}

/// Bad input: the findings, and not one file written.
fn bad_input(input: &Files, folder: &Path, out: &Path) -> (Files, Vec<String>) {
    let run = generate(input, folder);
    let mut failures = Vec::new();
    if run.code != 1 || out.exists() {
        failures.push(format!(
            "bad input ends with 1 and writes nothing, not with {}\n{}",
            run.code, run.stderr
        ));
    }
    let mut json = support::program(folder);
    let json = support::run({
        json.args(["check", "-o", "json"]);
        json
    });
    for text in [&run.stdout, &run.stderr, &json.stdout, &json.stderr] {
        if text.contains(SECRET) {
            failures.push(format!("a secret is shown:\n{text}"));
        }
    }
    (
        Files::from([("expected.txt".to_owned(), transcript(input, &run).into_bytes())]),
        failures,
    )
}

/// Good input: the list of files, the access that it gives, and the contents that `only.txt` names.
fn tree(input: &Files, folder: &Path, out: &Path) -> (Files, Vec<String>) {
    let run = generate(input, folder);
    if run.code != 0 {
        return (Files::new(), vec![format!("ended with {}\n{}", run.code, run.stderr)]);
    }
    let written = support::files(out);
    let mut actual = named(input, &written);
    let (list, failures) = locked(&written);
    actual.insert("expected/files.txt".to_owned(), list.into_bytes());
    let access: String = run
        .stderr
        .lines()
        .take_while(|line| line.starts_with(['+', '-']))
        .map(|line| format!("{line}\n"))
        .collect();
    actual.insert("expected/access.txt".to_owned(), access.into_bytes());
    (actual, failures)
}

/// Steps: `before.yaml` is generated, the output is edited, `stack.yaml` is generated.
fn steps(input: &Files, folder: &Path, out: &Path) -> (Files, Vec<String>) {
    if input.contains_key("before.yaml") {
        let mut first = support::program(folder);
        first.args(["gen", "before.yaml"]);
        let first = support::run(first);
        assert_eq!(first.code, 0, "{}", first.stderr);
    }
    edit(input, out);
    let before = support::files(out);
    let run = generate(input, folder);
    let after = support::files(out);
    let mut text = transcript(input, &run);
    text.push_str("----- files -----\n");
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for path in paths {
        match (before.get(path), after.get(path)) {
            (Some(_), None) => text.push_str(&format!("- {path}\n")),
            (None, Some(_)) => text.push_str(&format!("+ {path}\n")),
            (before, after) if before != after => text.push_str(&format!("~ {path}\n")),
            _ => {}
        }
    }
    let mut actual = named(input, &after);
    actual.insert("expected.txt".to_owned(), text.into_bytes());
    (actual, Vec::new())
}

/// `append|write|replace|copy PATH: TEXT` and `delete PATH`, one a line.
fn edit(input: &Files, out: &Path) {
    let Some(edits) = input.get("edits.txt") else { return };
    for line in std::str::from_utf8(edits)
        .expect("UTF-8")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let (verb, rest) = line.split_once(' ').expect("a verb and a path");
        let (path, text) = rest.split_once(": ").unwrap_or((rest, ""));
        let path = out.join(path);
        let old = || fs::read_to_string(&path).expect("the edited file is there");
        match verb {
            "append" => support::write_file(&path, old() + text + "\n"),
            "write" => support::write_file(&path, format!("{text}\n")),
            "copy" => support::write_file(&path, &input[text]),
            "delete" => fs::remove_file(&path).expect("the deleted file is there"),
            "replace" => {
                let (from, to) = text.split_once(" => ").expect("OLD => NEW");
                assert!(old().contains(from), "{line}");
                support::write_file(&path, old().replace(from, to));
            }
            _ => panic!("no such edit: {line}"),
        }
    }
}

fn generate(input: &Files, folder: &Path) -> Run {
    let mut command = support::program(folder);
    command.arg("gen").args(arguments(input));
    support::run(command)
}

fn arguments(input: &Files) -> Vec<String> {
    let text = input
        .get("args.txt")
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

fn transcript(input: &Files, run: &Run) -> String {
    let mut command = vec!["stacktic".to_owned(), "gen".to_owned()];
    command.extend(arguments(input));
    let mut text = format!("$ {}\nexit code: {}\n", command.join(" "), run.code);
    for (title, said) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        if !said.is_empty() {
            text.push_str(&format!("----- {title} -----\n{}", support::without_counts(said)));
        }
    }
    text
}

/// The files that `only.txt` names by patterns in which `*` stands for anything.
fn named(input: &Files, written: &Files) -> Files {
    let patterns = input
        .get("only.txt")
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .unwrap_or_default();
    let mut found = Files::new();
    for pattern in patterns.lines().filter(|line| !line.is_empty()) {
        let matching: Vec<_> = written.iter().filter(|(path, _)| matches(pattern, path)).collect();
        assert!(!matching.is_empty(), "only.txt: no file is `{pattern}`");
        found.extend(
            matching
                .into_iter()
                .map(|(path, bytes)| (format!("expected/{path}"), bytes.clone())),
        );
    }
    found
}

fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((head, tail)) => path
            .strip_prefix(head)
            .is_some_and(|rest| (0..=rest.len()).any(|start| matches(tail, &rest[start..]))),
    }
}

/// `class path` of every file, from the lock; what is on the disk and what is locked are the same.
fn locked(written: &Files) -> (String, Vec<String>) {
    let lock: serde_json::Value = serde_json::from_slice(&written[".stacktic/lock.json"]).expect("the lock is JSON");
    let entries = lock["files"].as_object().expect("the lock lists files");
    let on_disk: BTreeSet<&str> = written
        .keys()
        .map(String::as_str)
        .filter(|path| *path != ".stacktic/lock.json")
        .collect();
    let in_lock: BTreeSet<&str> = entries.keys().map(String::as_str).collect();
    let odd: Vec<_> = on_disk
        .symmetric_difference(&in_lock)
        .map(|path| format!("`{path}` is on the disk or in the lock, not both"))
        .collect();
    let line = |path: &&str| format!("{} {path}\n", entries[*path]["class"].as_str().unwrap_or("?"));
    (in_lock.iter().map(line).collect(), odd)
}

fn differences(expected: &Files, actual: &Files) -> Vec<String> {
    let paths: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
    let one = |path: &&String| match (expected.get(*path), actual.get(*path)) {
        (Some(expected), Some(actual)) if expected == actual => None,
        (Some(expected), Some(actual)) => Some(format!("{path}\n{}", support::difference(expected, actual))),
        (Some(_), None) => Some(format!("{path} is expected and not made")),
        (None, _) => Some(format!("{path} is made and not expected")),
    };
    paths.iter().filter_map(one).collect()
}

fn rewrite(case: &Path, actual: &Files) {
    if case.join("expected").exists() {
        fs::remove_dir_all(case.join("expected")).expect("the folder goes");
    }
    if case.join("expected.txt").exists() {
        fs::remove_file(case.join("expected.txt")).expect("the file goes");
    }
    support::write(case, actual);
}
