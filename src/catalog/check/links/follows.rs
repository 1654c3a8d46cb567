//! Rule: what a provider follows for its consumer are interfaces and facts that are there, and pods that it has.

use super::provides::placed;
use super::{below, borrowed};
use crate::catalog::check::held::Place;
use crate::catalog::check::variables::Variables;
use crate::catalog::check::{Among, Held};
use crate::catalog::{AttributeKind, AttributeType, ComponentType, Followed, Interface};
use crate::fault::Code::{E_CATALOG_ENDPOINT, E_CATALOG_LINK};

pub(in crate::catalog::check) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let endpoints: Vec<&str> = definition.endpoints.keys().map(String::as_str).collect();
    for (_, base, provision) in placed(held) {
        let Some(follows) = &provision.follows else { continue };
        let base = below(&base, &["follows"]);
        let path = below(&base, &["pods_of"]);
        held.known(
            E_CATALOG_ENDPOINT,
            &borrowed(&path),
            &follows.pods_of,
            &endpoints,
            "endpoint",
        );
        for (interface, followed) in &follows.interfaces {
            let Some(secret) = &followed.secret else { continue };
            let base = below(&base, &["interfaces", interface, "secret"]);
            variables().check(held, &below(&base, &["name"]), &secret.name);
            variables().check(held, &below(&base, &["file"]), &secret.file);
        }
    }
}

/// What patterns may name: the ends are those of any link.
fn variables() -> Variables {
    Variables::of_links().end("from", None).end("to", None)
}

pub(in crate::catalog::check) fn among(held: &mut Held<'_, ComponentType>, among: &Among<'_>) {
    for (own, base, provision) in placed(held) {
        let Some(follows) = &provision.follows else { continue };
        let consumed = among.interface(own);
        let settings = consumed.as_ref().map(|interface| settings(&interface.definition));
        if let (Some(named), Some(settings)) = (&follows.named, &settings) {
            let path = below(&base, &["follows", "named"]);
            let ends = settings.iter().filter(|(_, kind)| kind.kind == AttributeKind::Ends);
            let ends: Vec<&str> = ends.map(|(name, _)| name.as_str()).collect();
            held.known(
                E_CATALOG_LINK,
                &borrowed(&path),
                named,
                &ends,
                "setting of the type `ends`",
            );
        }
        for (name, followed) in &follows.interfaces {
            let base = below(&base, &["follows", "interfaces", name]);
            if let Some(settings) = &settings {
                setting(held, &base, followed, settings);
            }
            if let Some(interface) = held.interface_key(among, &borrowed(&base), name) {
                facts(held, &base, followed, &interface.definition);
            }
        }
    }
}

/// Settings of the links of roles; a slot of a type may have others.
fn settings(interface: &Interface) -> Vec<(&String, &AttributeType)> {
    let taken = interface.consumers.values();
    taken.flat_map(|taken| &taken.with).collect()
}

fn setting(
    held: &mut Held<'_, ComponentType>,
    base: &[String],
    followed: &Followed,
    known: &[(&String, &AttributeType)],
) {
    if let Some(name) = &followed.setting {
        let known: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        held.known(
            E_CATALOG_LINK,
            &borrowed(&below(base, &["setting"])),
            name,
            &known,
            "setting",
        );
    }
}

fn facts(held: &mut Held<'_, ComponentType>, base: &[String], followed: &Followed, interface: &Interface) {
    let known: Vec<&str> = interface.facts.keys().map(String::as_str).collect();
    let owner = format!("the interface `{}`", interface.interface);
    let named = followed.fact.iter().map(|fact| (below(base, &["fact"]), fact));
    let keys = followed.secret.iter().flat_map(|secret| &secret.keys);
    let lent = keys.map(|(key, fact)| (below(base, &["secret", "keys", key]), fact));
    for (path, fact) in named.chain(lent) {
        held.lacks(
            E_CATALOG_LINK,
            Place::Value(&borrowed(&path), fact),
            &owner,
            "fact",
            &known,
        );
    }
}
