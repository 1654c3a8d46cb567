//! What the metadata of another stack says of a component that lives there, as if it stood in the stack file.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Topology;
use super::document::SubComponentDocument;

/// A component of another stack, as that stack resolved it.
#[derive(Clone, Debug, Default)]
pub struct Described {
    pub stack: String,
    pub namespace: String,
    pub object: String,
    /// Host and port, by the names of endpoints.
    pub endpoints: BTreeMap<String, (String, u16)>,
    /// Plain values; those of secrets are never told.
    pub attributes: BTreeMap<String, Value>,
    pub sub_components: BTreeMap<String, SubComponentDocument>,
}

impl Topology {
    /// Let `component`, which is external, be as it is described; what the stack file itself says of it counts more.
    pub fn describe(&mut self, component: &str, described: Described) {
        let Some(document) = self.document.components.get_mut(component) else {
            return;
        };
        let Some(external) = &mut document.external else { return };
        external.stack.clone_from(&described.stack);
        document.namespace.get_or_insert_with(|| described.namespace.clone());
        fill(&mut document.attributes, &described.attributes);
        for (name, theirs) in &described.sub_components {
            let own = document.sub_components.entry(name.clone()).or_default();
            if own.sub_type.is_empty() {
                own.sub_type.clone_from(&theirs.sub_type);
            }
            if own.sub_type == theirs.sub_type {
                fill(&mut own.attributes, &theirs.attributes);
            }
        }
        external.described = Some(described);
    }
}

fn fill(own: &mut BTreeMap<String, Value>, theirs: &BTreeMap<String, Value>) {
    for (name, value) in theirs {
        own.entry(name.clone()).or_insert_with(|| value.clone());
    }
}
