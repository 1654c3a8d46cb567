//! What follows from a link: its names, account, facts, keys and lists.
//!
//! The link itself is checked before; a failure here is a mistake of the catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value as Json};

use super::accounts::{self, Accounts, Holder};
use super::scope::LinkScope;
use super::{Account, Attributes, Component, Delivered, Fact, Link, SubComponent, deliver, facts, follow, gives, keys};
use crate::catalog::{Followed, Level, LinkKind, Role, ScopeSource};
use crate::fault::Code;
use crate::finding::suggestion;
use crate::name::{ComponentName, EnvPrefix, MAX_LABEL, SubName, env_form, shortened};

/// The parts of the stack that a link's values are made from.
pub(super) struct Graph<'a> {
    pub(super) stack: &'a str,
    pub(super) domain: &'a str,
    pub(super) environment: Option<&'a str>,
    pub(super) components: &'a BTreeMap<ComponentName, Component>,
    /// Of every link.
    pub(super) ends: &'a [Ends],
}

/// What a link joins, at which level; names and kinds are known to be good.
pub(super) struct Ends {
    pub(super) kind: Rc<LinkKind>,
    /// In the list of the stack file.
    pub(super) position: usize,
    pub(super) from: ComponentName,
    pub(super) from_sub: Option<SubName>,
    pub(super) to: ComponentName,
    pub(super) sub: Option<SubName>,
    pub(super) level: Level,
    pub(super) env: Option<EnvPrefix>,
    pub(super) with: Attributes,
}

impl Ends {
    /// The target as a stack file writes it.
    fn target(&self) -> String {
        match &self.sub {
            Some(sub) => format!("{}/{sub}", self.to),
            None => self.to.to_string(),
        }
    }

    /// Whether it uses what the target holds by an account of its own. The tools of an MCP server look at what others use.
    fn is_consumer(&self) -> bool {
        self.kind.uses() && self.kind.tools.is_none() && self.kind.account(self.level).is_some()
    }
}

/// All links with their accounts, in the order of their ends.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn links(graph: &Graph<'_>) -> anyhow::Result<(Vec<Link>, Vec<Account>)> {
    let mut accounts = Accounts::default();
    let mut links = Vec::with_capacity(graph.ends.len());
    for (position, ends) in graph.ends.iter().enumerate() {
        let context = || Code::E_CATALOG_LINK.fault(format!("link type `{}`", ends.kind.name));
        links.push(link(position, ends, graph, &mut accounts).with_context(context)?);
    }
    Ok((links, accounts.into_vec()))
}

fn link(position: usize, ends: &Ends, graph: &Graph<'_>, accounts: &mut Accounts) -> anyhow::Result<Link> {
    let from = &graph.components[&ends.from];
    let to = &graph.components[&ends.to];
    let sub = ends.sub.as_ref().and_then(|name| to.sub_components.get(name));
    let from_sub = ends.from_sub.as_ref().and_then(|name| from.sub_components.get(name));
    let object = object(ends, from_sub, sub);
    let env_prefix = env_prefix(ends, from, to);
    let scope = LinkScope {
        stack: graph.stack,
        domain: graph.domain,
        environment: graph.environment,
        from,
        from_sub,
        to,
        sub,
        kind: &ends.kind.name,
        env: &env_prefix,
        object: &object,
        with: &ends.with,
        account: None,
    };
    let mut reach = reach(ends, to, sub, graph)?;
    reach.extend(gives::lists(&ends.kind.gives(from.convention()), &scope)?);
    let given = given(position, ends, &scope, &reach, graph, accounts)?;
    let scope = LinkScope {
        account: given.principal.as_deref(),
        ..scope
    };
    let mut link = Link {
        kind: Rc::clone(&ends.kind),
        position: ends.position,
        from: ends.from.clone(),
        from_sub: ends.from_sub.clone(),
        to: ends.to.clone(),
        sub: ends.sub.clone(),
        level: ends.level,
        given_env: ends.env.clone(),
        with: ends.with.clone(),
        account: given.account,
        delivered: deliver::delivered(&ends.kind, &given.facts, &scope)?,
        lent: lent(ends, graph, &given.facts, &scope)?,
        facts: given.facts,
        env: Vec::new(),
        endpoints: endpoints(&ends.kind, &slots_of_provider(ends, graph)),
        data: data(ends, &scope)?,
        object: object.clone(),
        env_prefix: env_prefix.clone(),
        principal: given.principal.clone(),
        scope: reach,
        grants: given.grants,
    };
    link.env = keys::keys(&link, &scope)?;
    Ok(link)
}

/// What a link gets at its level.
struct Given {
    account: Option<usize>,
    principal: Option<String>,
    grants: Map<String, Json>,
    facts: BTreeMap<String, Fact>,
}

fn given(
    position: usize,
    ends: &Ends,
    scope: &LinkScope<'_>,
    reach: &BTreeMap<String, Vec<String>>,
    graph: &Graph<'_>,
    accounts: &mut Accounts,
) -> anyhow::Result<Given> {
    let spec = ends.kind.account(ends.level);
    let named = spec.map(|spec| accounts::named(spec, scope)).transpose()?;
    let principal = named.as_ref().map(|named| named.name.clone());
    let scope = LinkScope {
        account: principal.as_deref(),
        ..*scope
    };
    let mut grants = accounts::grants(&ends.kind, ends.level, &scope, reach)?;
    for (_, followed) in followers(ends, graph) {
        accounts::join_grants(&mut grants, &followed.grants);
    }
    let holder = Holder {
        position,
        kind: &ends.kind,
        level: ends.level,
        sub: ends.sub.as_ref(),
        reach,
        grants: &grants,
    };
    let account = match spec.zip(named) {
        Some((spec, named)) => Some(accounts.add(&holder, spec, named, &scope)?),
        None => None,
    };
    let held = account.map(|position| accounts.at(position));
    let facts = facts::facts(&ends.kind, ends.level, held, &scope, &slots_of_provider(ends, graph))?;
    Ok(Given {
        account,
        principal,
        grants,
        facts,
    })
}

/// Providers that follow the link, because of another one of its consumer, and how.
fn followers<'a>(link: &'a Ends, graph: &'a Graph<'_>) -> impl Iterator<Item = (&'a ComponentName, &'a Followed)> {
    let own = graph.ends.iter().filter(|ends| ends.from == link.from);
    own.filter_map(|ends| {
        Some((
            &ends.to,
            follow::followed(&ends.kind, &ends.with, &link.kind, link.level, || link.target())?,
        ))
    })
}

/// The Secrets that lend its facts to those who follow it.
fn lent(
    ends: &Ends,
    graph: &Graph<'_>,
    facts: &BTreeMap<String, Fact>,
    scope: &LinkScope<'_>,
) -> anyhow::Result<BTreeMap<ComponentName, Delivered>> {
    let mut found = BTreeMap::new();
    for (provider, followed) in followers(ends, graph) {
        let secret = followed.secret.as_ref();
        let secret = secret.map(|secret| deliver::secret(secret, facts, scope)).transpose()?;
        found.extend(secret.flatten().map(|secret| (provider.clone(), secret)));
    }
    Ok(found)
}

/// More of the link for tool files, as its pair says.
fn data(ends: &Ends, scope: &LinkScope<'_>) -> anyhow::Result<BTreeMap<String, String>> {
    let pair = ends.kind.pair.as_ref().map(|pair| &pair.definition.data);
    let texts = pair.into_iter().flatten();
    texts
        .map(|(name, text)| Ok((name.clone(), scope.expand(text)?)))
        .collect()
}

/// Endpoints that a link opens: those of the provision, or what they become, and those of the slot.
fn endpoints(kind: &LinkKind, changes: &[&str]) -> Vec<String> {
    let mut changed = changes.iter().filter_map(|slot| kind.provision.when.get(*slot));
    let changed = changed.find(|change| !change.endpoints.is_empty());
    let provided = changed.map_or(&kind.provision.endpoints, |change| &change.endpoints);
    provided.iter().chain(&kind.slot.endpoints).cloned().collect()
}

/// Slots that a provider itself has links of, where what it provides changes with them.
fn slots_of_provider<'a>(link: &Ends, graph: &'a Graph<'_>) -> Vec<&'a str> {
    if link.kind.provision.when.is_empty() {
        return Vec::new();
    }
    let own = graph.ends.iter().filter(|ends| ends.from == link.to);
    own.map(|ends| ends.kind.slot_name.as_str()).collect()
}

/// `fastmcp-cnpg`, `fastapi-cnpg-app-db`, `fastapi-kafka-bridge`.
fn object(ends: &Ends, from_sub: Option<&SubComponent>, sub: Option<&SubComponent>) -> String {
    let (from, to) = (ends.from.as_str(), ends.to.as_str());
    let start = [Some(from), from_sub.map(|sub| sub.object.as_str())];
    let end = [
        Some(to),
        sub.map(|sub| sub.object.as_str()),
        ends.kind.suffix.as_deref(),
    ];
    let words: Vec<&str> = start.into_iter().chain(end).flatten().collect();
    shortened(&words.join("-").replace('_', "-"), MAX_LABEL)
}

/// `CNPG`, `CNPG_APP_DB`, or what the stack file gives; `MCP_CNPG` for all links of an MCP server to one component.
///
/// It follows from the link alone: a prefix that other links had a say in would rename keys, and whoever filled in their
/// values would have to do it again, when a component or link is added.
fn env_prefix(ends: &Ends, from: &Component, to: &Component) -> String {
    let is_server = from.has_role(Role::McpServer);
    let service = &to.entry.definition.service;
    let name = match (&ends.env, &ends.sub) {
        (Some(given), _) => given.to_string(),
        (None, Some(sub)) if !is_server => format!("{service}_{}", env_form(sub.as_str())),
        (None, _) => service.clone(),
    };
    if is_server { format!("MCP_{name}") } else { name }
}

/// The closed lists of what a link reaches.
fn reach(
    ends: &Ends,
    to: &Component,
    sub: Option<&SubComponent>,
    graph: &Graph<'_>,
) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let list = |(name, source): (&String, &ScopeSource)| Ok((name.clone(), closed_list(source, ends, to, sub, graph)?));
    ends.kind.scope.iter().map(list).collect()
}

fn closed_list(
    source: &ScopeSource,
    link: &Ends,
    to: &Component,
    end: Option<&SubComponent>,
    graph: &Graph<'_>,
) -> anyhow::Result<Vec<String>> {
    let others = |wanted: fn(&Ends, &Ends) -> bool| graph.ends.iter().filter(move |ends| wanted(ends, link));
    let set: BTreeSet<String> = match source {
        ScopeSource::SubComponents {
            sub_type,
            attribute,
            parent,
        } => to
            .sub_components
            .values()
            .filter(|sub| sub.sub_type == *sub_type && lies_in(sub, end, parent.as_deref()))
            .map(|sub| sub_value(sub, attribute.as_deref(), parent.as_deref()))
            .collect::<anyhow::Result<_>>()?,
        ScopeSource::Consumers => {
            others(|ends, link| ends.is_consumer() && ends.to == link.to && ends.from != link.from)
                .map(|ends| ends.from.to_string())
                .collect()
        }
        ScopeSource::LinksTo => others(|ends, link| ends.from == link.to)
            .map(|ends| ends.to.to_string())
            .collect(),
        ScopeSource::Reached => others(|ends, link| ends.from == link.to).map(Ends::target).collect(),
        ScopeSource::Served { writing } => {
            let own = others(|ends, link| ends.from == link.from && ends.kind.tools.is_some());
            let wanted = own.filter(|ends| !writing || ends.level.writes());
            wanted.map(|ends| ends.to.to_string()).collect()
        }
        ScopeSource::Deployed => {
            let deployed = graph.components.values().filter(|component| component.is_deployed());
            deployed.map(|component| component.name.to_string()).collect()
        }
        ScopeSource::Attribute { name } => {
            let text = text_of(&to.attributes, name)?.unwrap_or_default();
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(str::to_owned).collect()
        }
        ScopeSource::Values { values } => values.iter().cloned().collect(),
    };
    Ok(set.into_iter().collect())
}

/// Whether a link that ends at `end` reaches `sub`: it is the end itself, lies in it, or the link ends at the whole.
fn lies_in(sub: &SubComponent, end: Option<&SubComponent>, parent: Option<&str>) -> bool {
    let Some(end) = end else { return true };
    if sub.sub_type == end.sub_type {
        return sub.name == end.name;
    }
    let Some(parent) = parent else { return true };
    let own = sub.attributes.get(parent).and_then(super::AttributeValue::text);
    let of_end = end.attributes.get(parent).and_then(super::AttributeValue::text);
    own == of_end.or_else(|| Some(end.name.to_string()))
}

fn sub_value(sub: &SubComponent, attribute: Option<&str>, parent: Option<&str>) -> anyhow::Result<String> {
    let text = |name| text_of(&sub.attributes, name);
    let own = attribute.map(text).transpose()?.flatten();
    let own = own.unwrap_or_else(|| sub.name.to_string());
    Ok(match parent.map(text).transpose()?.flatten() {
        Some(parent) => format!("{parent}.{own}"),
        None => own,
    })
}

/// The text of an attribute, which may have none; a name that no attribute has is a mistake, or the list would be empty
/// without a word.
fn text_of(attributes: &Attributes, name: &str) -> anyhow::Result<Option<String>> {
    let known: Vec<&str> = attributes.keys().map(String::as_str).collect();
    let Some(value) = attributes.get(name) else {
        let hint = suggestion(name, &known).unwrap_or_default();
        bail!("a closed list names the attribute `{name}`, which is not there; {hint}")
    };
    Ok(value.text())
}
