//! Rule: a link joins two components that exist, by a link type that fits both ends and knows its level.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value as Json;

use super::Checker;
use super::choice::{Choice, choice};
use super::ends::{Ends, Written, end, ends};
use super::levels::level;
use super::link_types::link_kind;
use super::settings;
use crate::catalog::{Level, LinkKind, Role};
use crate::finding::{Code, Finding};
use crate::topology::LinkDocument;

/// A link whose ends, type and level are known.
pub(super) struct ResolvedLink {
    pub(super) kind: Rc<LinkKind>,
    /// In the list of the stack file.
    pub(super) position: usize,
    pub(super) from: String,
    pub(super) from_sub: Option<String>,
    pub(super) to: String,
    pub(super) sub: Option<String>,
    pub(super) level: Level,
    pub(super) env: Option<String>,
    pub(super) with: BTreeMap<String, Json>,
}

/// What tells links apart.
type Key<'a> = (&'a str, Option<&'a str>, &'a str, Option<&'a str>, &'a str);

/// The target that stands for every component that provides an interface for all.
const ALL: &str = "*";

pub(super) fn check(checker: &mut Checker<'_>) -> anyhow::Result<Vec<ResolvedLink>> {
    let topology = checker.topology;
    let mut resolved: Vec<ResolvedLink> = Vec::new();
    for (position, link) in topology.document.links.iter().enumerate() {
        names_a_target(checker, position, link);
        for (item, target) in link.to.iter().filter(|(_, target)| *target != ALL) {
            let written = Written {
                position,
                link,
                item,
                target,
            };
            if let Some(ends) = ends(checker, written)? {
                resolved.extend(resolve(checker, written, &ends)?);
            }
        }
    }
    told_twice(checker, &resolved);
    for (position, link) in topology.document.links.iter().enumerate() {
        for (item, target) in link.to.iter().filter(|(_, target)| *target == ALL) {
            expand(
                checker,
                Written {
                    position,
                    link,
                    item,
                    target,
                },
                &mut resolved,
            )?;
        }
    }
    resolved.sort_by(|left, right| key(left).cmp(&key(right)));
    resolved.dedup_by(|left, right| key(left) == key(right));
    one_where_one_fits(checker, &resolved);
    Ok(resolved)
}

/// A link to an empty list would be no link, and nobody would know.
fn names_a_target(checker: &mut Checker<'_>, position: usize, link: &LinkDocument) {
    let at = position.to_string();
    if link.to.iter().next().is_none() && !checker.topology.is_refused(&["links", &at, "to"]) {
        let span = checker.topology.place(&["links", &at, "to"]);
        let finding = Finding::new(Code::E_TOPOLOGY_LINK, span, "`to` names no component".to_owned());
        checker
            .findings
            .push(finding.hint("write the components that are used, or remove the link"));
    }
}

fn resolve(checker: &mut Checker<'_>, written: Written<'_>, ends: &Ends<'_>) -> anyhow::Result<Option<ResolvedLink>> {
    if ends.from.name == ends.to.name {
        let span = written.place(checker, "");
        let finding = Finding::new(
            Code::E_TOPOLOGY_LINK,
            span,
            format!("`{}` links to itself", ends.from.name),
        );
        checker.findings.push(finding.hint("remove the link"));
        return Ok(None);
    }
    let kind = link_kind(checker, written, ends)?;
    Ok(kind.and_then(|kind| settle(checker, written, ends, kind)))
}

/// The link with all that is said of it, unless something of that cannot be.
fn settle(
    checker: &mut Checker<'_>,
    written: Written<'_>,
    ends: &Ends<'_>,
    kind: Rc<LinkKind>,
) -> Option<ResolvedLink> {
    if let Some(finding) = refusal(checker, written, ends, &kind) {
        checker.findings.push(finding);
        return None;
    }
    let level = level(checker, written, ends, &kind)?;
    let position = written.position.to_string();
    let owner = format!("link type `{}`", kind.name);
    settings::check(checker, &position, &kind.slot.with, &written.link.with, &owner);
    Some(ResolvedLink {
        kind,
        position: written.position,
        from: ends.from.name.to_owned(),
        from_sub: ends.from.sub.map(str::to_owned),
        to: ends.to.name.to_owned(),
        sub: ends.to.sub.map(str::to_owned),
        level,
        env: written.link.env.clone(),
        with: written.link.with.clone(),
    })
}

fn key(link: &ResolvedLink) -> Key<'_> {
    let (from_sub, sub) = (link.from_sub.as_deref(), link.sub.as_deref());
    (&link.from, from_sub, &link.to, sub, &link.kind.name)
}

fn told_twice(checker: &mut Checker<'_>, links: &[ResolvedLink]) {
    let mut seen: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    for link in links {
        let place = checker.topology.place(&["links", &link.position.to_string()]);
        if let Some(first) = seen.insert(key(link), place.line) {
            let finding = Finding::new(
                Code::E_TOPOLOGY_LINK,
                place,
                format!("the same link stands on line {first}"),
            );
            checker.findings.push(finding.hint("remove one of the two"));
        }
    }
}

/// `to: "*"`: a link to every component that provides a broadcast interface which the source takes. Explicit links win.
fn expand<'a>(checker: &mut Checker<'a>, written: Written<'a>, resolved: &mut Vec<ResolvedLink>) -> anyhow::Result<()> {
    let Some(from) = end(checker, written, "from", &written.link.from)? else {
        return Ok(());
    };
    let refuse = |checker: &mut Checker<'_>, message: String, hint: &str| {
        let span = written.place(checker, "to");
        checker
            .findings
            .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(hint));
    };
    if from.kind.definition.roles.contains(&Role::McpServer) {
        let message = format!("`{}` is an MCP server: each of its links is drawn by name", from.name);
        refuse(checker, message, "write the components in place of `*`");
        return Ok(());
    }
    let explicit: BTreeSet<(String, String, String)> = resolved.iter().map(whole).collect();
    let names = checker.topology.document.components.keys();
    let mut found = false;
    for name in names.filter(|name| *name != from.name) {
        let one = Written {
            target: name,
            ..written
        };
        let Some(to) = end(checker, one, "to", name)? else {
            continue;
        };
        let ends = Ends { from: from.clone(), to };
        let fitting = broadcast(checker, &ends)?;
        let kind = match choice(&fitting, written.link.link_type.as_deref()) {
            Choice::One(kind) => Rc::clone(kind),
            Choice::Unknown => continue,
            Choice::Several(rivals) => {
                let message = format!("the links from `{}` to `*` could mean {}", from.name, rivals.meanings());
                refuse(checker, message, &rivals.hint());
                return Ok(());
            }
        };
        found = true;
        let is_ours = ends.to.component.external.is_none() || kind.external();
        let key = (from.name.to_owned(), name.clone(), kind.name.clone());
        if is_ours && !explicit.contains(&key) {
            let told = checker.findings.len();
            resolved.extend(settle(checker, one, &ends, kind));
            if checker.findings.len() > told {
                return Ok(()); // what is said of all of them is wrong once
            }
        }
    }
    if !found {
        let of_type = written.link.link_type.as_ref();
        let of_type = of_type.map_or_else(String::new, |name| format!(" `{name}`"));
        let message = format!(
            "`{}` takes no interface{of_type} that all components may be linked by",
            from.name
        );
        refuse(checker, message, "write the components in place of `*`");
    }
    Ok(())
}

/// Link types by which the source may be linked to every component that provides their interface.
fn broadcast(checker: &Checker<'_>, ends: &Ends<'_>) -> anyhow::Result<Vec<Rc<LinkKind>>> {
    let all = checker
        .catalog
        .link_kinds(&ends.from.kind.definition, &ends.to.kind.definition)?;
    let fits = |kind: &&Rc<LinkKind>| {
        kind.interface.definition.broadcast
            && kind.sub_component.is_none()
            && kind.slot.begins_at.as_deref() == ends.from.sub_type()
    };
    Ok(all.iter().filter(fits).cloned().collect())
}

fn whole(link: &ResolvedLink) -> (String, String, String) {
    (link.from.clone(), link.to.clone(), link.kind.name.clone())
}

/// Some slots are a place that a component has once.
fn one_where_one_fits(checker: &mut Checker<'_>, links: &[ResolvedLink]) {
    let mut of_source = BTreeMap::new();
    for link in links.iter().filter(|link| link.kind.slot.single) {
        let Some(other) = of_source.insert((place(link), &link.from), link) else {
            continue;
        };
        let message = format!(
            "`{}` links to `{}` and to `{}`; it can use one",
            link.from,
            other.end(),
            link.end()
        );
        let span = checker.topology.key_place(&["components", &link.from]);
        let finding = Finding::new(Code::E_TOPOLOGY_LINK, span, message);
        checker.findings.push(finding.hint("remove one of the links"));
    }
}

/// What such a slot fills: slots that deliver into one Secret are one place.
fn place(link: &ResolvedLink) -> &str {
    let deliver = link.kind.slot.deliver.as_ref();
    let shared = deliver.map(|deliver| deliver.secret.name.as_str());
    shared
        .filter(|name| !name.contains("{link"))
        .unwrap_or(&link.kind.slot_name)
}

impl ResolvedLink {
    /// The end as it is written: `cnpg/app_db`.
    pub(super) fn end(&self) -> String {
        let whole = || self.to.clone();
        self.sub.as_ref().map_or_else(whole, |sub| format!("{}/{sub}", self.to))
    }
}

/// Why a link of a fitting type is still refused.
fn refusal(checker: &Checker<'_>, written: Written<'_>, ends: &Ends<'_>, kind: &LinkKind) -> Option<Finding> {
    let refuse = |key: &str, message: String, hint: &str| {
        let span = written.place(checker, key);
        Some(Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(hint))
    };
    let elsewhere = "draw the link in the stack where it is deployed";
    if ends.from.component.external.is_some() {
        let message = format!("a link begins at `{}`, which is external", ends.from.name);
        return refuse("", message, elsewhere);
    }
    if !kind.external() && ends.to.component.external.is_some() {
        let message = format!("`{}` is external: nothing of it is deployed here", ends.to.name);
        return refuse("", message, elsewhere);
    }
    if written.link.env.is_some() && !kind.has_keys() {
        let message = format!(
            "link type `{}` has no keys that `env` could be the prefix of",
            kind.name
        );
        return refuse("env", message, "remove `env`");
    }
    None
}
