//! `stacktic catalog links`: every legal link, with its levels and what it causes.

use std::rc::Rc;

use anyhow::Context as _;
use serde::Serialize;

use crate::catalog::{Catalog, ComponentType, Each, Entry, HookType, Level, LinkKind};
use crate::cli::OutputArg;
use crate::command::Streams;
use crate::exit::Exit;

/// One link type.
#[derive(Serialize)]
pub(super) struct LegalLink {
    #[serde(rename = "type")]
    pub(super) name: String,
    pub(super) title: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) sub_component: Option<String>,
    pub(super) interface: String,
    pub(super) slot: String,
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
pub(super) fn all(catalog: &Catalog) -> anyhow::Result<Vec<LegalLink>> {
    let mut types = Vec::new();
    for name in catalog.type_names() {
        types.push(
            catalog
                .component_type(name)?
                .with_context(|| format!("type `{name}`"))?,
        );
    }
    let hooks = Hooks::of(catalog)?;
    let mut found = Vec::new();
    for from in &types {
        for to in &types {
            let kinds = catalog.link_kinds(&from.definition, &to.definition)?;
            let ends = (&from.definition, &to.definition);
            found.extend(kinds.iter().map(|kind| legal(kind, ends, &hooks)));
        }
    }
    Ok(found)
}

fn legal(kind: &LinkKind, ends: Ends<'_>, hooks: &Hooks) -> LegalLink {
    LegalLink {
        name: kind.name.clone(),
        title: kind.title.clone(),
        from: kind.from.clone(),
        to: kind.to.clone(),
        sub_component: kind.sub_component.clone(),
        interface: kind.interface_name().to_owned(),
        slot: kind.slot_name.clone(),
        levels: kind.levels.iter().copied().collect(),
        default: kind.default_level(),
        effects: effects(kind, ends, hooks),
    }
}

/// What such a link causes, as data says it.
fn effects(kind: &LinkKind, ends: Ends<'_>, hooks: &Hooks) -> Vec<String> {
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
    ];
    told.into_iter().flatten().chain(hooks.told(kind, ends)).collect()
}

/// The types that a link type joins.
type Ends<'a> = (&'a ComponentType, &'a ComponentType);

/// All hooks, sorted by name.
struct Hooks(Vec<Rc<Entry<HookType>>>);

impl Hooks {
    fn of(catalog: &Catalog) -> anyhow::Result<Self> {
        let names = catalog.hook_names().into_iter();
        let entries = names.map(|name| catalog.hook(name)?.with_context(|| format!("hook `{name}`")));
        entries.collect::<anyhow::Result<_>>().map(Self)
    }

    /// `hook NAME` for each hook that makes something of such a link.
    fn told<'a>(&'a self, kind: &'a LinkKind, ends: Ends<'a>) -> impl Iterator<Item = String> + 'a {
        let hooks = self.0.iter().map(|entry| &entry.definition);
        let concerned = hooks.filter(move |hook| {
            let read = format!("interface {}", kind.interface_name());
            hook.reads.contains(&read) || hook.outputs.iter().any(|output| may_mean(&output.each, kind, ends))
        });
        concerned.map(|hook| format!("hook {}", hook.name))
    }
}

/// Whether an output may be made for such a link, or for an account that comes with it.
fn may_mean(each: &Each, kind: &LinkKind, (from, to): Ends<'_>) -> bool {
    let has_account = || kind.levels.iter().any(|level| kind.account(*level).is_some());
    match each {
        Each::Links(links) => links.filters.iter().all(|filter| filter.may_mean(kind, from, to)),
        Each::Accounts(accounts) => {
            let interface = &kind.interface.definition.interface;
            let mut filters = accounts.filters.iter();
            has_account() && filters.all(|filter| filter.may_mean(interface, to))
        }
        Each::Components(_) | Each::Stack | Each::List(_) => false,
    }
}
