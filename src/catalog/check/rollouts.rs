//! Rule: who says how its pods learn of new values says it of what it has, and nobody who reads Secrets leaves it open.

use super::Held;
use crate::catalog::{ComponentType, Provision, Rollout};
use crate::fault::Code::E_CATALOG_SCHEMA;

const FIELD: &str = "rollout";

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let Some(rollout) = &definition.rollout else { return };
    let install = &definition.install;
    let wrong = match rollout {
        _ if install.workload().is_some() => Some((
            "the Secrets of a workload are named after their values, and a new name makes its pods begin anew",
            "remove it",
        )),
        Rollout::Values(_) if install.chart().is_none() => Some((
            "no chart of the component takes values",
            "`objects` names kinds that its templates make, with the place of their annotations",
        )),
        Rollout::Values(places) if places.is_empty() => {
            Some(("it names no annotations", "say which: `[podAnnotations]`"))
        }
        Rollout::Objects(kinds) if kinds.values().any(|place| !place.starts_with('/')) => Some((
            "a place is no JSON pointer",
            "it begins with `/`, as `/spec/template/metadata/annotations`",
        )),
        _ => None,
    };
    if let Some((fact, hint)) = wrong {
        held.blame(E_CATALOG_SCHEMA, &[FIELD], fact, hint);
    }
}

/// Whether accounts have Secrets here that somebody fills in.
fn has_secret(provision: &Provision) -> bool {
    let secrets = provision
        .accounts
        .values()
        .filter_map(|account| account.secret.as_ref());
    secrets
        .into_iter()
        .any(|secret| secret.name.is_some() && secret.made_by.is_none())
}

/// A password that was rotated at one end alone locks everybody out.
pub(super) fn manners(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let reads = !definition.secrets.is_empty()
        || definition.consumes.iter().any(|slot| slot.body.deliver.is_some())
        || definition.provides.values().flat_map(|all| &all.0).any(has_secret);
    if reads && definition.install.workload().is_none() && definition.rollout.is_none() {
        let hint = "add `rollout: {values: [podAnnotations]}`, `{objects: {<kind>: <JSON pointer>}}`, `{follows: <who sees a change>}` or `{command: <what a person runs>}`";
        held.blame_key(
            E_CATALOG_SCHEMA,
            &[FIELD],
            "it reads Secrets, and nobody says how its pods learn of a new value",
            hint,
        );
    }
}
