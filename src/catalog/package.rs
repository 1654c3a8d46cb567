//! The Python package of a server: parts that all servers of a type have, and the tool files that links bring.
//!
//! Entries go in; which file lies where in the package comes out. A service's tools are `<service>_tools.py`, and what
//! that file needs is called `<service>_….py`, so the folder of a file follows from its name. Knows nothing of a stack.

use std::borrow::Cow;

use anyhow::ensure;
use schemars::JsonSchema;
use serde::Deserialize;

use super::tools::module_sha256;
use super::{ComponentType, Entry, Pair};
use crate::contents::Contents;
use crate::fault::Code;
use crate::name::sha256_hex;

/// End of the name of the file that registers a service's tools.
const REGISTERS: &str = "_tools.py";
/// Folder of the package that holds one folder for each service.
const TOOLS: &str = "tools";

/// A Python package beside an entry.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackageSpec {
    /// Folder beside the entry; the package is imported by this name.
    pub folder: String,
    /// Folders in it that every component of the type has. Tool files lie in `tools/<service>/` and come with links.
    pub parts: Vec<String>,
    /// The module in it that a pod runs: `core.server`.
    pub main: String,
}

impl PackageSpec {
    /// What Python runs as `-m`, in the folder that the package lies in.
    #[must_use]
    pub fn program(&self) -> String {
        format!("{}.{}", self.folder, self.main)
    }
}

/// A tool file: its service, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolFile<'a> {
    pub service: &'a str,
    pub name: &'a str,
}

impl ToolFile<'_> {
    /// Its folder in the package: `tools/cnpg`.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("{TOOLS}/{}", self.service)
    }
}

impl Pair {
    /// Python files that exist only with such a link; the first one registers tools.
    #[must_use]
    pub fn modules(&self) -> &[String] {
        self.tools
            .as_ref()
            .map(|tools| tools.modules.as_slice())
            .unwrap_or_default()
    }

    /// The service whose tools a link brings: `cnpg` where the first file is `cnpg_tools.py`.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        let first = self.modules().first()?;
        Some(first.strip_suffix(REGISTERS).unwrap_or(first))
    }

    /// The tool files that a link brings; the first one registers them.
    ///
    /// # Errors
    /// A name from which no place follows.
    pub fn tool_files(&self) -> anyhow::Result<Vec<ToolFile<'_>>> {
        let service = self.service().unwrap_or_default();
        let first = format!("{service}{REGISTERS}");
        for (position, name) in self.modules().iter().enumerate() {
            let begins_right = name.strip_prefix(service).is_some_and(|rest| rest.starts_with('_'));
            ensure!(
                is_module(name) && begins_right && (position > 0 || *name == first),
                Code::E_CATALOG_TOOLS.fault(format!(
                    "`{name}` of pair `{}-{}` is not called as tool files are: `<service>{REGISTERS}` first, then `<service>_….py`",
                    self.from,
                    self.to
                ))
            );
        }
        let files = self.modules().iter();
        Ok(files.map(|name| ToolFile { service, name }).collect())
    }
}

impl Entry<Pair> {
    /// A tool file: that beside the entry, or else that of the package of `server`, a type that links begin at.
    ///
    /// # Errors
    /// Neither has the file.
    pub fn tool_file(&self, server: &Entry<ComponentType>, file: ToolFile<'_>) -> anyhow::Result<Contents> {
        if self.has(file.name) {
            return self.file(file.name);
        }
        let package = server.package()?;
        let place = format!("{}/{}/{}", package.folder, file.folder(), file.name);
        ensure!(
            server.has(&place),
            Code::E_CATALOG_FILE.fault(format!(
                "the tool file `{}` lies neither at `{}` nor at `{}`",
                file.name,
                self.place(file.name),
                server.place(&place)
            ))
        );
        server.file(&place)
    }
}

impl Entry<Pair> {
    /// The hash of a tool file; of one in the program's own package it was made at build time.
    ///
    /// # Errors
    /// Nobody has the file.
    pub fn tool_file_sha256(
        &self,
        server: &Entry<ComponentType>,
        file: ToolFile<'_>,
    ) -> anyhow::Result<Cow<'static, str>> {
        let package = &server.package()?.folder;
        let home = server.embedded_home().filter(|_| !self.has(file.name));
        let known = home.and_then(|home| module_sha256(&format!("{home}/{package}/{}", file.folder()), file.name));
        match known {
            Some(known) => Ok(Cow::Borrowed(known)),
            None => Ok(Cow::Owned(sha256_hex(&self.tool_file(server, file)?))),
        }
    }
}

impl Entry<ComponentType> {
    /// The package that tool files go into.
    ///
    /// # Errors
    /// The type has none.
    pub fn package(&self) -> anyhow::Result<&PackageSpec> {
        let kind = &self.definition;
        kind.package.as_ref().ok_or_else(|| {
            let fact = format!("type `{}` has no `package` that tool files could go into", kind.name);
            Code::E_CATALOG_TOOLS.fault(fact).into()
        })
    }
}

/// Whether Python can import a file of this name, on every file system alike.
fn is_module(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let stem = name.strip_suffix(".py").unwrap_or_default();
    stem.starts_with(|first: char| first.is_ascii_lowercase()) && stem.len() <= 60 && stem.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(modules: &[&str]) -> Pair {
        let definition = serde_json::json!({ "from": "a", "to": "b", "tools": { "modules": modules } });
        serde_json::from_value(definition).unwrap()
    }

    #[test]
    fn the_folder_follows_from_the_name() {
        let tools = pair(&["argo_cd_tools.py", "argo_cd_shapes.py"]);
        let folders: Vec<String> = tools.tool_files().unwrap().iter().map(ToolFile::folder).collect();
        assert_eq!(folders, ["tools/argo_cd", "tools/argo_cd"]);
        assert_eq!(pair(&[]).tool_files().unwrap(), []);
    }

    #[test]
    fn other_names_are_refused() {
        for modules in [
            &["cnpg.py"][..],
            &["_tools.py"],
            &["cnpg_rows.py", "cnpg_tools.py"],
            &["cnpg_tools.py", "rows.py"],
            &["cnpg_tools.py", "cnpgrows.py"],
            &["cnpg_tools.py", "cnpg_../x.py"],
            &["cnpg_tools.py", "cnpg_Rows.py"],
            &["cnpg_tools.py", "cnpg_rows"],
            &["tools/cnpg_tools.py"],
        ] {
            let error = pair(modules).tool_files().unwrap_err();
            assert!(error.to_string().contains("E_CATALOG_TOOLS"), "{modules:?}: {error}");
        }
    }
}
