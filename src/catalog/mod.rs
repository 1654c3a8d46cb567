//! The catalog: component types, link types and hooks, as data.
//!
//! Entries go in from the binary and from `--catalog` folders; typed definitions come out. Knows
//! nothing of a stack. A mistake in an entry is a fault with an `E_CATALOG_…` code.

mod attribute;
mod component_type;
mod convention;
pub mod derived;
mod forms;
mod hook_type;
mod interface;
mod job;
mod link_kind;
mod package;
mod pair;
pub mod pattern;
mod presets;
mod provision;
mod secret;
pub mod selection;
mod slot;
mod store;
pub mod tools;
mod workload;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context as _, ensure};

use crate::fault::Code;
use crate::finding::suggestion;

pub use crate::level::Level;
pub use attribute::{AttributeKind, AttributeType};
pub use component_type::{
    Area, ChartSource, ComponentType, EndpointSpec, FileSpec, FolderSpec, ForEach, GitSource, Install, MetricsSpec,
    MonitorKind, NetworkSpec, OpenPort, OperatorSource, PortSpec, Protocol, Role, SubComponentType,
};
pub use convention::{Convention, Keys};
pub use hook_type::{Each, HookOutput, HookType};
pub use interface::{FactSpec, Interface};
pub use job::{Job, JobSetting, JobStep};
pub use link_kind::LinkKind;
pub use package::{PackageSpec, ToolFile};
pub use pair::{LinkFile, Pair};
pub use provision::{AccountSecret, AccountSpec, HttpAuth, KeySource, Per, Provision, ScopeSource};
pub use secret::{SecretKey, SecretSpec, Side};
pub use slot::{DeliveredSecret, KeyValue, Slot, SlotBody};
pub use store::Entry;
use store::Store;
pub use workload::{Amount, EnvSetting, FolderPath, FolderSource, Probe, ProjectedFolder, Workload};

/// All entries, decoded on demand.
pub struct Catalog {
    component_types: Store<ComponentType>,
    interfaces: Store<Interface>,
    conventions: Store<Convention>,
    pairs: Store<Pair>,
    hooks: Store<HookType>,
    /// Link types that were asked for, by the names of the two types.
    kinds: RefCell<BTreeMap<(String, String), Kinds>>,
    shared: Entry<()>,
}

/// Link types between two types, in the order in which they are meant.
pub type Kinds = Rc<[Rc<LinkKind>]>;

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
    for overlay in overlays {
        ensure_known_folders(&overlay.join("link-types"))?;
    }
    let presets = store::presets(overlays)?;
    Ok(Catalog {
        component_types: Store::load(store::component_types(), overlays, "catalog", "component.yaml")?
            .with_presets(presets),
        interfaces: Store::load(store::interfaces(), overlays, "link-types/interfaces", ".yaml")?,
        conventions: Store::load(store::conventions(), overlays, "link-types/conventions", ".yaml")?,
        pairs: Store::load(store::pairs(), overlays, "link-types/pairs", "pair.yaml")?,
        hooks: Store::load(store::hooks(), overlays, "hooks", "hook.yaml")?,
        kinds: RefCell::default(),
        shared: store::shared(),
    })
}

/// What all that is known of links lies in.
const OF_LINKS: [&str; 3] = ["conventions", "interfaces", "pairs"];

/// An entry in a folder that nobody reads would be ignored without a word.
fn ensure_known_folders(link_types: &std::path::Path) -> anyhow::Result<()> {
    let items = walkdir::WalkDir::new(link_types)
        .min_depth(1)
        .max_depth(1)
        .sort_by_file_name();
    for item in items
        .into_iter()
        .filter_map(Result::ok)
        .filter(|item| item.file_type().is_dir())
    {
        let name = item.file_name().to_string_lossy();
        ensure!(
            OF_LINKS.contains(&name.as_ref()),
            Code::E_CATALOG_FOLDER.fault(format!(
                "`{}` is none of `{}`; what a pair of types has of its own is `link-types/pairs/<from>-<to>/pair.yaml`",
                item.path().display(),
                OF_LINKS.join("`, `")
            ))
        );
    }
    Ok(())
}

impl Catalog {
    /// Names of all component types, sorted.
    #[must_use]
    pub fn type_names(&self) -> Vec<&str> {
        self.component_types.names().collect()
    }

    /// Names of all interfaces, sorted.
    #[must_use]
    pub fn interface_names(&self) -> Vec<&str> {
        self.interfaces.names().collect()
    }

    /// Names of all conventions, sorted.
    #[must_use]
    pub fn convention_names(&self) -> Vec<&str> {
        self.conventions.names().collect()
    }

    /// Names of all pairs, sorted.
    #[must_use]
    pub fn pair_names(&self) -> Vec<&str> {
        self.pairs.names().collect()
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

    /// The interface `name`.
    ///
    /// # Errors
    /// The entry is broken.
    pub fn interface(&self, name: &str) -> anyhow::Result<Option<Rc<Entry<Interface>>>> {
        self.interfaces.get(name)
    }

    /// An interface that an entry names.
    fn known_interface(&self, name: &str) -> anyhow::Result<Rc<Entry<Interface>>> {
        let known: Vec<&str> = self.interfaces.names().collect();
        self.interfaces.get(name)?.with_context(|| {
            let hint = suggestion(name, &known).unwrap_or_default();
            Code::E_CATALOG_LINK.fault(format!("there is no interface `{name}`; {hint}"))
        })
    }

    /// The convention `name`.
    ///
    /// # Errors
    /// The entry is broken.
    pub fn convention(&self, name: &str) -> anyhow::Result<Option<Rc<Entry<Convention>>>> {
        self.conventions.get(name)
    }

    /// The pair `name`.
    ///
    /// # Errors
    /// The entry is broken.
    pub fn pair(&self, name: &str) -> anyhow::Result<Option<Rc<Entry<Pair>>>> {
        self.pairs.get(name)
    }

    /// Pairs that begin at the type `from`, sorted by name.
    ///
    /// # Errors
    /// An entry is broken.
    pub fn pairs_from(&self, from: &str) -> anyhow::Result<Vec<Rc<Entry<Pair>>>> {
        let prefix = format!("{from}-");
        let mut found = Vec::new();
        for name in self.pairs.names().filter(|name| name.starts_with(&prefix)) {
            found.extend(self.pairs.get(name)?.filter(|pair| pair.definition.from == from));
        }
        Ok(found)
    }

    /// All link types between two types, in the order in which they are meant.
    ///
    /// # Errors
    /// An entry is broken.
    pub fn link_kinds(&self, from: &ComponentType, to: &ComponentType) -> anyhow::Result<Kinds> {
        let key = (from.name.clone(), to.name.clone());
        if let Some(known) = self.kinds.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let kinds: Kinds = link_kind::between(self, from, to)?.into_iter().map(Rc::new).collect();
        self.kinds.borrow_mut().insert(key, Rc::clone(&kinds));
        Ok(kinds)
    }

    /// Templates that entries share: `catalog/_shared/`.
    #[must_use]
    pub fn shared(&self) -> &Entry<()> {
        &self.shared
    }

    /// The hook `name`.
    ///
    /// # Errors
    /// The entry is broken.
    pub fn hook(&self, name: &str) -> anyhow::Result<Option<Rc<Entry<HookType>>>> {
        self.hooks.get(name)
    }
}
