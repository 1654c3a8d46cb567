//! Tools of an MCP server: what `tools.json` beside a link's entry and `contract.json` beside the server's say.
//!
//! An entry goes in, definitions with their hashes come out: made at build time for the program's own entries, here for
//! those of `--catalog`, by one function.

mod definition;
mod embedded;

use std::borrow::Cow;

use anyhow::Context as _;

use super::entry::Entry;
use crate::fault::Code;

pub(super) use embedded::module_sha256;

pub use definition::{Class, Contract, Hashed, Input, Limits, SearchTool, Tool, placeholder};

/// File beside the entry of a link that describes its tools.
const TOOLS: &str = "tools.json";
/// File beside the entry of an MCP server that describes what its tools share.
const CONTRACT: &str = "contract.json";

impl<T> Entry<T> {
    /// The tools that `tools.json` beside the entry describes, sorted by name.
    ///
    /// # Errors
    /// There is no such file, or it is not of the form that the derivation writes.
    pub fn tools(&self) -> anyhow::Result<Cow<'static, [Tool]>> {
        if let Some(tools) = self.embedded_home().and_then(embedded::tools) {
            return Ok(Cow::Borrowed(tools));
        }
        let tools = definition::parse_tools(&self.file(TOOLS)?).with_context(|| self.broken(TOOLS))?;
        Ok(Cow::Owned(tools))
    }

    /// What `contract.json` beside the entry says of all tools.
    ///
    /// # Errors
    /// There is no such file, or it is not of the form that the derivation writes.
    pub fn contract(&self) -> anyhow::Result<Cow<'static, Contract>> {
        if let Some(contract) = self.embedded_home().and_then(embedded::contract) {
            return Ok(Cow::Borrowed(contract));
        }
        let contract = definition::parse_contract(&self.file(CONTRACT)?).with_context(|| self.broken(CONTRACT))?;
        Ok(Cow::Owned(contract))
    }

    fn broken(&self, file: &str) -> anyhow::Error {
        Code::E_CATALOG_TOOLS.fault(format!("`{}`", self.place(file))).into()
    }
}
