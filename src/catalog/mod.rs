//! The catalog: component types, interfaces, conventions, pairs and hooks, as data.
//!
//! Entries go in from the binary and from `--catalog` folders; typed definitions come out. Knows
//! nothing of a stack. A mistake in an entry is a finding with an `E_CATALOG_…` code and a place; what only shows when
//! a stack is made of it is a fault.

mod attribute;
mod blueprints;
pub mod check;
mod component_type;
mod convention;
pub mod derived;
mod entry;
mod file_spec;
mod findings;
mod folders;
mod forms;
pub mod gives;
mod hook_type;
mod install;
mod interface;
mod job;
mod kind;
mod legal_link;
mod link_kind;
mod network;
mod package;
mod pair;
pub mod pattern;
mod presets;
mod profiles;
pub mod promql;
mod provision;
mod reading;
mod rollout;
mod secret;
pub mod selection;
mod slot;
mod source;
mod store;
mod taken;
pub mod tools;
mod upkeep;
mod value;
pub mod variable;
pub mod watching;
mod workload;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context as _;

use crate::fault::Code;
use crate::finding::suggestion;
use crate::topology::Source;

pub use crate::level::Level;
pub use attribute::{AttributeKind, AttributeType, Choice};
use blueprints::Blueprints;
pub use blueprints::title as blueprint_title;
pub use component_type::{
    ComponentType, EndpointSpec, ExporterSpec, MetricsSpec, MonitorKind, PortSpec, Protocol, Role, SCHEME,
    SubComponentType,
};
pub use convention::{Convention, Following, Keys};
pub use entry::{Entry, Written};
pub use file_spec::{Area, FileArea, FileSpec, FolderSpec, ForEach};
pub use findings::{CatalogFindings, FileFindings, Report};
pub use hook_type::{Each, HookOutput, HookType};
pub use install::Install;
pub use interface::{AskSpec, FactSpec, Interface};
pub use job::{Job, JobSetting, JobStep, MountedAccounts};
pub use kind::Kind;
pub use legal_link::LegalLink;
pub use link_kind::LinkKind;
pub use network::{Among, NetworkSpec};
pub use package::{PackageSpec, ToolFile};
pub use pair::{LinkFile, Pair, Side};
pub use profiles::{ProfileSpec, Profiles};
pub use provision::{AccountSecret, AccountSpec, Change, Followed, HttpAuth, KeySource, Per, Provision, ScopeSource};
pub use rollout::Rollout;
pub use secret::{SecretKey, SecretSpec};
pub use slot::{DeliveredSecret, Gives, KeyValue, Slot, SlotBody};
pub use source::{ChartSource, GitSource, OperatorSource};
use store::Store;
pub use upkeep::Deprecated;
pub(crate) use value::matches_whole;
pub use watching::{Alert, Alerts, Panel, Row, Watched};
pub use workload::{Amount, EnvSetting, FolderPath, FolderSource, Probe, ProjectedFolder, Strategy, Workload};

/// All entries, decoded on demand.
pub struct Catalog {
    component_types: Store<ComponentType>,
    interfaces: Store<Interface>,
    conventions: Store<Convention>,
    pairs: Store<Pair>,
    hooks: Store<HookType>,
    blueprints: Blueprints,
    /// Link types that were asked for, by the names of the two types.
    kinds: RefCell<BTreeMap<(String, String), Kinds>>,
    shared: Entry<()>,
    has_overlays: bool,
}

/// Link types between two types, in the order in which they are meant.
pub type Kinds = Rc<[Rc<LinkKind>]>;

/// Open the embedded catalog with `overlays` in front.
///
/// # Errors
/// A folder that cannot be read, or that holds something else than entries.
pub fn load(overlays: &[PathBuf]) -> anyhow::Result<Catalog> {
    let (catalog, report) = load_told(overlays)?;
    report.ensure_empty()?;
    Ok(catalog)
}

/// Open the embedded catalog with `overlays` in front; what is wrong with their folders is told.
///
/// # Errors
/// A folder that is none, holds nothing of a catalog, or cannot be read.
pub fn load_told(overlays: &[PathBuf]) -> anyhow::Result<(Catalog, Report)> {
    let mut report = Report::default();
    for overlay in overlays {
        folders::ensure_overlay(overlay, &mut report)?;
    }
    let presets = store::presets(overlays, &mut report)?;
    let told = &mut report;
    let catalog = Catalog {
        component_types: Store::load(store::component_types(), overlays, folders::TYPES, told)?.with_presets(presets),
        interfaces: Store::load(store::interfaces(), overlays, folders::INTERFACES, told)?,
        conventions: Store::load(store::conventions(), overlays, folders::CONVENTIONS, told)?,
        pairs: Store::load(store::pairs(), overlays, folders::PAIRS, told)?,
        hooks: Store::load(store::hooks(), overlays, folders::HOOKS, told)?,
        blueprints: Blueprints::load(overlays, told)?,
        kinds: RefCell::default(),
        shared: store::shared(),
        has_overlays: !overlays.is_empty(),
    };
    Ok((catalog, report))
}

impl Catalog {
    /// Whether there are entries of somebody else's.
    #[must_use]
    pub fn has_overlays(&self) -> bool {
        self.has_overlays
    }

    /// Names of all component types, sorted.
    #[must_use]
    pub fn type_names(&self) -> Vec<&str> {
        self.component_types.names().collect()
    }

    /// All component types, sorted by name.
    ///
    /// # Errors
    /// An entry is broken.
    pub fn all_types(&self) -> anyhow::Result<Vec<Rc<Entry<ComponentType>>>> {
        let names = self.component_types.names();
        let types = names.map(|name| self.component_type(name)?.with_context(|| format!("type `{name}`")));
        types.collect()
    }

    /// Names of the types that new stacks are made of, sorted.
    ///
    /// # Errors
    /// An entry is broken.
    pub fn offered_types(&self) -> anyhow::Result<Vec<String>> {
        let offered = self
            .all_types()?
            .into_iter()
            .filter(|entry| entry.definition.deprecated.is_none());
        Ok(offered.map(|entry| entry.name().to_owned()).collect())
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

    /// Names of all blueprints, sorted.
    #[must_use]
    pub fn blueprint_names(&self) -> Vec<&str> {
        self.blueprints.names_below(None)
    }

    /// Names of the blueprints that lie below `folder`, sorted; of all without one.
    #[must_use]
    pub fn blueprints_below(&self, folder: Option<&Path>) -> Vec<&str> {
        self.blueprints.names_below(folder)
    }

    /// The stack file of the blueprint `name`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn blueprint(&self, name: &str) -> anyhow::Result<Option<Source>> {
        self.blueprints.get(name)
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
