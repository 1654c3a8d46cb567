//! Rule: a pair joins two types that are there, by an interface that one of them provides, and says only what takes effect.

use std::rc::Rc;

use super::accounts::{Secrets, secret};
use super::keys::suffixes;
use super::{below, borrowed, consumes, one_of_many, provides, scopes};
use crate::catalog::check::variables::Variables;
use crate::catalog::check::{Among, Held, names};
use crate::catalog::link_kind::provisions;
use crate::catalog::store::Definition as _;
use crate::catalog::{ComponentType, Entry, Interface, Pair, Provision, SlotBody, derived};
use crate::fault::Code::{E_CATALOG_ENDPOINT, E_CATALOG_LINK, E_CATALOG_TOOLS};
use crate::finding::suggestion;
use crate::yaml::Value;

/// What a pair may say beside `tools_of`, which brings all else.
const BESIDE_TOOLS_OF: [&str; 4] = ["from", "to", "title", "tools_of"];

pub(in crate::catalog::check) fn check(held: &mut Held<'_, Pair>) {
    let definition = held.definition();
    suffixes(held, &[], definition.keys.as_ref());
    if let Err(error) = definition.tool_files() {
        // The rest of the sentence says what the hint says.
        let told = error.to_string();
        let name = told.split('`').nth(1).unwrap_or_default();
        let fact = format!("`{name}` is not called as tool files are");
        let hint = "`<service>_tools.py` first, then `<service>_….py`";
        held.blame(E_CATALOG_TOOLS, &["tools", "modules"], fact, hint);
    }
    let Value::Mapping(said) = &held.document.value else {
        return;
    };
    let keys = said.entries.iter().map(|entry| entry.key.as_str());
    let others: Vec<&str> = keys.filter(|key| !BESIDE_TOOLS_OF.contains(key)).collect();
    if let (Some(source), [first, ..]) = (&definition.tools_of, others.as_slice()) {
        let fact = format!(
            "`{}` has no effect: everything is taken from `{source}`",
            others.join("`, `")
        );
        held.blame_key(E_CATALOG_LINK, &[first], fact, "remove it, or `tools_of`");
    }
}

pub(in crate::catalog::check) fn among(held: &mut Held<'_, Pair>, among: &Among<'_>) {
    let pair = held.definition();
    // A pair that is not called after its types is told already.
    if !names::is_pair(held.entry.name(), pair) {
        return;
    }
    let known = among.catalog().type_names();
    for (key, name) in [("from", &pair.from), ("to", &pair.to)] {
        held.known(E_CATALOG_LINK, &[key], name, &known, "component type");
    }
    if let Some(source) = &pair.tools_of {
        taken(held, among, source);
    }
    let (Some(from), Some(to)) = (among.component_type(&pair.from), among.component_type(&pair.to)) else {
        return;
    };
    // What is wrong with a type shows in each of its pairs.
    if [&from, &to]
        .iter()
        .any(|kind| held.is_blamed(&kind.place(ComponentType::FILE)))
    {
        return;
    }
    let (from, to) = (&from.definition, &to.definition);
    ends(held, from, to);
    let Some(interface) = interface(held, among, from, to) else {
        return;
    };
    let provisions = provisions(to)
        .remove(&interface.definition.interface)
        .unwrap_or_default();
    let slot = pair.slot();
    consumes::body(held, &[], from, &slot);
    let variables = variables(from, to, &slot, &provisions);
    consumes::taken(held, &[], &interface.definition, &slot, &variables);
    account(held, &interface.definition, &provisions, &variables);
    for (name, text) in &pair.data {
        variables.check(held, &below(&[], &["data", name]), text);
    }
}

/// The pair that everything is taken from.
fn taken(held: &mut Held<'_, Pair>, among: &Among<'_>, source: &str) {
    let known = among.catalog().pair_names();
    held.known(E_CATALOG_LINK, &["tools_of"], source, &known, "pair");
    let Some(entry) = among.pair(source) else { return };
    if entry.definition.tools_of.is_some() || entry.name() == held.entry.name() {
        let fact = format!("`{source}` takes its tools from another pair");
        held.blame(
            E_CATALOG_LINK,
            &["tools_of"],
            fact,
            "name the pair that has the tools itself",
        );
    } else if entry.definition.tools.is_none() {
        let fact = format!("the pair `{source}` has no tools");
        held.blame(E_CATALOG_LINK, &["tools_of"], fact, "name a pair that has `tools`");
    } else if let Some(interface) = &entry.definition.interface
        && let Some(to) = among.component_type(&held.definition().to)
        && !provisions(&to.definition).contains_key(interface)
    {
        let fact = format!(
            "`{}` does not provide `{interface}`, which the tools of `{source}` speak",
            to.name()
        );
        let hint = "take the tools of a pair whose interface it provides";
        held.blame(E_CATALOG_LINK, &["tools_of"], fact, hint);
    }
}

/// What the pair names of the two types.
fn ends(held: &mut Held<'_, Pair>, from: &ComponentType, to: &ComponentType) {
    let pair = held.definition();
    scopes::check(held, &[], to, &pair.scope);
    let known: Vec<&str> = to.endpoints.keys().map(String::as_str).collect();
    for (position, name) in pair.endpoints.iter().enumerate() {
        if ![derived::METRICS, derived::HEALTH].contains(&name.as_str()) {
            let path = one_of_many(held, &[], &["endpoints"], position);
            held.known(E_CATALOG_ENDPOINT, &borrowed(&path), name, &known, "endpoint");
        }
    }
    if pair.tools.is_some() && from.package.is_none() {
        let fact = format!("`{}` has no `package` that tool files could go into", from.name);
        held.blame_key(E_CATALOG_TOOLS, &["tools"], fact, "tools are an MCP server's");
    }
}

/// The interface that joins the two types; told where none does.
fn interface(
    held: &mut Held<'_, Pair>,
    among: &Among<'_>,
    from: &ComponentType,
    to: &ComponentType,
) -> Option<Rc<Entry<Interface>>> {
    let pair = held.definition();
    let Some(name) = &pair.interface else {
        return refined(held, among, from, to);
    };
    let interface = held.interface(among, &["interface"], name)?;
    let provisions = provisions(to);
    if !provisions.contains_key(name) {
        let known: Vec<&str> = provisions.keys().map(String::as_str).collect();
        let fact = format!("`{}` does not provide `{name}`", to.name);
        held.blame(
            E_CATALOG_LINK,
            &["interface"],
            fact,
            suggestion(name, &known).unwrap_or_default(),
        );
        return None;
    }
    Some(interface)
}

/// The interface of the link type of the pair's name, which the two types have without it.
fn refined(
    held: &mut Held<'_, Pair>,
    among: &Among<'_>,
    from: &ComponentType,
    to: &ComponentType,
) -> Option<Rc<Entry<Interface>>> {
    if held.definition().tools_of.is_some() {
        return None;
    }
    let kinds = among.kinds(from, to)?;
    let name = held.entry.name();
    let found = kinds.iter().find(|kind| kind.name == name);
    if found.is_none() {
        let known: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        let fact = format!("no link type is called `{name}`, so the pair refines nothing");
        let hint = suggestion(name, &known)
            .unwrap_or_else(|| "add `interface:`, which makes a slot for the pair alone".to_owned());
        held.blame(E_CATALOG_LINK, &["to"], fact, hint);
    }
    found.map(|kind| Rc::clone(&kind.interface))
}

/// What a pattern of a pair may name.
fn variables(from: &ComponentType, to: &ComponentType, slot: &SlotBody, provisions: &[Provision]) -> Variables {
    Variables::of_links()
        .end("from", Some(from))
        .subs("from_sub", from, &slot.begins_at)
        .end("to", Some(to))
        .subs("sub", to, provisions.iter().flat_map(|provision| &provision.at))
        .endpoints(to)
        .and("account.name")
}

/// The account that replaces the provider's.
fn account(held: &mut Held<'_, Pair>, interface: &Interface, provisions: &[Provision], known: &Variables) {
    let Some(account) = &held.definition().account else {
        return;
    };
    let base = below(&[], &["account"]);
    known.check(held, &below(&base, &["name"]), &account.name);
    if let Some(own) = &account.secret {
        let path = below(&base, &["secret"]);
        secret(held, &path, own, known);
        Secrets { interface }.keys(held, &path, own);
    }
    let provided = provisions.iter().flat_map(|provision| provision.scope.keys());
    let lists: Vec<&str> = provided
        .chain(held.definition().scope.keys())
        .map(String::as_str)
        .collect();
    for (level, data) in &account.levels {
        let path = below(&base, &["levels", level.word()]);
        provides::level_known(held, &path, interface);
        for (key, value) in data {
            provides::grants(held, &below(&path, &[key]), value, known, &lists);
        }
    }
}
