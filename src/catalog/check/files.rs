//! Rule: files that an entry names lie beside it, files that lie beside it are named, and paths stay in their folder.

use std::collections::BTreeSet;

use super::Held;
use super::patterns::pattern;
use crate::catalog::folders::WHOLE;
use crate::catalog::{ComponentType, FileArea, FileSpec, ForEach, HookType, PackageSpec, Pair};
use crate::fault::Code::E_CATALOG_FILE;
use crate::finding::{Finding, suggestion};
use crate::name::RelPath;

/// The definitions of a link type's tools, which its modules bring along.
pub(super) const TOOLS: &str = "tools.json";

/// The steps of the prompts that modules bring, where they bring any.
const PROMPTS: &str = "prompts.json";

/// What the tools of a server share.
const CONTRACT: &str = "contract.json";

/// The files beside an entry, and those that something named.
struct Beside {
    files: Vec<String>,
    named: BTreeSet<String>,
}

impl Beside {
    fn of<T>(held: &mut Held<'_, T>) -> Option<Self> {
        match held.entry.files() {
            Ok(files) => Some(Self {
                files: files.into_iter().filter(|name| is_content(name)).collect(),
                named: BTreeSet::new(),
            }),
            Err(error) => {
                held.blame(
                    E_CATALOG_FILE,
                    &[],
                    format!("the files beside the entry: {error:#}"),
                    "make them readable",
                );
                None
            }
        }
    }

    /// A file that the value at `path` names.
    fn needs<T>(&mut self, held: &mut Held<'_, T>, path: &[&str], name: &str) {
        if !self.files.iter().any(|file| file == name) {
            let known: Vec<&str> = self.files.iter().map(String::as_str).collect();
            let hint = suggestion(name, &known).unwrap_or_else(|| "no file lies beside the entry".to_owned());
            held.blame(
                E_CATALOG_FILE,
                path,
                format!("there is no file `{name}` beside the entry"),
                hint,
            );
        }
        self.named.insert(name.to_owned());
    }

    /// A folder that the value at `path` names.
    fn needs_folder<T>(&mut self, held: &mut Held<'_, T>, path: &[&str], name: &str) {
        let inside = format!("{name}/");
        let found: Vec<String> = self
            .files
            .iter()
            .filter(|file| file.starts_with(&inside))
            .cloned()
            .collect();
        if found.is_empty() {
            let fact = format!("there is no file in a folder `{name}` beside the entry");
            held.blame(E_CATALOG_FILE, path, fact, "add the folder, or remove this");
        }
        self.named.extend(found);
    }

    /// Files that a reader would believe to do something.
    fn blame_others<T>(self, held: &mut Held<'_, T>, where_to: &str) {
        let typo: Vec<String> = self
            .named
            .iter()
            .filter(|name| !self.files.contains(name))
            .cloned()
            .collect();
        for file in self.files.iter().filter(|file| !self.named.contains(*file)) {
            // The other half of a slip of the pen is told where the name is wrong.
            if typo
                .iter()
                .any(|name| crate::name::nearest(name, [file.as_str()]).is_some())
            {
                continue;
            }
            let finding = Finding::new(E_CATALOG_FILE, WHOLE, "nothing names this file");
            held.blame_beside(file, "", finding.hint(format!("name it in {where_to}, or remove it")));
        }
    }
}

/// Files that are for people alone: what the build leaves out of the binary, too.
fn is_content(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    let is_definition = matches!(name, "component.yaml" | "pair.yaml" | "hook.yaml");
    !is_definition && file != "README.md" && !file.starts_with('.')
}

pub(super) fn component_type(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let Some(mut beside) = Beside::of(held) else { return };
    for (position, file) in definition.files.iter().enumerate() {
        if let Some(template) = &file.template {
            beside.needs(held, &["files", &position.to_string(), "template"], template);
        }
    }
    for (position, folder) in definition.folders.iter().enumerate() {
        beside.needs_folder(held, &["folders", &position.to_string(), "from"], &folder.from);
    }
    for (path, values) in definition.install.values() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        beside.needs(held, &path, values);
    }
    if let Some(package) = &definition.package {
        self::package(held, &mut beside, package);
    }
    beside.blame_others(held, "`files`, `folders`, `package` or `install`");
    places(held, definition);
}

/// A package and what its tools share.
fn package(held: &mut Held<'_, ComponentType>, beside: &mut Beside, package: &PackageSpec) {
    beside.needs_folder(held, &["package", "folder"], &package.folder);
    for (position, part) in package.parts.iter().enumerate() {
        let folder = format!("{}/{part}", package.folder);
        beside.needs_folder(held, &["package", "parts", &position.to_string()], &folder);
    }
    let main = format!("{}/{}.py", package.folder, package.main.replace('.', "/"));
    beside.needs(held, &["package", "main"], &main);
    beside.needs(held, &["package"], CONTRACT);
}

/// Where files of a component go.
fn places(held: &mut Held<'_, ComponentType>, definition: &ComponentType) {
    let mut seen = BTreeSet::new();
    let subs: Vec<&str> = definition.sub_components.keys().map(String::as_str).collect();
    for (position, file) in definition.files.iter().enumerate() {
        let number = position.to_string();
        let path = ["files", &number, "path"];
        let fact = match RelPath::parse(&file.path.replace(['{', '}'], "")) {
            Err(rule) => Some((rule, "write a path below the component's folder")),
            Ok(_) if !seen.insert((file.area, &file.path, format!("{:?}", file.for_each))) => Some((
                format!("two files have the path `{}`", file.path),
                "give one of them another name",
            )),
            Ok(_) if is_one_for_all(definition, file) => Some((
                "all that it is made for would write one file".to_owned(),
                "put `{sub_object}`, `{account.object}` or `{link.object}` into its path",
            )),
            Ok(_) if file.area == FileArea::Docs && !file.path.contains("{name}") => Some((
                "all components of the type would write one page".to_owned(),
                "put `{name}` into its path",
            )),
            Ok(_) if file.resource && !file.path.ends_with(".yaml") => Some((
                "kustomize lists YAML files only".to_owned(),
                "let its name end in `.yaml`",
            )),
            Ok(_) => None,
        };
        if let Some((fact, hint)) = fact {
            held.blame(E_CATALOG_FILE, &path, fact, hint);
        }
        let path = ["files", &number, "for_each"];
        match &file.for_each {
            Some(ForEach::SubComponents(sub)) => {
                held.known(E_CATALOG_FILE, &path, sub, &subs, "sub-component type");
            }
            Some(ForEach::Accounts(of)) => {
                let known: Vec<&str> = definition.provides.keys().map(String::as_str).collect();
                let path = [path.as_slice(), &["accounts"]].concat();
                held.known(
                    E_CATALOG_FILE,
                    &path,
                    &of.accounts,
                    &known,
                    "interface that it provides",
                );
            }
            // That there is such a slot is asked beside the slots.
            Some(ForEach::Links(_)) | None => {}
        }
    }
}

/// Whether what a file is made for is not told apart by its path.
fn is_one_for_all(definition: &ComponentType, file: &FileSpec) -> bool {
    match &file.for_each {
        Some(ForEach::SubComponents(_)) => !file.path.contains("{sub_object}"),
        Some(ForEach::Accounts(_)) => !file.path.contains("{account.object}"),
        Some(ForEach::Links(of)) => {
            let mut slots = definition.consumes.iter().filter(|slot| slot.name == of.links);
            !slots.all(|slot| slot.body.single) && !file.path.contains("{link.object}")
        }
        None => false,
    }
}

/// Tool files may lie in the package of the server as well, so they are looked for where that is known.
pub(super) fn pair(held: &mut Held<'_, Pair>) {
    let definition = held.definition();
    let Some(mut beside) = Beside::of(held) else { return };
    for (position, file) in definition.files.iter().enumerate() {
        let position = position.to_string();
        beside.needs(held, &["files", &position, "template"], &file.template);
        let path = ["files", &position, "path"];
        pattern(held, &path, &file.path, &["link.object", "from.name", "to.name"]);
        if let Err(rule) = RelPath::parse(&file.path.replace(['{', '}'], "")) {
            held.blame(E_CATALOG_FILE, &path, rule, "write a path below the component's folder");
        }
    }
    beside.named.extend(definition.modules().iter().cloned());
    if definition.tools.is_some() {
        beside.needs(held, &["tools"], TOOLS);
        beside.named.insert(PROMPTS.to_owned());
    }
    beside.blame_others(held, "`files` or `tools`");
}

pub(super) fn hook_type(held: &mut Held<'_, HookType>) {
    let definition = held.definition();
    let Some(mut beside) = Beside::of(held) else { return };
    for (position, output) in definition.outputs.iter().enumerate() {
        if let Some(template) = &output.template {
            beside.needs(held, &["outputs", &position.to_string(), "template"], template);
        }
    }
    beside.blame_others(held, "`outputs`");
}
