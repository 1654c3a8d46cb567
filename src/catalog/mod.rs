//! The catalog: component types, link types and hooks, as data.
//!
//! Entries go in from the binary and from `--catalog` folders; typed definitions come out. Knows
//! nothing of a stack. A mistake in an entry is a fault with an `E_CATALOG_…` code.

mod attribute;
mod component_type;
mod hook_type;
mod link_type;
pub mod pattern;
mod secret;
mod store;

use std::path::PathBuf;
use std::rc::Rc;

use anyhow::ensure;

use crate::fault::Code;

pub use attribute::{AttributeKind, AttributeType};
pub use component_type::{
    Area, ChartSource, ComponentType, EndpointSpec, FileSpec, FolderSpec, GatewayAuth, GatewaySpec, GitSource, Install,
    MetricsSpec, MonitorKind, NetworkSpec, OperatorSource, PortSpec, Protocol, SubComponentType,
};
pub use hook_type::{HookOutput, HookType};
pub use link_type::{Access, EnumSource, EnvKey, Family, Grants, LinkFile, LinkType, Target};
pub use secret::{SecretKey, SecretSpec, Side};
pub use store::Entry;
use store::Store;

/// All entries, decoded on demand.
pub struct Catalog {
    component_types: Store<ComponentType>,
    link_types: Store<LinkType>,
    hooks: Store<HookType>,
}

/// Open the embedded catalog with `overlays` in front.
///
/// # Errors
/// A folder that cannot be read.
pub fn load(overlays: &[PathBuf]) -> anyhow::Result<Catalog> {
    for overlay in overlays {
        ensure!(
            overlay.is_dir(),
            Code::E_CATALOG_FOLDER.fault(format!("`{}` is not a folder", overlay.display()))
        );
        let known = ["catalog", "link-types", "hooks"]
            .iter()
            .any(|folder| overlay.join(folder).is_dir());
        ensure!(
            known,
            Code::E_CATALOG_FOLDER.fault(format!(
                "`{}` holds none of `catalog/`, `link-types/` and `hooks/`",
                overlay.display()
            ))
        );
    }
    Ok(Catalog {
        component_types: Store::load(store::component_types(), overlays, "catalog", "component.yaml")?,
        link_types: Store::load(store::link_types(), overlays, "link-types", "link.yaml")?,
        hooks: Store::load(store::hooks(), overlays, "hooks", "hook.yaml")?,
    })
}

impl Catalog {
    /// Names of all component types, sorted.
    #[must_use]
    pub fn type_names(&self) -> Vec<&str> {
        self.component_types.names().collect()
    }

    /// Names of all link type folders, sorted.
    #[must_use]
    pub fn link_folders(&self) -> Vec<&str> {
        self.link_types.names().collect()
    }

    /// Names of all hooks, sorted.
    #[must_use]
    pub fn hook_names(&self) -> Vec<&str> {
        self.hooks.names().collect()
    }

    /// The component type `name`.
    ///
    /// # Errors
    /// The entry is broken.
    pub fn component_type(&self, name: &str) -> anyhow::Result<Option<Rc<Entry<ComponentType>>>> {
        self.component_types.get(name)
    }

    /// The link type in folder `name`.
    ///
    /// # Errors
    /// The entry is broken.
    pub fn link_type(&self, name: &str) -> anyhow::Result<Option<Rc<Entry<LinkType>>>> {
        self.link_types.get(name)
    }

    /// Link types that begin at a component of type `from`.
    ///
    /// # Errors
    /// An entry is broken.
    pub fn link_types_from(&self, from: &str) -> anyhow::Result<Vec<Rc<Entry<LinkType>>>> {
        let prefix = format!("{from}-");
        let mut found = Vec::new();
        for folder in self.link_types.names().filter(|folder| folder.starts_with(&prefix)) {
            if let Some(entry) = self.link_types.get(folder)?
                && entry.definition.from == from
            {
                found.push(entry);
            }
        }
        Ok(found)
    }

    /// The hook `name`.
    ///
    /// # Errors
    /// The entry is broken.
    pub fn hook(&self, name: &str) -> anyhow::Result<Option<Rc<Entry<HookType>>>> {
        self.hooks.get(name)
    }
}

impl ComponentType {
    /// Whether the type belongs to a family of link targets.
    #[must_use]
    pub fn is_in(&self, family: Family) -> bool {
        match family {
            Family::Metrics => self.metrics.is_some(),
            Family::Http => self
                .gateway
                .as_ref()
                .is_some_and(|gateway| gateway.auth == GatewayAuth::None),
            Family::Deployed => true,
            Family::Checked => !self.endpoints.is_empty() && !self.health.is_empty(),
        }
    }
}

impl LinkType {
    /// Whether a link of this type may end at `component_type`.
    #[must_use]
    pub fn reaches(&self, component_type: &ComponentType) -> bool {
        match &self.to {
            Target::Type(name) => *name == component_type.name,
            Target::Family { family } => component_type.is_in(*family),
        }
    }

    /// The name of the pair: `prometheus-*` to kafka is `prometheus-kafka`.
    #[must_use]
    pub fn name_to(&self, to: &str) -> String {
        self.name.replace('*', to)
    }
}
