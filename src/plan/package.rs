//! The Python package of a component: one flat folder in the output, folders again in the pod.
//!
//! A key of a ConfigMap has no folders, so the names of the files are unique, and a volume gives each file its place.
//! Parts of the type go in, and the tool files of its links; files and their places come out.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::{Value as Json, json};

use super::{Plan, PlannedFile, Source, base_folder};
use crate::catalog::PackageSpec;
use crate::contents::Contents;
use crate::fault::{Code, Work};
use crate::name::ComponentName;
use crate::stack::{Component, Link, Stack};
use crate::tree::Class;

/// Folder of a component's base that holds the files.
const FOLDER: &str = "files";

/// Where the files of a component's package lie.
pub type Package = BTreeMap<String, Placed>;

/// Where a file lies, by its name below the component's base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Name of the ConfigMap that holds it, one for each folder of the package.
    pub map: String,
    /// Its path in the pod, below the folder that the package is imported from.
    pub path: String,
}

pub(super) fn plan(plan: &mut Plan, stack: &Stack) -> anyhow::Result<()> {
    for component in stack.deployed() {
        if let Some(spec) = &component.entry.definition.package {
            self::component(plan, component, spec).with_context(|| Work::of("component", component.name.as_str()))?;
        }
    }
    for link in &stack.links {
        self::link(plan, stack, link).with_context(|| Work::of("link", link.arrow()))?;
    }
    Ok(())
}

/// Where the files of one component's package lie.
///
/// # Errors
/// A mistake in the catalog.
pub fn package_of(stack: &Stack, component: &Component) -> anyhow::Result<Package> {
    let mut plan = Plan::default();
    self::plan(&mut plan, stack)?;
    Ok(plan.packages.remove(&component.name).unwrap_or_default())
}

/// The package of a component as templates see it: what to run, and for each folder a ConfigMap with the places of its keys.
pub(super) fn view(plan: &Plan, component: &Component) -> Json {
    let Some(spec) = &component.entry.definition.package else {
        return Json::Null;
    };
    let mut maps: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    for (file, placed) in plan.packages.get(&component.name).into_iter().flatten() {
        let key = file.rsplit('/').next();
        let item = json!({ "key": key, "path": placed.path });
        maps.entry(&placed.map).or_default().push(item);
    }
    let maps = maps
        .into_iter()
        .map(|(name, files)| json!({ "name": name, "files": files }));
    json!({ "program": spec.program(), "maps": maps.collect::<Vec<_>>() })
}

fn component(plan: &mut Plan, component: &Component, spec: &PackageSpec) -> anyhow::Result<()> {
    for part in &spec.parts {
        for place in component.entry.folder(&format!("{}/{part}", spec.folder))? {
            let why = format!("component {}, file {place}", component.name);
            insert(plan, &component.name, &place, part, why, component.entry.file(&place)?)?;
        }
    }
    Ok(())
}

/// A tool file exists once, however many links bring it.
fn link(plan: &mut Plan, stack: &Stack, link: &Link) -> anyhow::Result<()> {
    let Some(tools) = link.kind.tools.as_deref() else {
        return Ok(());
    };
    let files = tools.definition.tool_files()?;
    let server = stack.component(&link.from);
    if files.is_empty() || !server.is_deployed() {
        return Ok(());
    }
    let package = &server.entry.package()?.folder;
    for file in files {
        let folder = file.folder();
        let content = tools.tool_file(&server.entry, file)?;
        let why = format!("pair {}, file {}", tools.name(), file.name);
        insert(
            plan,
            &link.from,
            &format!("{package}/{folder}/{}", file.name),
            &folder,
            why,
            content,
        )?;
    }
    Ok(())
}

fn insert(
    plan: &mut Plan,
    component: &ComponentName,
    path: &str,
    folder: &str,
    why: String,
    content: Contents,
) -> anyhow::Result<()> {
    let name = format!("{FOLDER}/{}", path.rsplit('/').next().unwrap_or_default());
    let placed = Placed {
        map: format!("{component}-{}", folder.replace(['/', '_'], "-")),
        path: path.to_owned(),
    };
    let output = format!("{}/{name}", base_folder(component));
    if let Some(first) = plan.files.get(output.as_str()) {
        let is_same = matches!(&first.source, Source::Copy(bytes) if *bytes == content);
        let package = plan.packages.get(component);
        ensure!(
            is_same && package.and_then(|package| package.get(&name)) == Some(&placed),
            Code::E_CATALOG_TOOLS.fault(format!(
                "`{output}` would be two files: {} and {why}; names are unique in the whole package",
                first.why
            ))
        );
        return Ok(());
    }
    let planned = PlannedFile {
        class: Class::Owned,
        why,
        source: Source::Copy(content),
        resource: false,
    };
    plan.insert(&output, planned)?;
    plan.packages.entry(component.clone()).or_default().insert(name, placed);
    Ok(())
}
