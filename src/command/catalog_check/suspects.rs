//! The entries that a mistake in a trial may be due to, the likeliest first.

use std::path::Path;
use std::rc::Rc;

use anyhow::Context as _;

use super::smallest::{CONSUMER, NAME, PROVIDER};
use crate::catalog::{Catalog, Each, Entry, HookType, Kind, LegalLink};
use crate::command::effects::selects;
use crate::fault::Work;

/// An entry under check.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// What of it such a trial is made of.
    pub(super) field: Vec<String>,
    /// What a run is at when the fault is in this entry.
    work: Option<Work>,
}

/// The entries under check, all kinds of them.
pub(super) struct Suspects<'a> {
    catalog: &'a Catalog,
    folder: Option<&'a Path>,
    hooks: Vec<Rc<Entry<HookType>>>,
}

impl Suspect {
    fn new(kind: Kind, name: &str, field: &[&str]) -> Self {
        let work = (kind == Kind::Hook).then(|| Work::of("hook", name));
        Self {
            kind,
            name: name.to_owned(),
            field: field.iter().map(|&word| word.to_owned()).collect(),
            work,
        }
    }

    /// The type of a component of the stack.
    fn of_component(name: &str, component: &str, field: &[&str]) -> Self {
        Self {
            work: Some(Work::of("component", component)),
            ..Self::new(Kind::Type, name, field)
        }
    }

    pub(super) fn hook(name: &str) -> Self {
        Self::new(Kind::Hook, name, &["outputs"])
    }

    pub(super) fn is_at(&self, work: &Work) -> bool {
        self.work.as_ref() == Some(work)
    }
}

impl<'a> Suspects<'a> {
    /// The entries below `folder`; all without one.
    pub(super) fn below(catalog: &'a Catalog, folder: Option<&'a Path>) -> anyhow::Result<Self> {
        let names = catalog.names_below(Kind::Hook, folder).into_iter();
        let hooks = names.map(|name| catalog.hook(name)?.with_context(|| format!("hook `{name}`")));
        Ok(Self {
            catalog,
            folder,
            hooks: hooks.collect::<anyhow::Result<_>>()?,
        })
    }

    pub(super) fn types(&self) -> Vec<&'a str> {
        self.catalog.names_below(Kind::Type, self.folder)
    }

    pub(super) fn hooks(&self) -> &[Rc<Entry<HookType>>] {
        &self.hooks
    }

    /// Who is to blame when a component alone does not work.
    pub(super) fn of_type(&self, name: &str) -> Vec<Suspect> {
        let own = self
            .has(Kind::Type, name)
            .then(|| Suspect::of_component(name, NAME, &["files"]));
        let hooks = self.hooks.iter();
        let hooks = hooks.map(|hook| Suspect::hook(hook.name()));
        own.into_iter().chain(hooks).collect()
    }

    /// Who is to blame when a link does not work: what the two types have of their own, each of them, what joins them, and
    /// what is made of the stack. Nobody where no entry under check has a part in the link.
    pub(super) fn of_link(&self, link: &LegalLink) -> Vec<Suspect> {
        let (from, to, kind) = (&link.from.definition, &link.to.definition, &link.kind);
        let interface = kind.interface_name();
        let mut found = self.pairs(link);
        if self.has(Kind::Type, &to.name) {
            let provides = ["provides", interface];
            found.push(Suspect::of_component(&to.name, PROVIDER, &provides));
        }
        if self.has(Kind::Type, &from.name) {
            found.push(Suspect::of_component(&from.name, CONSUMER, &["consumes"]));
        }
        if self.has(Kind::Interface, interface) {
            found.push(Suspect::new(Kind::Interface, interface, &["facts"]));
        }
        let convention = from.conventions().into_iter().filter(|_| kind.has_keys());
        let convention = convention.filter(|name| self.has(Kind::Convention, name));
        found.extend(convention.map(|name| Suspect::new(Kind::Convention, name, &["interfaces", interface])));
        let is_tried =
            !found.is_empty() || self.select(link) || self.hooks.iter().any(|hook| makes_of_all(&hook.definition));
        let hooks = self.hooks.iter().filter(|_| is_tried);
        found.extend(hooks.map(|hook| Suspect::hook(hook.name())));
        found
    }

    /// Pairs of the two types that say something of such a link.
    fn pairs(&self, link: &LegalLink) -> Vec<Suspect> {
        let own = format!("{}-{}", link.kind.from, link.kind.to);
        let names = self.catalog.names_below(Kind::Pair, self.folder).into_iter();
        let meant = names.filter(|name| link.kind.pair.is_some() && (*name == own || *name == link.kind.name));
        meant.map(|name| Suspect::new(Kind::Pair, name, &["files"])).collect()
    }

    /// Whether a hook under check may select such a link.
    pub(super) fn select(&self, link: &LegalLink) -> bool {
        self.hooks.iter().any(|hook| selects(&hook.definition, link))
    }

    fn has(&self, kind: Kind, name: &str) -> bool {
        self.catalog.names_below(kind, self.folder).contains(&name)
    }
}

/// Whether a hook makes something of every stack.
fn makes_of_all(hook: &HookType) -> bool {
    let mut outputs = hook.outputs.iter();
    outputs.any(|output| matches!(&output.each, Each::Stack | Each::List(_)))
}
