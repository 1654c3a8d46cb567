//! Rule: a link joins two components that exist, by a link type that fits both ends.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Checker;
use crate::catalog::{Catalog, ComponentType, Entry, Family, LinkType, Target};
use crate::finding::{Code, Finding, suggestion};
use crate::topology::{ComponentDocument, LinkDocument};
use crate::yaml::Span;

/// A link whose ends and type are known.
pub(super) struct ResolvedLink {
    pub(super) entry: Rc<Entry<LinkType>>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) sub: Option<String>,
    pub(super) write_access: bool,
    pub(super) env: Option<String>,
}

/// The two ends of a link, both of known types.
struct Ends<'a> {
    from: &'a str,
    to: &'a str,
    sub: Option<&'a str>,
    from_type: Rc<Entry<ComponentType>>,
    to_type: Rc<Entry<ComponentType>>,
    to_component: &'a ComponentDocument,
}

pub(super) fn check(checker: &mut Checker<'_>) -> anyhow::Result<Vec<ResolvedLink>> {
    let topology = checker.topology;
    let mut resolved = Vec::new();
    let mut seen: BTreeMap<(String, String, Option<String>, String), usize> = BTreeMap::new();
    for (position, link) in topology.document.links.iter().enumerate() {
        let position = position.to_string();
        let Some(ends) = ends(checker, &position, link)? else {
            continue;
        };
        if ends.from == ends.to {
            let finding = Finding::new(
                Code::E_TOPOLOGY_LINK,
                topology.place(&["links", &position]),
                format!("`{}` links to itself", ends.from),
            );
            checker.findings.push(finding.hint("remove the link"));
            continue;
        }
        let Some(entry) = link_type(checker, &position, link, &ends)? else {
            continue;
        };
        if let Some(finding) = refusal(checker, &position, link, &ends, &entry.definition) {
            checker.findings.push(finding);
            continue;
        }
        let resolved_link = ResolvedLink {
            entry,
            from: ends.from.to_owned(),
            to: ends.to.to_owned(),
            sub: ends.sub.map(str::to_owned),
            write_access: link.write_access,
            env: link.env.clone(),
        };
        let key = (
            link.from.clone(),
            ends.to.to_owned(),
            resolved_link.sub.clone(),
            resolved_link.entry.definition.name.clone(),
        );
        if let Some(first) = seen.insert(key, topology.place(&["links", &position]).line) {
            let finding = Finding::new(
                Code::E_TOPOLOGY_LINK,
                topology.place(&["links", &position]),
                format!("the same link stands on line {first}"),
            );
            checker.findings.push(finding.hint("remove one of the two"));
        }
        resolved.push(resolved_link);
    }
    resolved.sort_by(|left, right| key(left).cmp(&key(right)));
    one_where_one_fits(checker, &resolved);
    Ok(resolved)
}

/// Some link types fill a place that a component has once, or share what they make at the target.
fn one_where_one_fits(checker: &mut Checker<'_>, links: &[ResolvedLink]) {
    let (mut of_source, mut of_target) = (BTreeMap::new(), BTreeMap::new());
    for link in links {
        let kind = &link.entry.definition;
        let span = checker.topology.key_place(&["components", &link.from]);
        if kind.single
            && let Some(other) = of_source.insert((&kind.name, &link.from), link)
        {
            let message = format!(
                "`{}` links to `{}` and to `{}`; it can use one",
                link.from,
                other.end(),
                link.end()
            );
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint("remove one of the links"));
        }
        if kind.alike
            && let Some(other) = of_target.insert((&kind.name, &link.to), link)
            && other.write_access != link.write_access
        {
            let message = format!(
                "`{}` and `{}` share what links of type `{}` make at `{}`, and one of them writes",
                other.from, link.from, kind.name, link.to
            );
            let hint = "give both links the same `write_access`";
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(hint));
        }
    }
}

impl ResolvedLink {
    /// The end as it is written: `cnpg/app_db`.
    fn end(&self) -> String {
        self.sub
            .as_ref()
            .map_or_else(|| self.to.clone(), |sub| format!("{}/{sub}", self.to))
    }
}

fn key(link: &ResolvedLink) -> (&str, &str, Option<&str>, &str) {
    (&link.from, &link.to, link.sub.as_deref(), &link.entry.definition.name)
}

/// Find both ends; what is missing is reported.
fn ends<'a>(checker: &mut Checker<'a>, position: &str, link: &'a LinkDocument) -> anyhow::Result<Option<Ends<'a>>> {
    if link.from.is_empty() || link.to.is_empty() {
        return Ok(None); // reported as a missing key
    }
    let (to, sub) = match link.to.split_once('/') {
        Some((to, sub)) => (to, Some(sub)),
        None => (link.to.as_str(), None),
    };
    let from_type = end(checker, position, "from", &link.from, &link.from)?;
    let to_type = end(checker, position, "to", to, &link.from)?;
    let (Some(from_type), Some(to_type)) = (from_type, to_type) else {
        return Ok(None);
    };
    let to_component = &checker.topology.document.components[to];
    // A sub-component without a type of the catalog is told where it stands; a link to it says nothing more, least of all
    // that the whole component would do.
    let named = sub.and_then(|sub| to_component.sub_components.get(sub));
    if named.is_some_and(|named| !to_type.definition.sub_components.contains_key(&named.sub_type))
        || sub.is_some() && checker.topology.is_refused(&["components", to, "sub_components"])
    {
        return Ok(None);
    }
    if let Some(sub) = sub
        && !to_component.sub_components.contains_key(sub)
    {
        let span = checker.topology.place(&["links", position, "to"]);
        let known: Vec<&str> = to_component.sub_components.keys().map(String::as_str).collect();
        let hint = suggestion(sub, &known).unwrap_or_else(|| format!("add it under `components.{to}.sub_components`"));
        checker.findings.push(
            Finding::new(
                Code::E_TOPOLOGY_LINK,
                span,
                format!("`{to}` has no sub-component `{sub}`"),
            )
            .hint(hint),
        );
        return Ok(None);
    }
    Ok(Some(Ends {
        from: &link.from,
        to,
        sub,
        from_type,
        to_type,
        to_component,
    }))
}

fn end(
    checker: &mut Checker<'_>,
    position: &str,
    side: &str,
    name: &str,
    from: &str,
) -> anyhow::Result<Option<Rc<Entry<ComponentType>>>> {
    let components = &checker.topology.document.components;
    let Some(component) = components.get(name) else {
        if checker.topology.is_refused(&["components"]) {
            return Ok(None); // what it held is not known
        }
        let span = checker.topology.place(&["links", position, side]);
        let hint = checker.suggest(name, || components.keys().map(String::as_str).collect());
        let message = match side {
            "to" => format!("component `{from}` links to `{name}`, which is not in the stack"),
            _ if name.contains('/') => format!("a link begins at a component, not at a sub-component: `{name}`"),
            _ => format!("a link begins at `{name}`, which is not in the stack"),
        };
        checker
            .findings
            .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).maybe_hint(hint));
        return Ok(None);
    };
    checker.catalog.component_type(&component.component_type)
}

/// The link type that the ends, and the name where one is given, ask for.
fn link_type(
    checker: &mut Checker<'_>,
    position: &str,
    link: &LinkDocument,
    ends: &Ends<'_>,
) -> anyhow::Result<Option<Rc<Entry<LinkType>>>> {
    let all = checker.catalog.link_types_from(&ends.from_type.definition.name)?;
    let to_type = &ends.to_type.definition;
    let sub_type = ends
        .sub
        .map(|sub| ends.to_component.sub_components[sub].sub_type.as_str());
    let fits = |entry: &&Rc<Entry<LinkType>>| {
        entry.definition.reaches(to_type) && entry.definition.sub_component.as_deref() == sub_type
    };
    let mut fitting: Vec<&Rc<Entry<LinkType>>> = all.iter().filter(fits).collect();
    let own: Vec<&str> = fitting.iter().map(|entry| entry.definition.name.as_str()).collect();
    // An entry for the pair itself stands for that of the family.
    fitting.retain(|entry| {
        !entry.definition.name.contains('*') || !own.contains(&entry.definition.name_to(&to_type.name).as_str())
    });
    if let Some(name) = &link.link_type {
        let names: Vec<String> = fitting
            .iter()
            .map(|entry| entry.definition.name_to(&to_type.name))
            .collect();
        fitting.retain(|entry| entry.definition.name_to(&to_type.name) == *name);
        if fitting.is_empty() && !names.is_empty() {
            let span = checker.topology.place(&["links", position, "type"]);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let message = format!("no link type `{name}` joins `{}` to `{}`", ends.from, link.to);
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).maybe_hint(suggestion(name, &names)));
            return Ok(None);
        }
    }
    match fitting.as_slice() {
        [one] => Ok(Some(Rc::clone(one))),
        [] => {
            let hint = undefined_pair(checker.catalog, ends, &all)?;
            let span = checker.topology.place(&["links", position]);
            let message = format!("no link type joins `{}` to `{}`", ends.from, link.to);
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(hint));
            Ok(None)
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|entry| format!("`{}`", entry.definition.name_to(&to_type.name)))
                .collect();
            let span = checker.topology.place(&["links", position]);
            let message = format!("two link types join `{}` to `{}`", ends.from, link.to);
            checker.findings.push(
                Finding::new(Code::E_TOPOLOGY_LINK, span, message)
                    .hint(format!("add `type:` with one of {}", names.join(", "))),
            );
            Ok(None)
        }
    }
}

/// What could be meant by a link that no type allows: the other direction, a sub-component, or
/// another end.
fn undefined_pair(catalog: &Catalog, ends: &Ends<'_>, all: &[Rc<Entry<LinkType>>]) -> anyhow::Result<String> {
    let (from_type, to_type) = (&ends.from_type.definition, &ends.to_type.definition);
    let reversed = catalog.link_types_from(&to_type.name)?;
    if reversed
        .iter()
        .any(|entry| entry.definition.reaches(from_type) && entry.definition.sub_component.is_none())
    {
        return Ok(format!(
            "the ends are reversed; write `{{from: {}, to: {}}}`",
            ends.to, ends.from
        ));
    }
    let to_subs: Vec<&str> = all
        .iter()
        .filter(|entry| entry.definition.reaches(to_type))
        .filter_map(|entry| entry.definition.sub_component.as_deref())
        .collect();
    if ends.sub.is_none()
        && let Some(sub_type) = to_subs.first()
    {
        let example = ends
            .to_component
            .sub_components
            .iter()
            .find(|(_, sub)| to_subs.contains(&sub.sub_type.as_str()));
        let name = example.map_or_else(|| format!("<{sub_type}>"), |(name, _)| name.clone());
        return Ok(format!("link to a {sub_type} of it: `{}/{name}`", ends.to));
    }
    if ends.sub.is_some()
        && all
            .iter()
            .any(|entry| entry.definition.reaches(to_type) && entry.definition.sub_component.is_none())
    {
        return Ok(format!(
            "links from `{}` end at the whole of `{}`: write `{}` where all of it is meant",
            ends.from, ends.to, ends.to
        ));
    }
    let targets: Vec<String> = all
        .iter()
        .map(|entry| format!("`{}`", target_word(&entry.definition)))
        .collect();
    if targets.is_empty() {
        return Ok(format!("no link begins at a component of type `{}`", from_type.name));
    }
    Ok(format!(
        "link types from `{}` end at {}",
        from_type.name,
        targets.join(", ")
    ))
}

fn target_word(kind: &LinkType) -> String {
    match (&kind.to, &kind.sub_component) {
        (Target::Type(name), Some(sub)) => format!("{name}/<{sub}>"),
        (Target::Type(name), None) => name.clone(),
        (
            Target::Family {
                family: Family::Metrics,
            },
            _,
        ) => "any type with metrics".to_owned(),
        (Target::Family { family: Family::Http }, _) => "any type that the gateway publishes".to_owned(),
        (
            Target::Family {
                family: Family::Deployed,
            },
            _,
        ) => "any type".to_owned(),
        (
            Target::Family {
                family: Family::Checked,
            },
            _,
        ) => "any type with health checks".to_owned(),
    }
}

/// Why a link of a fitting type is still refused.
fn refusal(
    checker: &Checker<'_>,
    position: &str,
    link: &LinkDocument,
    ends: &Ends<'_>,
    kind: &LinkType,
) -> Option<Finding> {
    let refuse =
        |span: Span, message: String, hint: &str| Some(Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(hint));
    let whole = checker.topology.place(&["links", position]);
    if checker.topology.document.components[ends.from].external.is_some() {
        return refuse(
            whole,
            format!("a link begins at `{}`, which is external", ends.from),
            "draw the link in the stack where it is deployed",
        );
    }
    if !kind.external && ends.to_component.external.is_some() {
        return refuse(
            whole,
            format!("`{}` is external: nothing of it is deployed here", ends.to),
            "draw the link in the stack where it is deployed",
        );
    }
    if link.env.is_some() && kind.env.is_empty() {
        let span = checker.topology.place(&["links", position, "env"]);
        let name = kind.name_to(&ends.to_type.definition.name);
        return refuse(
            span,
            format!("link type `{name}` has no keys that `env` could be the prefix of"),
            "remove `env`",
        );
    }
    if link.write_access && !kind.write_access {
        let span = checker.topology.place(&["links", position, "write_access"]);
        let name = kind.name_to(&ends.to_type.definition.name);
        return refuse(
            span,
            format!("link type `{name}` has no write operations"),
            "remove `write_access`",
        );
    }
    None
}
