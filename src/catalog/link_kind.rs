//! A link type: what a link between two types is, put together from the slot of the one and the provision of the other.
//!
//! Two types and what the catalog says of interfaces, conventions and pairs go in; what follows from data comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use anyhow::Context as _;
use serde_json::{Map, Value as Json};

use super::component_type::{ComponentType, Role};
use super::convention::{self, KeysByConvention};
use super::entry::Entry;
use super::interface::{Interface, Taken};
use super::pair::Pair;
use super::provision::{AccountLevel, AccountSpec, Provision, ScopeSource};
use super::slot::{Slot, SlotBody};
use super::{Catalog, derived, gives};
use crate::fault::Code;
use crate::level::Level;

/// One way in which a component of one type may be linked to a component of another.
#[derive(Debug)]
pub struct LinkKind {
    /// `<from>-<to>` with a suffix: the sub-component type, else the purpose, else the slot when it is not the first.
    pub name: String,
    pub title: String,
    pub from: String,
    pub to: String,
    pub interface: Rc<Entry<Interface>>,
    /// Name of the consumer's slot.
    pub slot_name: String,
    pub slot: SlotBody,
    /// Whether a role takes it: beside another such link type, none of the two is meant before it is named.
    pub by_role: bool,
    /// Type of the sub-component that it ends at.
    pub sub_component: Option<String>,
    /// Suffix of its links' names, where no sub-component tells them apart.
    pub suffix: Option<String>,
    /// Levels that links may have.
    pub levels: BTreeSet<Level>,
    pub provision: Provision,
    /// Closed lists of what a link reaches.
    pub scope: BTreeMap<String, ScopeSource>,
    /// The keys for the interface by each convention that the consumer may follow; none for one that follows none.
    pub keys: KeysByConvention,
    /// What the pair has of its own.
    pub pair: Option<Rc<Entry<Pair>>>,
    /// The pair whose tools an MCP server gets.
    pub tools: Option<Rc<Entry<Pair>>>,
}

impl LinkKind {
    /// Whether a consumer works with the provider, rather than watching, checking or deploying it.
    #[must_use]
    pub fn uses(&self) -> bool {
        self.slot.uses.unwrap_or(self.interface.definition.uses)
    }

    /// Whether the provider may live in another stack.
    #[must_use]
    pub fn external(&self) -> bool {
        self.slot.external.unwrap_or(self.interface.definition.external)
    }

    #[must_use]
    pub fn interface_name(&self) -> &str {
        &self.interface.definition.interface
    }

    /// The level of a link that names none.
    #[must_use]
    pub fn default_level(&self) -> Level {
        Level::default_of(&self.levels).unwrap_or(Level::Read)
    }

    /// The account of a link at `level`.
    #[must_use]
    pub fn account(&self, level: Level) -> Option<&AccountSpec> {
        let accounts = &self.provision.accounts;
        accounts
            .get(&AccountLevel::from(level))
            .or_else(|| accounts.get(&AccountLevel::Any))
    }

    /// What `level` grants: what the levels up to it say, lists in order.
    #[must_use]
    pub fn grants(&self, level: Level) -> Map<String, Json> {
        let mut grants = Map::new();
        for (_, data) in self.provision.levels.range(..=level) {
            for (key, value) in data {
                match (grants.get_mut(key), value) {
                    (Some(Json::Array(list)), Json::Array(more)) => list.extend(more.iter().cloned()),
                    _ => drop(grants.insert(key.clone(), value.clone())),
                }
            }
        }
        grants
    }

    /// Python files that exist only with such a link.
    #[must_use]
    pub fn modules(&self) -> &[String] {
        self.tools
            .as_ref()
            .map(|pair| pair.definition.modules())
            .unwrap_or_default()
    }

    /// Whether such a link may carry settings of its keys: it sets at least one.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        let by_convention = self.slot.deliver.is_none() && !self.keys.is_empty() && !self.provision.facts.is_empty();
        self.slot.keys.as_ref().map_or(by_convention, |keys| !keys.is_empty())
    }
}

/// All link types between two types, in the order in which they are meant.
///
/// # Errors
/// An entry is broken.
pub(super) fn between(catalog: &Catalog, from: &ComponentType, to: &ComponentType) -> anyhow::Result<Vec<LinkKind>> {
    // No stack has both ends.
    let is_alone = from.name == to.name && from.is_once();
    if is_alone || from.excludes(to) {
        return Ok(Vec::new());
    }
    let mut found: Vec<LinkKind> = Vec::new();
    let pairs = pairs(catalog, &from.name, &to.name)?;
    let provisions = provisions(to);
    let of_pairs = |found: &mut Vec<LinkKind>, is_named: bool| {
        let own = pairs.iter().filter(|pair| pair.full.interface.is_some());
        own.filter(|pair| pair.what.is_some() == is_named)
            .try_for_each(|pair| add(catalog, from, to, &pair.slot(), &provisions, Some(pair), found))
    };
    of_pairs(&mut found, false)?;
    for slot in slots(catalog, from, &provisions)? {
        add(catalog, from, to, &slot, &provisions, None, &mut found)?;
    }
    of_pairs(&mut found, true)?;
    for pair in pairs.iter().filter(|pair| pair.full.interface.is_none()) {
        for kind in found.iter_mut().filter(|kind| kind.name == pair.name) {
            refine(kind, pair);
        }
    }
    Ok(found)
}

/// A pair with what it takes from another.
struct FullPair {
    name: String,
    /// What stands behind the two types in its name.
    what: Option<String>,
    own: Rc<Entry<Pair>>,
    /// Where files beside the entry lie.
    source: Rc<Entry<Pair>>,
    full: Pair,
}

fn pairs(catalog: &Catalog, from: &str, to: &str) -> anyhow::Result<Vec<FullPair>> {
    let prefix = format!("{from}-{to}");
    let mut found = Vec::new();
    for name in catalog.pairs.names_from(&prefix) {
        let Some(own) = catalog.pairs.get(name)? else { continue };
        if own.definition.from != from || own.definition.to != to {
            continue;
        }
        let what = name
            .strip_prefix(prefix.as_str())
            .and_then(|rest| rest.strip_prefix('_'));
        let (name, what) = (name.to_owned(), what.map(str::to_owned));
        let (source, full) = match &own.definition.tools_of {
            Some(other) => {
                let source = catalog.pairs.get(other)?.with_context(|| {
                    Code::E_CATALOG_LINK.fault(format!(
                        "pair `{name}` takes the tools of `{other}`, which does not exist"
                    ))
                })?;
                let full = taken(&own.definition, &source.definition);
                (source, full)
            }
            None => (Rc::clone(&own), own.definition.clone()),
        };
        found.push(FullPair {
            name,
            what,
            own,
            source,
            full,
        });
    }
    Ok(found)
}

impl FullPair {
    /// The slot that it makes.
    fn slot(&self) -> Slot {
        let name = self.full.interface.clone().unwrap_or_default();
        Slot {
            name: self.what.clone().unwrap_or(name),
            body: self.full.slot(),
            by_role: false,
        }
    }
}

/// All of `other`, for the types of `own`.
fn taken(own: &Pair, other: &Pair) -> Pair {
    Pair {
        from: own.from.clone(),
        to: own.to.clone(),
        title: own.title.clone().or_else(|| other.title.clone()),
        ..other.clone()
    }
}

/// What a type provides, derived provisions included.
pub(super) fn provisions(kind: &ComponentType) -> BTreeMap<String, Vec<Provision>> {
    let mut found: BTreeMap<String, Vec<Provision>> = kind
        .provides
        .iter()
        .map(|(name, one)| (name.clone(), one.0.clone()))
        .collect();
    for (name, provision) in derived::provisions(kind) {
        found.entry(name.to_owned()).or_insert_with(|| vec![provision]);
    }
    found
}

/// The slots of a type, then those of its roles that fit what is provided.
fn slots(
    catalog: &Catalog,
    from: &ComponentType,
    provisions: &BTreeMap<String, Vec<Provision>>,
) -> anyhow::Result<Vec<Slot>> {
    let mut slots = from.consumes.clone();
    let own: BTreeSet<String> = slots.iter().map(|slot| slot.interface().to_owned()).collect();
    for name in provisions.keys().filter(|name| !own.contains(*name)) {
        let taken = taken_by_role(catalog, name, &from.roles)?;
        if let Some(taken) = taken.filter(|taken| gives::can_give(&taken.gives, from)) {
            let body = SlotBody {
                levels: taken.levels,
                single: taken.single,
                with: taken.with,
                gives: taken.gives,
                ..SlotBody::default()
            };
            slots.push(Slot {
                name: name.clone(),
                body,
                by_role: true,
            });
        }
    }
    Ok(slots)
}

fn taken_by_role(catalog: &Catalog, interface: &str, roles: &BTreeSet<Role>) -> anyhow::Result<Option<Taken>> {
    if roles.is_empty() {
        return Ok(None);
    }
    let entry = catalog.known_interface(interface)?;
    let mut taken = entry.definition.consumers.iter();
    Ok(taken
        .find(|(role, _)| roles.contains(role))
        .map(|(_, taken)| taken.clone()))
}

/// The link types of one slot.
fn add(
    catalog: &Catalog,
    from: &ComponentType,
    to: &ComponentType,
    slot: &Slot,
    provisions: &BTreeMap<String, Vec<Provision>>,
    pair: Option<&FullPair>,
    found: &mut Vec<LinkKind>,
) -> anyhow::Result<()> {
    for provision in provisions.get(slot.interface()).into_iter().flatten() {
        let whole = provision.at.is_empty() || slot.body.whole;
        let ends = whole.then_some(None).into_iter().chain(provision.at.iter().map(Some));
        for end in ends {
            let interface = catalog.known_interface(slot.interface())?;
            let levels = levels(&interface.definition, &slot.body, provision);
            if levels.is_empty() {
                continue;
            }
            let is_taken = |name: &str| found.iter().any(|kind| kind.name == name);
            let purpose = provision.purpose.as_ref();
            let what = pair
                .and_then(|pair| pair.what.as_ref())
                .filter(|what| Some(*what) != end);
            let (name, suffix) = match what {
                Some(what) => (name(from, to, None, Some(what)), Some(what.clone())),
                None if is_taken(&name(from, to, end, purpose)) => {
                    (name(from, to, None, Some(&slot.name)), Some(slot.name.clone()))
                }
                None => (name(from, to, end, purpose), purpose.cloned().filter(|_| end.is_none())),
            };
            let keys = convention::keys(catalog, from, &interface)?;
            let mut kind = LinkKind {
                name,
                title: title(slot, &interface.definition, to),
                from: from.name.clone(),
                to: to.name.clone(),
                slot: slot.body.clone(),
                keys,
                interface,
                slot_name: slot.name.clone(),
                by_role: slot.by_role,
                sub_component: end.cloned(),
                suffix,
                levels,
                provision: provision.clone(),
                scope: provision.scope.clone(),
                pair: None,
                tools: None,
            };
            if let Some(pair) = pair {
                refine(&mut kind, pair);
            }
            found.push(kind);
        }
    }
    Ok(())
}

/// `fastapi-kafka_topic`, `fastapi-kafka_bridge`, `grafana-cnpg_datasource`.
fn name(from: &ComponentType, to: &ComponentType, end: Option<&String>, suffix: Option<&String>) -> String {
    match end.or(suffix) {
        Some(word) => format!("{}-{}_{word}", from.name, to.name),
        None => format!("{}-{}", from.name, to.name),
    }
}

fn title(slot: &Slot, interface: &Interface, to: &ComponentType) -> String {
    let own = slot.body.title.clone();
    own.unwrap_or_else(|| format!("{}: {}", to.title, interface.title))
}

fn levels(interface: &Interface, slot: &SlotBody, provision: &Provision) -> BTreeSet<Level> {
    let known = interface.levels.keys().copied();
    let provided = |level: &Level| provision.levels.is_empty() || provision.levels.contains_key(level);
    let taken = |level: &Level| slot.levels.is_empty() || slot.levels.contains(level);
    known.filter(provided).filter(taken).collect()
}

/// What a pair has of its own.
fn refine(kind: &mut LinkKind, pair: &FullPair) {
    let full = &pair.full;
    if let Some(title) = &full.title {
        kind.title.clone_from(title);
    }
    if full.interface.is_none() {
        overlay(&mut kind.slot, full);
        if !full.levels.is_empty() {
            kind.levels.retain(|level| full.levels.contains(level));
        }
    }
    if let Some(account) = &full.account {
        let of_provider = kind.provision.accounts.values().next_back();
        let its_secret = || of_provider.and_then(|spec| spec.secret.clone());
        let spec = AccountSpec {
            per: account.per,
            name: account.name.clone(),
            max_name: of_provider.and_then(|spec| spec.max_name),
            secret: account.secret.clone().or_else(its_secret),
        };
        kind.provision.accounts = BTreeMap::from([(AccountLevel::Any, spec)]);
        if !account.levels.is_empty() {
            kind.provision.levels.clone_from(&account.levels);
        }
    }
    kind.scope.extend(full.scope.clone());
    kind.tools = full.tools.is_some().then(|| Rc::clone(&pair.source));
    kind.pair = Some(if full.tools.is_some() || pair.own.definition.tools_of.is_some() {
        Rc::clone(&pair.source)
    } else {
        Rc::clone(&pair.own)
    });
}

/// The fields of a slot that a pair sets.
fn overlay(slot: &mut SlotBody, pair: &Pair) {
    slot.single |= pair.single;
    slot.uses = pair.uses.or(slot.uses);
    slot.external = pair.external.or(slot.external);
    slot.endpoints.extend(pair.endpoints.iter().cloned());
    slot.egress.extend(pair.egress.iter().cloned());
    slot.with.extend(pair.with.clone());
    if pair.deliver.is_some() {
        slot.deliver.clone_from(&pair.deliver);
    }
    if pair.keys.is_some() {
        slot.keys.clone_from(&pair.keys);
    }
    if pair.file.is_some() {
        slot.file.clone_from(&pair.file);
    }
}
