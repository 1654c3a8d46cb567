//! Rule: a Secret that a job reads is one that the type has, and has the key; a pod waits for any other for ever.

use super::Held;
use crate::catalog::job::SecretPlace;
use crate::catalog::{ComponentType, JobSetting, KeySource, MountedAccounts};
use crate::fault::Code::E_CATALOG_SCHEMA;
use crate::finding::suggestion;

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    for (name, job) in &definition.jobs {
        for (position, folder) in job.accounts.iter().enumerate() {
            let path = ["jobs", name, "accounts", &position.to_string()];
            self::folder(held, definition, &path, folder);
        }
        for (position, step) in job.steps.iter().enumerate() {
            let position = position.to_string();
            for (variable, setting) in &step.env {
                if let JobSetting::Secret(place) = setting {
                    let path = ["jobs", name, "steps", &position, "env", variable];
                    self::place(held, definition, &path, place);
                }
            }
        }
    }
}

/// The accounts are those of an interface that the type provides, and have such a fact.
fn folder(held: &mut Held<'_, ComponentType>, definition: &ComponentType, path: &[&str], folder: &MountedAccounts) {
    let known: Vec<&str> = definition.provides.keys().map(String::as_str).collect();
    let at = [path, &["interface"]].concat();
    held.known(
        E_CATALOG_SCHEMA,
        &at,
        &folder.interface,
        &known,
        "interface that is provided",
    );
    let provisions = definition.provides.get(&folder.interface);
    let accounts = provisions.iter().flat_map(|provisions| &provisions.0);
    let secrets = accounts
        .flat_map(|one| one.accounts.values())
        .filter_map(|account| account.secret.as_ref());
    let facts = secrets.flat_map(|secret| secret.keys.values());
    let facts: Vec<&str> = facts
        .filter_map(|key| match key {
            KeySource::Fact { fact, .. } => Some(fact.as_str()),
            KeySource::Plain(_) => None,
        })
        .collect();
    if provisions.is_some() {
        let at = [path, &["fact"]].concat();
        held.known(E_CATALOG_SCHEMA, &at, &folder.fact, &facts, "fact of its accounts");
    }
}

fn place(held: &mut Held<'_, ComponentType>, definition: &ComponentType, path: &[&str], place: &SecretPlace) {
    // That of an account is where the account says.
    if place.secret.contains("{account.") {
        return;
    }
    let secret = in_one_spelling(&place.secret);
    let own = definition
        .secrets
        .iter()
        .filter(|spec| in_one_spelling(&spec.name) == secret);
    let keys: Vec<&str> = own.flat_map(|spec| &spec.keys).map(|key| key.key.as_str()).collect();
    if !keys.is_empty() {
        if !keys.contains(&place.key.as_str()) {
            let fact = format!("the Secret `{}` has no key `{}`", place.secret, place.key);
            let hint = suggestion(&place.key, &keys).unwrap_or_default();
            held.blame(E_CATALOG_SCHEMA, &[path, &["key"]].concat(), fact, hint);
        }
        return;
    }
    let known = names(definition);
    if known.contains(&secret) {
        return;
    }
    let fact = format!("the type has no Secret `{}`", place.secret);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let near = crate::name::nearest(&secret, known.iter().copied());
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name it in `secrets`, or as the Secret of an account that the type provides".to_owned(),
    };
    held.blame(E_CATALOG_SCHEMA, &[path, &["secret"]].concat(), fact, hint);
}

/// Secrets that are there: of the type itself, of accounts that it provides, and of what its links give it.
fn names(definition: &ComponentType) -> Vec<String> {
    let own = definition.secrets.iter().map(|spec| &spec.name);
    let provisions = definition.provides.values().flat_map(|provisions| &provisions.0);
    let accounts = provisions.flat_map(|provision| provision.accounts.values());
    let accounts = accounts.filter_map(|account| account.secret.as_ref());
    let accounts = accounts.flat_map(|secret| secret.name.iter().chain(&secret.existing));
    let slots = definition.consumes.iter().filter_map(|slot| slot.body.deliver.as_ref());
    let delivered = slots.map(|deliver| &deliver.secret.name);
    own.chain(accounts)
        .chain(delivered)
        .map(|name| in_one_spelling(name))
        .collect()
}

/// A component is `{to.…}` where links end, `{from.…}` where they begin, and has no word before it among its own.
fn in_one_spelling(name: &str) -> String {
    let own = name.replace("{to.", "{").replace("{from.", "{");
    own.replace("{sub_object}", "{sub.object}")
        .replace("{sub}", "{sub.name}")
}
