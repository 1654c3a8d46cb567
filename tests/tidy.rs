//! House rules that no lint knows: arrows between modules, file sizes, headers, forbidden words.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Modules in the order of reading; a module may use only those before it.
const ORDER: [&str; 30] = [
    "rel_path", "contents", "name", "level", "profile", "clients", "layout", "yaml", "fault", "finding", "topology",
    "catalog", "stack", "metadata", "view", "graph", "hook", "agent", "tree", "plan", "secrets", "render", "disk",
    "verify", "report", "dev", "exit", "cli", "settings", "command",
];

/// Longest file, in lines before its tests.
const MAX_LINES: usize = 400;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files below `folder` with one of the extensions, sorted.
fn files(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(root().join(folder))
        .into_iter()
        .filter_entry(|item| item.file_name() != "__pycache__")
        .map(|item| item.unwrap().into_path())
        .filter(|path| {
            path.extension()
                .is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
        })
        .collect();
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn module_of(path: &Path) -> String {
    let relative = path.strip_prefix(root().join("src")).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn arrows_point_up_the_list() {
    let mut wrong = Vec::new();
    for path in files("src", &["rs"]) {
        let module = module_of(&path);
        let Some(own) = ORDER.iter().position(|name| *name == module) else {
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for used in line.split("crate::").skip(1) {
                let used: String = used
                    .chars()
                    .take_while(|next| next.is_ascii_alphanumeric() || *next == '_')
                    .collect();
                if ORDER
                    .iter()
                    .position(|name| *name == used)
                    .is_some_and(|position| position > own)
                {
                    wrong.push(format!("{}:{}: `{module}` uses `{used}`", shown(&path), number + 1));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that point down the list:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_module_has_its_place() {
    let mut modules: Vec<String> = files("src", &["rs"])
        .iter()
        .map(|path| module_of(path))
        .filter(|name| name != "lib" && name != "main")
        .collect();
    modules.dedup();
    let mut known: Vec<&str> = ORDER.to_vec();
    known.sort_unstable();
    assert_eq!(modules, known);
}

#[test]
fn files_are_small_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for path in files("src", &["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        if !text.starts_with("//!") {
            wrong.push(format!("{}: begins without `//!`", shown(&path)));
        }
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines > MAX_LINES {
            wrong.push(format!("{}: {lines} lines before its tests", shown(&path)));
        }
    }
    for path in files("catalog", &["py"]) {
        let text = fs::read_to_string(&path).unwrap();
        if !text.starts_with("\"\"\"") {
            wrong.push(format!("{}: begins without a docstring", shown(&path)));
        }
        if text.lines().count() > MAX_LINES {
            wrong.push(format!("{}: {} lines", shown(&path), text.lines().count()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_undone() {
    let words = ["TO", "FIX", "XX"].map(|half| {
        format!(
            "{half}{}",
            if half == "TO" {
                "DO"
            } else if half == "FIX" {
                "ME"
            } else {
                "X"
            }
        )
    });
    let mut wrong = Vec::new();
    for folder in ["src", "catalog", "link-types", "hooks", "tests", "scripts"] {
        for path in files(folder, &["rs", "py", "yaml", "j2", "md"]) {
            let text = fs::read_to_string(&path).unwrap();
            if words.iter().any(|word| text.contains(word.as_str())) {
                wrong.push(shown(&path));
            }
        }
    }
    assert!(wrong.is_empty(), "left undone: {}", wrong.join(", "));
}

#[test]
fn main_is_short() {
    let text = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(
        text.lines().count() < 35,
        "main.rs parses, runs and prints the error; the rest belongs into `command`"
    );
}
