//! Which link type two ends ask for, and what could be meant where there is none.

use std::rc::Rc;

use super::Checker;
use super::choice::{Choice, choice};
use super::ends::{Ends, Written};
use crate::catalog::{Catalog, ComponentType, LinkKind, Role};
use crate::finding::{Code, Finding, suggestion};

/// The link type of a link: the one that `type` names, or the first that fits its ends where the catalog prefers it.
pub(super) fn link_kind(
    checker: &mut Checker<'_>,
    written: Written<'_>,
    ends: &Ends<'_>,
) -> anyhow::Result<Option<Rc<LinkKind>>> {
    let all = checker
        .catalog
        .link_kinds(&ends.from.kind.definition, &ends.to.kind.definition)?;
    let fits = |kind: &&Rc<LinkKind>| {
        kind.sub_component.as_deref() == ends.to.sub_type() && kind.slot.begins_at.as_deref() == ends.from.sub_type()
    };
    let fitting: Vec<Rc<LinkKind>> = all.iter().filter(fits).cloned().collect();
    let name = written.link.link_type.as_deref();
    let (from, to) = (ends.from.written(), ends.to.written());
    let (key, message, hint) = match (choice(&fitting, name), name) {
        (Choice::One(kind), _) => return Ok(Some(Rc::clone(kind))),
        (Choice::Several(rivals), _) => {
            let message = format!("the link from `{from}` to `{to}` could mean {}", rivals.meanings());
            ("", message, Some(rivals.hint()))
        }
        (Choice::Unknown, Some(name)) if !fitting.is_empty() => {
            let names = fitting.iter().map(|kind| kind.name.as_str());
            let slots = fitting.iter().map(|kind| kind.slot_name.as_str());
            let names: Vec<&str> = names.chain(slots).collect();
            let message = format!("no link type `{name}` joins `{from}` to `{to}`");
            ("type", message, suggestion(name, &names))
        }
        (Choice::Unknown, _) => {
            let message = format!("no link type joins `{from}` to `{to}`");
            ("", message, Some(undefined_pair(checker.catalog, ends, &all)?))
        }
    };
    let span = written.place(checker, key);
    let finding = Finding::new(Code::E_TOPOLOGY_LINK, span, message);
    checker.findings.push(finding.maybe_hint(hint));
    Ok(None)
}

/// What could be meant by a link that no type allows: the other direction, a sub-component, or another end.
fn undefined_pair(catalog: &Catalog, ends: &Ends<'_>, all: &[Rc<LinkKind>]) -> anyhow::Result<String> {
    let (from, to) = (&ends.from.kind.definition, &ends.to.kind.definition);
    let reversed = catalog.link_kinds(to, from)?;
    if reversed
        .iter()
        .any(|kind| kind.sub_component.as_deref() == ends.from.sub_type())
    {
        let why = match to.roles.contains(&Role::Gateway) {
            true => "a gateway publishes what it links to",
            false => "the ends are reversed",
        };
        return Ok(format!(
            "{why}; write `{{from: {}, to: {}}}`",
            ends.to.name,
            ends.from.written()
        ));
    }
    if ends.from.sub.is_some() && !all.is_empty() && all.iter().all(|kind| kind.slot.begins_at.is_none()) {
        let name = ends.from.name;
        return Ok(format!(
            "links from `{name}` begin at the component: write `from: {name}`"
        ));
    }
    let subs: Vec<&str> = all.iter().filter_map(|kind| kind.sub_component.as_deref()).collect();
    if let Some(sub_type) = subs.first().filter(|_| ends.to.sub.is_none()) {
        let mut own = ends.to.component.sub_components.iter();
        let example = own.find(|(_, sub)| subs.contains(&sub.sub_type.as_str()));
        let name = example.map_or_else(|| format!("<{sub_type}>"), |(name, _)| name.clone());
        return Ok(format!("link to a {sub_type} of it: `{}/{name}`", ends.to.name));
    }
    if ends.to.sub.is_some() && all.iter().any(|kind| kind.sub_component.is_none()) {
        let (from, to) = (ends.from.name, ends.to.name);
        return Ok(format!(
            "links from `{from}` end at the whole of `{to}`: write `{to}` where all of it is meant"
        ));
    }
    match takable_tools(catalog, from, to)? {
        Some(hint) => Ok(hint),
        None => targets(catalog, from),
    }
}

/// The pair that gives tools for an interface which the type provides as well.
fn takable_tools(catalog: &Catalog, from: &ComponentType, to: &ComponentType) -> anyhow::Result<Option<String>> {
    for pair in catalog.pairs_from(&from.name)? {
        let provided = |interface: &&String| to.provides.contains_key(*interface);
        let interface = pair.definition.interface.as_ref().filter(provided);
        let Some(interface) = interface.filter(|_| pair.definition.has_tools_for(to)) else {
            continue;
        };
        return Ok(Some(format!(
            "`{to}` provides `{interface}`, so the tools of `{}` fit; add `link-types/pairs/{from}-{to}/pair.yaml` to a folder \
             for `--catalog`, with the three lines `from: {from}`, `to: {to}` and `tools_of: {}`",
            pair.name(),
            pair.name(),
            from = from.name,
            to = to.name,
        )));
    }
    Ok(None)
}

/// Where links from a type may end.
fn targets(catalog: &Catalog, from: &ComponentType) -> anyhow::Result<String> {
    let mut targets = Vec::new();
    for name in catalog.type_names() {
        let Some(to) = catalog.component_type(name)? else {
            continue;
        };
        let kinds = catalog.link_kinds(from, &to.definition)?;
        targets.extend(kinds.iter().map(|kind| match &kind.sub_component {
            Some(sub) => format!("`{name}/<{sub}>`"),
            None => format!("`{name}`"),
        }));
    }
    targets.dedup();
    Ok(match targets.as_slice() {
        [] => format!("no link begins at a component of type `{}`", from.name),
        _ => format!("links from `{}` end at {}", from.name, targets.join(", ")),
    })
}
