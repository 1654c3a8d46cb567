//! What a legal link causes, as data says it: what `catalog links` prints, and what `catalog check` holds stacks to.

use std::fmt;
use std::rc::Rc;

use anyhow::Context as _;

use crate::catalog::derived::TLS;
use crate::catalog::{Catalog, Entry, HookOutput, HookType, HttpAuth, LegalLink};
use crate::hook::select;
use crate::stack::Stack;

/// Something that is there with the link and gone without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Pods of the one end reach ports of the other.
    Edge,
    /// Pods of the consumer reach, or are reached by, what is no end of the link: the Kubernetes API, an operator, an address outside.
    Ways,
    /// The provider knows the consumer, and as what.
    Account,
    /// Variables of the consumer.
    Settings,
    /// A Secret of the consumer.
    Secret,
    /// Tools of this module.
    Tools(String),
    /// Files of the pair.
    Files,
    /// The consumer shows a certificate.
    Certificate,
    /// What files of this type, the consumer's, say of the link.
    OwnFiles(String),
    /// What this hook makes of the link.
    Hook(String),
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edge => f.write_str("network edge"),
            Self::Ways => f.write_str("network way to others"),
            Self::Account => f.write_str("account"),
            Self::Settings => f.write_str("settings"),
            Self::Secret => f.write_str("secret"),
            Self::Tools(module) => write!(f, "tools of {module}"),
            Self::Files => f.write_str("files"),
            Self::Certificate => f.write_str("certificate"),
            Self::OwnFiles(name) => write!(f, "own files of {name}"),
            Self::Hook(name) => write!(f, "hook {name}"),
        }
    }
}

/// All hooks, sorted by name.
pub(super) struct Hooks(Vec<Rc<Entry<HookType>>>);

impl Hooks {
    pub(super) fn of(catalog: &Catalog) -> anyhow::Result<Self> {
        let names = catalog.hook_names().into_iter();
        let entries = names.map(|name| catalog.hook(name)?.with_context(|| format!("hook `{name}`")));
        entries.collect::<anyhow::Result<_>>().map(Self)
    }

    /// What such a link causes.
    pub(super) fn effects(&self, link: &LegalLink) -> Vec<Effect> {
        let (kind, consumer) = (&link.kind, &link.from);
        let opens = !kind.provision.endpoints.is_empty() || !kind.slot.endpoints.is_empty();
        let has_ways = !kind.slot.egress.is_empty() || consumer.definition.network.opens_for(&kind.slot_name);
        let has_account = kind.levels.iter().any(|level| kind.account(*level).is_some());
        let has_key = kind.provision.auth == Some(HttpAuth::Key);
        let gives_secret = has_account || has_key;
        let has_files = kind.pair.as_ref().is_some_and(|pair| !pair.definition.files.is_empty());
        let is_certified = kind.interface_name() == TLS && consumer.definition.certificate.is_some();
        let tools = kind.modules().first().map(|module| Effect::Tools((*module).to_owned()));
        let own = || Effect::OwnFiles(consumer.definition.name.clone());
        let told = [
            opens.then_some(Effect::Edge),
            has_ways.then_some(Effect::Ways),
            has_account.then_some(Effect::Account),
            kind.has_keys().then_some(Effect::Settings),
            (kind.slot.deliver.is_some() && gives_secret).then_some(Effect::Secret),
            tools,
            has_files.then_some(Effect::Files),
            is_certified.then_some(Effect::Certificate),
            consumer.prints(&kind.slot_name).then(own),
        ];
        told.into_iter().flatten().chain(self.made_of(link)).collect()
    }

    /// Each hook that makes something of such a link, or reads it.
    fn made_of<'a>(&'a self, link: &'a LegalLink) -> impl Iterator<Item = Effect> + 'a {
        let read = format!("interface {}", link.kind.interface_name());
        let concerned = self
            .hooks()
            .filter(move |hook| hook.reads.contains(&read) || selects(hook, link));
        concerned.map(|hook| Effect::Hook(hook.name.clone()))
    }

    /// Names of the hooks that make something of such a link in a stack that has it.
    pub(super) fn selecting<'a>(&'a self, link: &LegalLink, stack: &Stack) -> Vec<&'a str> {
        let is_made = |output: &HookOutput| means(output, link) && !select::items(stack, &output.each).is_empty();
        let selecting = self.hooks().filter(|hook| hook.outputs.iter().any(is_made));
        selecting.map(|hook| hook.name.as_str()).collect()
    }

    fn hooks(&self) -> impl Iterator<Item = &HookType> {
        self.0.iter().map(|entry| &entry.definition)
    }
}

/// Whether a hook may make something of such a link.
pub(super) fn selects(hook: &HookType, link: &LegalLink) -> bool {
    hook.outputs.iter().any(|output| means(output, link))
}

fn means(output: &HookOutput, link: &LegalLink) -> bool {
    output
        .each
        .may_mean(&link.kind, &link.from.definition, &link.to.definition)
}
