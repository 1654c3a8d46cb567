//! Embed `catalog/`, `link-types/` and `hooks/` in the binary: each entry's YAML as JSON, so that a
//! run decodes only the entries that its stack uses, and each file beside it as it is.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a build that cannot go on stops with the reason; it reads and writes where cargo says"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the build needs only a part of the module of the library"
)]
#[path = "src/yaml/read.rs"]
mod yaml;

#[path = "src/catalog/presets.rs"]
mod presets;

use presets::Presets;

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets the manifest folder"));
    let mut code = String::new();
    let shared = root.join("catalog/_shared");
    code.push_str("static SHARED: Embedded = ");
    embed(&mut code, &shared, "presets.yaml", &Presets::new());
    code.push_str(";\n");
    let presets = match json(&shared.join("presets.yaml")) {
        serde_json::Value::Object(presets) => presets,
        _ => panic!("presets are a mapping"),
    };
    for (constant, folder, file) in [
        ("COMPONENT_TYPES", "catalog", "component.yaml"),
        ("INTERFACES", "link-types/interfaces", ".yaml"),
        ("CONVENTIONS", "link-types/conventions", ".yaml"),
        ("PAIRS", "link-types/pairs", "pair.yaml"),
        ("HOOKS", "hooks", "hook.yaml"),
    ] {
        println!("cargo:rerun-if-changed={folder}");
        write!(code, "pub(super) static {constant}: &[Embedded] = &[").expect("a string takes text");
        for entry in entries(&root.join(folder), file) {
            embed(&mut code, &entry, file, &presets);
            code.push(',');
        }
        code.push_str("];\n");
    }
    println!("cargo:rerun-if-changed=src/catalog/presets.rs");
    println!("cargo:rerun-if-changed=src/yaml/read.rs");
    println!("cargo:rerun-if-changed=src/yaml/scalar.rs");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets the output folder"));
    fs::write(out.join("embedded.rs"), code).expect("the output folder takes files");
}

/// Folders that hold `file`, or the files themselves where that is an extension, sorted by name.
fn entries(folder: &Path, file: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .min_depth(1)
        .max_depth(1)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            if is_extension(file) {
                path.is_file() && has_extension(path, file)
            } else {
                path.join(file).is_file()
            }
        })
        .collect();
    found.sort();
    found
}

fn is_extension(file: &str) -> bool {
    file.starts_with('.')
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.to_str().is_some_and(|path| path.ends_with(extension))
}

/// Write down an entry with what it takes of `presets`, and the files beside it.
fn embed(code: &mut String, entry: &Path, file: &str, presets: &Presets) {
    let name = entry
        .file_name()
        .and_then(|name| name.to_str())
        .expect("entry names are ASCII");
    let (name, path) = match name.strip_suffix(file).filter(|_| is_extension(file)) {
        Some(stem) => (stem, entry.to_owned()),
        None => (name, entry.join(file)),
    };
    let json = match presets::resolve(json(&path), presets) {
        Ok(json) => json.to_string(),
        Err(error) => panic!("{}: {error}", path.display()),
    };
    write!(code, "Embedded {{ name: {name:?}, json: {json:?}, files: &[").expect("a string takes text");
    let beside = if is_extension(file) {
        Vec::new()
    } else {
        files_beside(entry, file)
    };
    for (relative, file) in beside {
        write!(code, "({relative:?}, include_bytes!({file:?})),").expect("a string takes text");
    }
    code.push_str("] }\n");
}

fn json(path: &Path) -> serde_json::Value {
    let text = fs::read_to_string(path).expect("an entry is readable");
    match yaml::parse(&text) {
        Ok(node) => node.to_json(),
        Err(problems) => panic!("{}:{}: {}", path.display(), problems[0].span.line, problems[0].message),
    }
}

fn files_beside(entry: &Path, definition: &str) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = walkdir::WalkDir::new(entry)
        .into_iter()
        .filter_entry(|item| item.file_name() != "__pycache__")
        .filter_map(Result::ok)
        .filter(|item| item.file_type().is_file())
        .map(|item| {
            let relative = item.path().strip_prefix(entry).expect("a walk stays below its root");
            (relative.to_string_lossy().replace('\\', "/"), item.path().to_owned())
        })
        .filter(|(relative, _)| relative != definition && !relative.ends_with("README.md"))
        .collect();
    found.sort();
    found
}
