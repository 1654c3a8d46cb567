//! Rule: what a link names to be followed are ends of other links of its component, and its provider can follow them.

use super::Checker;
use super::links::ResolvedLink;
use crate::finding::{Code, Finding};
use crate::stack::follow::{Hindrance, hindrance};

/// An end that a setting of a link names.
struct Named<'a> {
    link: &'a ResolvedLink,
    setting: &'a str,
    end: &'a str,
}

pub(super) fn check(checker: &mut Checker<'_>, resolved: &[ResolvedLink]) {
    for link in resolved {
        let follows = link.kind.provision.follows.as_ref();
        let Some(setting) = follows.and_then(|follows| follows.named.as_deref()) else {
            continue;
        };
        let ends = link.with.get(setting).and_then(|ends| ends.as_array());
        for (item, end) in ends.into_iter().flatten().enumerate() {
            let Some(end) = end.as_str() else { continue };
            let named = Named { link, setting, end };
            if let Some((message, hint)) = refusal(checker, &named, resolved) {
                let (position, item) = (link.position.to_string(), item.to_string());
                let span = checker.topology.place(&["links", &position, "with", setting, &item]);
                let finding = Finding::new(Code::E_TOPOLOGY_LINK, span, message);
                checker.findings.push(finding.hint(hint));
            }
        }
    }
}

/// What is wrong with the end, and what to do.
fn refusal(checker: &Checker<'_>, named: &Named<'_>, resolved: &[ResolvedLink]) -> Option<(String, String)> {
    let Named { link, setting, end } = named;
    let own = resolved.iter().filter(|own| own.from == link.from);
    let mut meant = own.clone().filter(|own| own.end() == *end).peekable();
    if meant.peek().is_none() {
        let ends: Vec<String> = own
            .filter(|own| advice(named, own).is_none())
            .map(ResolvedLink::end)
            .collect();
        let near = checker.suggest(end, || ends.iter().map(String::as_str).collect());
        let message = format!("`{setting}` names `{end}`, and `{}` has no link to it", link.from);
        return Some((
            message,
            near.unwrap_or_else(|| "draw the link, or remove the name".to_owned()),
        ));
    }
    // Two links may end there; one that can be followed is enough.
    let advice: Option<Vec<String>> = meant.map(|own| advice(named, own)).collect();
    let message = format!("`{setting}` names `{end}`, where `{}` has nothing to look at", link.to);
    Some((message, advice?.remove(0)))
}

/// What to do so that the link is followed; nothing where it is.
fn advice(named: &Named<'_>, own: &ResolvedLink) -> Option<String> {
    let Named { link, setting, .. } = named;
    let follows = link.kind.provision.follows.as_ref()?;
    let remove = format!("remove the name; `{setting}: []` follows no link");
    let Some(followed) = follows.interfaces.get(own.kind.interface_name()) else {
        return Some(remove);
    };
    let is_set = |name: &str| link.with.contains_key(name);
    Some(match hindrance(followed, is_set, &own.kind, own.level)? {
        Hindrance::Fact(_) => remove,
        Hindrance::Setting(missing) => format!("add `{missing}` to the settings of the link, or remove the name"),
        Hindrance::Level(from) => format!(
            "write `access: {}` on the link to `{}`, or remove the name",
            from.word(),
            own.end()
        ),
    })
}
