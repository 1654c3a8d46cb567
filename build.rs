//! Embed `catalog/`, `link-types/` and `hooks/` in the binary: each entry's YAML as JSON, so that a
//! run decodes only the entries that its stack uses, and each file beside it as it is, with its
//! SHA-256. The tools that entries describe become constants with their hashes.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a build that cannot go on stops with the reason; it reads and writes where cargo says"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest as _, Sha256};

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the build needs only a part of the module of the library"
)]
#[path = "src/yaml/read.rs"]
mod yaml;

#[path = "src/catalog/presets.rs"]
mod presets;

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the build needs only a part of the module of the library"
)]
#[path = "src/catalog/tools/definition.rs"]
mod definition;

#[expect(unreachable_pub, reason = "it is a part of a module of the library")]
#[path = "src/name/digest.rs"]
mod name;

use definition::{Contract, Hashed, Input, Limits, SearchTool, Tool};
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
    blueprints(&mut code, &root.join("blueprints"));
    let mut pages = String::new();
    self::pages(&mut pages, &root.join("docs/codes"));
    for file in [
        "yaml/read.rs",
        "yaml/scalar.rs",
        "catalog/presets.rs",
        "catalog/tools/definition.rs",
        "name/digest.rs",
    ] {
        println!("cargo:rerun-if-changed=src/{file}");
    }
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets the output folder"));
    fs::write(out.join("embedded.rs"), code).expect("the output folder takes files");
    fs::write(out.join("pages.rs"), pages).expect("the output folder takes files");
    fs::write(out.join("tools.rs"), tools(&root)).expect("the output folder takes files");
}

/// Write down stack files to start from, as they are.
fn blueprints(code: &mut String, folder: &Path) {
    println!("cargo:rerun-if-changed=blueprints");
    code.push_str("pub(super) static BLUEPRINTS: &[(&str, &str)] = &[");
    for path in entries(folder, ".yaml") {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("names are ASCII");
        write!(code, "({name:?}, include_str!({path:?})),").expect("a string takes text");
    }
    code.push_str("];\n");
}

/// Write down the pages of codes, as they are.
fn pages(code: &mut String, folder: &Path) {
    println!("cargo:rerun-if-changed=docs/codes");
    code.push_str("pub(super) static PAGES: &[(&str, &str)] = &[");
    for path in entries(folder, ".md") {
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.expect("codes are ASCII");
        write!(code, "({name:?}, include_str!({path:?})),").expect("a string takes text");
    }
    code.push_str("];\n");
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
    write!(
        code,
        "Embedded {{ name: {name:?}, json: {json:?}, yaml: include_str!({path:?}), files: &["
    )
    .expect("a string takes text");
    let beside = if is_extension(file) {
        Vec::new()
    } else {
        files_beside(entry, file)
    };
    for (relative, file) in beside {
        let bytes = fs::read(&file).expect("a file of an entry is readable");
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        let constant = format!("Constant {{ bytes: include_bytes!({file:?}), sha256: {sha256:?} }}");
        write!(code, "({relative:?}, {constant}),").expect("a string takes text");
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

/// The tools that entries describe and the contracts of MCP servers, by the folder of the entry, as constants.
fn tools(root: &Path) -> String {
    let tools = constants(root, "link-types", "tools.json", |bytes| {
        let tools = definition::parse_tools(bytes)?;
        Ok(format!("&[{}]", tools.iter().map(tool).collect::<String>()))
    });
    let contracts = constants(root, "catalog", "contract.json", |bytes| {
        Ok(format!("&{}", contract(&definition::parse_contract(bytes)?)))
    });
    let modules = modules(&root.join("catalog"), root);
    format!(
        "static TOOLS: &[(&str, &[Tool])] = &[{tools}];\nstatic CONTRACTS: &[(&str, &Contract)] = &[{contracts}];\nstatic MODULES: &[(&str, &str, &str)] = &[{modules}];\n"
    )
}

/// `("folder", constant),` for each file of that name, sorted by folder.
fn constants(root: &Path, below: &str, name: &str, constant: impl Fn(&[u8]) -> serde_json::Result<String>) -> String {
    let mut found: Vec<(String, String)> = walkdir::WalkDir::new(root.join(below))
        .into_iter()
        .filter_map(Result::ok)
        .filter(|item| item.file_type().is_file() && item.file_name() == name)
        .map(|item| {
            let bytes = fs::read(item.path()).expect("a file of an entry is readable");
            let constant = constant(&bytes).unwrap_or_else(|error| panic!("{}: {error}", item.path().display()));
            (folder(item.path(), root), constant)
        })
        .collect();
    found.sort();
    found
        .iter()
        .map(|(folder, constant)| format!("({folder:?}, {constant}),\n"))
        .collect()
}

/// `("folder", "file", "hash"),` for each Python file, sorted.
fn modules(below: &Path, root: &Path) -> String {
    let is_module = |path: &Path| path.extension().is_some_and(|extension| extension == "py");
    let paths = walkdir::WalkDir::new(below)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path);
    let mut found: Vec<(String, String, String)> = paths
        .filter(|path| is_module(path))
        .map(|path| {
            let bytes = fs::read(&path).expect("a file of an entry is readable");
            let file = path.file_name().expect("a file has a name").to_string_lossy();
            (folder(&path, root), file.into_owned(), name::sha256_hex(&bytes))
        })
        .collect();
    found.sort();
    found.iter().map(|item| format!("{item:?},\n")).collect()
}

/// The folder of a file, from the root.
fn folder(path: &Path, root: &Path) -> String {
    let folder = path.parent().and_then(|folder| folder.strip_prefix(root).ok());
    folder
        .expect("a file lies in a folder below the root")
        .to_string_lossy()
        .replace('\\', "/")
}

fn tool(tool: &Tool) -> String {
    let Limits {
        timeout_ms,
        result_bytes,
        text_bytes,
    } = tool.limits;
    let input = match &tool.input {
        Input::Fixed(schema) => format!("Input::Fixed({})", hashed(schema)),
        Input::Open(schema) => format!("Input::Open({})", text(schema)),
    };
    let data = tool
        .data
        .as_ref()
        .map_or("None".to_owned(), |schema| format!("Some({})", text(schema)));
    format!(
        "Tool {{ name: {}, class: Class::{:?}, destructive: {}, limits: Limits {{ timeout_ms: {timeout_ms}, \
         result_bytes: {result_bytes}, text_bytes: {text_bytes} }}, instance_argument: {}, title: {}, description: {}, \
         input: {input}, data: {data} }},",
        text(&tool.name),
        tool.class,
        tool.destructive,
        text(&tool.instance_argument),
        hashed(&tool.title),
        hashed(&tool.description),
    )
}

fn contract(contract: &Contract) -> String {
    format!(
        "Contract {{ envelope: {}, instance: {}, limits: {}, list_ttl_ms: {}, search: Cow::Borrowed(&[{}]), identity: {} }}",
        hashed(&contract.envelope),
        text(&contract.instance),
        text(&contract.limits),
        contract.list_ttl_ms,
        contract.search.iter().map(search_tool).collect::<String>(),
        text(&contract.identity)
    )
}

fn search_tool(tool: &SearchTool) -> String {
    format!(
        "SearchTool {{ name: {}, calls: {}, title: {}, description: {}, input: {}, output: {} }},",
        text(&tool.name),
        tool.calls,
        hashed(&tool.title),
        hashed(&tool.description),
        hashed(&tool.input),
        hashed(&tool.output)
    )
}

fn hashed(hashed: &Hashed) -> String {
    let (shown, sha256) = (text(hashed.text()), text(hashed.sha256()));
    format!("Hashed {{ text: {shown}, sha256: {sha256} }}")
}

fn text(text: &str) -> String {
    format!("Cow::Borrowed({text:?})")
}
