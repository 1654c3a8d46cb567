//! All other entries, as laws ask for them: a broken one is told by itself, and counts here as one that says nothing.

use std::rc::Rc;

use crate::catalog::store::Definition;
use crate::catalog::{Catalog, ComponentType, Entry, HookType, Interface, Kinds, LinkKind, Pair};

use super::Held;

/// The catalog that an entry is a part of.
pub(in crate::catalog) struct Among<'a>(pub(super) &'a Catalog);

/// What holds for an entry among all others.
pub(in crate::catalog) type LawAmong<T> = fn(&mut Held<'_, T>, &Among<'_>);

impl<'a> Among<'a> {
    pub(super) fn catalog(&self) -> &'a Catalog {
        self.0
    }

    pub(super) fn component_type(&self, name: &str) -> Option<Rc<Entry<ComponentType>>> {
        self.0.component_type(name).ok().flatten()
    }

    /// Every type that can be read.
    pub(super) fn types(&self) -> impl Iterator<Item = Rc<Entry<ComponentType>>> {
        let names = self.0.type_names().into_iter();
        names.filter_map(|name| self.component_type(name))
    }

    pub(super) fn interface(&self, name: &str) -> Option<Rc<Entry<Interface>>> {
        self.0.interface(name).ok().flatten()
    }

    pub(super) fn pair(&self, name: &str) -> Option<Rc<Entry<Pair>>> {
        self.0.pair(name).ok().flatten()
    }

    /// Link types between two types; none where one of the entries behind them is broken.
    pub(super) fn kinds(&self, from: &ComponentType, to: &ComponentType) -> Option<Kinds> {
        self.0.link_kinds(from, to).ok()
    }

    /// Every hook that can be read.
    pub(super) fn hooks(&self) -> impl Iterator<Item = Rc<Entry<HookType>>> {
        let names = self.0.hook_names().into_iter();
        names.filter_map(|name| self.0.hook(name).ok().flatten())
    }

    /// Whether a hook makes something of links of this type.
    pub(super) fn is_read(&self, kind: &LinkKind, from: &ComponentType, to: &ComponentType) -> bool {
        let interface = kind.interface_name();
        self.hooks().any(|hook| {
            let reads = ["interface ", "links of interface "];
            let by_name = reads.iter().map(|words| format!("{words}{interface}"));
            let mut outputs = hook.definition.outputs.iter();
            hook.definition
                .reads
                .iter()
                .any(|read| by_name.clone().any(|name| name == *read))
                || outputs.any(|output| output.each.may_mean(kind, from, to))
        })
    }
}

impl<T: Definition> Held<'_, T> {
    /// An interface that the value at `path` names; told where there is none of the name.
    pub(super) fn interface(&mut self, among: &Among<'_>, path: &[&str], name: &str) -> Option<Rc<Entry<Interface>>> {
        let known = among.catalog().interface_names();
        self.known(crate::fault::Code::E_CATALOG_LINK, path, name, &known, "interface");
        among.interface(name)
    }

    /// The same of a name that is the key at the end of `path`.
    pub(super) fn interface_key(
        &mut self,
        among: &Among<'_>,
        path: &[&str],
        name: &str,
    ) -> Option<Rc<Entry<Interface>>> {
        let known = among.catalog().interface_names();
        self.known_key(crate::fault::Code::E_CATALOG_LINK, path, name, &known, "interface");
        among.interface(name)
    }
}
