//! `stacktic catalog links`: every legal link, with its levels and what it causes.

use std::rc::Rc;

use anyhow::Context as _;
use serde::Serialize;

use crate::catalog::derived::TLS;
use crate::catalog::{Catalog, Entry, HookType, LegalLink, Level};
use crate::cli::OutputArg;
use crate::command::Streams;
use crate::exit::Exit;

/// A legal link as it is told.
#[derive(Serialize)]
pub(super) struct ToldLink {
    #[serde(rename = "type")]
    pub(super) name: String,
    pub(super) title: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) sub_component: Option<String>,
    pub(super) interface: String,
    pub(super) slot: String,
    /// What of `link-types/pairs/` it has of its own.
    #[serde(skip)]
    pub(super) pair: Option<String>,
    pub(super) levels: Vec<Level>,
    /// The level of a link that names none.
    pub(super) default: Level,
    pub(super) effects: Vec<String>,
}

pub(in crate::command) fn links(
    output: OutputArg,
    catalog: &Catalog,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let all = all(catalog)?;
    if output == OutputArg::Json {
        writeln!(streams.out, "{:#}", serde_json::json!({ "links": all }))?;
        return Ok(Exit::Done);
    }
    for link in &all {
        let levels: Vec<&str> = link.levels.iter().map(|level| level.word()).collect();
        writeln!(
            streams.out,
            "{:<34} {:<18} {}",
            link.name,
            levels.join(" "),
            link.effects.join(", ")
        )?;
    }
    writeln!(streams.messages, "{} legal links", all.len())?;
    Ok(Exit::Done)
}

/// All legal links, sorted by the types of their ends.
pub(super) fn all(catalog: &Catalog) -> anyhow::Result<Vec<ToldLink>> {
    let hooks = Hooks::of(catalog)?;
    let links = catalog.legal_links()?;
    Ok(links.iter().map(|link| told(link, &hooks)).collect())
}

fn told(link: &LegalLink, hooks: &Hooks) -> ToldLink {
    let kind = &link.kind;
    ToldLink {
        name: kind.name.clone(),
        title: kind.title.clone(),
        from: kind.from.clone(),
        to: kind.to.clone(),
        sub_component: kind.sub_component.clone(),
        interface: kind.interface_name().to_owned(),
        slot: kind.slot_name.clone(),
        pair: kind.pair.as_ref().map(|pair| pair.name().to_owned()),
        levels: kind.levels.iter().copied().collect(),
        default: kind.default_level(),
        effects: effects(link, hooks),
    }
}

/// What such a link causes, as data says it.
fn effects(link: &LegalLink, hooks: &Hooks) -> Vec<String> {
    let kind = &link.kind;
    let opens = !kind.provision.endpoints.is_empty() || !kind.slot.endpoints.is_empty();
    let has_account = kind.levels.iter().any(|level| kind.account(*level).is_some());
    let tools = kind.modules().first().map(|module| format!("tools of {module}"));
    let told = [
        opens.then(|| "network edge".to_owned()),
        has_account.then(|| "account".to_owned()),
        kind.has_keys().then(|| "settings".to_owned()),
        kind.slot.deliver.is_some().then(|| "secret".to_owned()),
        tools,
        kind.pair
            .as_ref()
            .filter(|pair| !pair.definition.files.is_empty())
            .map(|_| "files".to_owned()),
        is_certified(link).then(|| "certificate".to_owned()),
        link.from
            .prints(&link.kind.slot_name)
            .then(|| format!("own files of {}", link.from.definition.name)),
    ];
    told.into_iter().flatten().chain(hooks.told(link)).collect()
}

/// Whether the consumer shows a certificate for such a link.
fn is_certified(link: &LegalLink) -> bool {
    link.kind.interface_name() == TLS && link.from.definition.certificate.is_some()
}

/// All hooks, sorted by name.
struct Hooks(Vec<Rc<Entry<HookType>>>);

impl Hooks {
    fn of(catalog: &Catalog) -> anyhow::Result<Self> {
        let names = catalog.hook_names().into_iter();
        let entries = names.map(|name| catalog.hook(name)?.with_context(|| format!("hook `{name}`")));
        entries.collect::<anyhow::Result<_>>().map(Self)
    }

    /// `hook NAME` for each hook that makes something of such a link.
    fn told<'a>(&'a self, link: &'a LegalLink) -> impl Iterator<Item = String> + 'a {
        let hooks = self.0.iter().map(|entry| &entry.definition);
        let (kind, from, to) = (&link.kind, &link.from.definition, &link.to.definition);
        let concerned = hooks.filter(move |hook| {
            let read = format!("interface {}", kind.interface_name());
            hook.reads.contains(&read) || hook.outputs.iter().any(|output| output.each.may_mean(kind, from, to))
        });
        concerned.map(|hook| format!("hook {}", hook.name))
    }
}
