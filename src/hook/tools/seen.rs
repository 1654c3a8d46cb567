//! Locks of tools as they lie on disk: of this version, or of an older one that an upgrade finds.
//!
//! Bytes go in, what can be compared comes out. What an old document does not say is absent, never guessed.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use crate::catalog::Level;

/// The document of a stack.
#[derive(Clone, Debug, Deserialize)]
pub struct SeenLock {
    pub envelope: Option<Json>,
    pub servers: BTreeMap<String, SeenServer>,
    /// Links of each agent, where the document says them.
    pub agents: Option<BTreeMap<String, Vec<SeenHold>>>,
}

/// No document: there is no server and no agent.
impl Default for SeenLock {
    fn default() -> Self {
        Self {
            envelope: None,
            servers: BTreeMap::new(),
            agents: Some(BTreeMap::new()),
        }
    }
}

/// What is said of one server: in the stack's document, or in the server's own.
#[derive(Clone, Debug, Deserialize)]
pub struct SeenServer {
    pub limits: Option<Json>,
    /// Who calls it, where the document says so.
    pub callers: Option<Vec<SeenHold>>,
    pub links: Vec<SeenLink>,
    pub tools: Vec<SeenTool>,
}

/// A link that brings no tools: of an agent, or of who calls a server.
#[derive(Clone, Debug, Deserialize)]
pub struct SeenHold {
    pub component: String,
    pub sub_component: Option<String>,
    #[serde(rename = "link")]
    pub link_type: String,
    pub access: Level,
    #[serde(default)]
    pub publishes: bool,
    pub principal: Option<String>,
    pub credential_keys: Vec<String>,
}

/// A link that brings tools.
#[derive(Clone, Debug, Deserialize)]
pub struct SeenLink {
    pub component: String,
    pub sub_component: Option<String>,
    pub write_access: bool,
    #[serde(default, deserialize_with = "level")]
    access: Option<Level>,
    #[serde(default)]
    pub grants: Json,
    #[serde(default)]
    pub scope: BTreeMap<String, Vec<String>>,
    pub credential_keys: Vec<String>,
}

/// A tool; only the stack's document has its texts, since version 2.
#[derive(Clone, Debug, Deserialize)]
pub struct SeenTool {
    pub name: String,
    pub class: String,
    /// Components that it reaches.
    pub link: Vec<String>,
    pub description_sha256: String,
    pub input_sha256: String,
    pub output_sha256: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub input_schema: Option<Json>,
    pub data_schema: Option<Json>,
    pub limits: Option<Json>,
}

impl SeenServer {
    /// A server that is not there.
    #[must_use]
    pub fn none() -> Self {
        Self {
            limits: None,
            callers: Some(Vec::new()),
            links: Vec::new(),
            tools: Vec::new(),
        }
    }
}

impl SeenHold {
    /// Its other end: `cnpg` or `cnpg/app_db`.
    #[must_use]
    pub fn end(&self) -> String {
        end(&self.component, self.sub_component.as_deref())
    }
}

impl SeenLink {
    /// What it ends at: `cnpg` or `cnpg/app_db`.
    #[must_use]
    pub fn end(&self) -> String {
        end(&self.component, self.sub_component.as_deref())
    }

    /// What its account may do, where the document says so.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        self.access.or(self.write_access.then_some(Level::Write))
    }
}

fn end(component: &str, sub: Option<&str>) -> String {
    sub.map_or_else(|| component.to_owned(), |sub| format!("{component}/{sub}"))
}

/// Version 1 had other words beside those of the levels, and none before that.
fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Level>, D::Error> {
    let word = Json::deserialize(deserializer)?;
    Ok(match word.as_str() {
        Some("read and write") => Some(Level::Write),
        _ => serde_json::from_value(word).ok(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn levels_of_every_version() {
        for (access, write_access, expected) in [
            (json!("read"), false, Some(Level::Read)),
            (json!("write"), true, Some(Level::Write)),
            (json!("read and write"), true, Some(Level::Write)),
            (json!("own"), false, Some(Level::Own)),
            (json!(""), true, Some(Level::Write)),
            (json!(""), false, None),
            (json!(null), false, None),
        ] {
            let link = json!({"component": "a", "link": "b-a", "write_access": write_access, "access": access, "credential_keys": []});
            let link: SeenLink = serde_json::from_value(link).unwrap();
            assert_eq!(link.level(), expected, "{access}");
        }
    }
}
