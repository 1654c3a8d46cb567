//! Rule: the Secret of an account has one origin, and its keys are secret facts of the interface.

use super::{below, borrowed};
use crate::catalog::check::Held;
use crate::catalog::check::variables::Variables;
use crate::catalog::pattern::variables;
use crate::catalog::{AccountSecret, AccountSpec, Interface, KeySource, Per};
use crate::fault::Code::E_CATALOG_LINK;
use crate::finding::suggestion;

/// The form of a Secret and its patterns.
pub(super) fn secret<T>(held: &mut Held<'_, T>, base: &[String], secret: &AccountSecret, known: &Variables) {
    let origins = [
        ("name", secret.name.as_ref()),
        ("existing", secret.existing.as_ref()),
        ("issued", secret.issued.as_ref()),
        ("digest_in", secret.digest_in.as_ref()),
    ];
    let given: Vec<&str> = origins
        .iter()
        .filter(|(_, text)| text.is_some())
        .map(|(word, _)| *word)
        .collect();
    if given.len() != 1 {
        let fact = match given.as_slice() {
            [] => "nothing says where the Secret of the account comes from".to_owned(),
            several => format!("the Secret of the account has `{}`", several.join("` and `")),
        };
        let hint = "write exactly one of `name`, `existing`, `issued` and `digest_in`";
        held.blame_key(E_CATALOG_LINK, &borrowed(base), fact, hint);
    } else if secret.made_by.is_some() && secret.name.is_none() {
        let fact = "an operator makes a Secret that has no name";
        let path = below(base, &["made_by"]);
        held.blame_key(E_CATALOG_LINK, &borrowed(&path), fact, "write `name:` beside `made_by`");
    }
    for (word, text) in origins.into_iter().chain([("file", secret.file.as_ref())]) {
        if let Some(text) = text {
            known.check(held, &below(base, &[word]), text);
        }
    }
    for (key, source) in &secret.keys {
        let path = below(base, &["keys", key]);
        known.check(held, &path, key);
        match source {
            KeySource::Plain(text) => known.check(held, &path, text),
            KeySource::Fact { help, command, .. } => {
                for (word, text) in [("help", help), ("command", command)] {
                    if let Some(text) = text {
                        known.check(held, &below(&path, &[word]), text);
                    }
                }
            }
        }
    }
}

/// What an interface lets an account give.
pub(super) struct Secrets<'a> {
    pub(super) interface: &'a Interface,
}

impl Secrets<'_> {
    /// Facts that stand under keys of a Secret.
    pub(super) fn keys<T>(&self, held: &mut Held<'_, T>, base: &[String], secret: &AccountSecret) {
        let secrets = self.interface.facts.iter().filter(|(_, fact)| fact.secret);
        let known: Vec<&str> = secrets.map(|(name, _)| name.as_str()).collect();
        for (key, source) in &secret.keys {
            let KeySource::Fact { fact, .. } = source else { continue };
            if known.contains(&fact.as_str()) {
                continue;
            }
            let path = below(base, &["keys", key, "fact"]);
            let told = format!("`{}` has no secret fact `{fact}`", self.interface.interface);
            let hint = suggestion(fact, &known).unwrap_or_else(|| "it has no secret at all".to_owned());
            held.blame(E_CATALOG_LINK, &borrowed(&path), told, hint);
        }
    }
}

/// Accounts of different links have names of their own, and passwords of their own.
pub(super) fn apart<T>(held: &mut Held<'_, T>, path: &[String], account: &AccountSpec) {
    let is_of_link = |text: &str| {
        // A pattern that is none is told by itself.
        if text.matches('{').count() != text.matches('}').count() {
            return true;
        }
        let mut names = variables(text);
        names.any(|name| name == "account.name" || name.starts_with("link.") || name.starts_with("from"))
    };
    if !matches!(account.per, Per::Link | Per::Connection) {
        return;
    }
    if !is_of_link(&account.name) {
        let fact = format!("`{}` is one name for the accounts of all links", account.name);
        let hint = "put `{link.id}` into it, or say with `per:` what they share it by";
        held.blame(E_CATALOG_LINK, &borrowed(&below(path, &["name"])), fact, hint);
        return;
    }
    let Some(secret) = &account.secret else { return };
    let Some(name) = secret.name.as_deref().filter(|name| !is_of_link(name)) else {
        return;
    };
    for (key, _) in secret.keys.iter().filter(|(key, _)| !is_of_link(key)) {
        let fact = format!("`{key}` of the Secret `{name}` is one key for the accounts of all links");
        let hint = "call the key `{account.name}`, or put that into the name of the Secret";
        let path = below(path, &["secret", "keys", key]);
        held.blame_key(E_CATALOG_LINK, &borrowed(&path), fact, hint);
    }
}
